"""How the candidates of an automatic training stand. It does not know torch, so that a page can read it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self


@dataclass(frozen=True)
class Entry:
    """One kind of network: how many of it were trained, for how long together, and how well they do.

    `loss` is that of rows that a network has not learned from: the cross-entropy, or the mean squared error in the
    target's unit; None while there is none. `weight` is its share of the blend, from 0 to 1. `now` says in words what
    is being trained of it.
    """

    name: str
    members: int
    seconds: float
    loss: float | None
    weight: float
    now: str = ""


@dataclass(frozen=True)
class Leaderboard:
    """All candidates, the best first, and the blend of them; `baseline_loss` is what guessing reaches."""

    entries: tuple[Entry, ...]
    members: int
    loss: float | None
    baseline_loss: float | None
    seconds: float
    time_budget: float

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Rebuild what `as_dict` gave. Raises KeyError or TypeError for anything else."""
        return cls(**{**values, "entries": tuple(Entry(**entry) for entry in values["entries"])})
