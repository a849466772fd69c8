"""Print the promised figures and write them as JSON: `make bench`, or `python -m tests.benchmarks NAME…` for some."""

from __future__ import annotations

import argparse
import importlib
import os
from pathlib import Path
from types import ModuleType
from unittest.mock import patch

from tests.benchmarks.figures import print_all, write_json

USUAL = (
    "steps",
    "members",
    "processes",
    "waits",
    "journey",
    "large",
    "scoring",
    "paste",
    "insights",
    "estimates",
    "memory",
)
ON_REQUEST = ("growth", "coverage")


def main() -> None:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"{', '.join(USUAL)}; only where named: {', '.join(ON_REQUEST)}"
    )
    parser.add_argument("--json", type=Path, default=Path("bench.json"), metavar="PATH", help="where figures are kept")
    asked = parser.parse_args()
    if unknown := sorted(set(asked.names) - {*USUAL, *ON_REQUEST}):
        parser.error(f"there is no benchmark {unknown[0]!r}")
    found = []
    for name in asked.names or USUAL:
        module = benchmark(name)
        with patch.dict(os.environ):  # some choose a workspace
            found += print_all(module.TITLE, module.figures())
        write_json(asked.json, found)  # after each, so that what takes an hour is not lost at its end
    print(f"\nKept in {asked.json}.")


def benchmark(name: str) -> ModuleType:
    """Return a module with a `TITLE` and `figures()`, which yields each figure when it is measured."""
    return importlib.import_module(f"tests.benchmarks.{name}")


if __name__ == "__main__":
    main()
