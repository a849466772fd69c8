"""Keeps the few rows that a model got most wrong, out of any number of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

N_KEPT = 50


@dataclass(frozen=True)
class Worst:
    """A row, from 1, that the model got wrong.

    `error` is how much a predicted number is too high, or below 0 too low; `probability` is the one that the true
    label was given.
    """

    row: int
    truth: Any
    prediction: Any
    error: float | None = None
    probability: float | None = None


class WorstRows:
    """The worst of the rows that were added, the worst first; of those equally bad, the first."""

    def __init__(self) -> None:
        self._kept: list[tuple[float, Worst]] = []

    @property
    def rows(self) -> tuple[Worst, ...]:
        """Return the rows that are kept."""
        return tuple(row for _, row in self._kept)

    def add(self, badness: NDArray[np.float64], describe: Callable[[int], Worst]) -> None:
        """Add rows `(n,)` that follow those before; `describe` gives the one at a place, if it is kept."""
        is_full = len(self._kept) == N_KEPT
        places = np.flatnonzero(badness > self._kept[-1][0]) if is_full else np.arange(len(badness))
        foremost = places[np.argsort(-badness[places], kind="stable")[:N_KEPT]].tolist()
        kept = [*self._kept, *((float(badness[place]), describe(place)) for place in foremost)]
        self._kept = sorted(kept, key=lambda pair: -pair[0])[:N_KEPT]
