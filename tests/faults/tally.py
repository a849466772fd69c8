"""What a scenario found: how many faults it injected, and every promise that was broken."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any


class Skipped(Exception):  # noqa: N818 - it is no error, but says what this machine lacks
    """A fault cannot be injected on this machine."""


@dataclass
class Tally:
    """The figures of one scenario. `slowest` is the longest that a promised ending or notice took, in seconds.

    `corrupt` names states that cannot be read or contradict each other, `orphans` processes that
    outlive their run, and `broken` every other promise; all three are empty when all is well.
    """

    scenario: str
    points: int = 0
    slowest: float = 0.0
    corrupt: list[str] = field(default_factory=list)
    orphans: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)  # worth knowing, though no promise is broken
    ends: dict[str, int] = field(default_factory=dict)
    skipped: str = ""
    seconds: float = 0.0

    @property
    def is_kept(self) -> bool:
        """Return whether every promise was kept."""
        return not (self.corrupt or self.orphans or self.broken)

    def took(self, seconds: float) -> None:
        """Note how long an ending or a notice took."""
        self.slowest = max(self.slowest, seconds)

    def ended(self, how: str) -> None:
        """Count how a run was left by the fault."""
        self.ends[how] = self.ends.get(how, 0) + 1

    def expect(self, holds: bool, otherwise: str) -> bool:
        """Note a broken promise unless it `holds`; return whether it does."""
        if not holds:
            self.broken.append(otherwise)
        return holds

    def add(self, other: Tally) -> None:
        """Take in what another part of the same scenario found."""
        self.points += other.points
        self.took(other.slowest)
        self.corrupt += other.corrupt
        self.orphans += other.orphans
        self.broken += other.broken
        self.notes += other.notes
        self.skipped = self.skipped or other.skipped
        for how, count in other.ends.items():
            self.ends[how] = self.ends.get(how, 0) + count

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return asdict(self)
