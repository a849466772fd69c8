"""Counts the cells of one column, chunk by chunk, in the bins that its training gives: deciles, or categories."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

SAMPLE_SIZE = 4_096
_NEAR = 1e-4  # of the middle 80 %: deciles may be rounded by as much


class NumberTally:
    """How many numbers lie between the deciles of training, and a sample of them.

    A decile may be a number that many rows hold, 0 for one. Whether such a row belongs below or above it is
    not known, so these are counted apart, and `counts` puts them where they differ least from training.
    """

    def __init__(self, deciles: Sequence[float]) -> None:
        with np.errstate(over="ignore", invalid="ignore"):
            lows, highs = _around(np.asarray(deciles[1:-1], dtype=np.float64))
        self._marks = np.unique(np.concatenate([lows, highs]))
        self._low_marks, self._high_marks = np.searchsorted(self._marks, lows), np.searchsorted(self._marks, highs)
        self._tally = np.zeros(len(self._marks) + 1, dtype=np.int64)  # of the numbers from each mark to the next
        self._sample = _Sample()

    def add(self, numbers: Floats) -> None:
        """Count finite numbers `(n,)`."""
        marks = np.searchsorted(self._marks, numbers, side="right")
        self._tally += np.bincount(marks, minlength=len(self._tally))
        self._sample.add(numbers)

    @property
    def n(self) -> int:
        """How many numbers were counted."""
        return int(self._tally.sum())

    @property
    def counts(self) -> Floats:
        """The numbers in each of the ten parts between the deciles `(10,)`, in fractions where rows are shared."""
        lows, highs = self.limits
        return np.diff(_straightest([0, *lows.tolist(), self.n], [0, *highs.tolist(), self.n]))

    @property
    def limits(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """How many numbers are below each of the nine inner deciles, and how many are not above it."""
        smaller = np.cumsum(self._tally)
        return smaller[self._low_marks], smaller[self._high_marks]

    def quantiles(self, shares: Sequence[float]) -> list[float]:
        """Return quantiles of a sample of the numbers; there must be one."""
        with np.errstate(over="ignore", invalid="ignore"):
            found: list[float] = np.quantile(self._sample.values, shares).tolist()
        return found


class TextTally:
    """How many rows hold each known category, and how many a text that is none of them."""

    def __init__(self, categories: Sequence[str]) -> None:
        self._index = {text: index for index, text in enumerate(categories)}
        self.known = np.zeros(len(categories), dtype=np.int64)
        self.n_unseen = 0

    @property
    def n(self) -> int:
        """How many texts were counted."""
        return int(self.known.sum()) + self.n_unseen

    def add(self, texts: Sequence[str], counts: NDArray[np.int64]) -> None:
        """Count distinct texts with how often each occurs."""
        places = np.fromiter((self._index.get(text, -1) for text in texts), dtype=np.intp, count=len(texts))
        is_known = places >= 0
        np.add.at(self.known, places[is_known], counts[is_known])
        self.n_unseen += int(counts[~is_known].sum())


class _Sample:
    """About `SAMPLE_SIZE` to twice as many of the numbers that were added, each as likely to be kept."""

    def __init__(self) -> None:
        self.values: Floats = np.empty(0)
        self._share = 1.0
        self._random = np.random.default_rng(0)

    def add(self, numbers: Floats) -> None:
        if self._share < 1:
            n_kept = self._random.binomial(len(numbers), self._share)
            numbers = numbers[self._random.integers(0, max(1, len(numbers)), n_kept)]
        self.values = np.concatenate([self.values, numbers])
        while len(self.values) > 2 * SAMPLE_SIZE:
            self.values = self.values[self._random.random(len(self.values)) < 0.5]
            self._share /= 2


def _around(edges: Floats) -> tuple[Floats, Floats]:
    """Return the bounds of what counts as equal to each edge: from the first, to below the second."""
    spread = edges[-1] - edges[0] if len(edges) else 0.0
    near = np.maximum(np.abs(edges) * 1e-12, _NEAR * spread if np.isfinite(spread) else 0.0)
    return edges - near, np.nextafter(edges + near, np.inf)


def _straightest(lows: Sequence[float], highs: Sequence[float]) -> Floats:
    """Return the shortest line from left to right that stays between `lows` and `highs`, a tube closed at both ends.

    Of all lines there, it has the most even steps: no other differs less from ten equal parts, whatever
    convex measure counts the difference (the taut string of Davies and Kovac, 2001).
    """
    line = [float(lows[0])]
    while len(line) < len(lows):
        line += _next_stretch(line[-1], lows[len(line) :], highs[len(line) :])
    return np.array(line)


def _next_stretch(level: float, lows: Sequence[float], highs: Sequence[float]) -> list[float]:
    """Return the points of the longest straight stretch from `level` on, up to where the line must bend."""
    slowest, fastest = -np.inf, np.inf
    slow_end = fast_end = 0
    for steps, (low, high) in enumerate(zip(lows, highs, strict=True), start=1):
        at_least, at_most = (low - level) / steps, (high - level) / steps
        if at_least > fastest:
            return [level + fastest * step for step in range(1, fast_end + 1)]
        if at_most < slowest:
            return [level + slowest * step for step in range(1, slow_end + 1)]
        if at_least >= slowest:
            slowest, slow_end = at_least, steps
        if at_most <= fastest:
            fastest, fast_end = at_most, steps
    return [level + slowest * step for step in range(1, slow_end + 1)]
