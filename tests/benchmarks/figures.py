"""A measured figure, and the one place where figures are printed and written as JSON."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

PACKAGES = ("torch", "numpy", "pandas", "pyarrow", "scikit-learn", "skorch", "streamlit")


@dataclass(frozen=True)
class Promise:
    """A bound that a figure is promised to keep."""

    kind: Literal["at most", "at least"]
    bound: float

    def is_kept_by(self, value: float) -> bool:
        """Return whether `value` keeps it."""
        return value <= self.bound if self.kind == "at most" else value >= self.bound

    def __str__(self) -> str:
        return f"{self.kind} {self.bound:g}"


def at_most(bound: float) -> Promise:
    """Return the promise that a figure is `bound` or less."""
    return Promise("at most", bound)


def at_least(bound: float) -> Promise:
    """Return the promise that a figure is `bound` or more."""
    return Promise("at least", bound)


@dataclass(frozen=True)
class Figure:
    """What was measured. A ratio of two things measured in one run names the other in `ratio_of`.

    Less is better, unless the promise is of at least something.
    """

    name: str
    value: float
    unit: str
    promise: Promise | None = None
    ratio_of: str | None = None
    note: str = ""

    @property
    def more_is_better(self) -> bool:
        """Return whether a larger value is the better one."""
        return self.promise is not None and self.promise.kind == "at least"

    @property
    def line(self) -> str:
        """Return the figure as it is printed."""
        words = "; ".join(filter(None, (self._promised, self.note)))
        return f"  {self.name:<72} {_rounded(self.value):>9} {self.unit:<9} {words}".rstrip()

    @property
    def _promised(self) -> str:
        if self.promise is None:
            return ""
        broken = "" if self.promise.is_kept_by(self.value) else ", BROKEN"
        return f"promised {self.promise}{broken}"

    def as_dict(self) -> dict[str, Any]:
        """Return the record of the JSON file."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Figure:
        """Return the figure of a record."""
        promise = values["promise"] and Promise(**values["promise"])
        return cls(**{**values, "promise": promise})


def print_all(title: str, figures: Iterable[Figure]) -> list[Figure]:
    """Print a heading, and each figure as soon as it is measured; return them."""
    print(f"\n{title}", flush=True)
    found = []
    for figure in figures:
        print(figure.line, flush=True)
        found.append(figure)
    return found


def write_json(path: Path, figures: Iterable[Figure]) -> None:
    """Write the figures with the machine and the time."""
    document = {"machine": machine(), "figures": [figure.as_dict() for figure in figures]}
    path.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def read_json(path: Path) -> tuple[dict[str, Any], list[Figure]]:
    """Return the machine and the figures of a file that `write_json` wrote."""
    document = json.loads(path.read_text(encoding="utf-8"))
    return document["machine"], [Figure.from_dict(values) for values in document["figures"]]


def machine() -> dict[str, Any]:
    """Return what figures depend on: processor, threads, versions, the load of other programs, and when this was."""
    import torch

    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "processor": platform.machine(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "load": round(os.getloadavg()[0], 2),
        "python": platform.python_version(),
        **{package: version(package) for package in PACKAGES},
    }


def _rounded(value: float) -> str:
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.3f}" if abs(value) < 0.1 else f"{value:.2f}"
