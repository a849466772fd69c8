"""Compare two files of figures: `python -m tests.benchmarks.compare OLD.json NEW.json [--tolerance 0.15]`.

A ratio that got worse by more than the tolerance, or a promise that was kept and is broken, ends with exit code 1.
Seconds and bytes differ from machine to machine: there, worse is only noted.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.benchmarks.figures import Figure, read_json

TOLERANCE = 0.15


@dataclass(frozen=True)
class Change:
    """A figure in both files."""

    old: Figure
    new: Figure
    tolerance: float

    @property
    def is_worse(self) -> bool:
        """Return whether it got worse by more than the tolerance."""
        if self.new.more_is_better:
            return self.new.value * (1 + self.tolerance) < self.old.value
        return self.new.value > self.old.value * (1 + self.tolerance)

    @property
    def breaks_a_promise(self) -> bool:
        """Return whether the promise was kept and is broken; where it changed, the new one counts."""
        promise = self.new.promise
        return promise is not None and promise.is_kept_by(self.old.value) and not promise.is_kept_by(self.new.value)

    @property
    def is_regression(self) -> bool:
        """Return whether this must not be."""
        return self.breaks_a_promise or (self.is_worse and self.new.ratio_of is not None)

    @property
    def line(self) -> str:
        """Return the line of the printed table."""
        change = f"{100 * (self.new.value / self.old.value - 1):+.0f} %" if self.old.value else ""
        return (
            f"  {self.new.name:<66} {self.old.value:>12,.3f} {self.new.value:>12,.3f} {change:>8}  {self._words}"
        ).rstrip()

    @property
    def _words(self) -> str:
        if self.breaks_a_promise:
            return f"PROMISE BROKEN: {self.new.promise}"
        if self.is_worse:
            return "worse" if self.new.ratio_of is None else "REGRESSION"
        return ""


def changes(old: Sequence[Figure], new: Sequence[Figure], tolerance: float = TOLERANCE) -> list[Change]:
    """Return the figures that both have, in the order of the new ones."""
    before = {figure.name: figure for figure in old}
    return [Change(before[figure.name], figure, tolerance) for figure in new if figure.name in before]


def differences(old: dict[str, Any], new: dict[str, Any]) -> Iterator[str]:
    """Yield what differs between two machines."""
    for key in sorted({*old, *new}):
        if old.get(key) != new.get(key):
            yield f"{key}: {old.get(key)} → {new.get(key)}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the comparison; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.compare", description=__doc__)
    parser.add_argument("old", type=Path, metavar="OLD.json")
    parser.add_argument("new", type=Path, metavar="NEW.json")
    parser.add_argument("--tolerance", type=float, default=TOLERANCE, help="share by which a ratio may get worse")
    asked = parser.parse_args(arguments)
    (old_machine, old), (new_machine, new) = read_json(asked.old), read_json(asked.new)
    print("\n".join(differences(old_machine, new_machine)))
    print(f"  {'':<66} {'old':>12} {'new':>12} {'change':>8}")
    found = changes(old, new, asked.tolerance)
    for change in found:
        print(change.line)
    names = {change.new.name for change in found}
    for word, figures in (("only in the old file", old), ("only in the new file", new)):
        for figure in figures:
            if figure.name not in names:
                print(f"  {figure.name:<66} {word}")
    regressions = sum(change.is_regression for change in found)
    print(f"{len(found)} figures compared, {regressions} regressions.")
    return 1 if regressions else 0


if __name__ == "__main__":
    sys.exit(main())
