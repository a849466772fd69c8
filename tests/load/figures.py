"""What a load test counts, and what of it was promised."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

MEGABYTE = 1_000_000


@dataclass(frozen=True)
class Drawing:
    """One answer to a tab: a whole page where `fragment` is empty, else one fragment of it.

    `seconds` runs from sending the request to the end of the drawing that answers it.
    """

    page: str
    fragment: str
    seconds: float
    n_bytes: int


@dataclass
class Notes:
    """What the tabs of one test saw; `intervals` are the seconds between two drawings of a fragment."""

    drawings: list[Drawing] = field(default_factory=list)
    failures: Counter[str] = field(default_factory=Counter)
    intervals: dict[str, float] = field(default_factory=dict)

    def fail(self, page: str, words: str) -> None:
        """Count something that must not happen."""
        self.failures[f"/{page}: {words}"] += 1


@dataclass(frozen=True)
class Spread:
    """How a figure is spread over its measurements."""

    n: int
    p50: float
    p95: float
    highest: float


@dataclass(frozen=True)
class Promise:
    """A figure that was promised to stay at or below a limit, and what it came to; NaN where it was not measured."""

    what: str
    value: float
    limit: float
    unit: str

    @property
    def is_kept(self) -> bool:
        """Return whether it was measured and is within the limit."""
        return self.value <= self.limit

    @property
    def words(self) -> str:
        """Return the verdict in one line."""
        number = "not measured" if math.isnan(self.value) else f"{self.value:,.2f} {self.unit}".rstrip()
        return f"{self.what}: {number}, promised at most {self.limit:g} {self.unit}".rstrip()


# Promised for 2 cores: 50 sessions, 20 of them live charts, one training.
FAILURES = 0
FRAGMENT_P95_SECONDS = 0.5
PAGE_P95_SECONDS = 1.5
SERVER_MEGABYTES = 350.0
GROWTH_MEGABYTES = 30.0  # after 1,000 connects
EPOCH_VISIBLE_SECONDS = 3.0


def spread(values: Sequence[float]) -> Spread:
    """Return the quantiles by nearest rank; NaN for no values."""
    ordered = sorted(values)
    if not ordered:
        return Spread(0, math.nan, math.nan, math.nan)
    return Spread(len(ordered), _rank(ordered, 0.5), _rank(ordered, 0.95), ordered[-1])


def _rank(ordered: Sequence[float], share: float) -> float:
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]
