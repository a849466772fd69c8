"""How fast this machine does the parts of a training: what the probe measures and the estimate adds up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Self


@dataclass(frozen=True)
class Line:
    """Seconds that grow along a line: some whatever the amount, some for each of it."""

    fixed: float
    each: float

    def at(self, amount: float) -> float:
        """Return the seconds for an amount."""
        return self.fixed + self.each * amount

    @classmethod
    def through(cls, less: tuple[float, float], more: tuple[float, float]) -> Self:
        """Return the line through two measured points (amount, seconds), which neither falls nor begins below 0."""
        (small, quick), (large, slow) = less, more
        each = max(0.0, (slow - quick) / (large - small)) if large > small else 0.0
        fixed = slow - each * large
        return cls(fixed, each) if fixed >= 0 else cls(0.0, slow / large)


@dataclass(frozen=True)
class ModePace:
    """Seconds of one training step of a mode, and of one row that is evaluated."""

    step: float
    row: float


@dataclass(frozen=True)
class Pace:
    """What was measured, in seconds. Where `trouble` says why it could not be, the rest is empty.

    `start` is until everything is imported, and `first` what the first training of a process takes
    longer. `prepare`, `finish` and `evaluate` go by the table's rows, at `width` encoded columns; `cell` is for
    each further encoded cell. Of the rows that the network learns from, `forest` goes by n·log2(n), and `front`,
    what an added mode makes its inputs with, by n.
    """

    start: float = 0.0
    first: float = 0.0
    prepare: Line = Line(0.0, 0.0)
    finish: Line = Line(0.0, 0.0)
    evaluate: Line = Line(0.0, 0.0)
    width: int = 0
    cell: float = 0.0
    forest: Line = Line(0.0, 0.0)
    front: Line = Line(0.0, 0.0)
    modes: Mapping[str, ModePace] = field(default_factory=dict)
    imported_bytes: int = 0
    is_busy: bool = False
    trouble: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Rebuild what `as_dict` gave. Raises KeyError, TypeError or ValueError for anything else."""
        lines = {name: Line(**values[name]) for name in ("prepare", "finish", "evaluate", "forest", "front")}
        modes = {mode: ModePace(**pace) for mode, pace in values["modes"].items()}
        return cls(**{**values, **lines, "modes": modes})
