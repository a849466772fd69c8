"""What deciding at each threshold would have done on held-out rows: hits and misses, money, capacity.

Built once with the evaluation, then asked by a slider: numpy and the standard library only.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from core.insight.figures.arrays import Flags, Floats, Ints, check_lengths, finite_or_none
from core.insight.figures.ranking import RankedCounts, ranked_counts

EVEN_STEPS = 301  # calls in equal steps from few to all
FINE_STEPS = 200  # calls in steps of equal proportion, so that few calls of many rows are told apart
MOST = EVEN_STEPS + FINE_STEPS
MIDDLE = 0.5


@dataclass(frozen=True)
class Decision:
    """Calling every row whose probability is `threshold` or more: hits, false alarms, rows rightly left, misses."""

    threshold: float
    tp: int
    fp: int
    tn: int
    fn: int

    @property
    def n(self) -> int:
        """Rows in all."""
        return self.tp + self.fp + self.tn + self.fn

    @property
    def n_called(self) -> int:
        """Rows called."""
        return self.tp + self.fp

    @property
    def accuracy(self) -> float | None:
        """Share of the rows decided rightly."""
        return _share(self.tp + self.tn, self.n)

    @property
    def precision(self) -> float | None:
        """Share of the calls that are right; None where nothing is called."""
        return _share(self.tp, self.n_called)

    @property
    def recall(self) -> float | None:
        """Share of the positive rows that are called; None where there are none."""
        return _share(self.tp, self.tp + self.fn)

    @property
    def f1(self) -> float | None:
        """Harmonic mean of precision and recall."""
        return _share(2 * self.tp, 2 * self.tp + self.fp + self.fn)


@dataclass(frozen=True)
class Priced:
    """A decision's cost per 1,000 rows, beside that of acting on nobody and on everybody.

    A cost is None where there are no rows, or where it is too large a number.
    """

    decision: Decision
    cost: float | None
    cost_of_nobody: float | None
    cost_of_everybody: float | None


@dataclass(frozen=True)
class Capacity:
    """The decision that fills a capacity, with the calls and hits to expect of the next rows.

    `next_calls` is what one threshold lower would call: more than the capacity. It is None where every row
    fits. A gap between the two means that many rows share a probability.
    """

    decision: Decision
    expected_calls: float
    expected_hits: float
    next_calls: float | None


@dataclass(frozen=True)
class ThresholdTable:
    """Thresholds in ascending order with their counts; the first calls every row that has a probability,
    the last none.
    """

    thresholds: tuple[float, ...]
    tp: tuple[int, ...]
    fp: tuple[int, ...]
    tn: tuple[int, ...]
    fn: tuple[int, ...]

    @classmethod
    def of(cls, positive: Flags, scores: Floats) -> ThresholdTable:
        """Build the table from held-out rows `(n,)`: which are positive, and their probability of being so.

        At most 501 quantiles of the probabilities, and 0.5. Rows without a probability are never called.
        """
        check_lengths(positive=positive, scores=scores)
        known = np.isfinite(scores)
        counts = _listed(ranked_counts(positive[known], scores[known]))
        n_positive = int(positive.sum())
        n_negative = len(positive) - n_positive
        return cls(
            thresholds=tuple(counts.thresholds.tolist()),
            tp=tuple(counts.hits.tolist()),
            fp=tuple(counts.false_alarms.tolist()),
            tn=tuple((n_negative - counts.false_alarms).tolist()),
            fn=tuple((n_positive - counts.hits).tolist()),
        )

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> ThresholdTable:
        """Read what `as_dict` wrote. Raises ValueError for what is no such table."""
        try:
            thresholds = tuple(float(value) for value in document["thresholds"])
            tp, fp, tn, fn = (tuple(int(value) for value in document[name]) for name in ("tp", "fp", "tn", "fn"))
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise ValueError(f"This is no table of thresholds: {error!r}.") from error
        table = cls(thresholds, tp, fp, tn, fn)
        table._check()
        return table

    def as_dict(self) -> dict[str, Any]:
        """Return lists of plain numbers, as strict JSON holds them."""
        return {name: list(values) for name, values in asdict(self).items()}

    @property
    def n(self) -> int:
        """Held-out rows."""
        return self._decision(0).n

    def at(self, threshold: float) -> Decision:
        """Return the decision at the lowest listed threshold that is not below `threshold`.

        That is exact where the rows have no more than 501 different probabilities, and within half a percent
        of the rows otherwise. Its `threshold` is the listed one.
        """
        return self._decision(min(bisect_left(self.thresholds, threshold), len(self.thresholds) - 1))

    def priced(self, decision: Decision, *, cost_of_miss: float, cost_of_false_alarm: float) -> Priced:
        """Price a decision. Raises ValueError for a cost that is negative or no number."""
        _check_costs(cost_of_miss, cost_of_false_alarm)
        n_positive = decision.tp + decision.fn
        return Priced(
            decision,
            cost=_per_1000(decision.fn * cost_of_miss + decision.fp * cost_of_false_alarm, self.n),
            cost_of_nobody=_per_1000(n_positive * cost_of_miss, self.n),
            cost_of_everybody=_per_1000((self.n - n_positive) * cost_of_false_alarm, self.n),
        )

    def best_for_costs(self, *, cost_of_miss: float, cost_of_false_alarm: float) -> Priced:
        """Return the cheapest decision; of equally cheap ones that of the fewest calls."""
        _check_costs(cost_of_miss, cost_of_false_alarm)
        scale = max(cost_of_miss, cost_of_false_alarm) or 1.0
        costs = np.array(self.fn) * (cost_of_miss / scale) + np.array(self.fp) * (cost_of_false_alarm / scale)
        cheapest = np.flatnonzero(costs <= costs.min() * (1 + 1e-12))[-1]
        decision = self._decision(int(cheapest))
        return self.priced(decision, cost_of_miss=cost_of_miss, cost_of_false_alarm=cost_of_false_alarm)

    def for_capacity(self, n_calls: int, n_rows: int) -> Capacity:
        """Return the decision that calls the most of the next `n_rows` rows without exceeding `n_calls`.

        Raises ValueError where `n_calls` is negative or `n_rows` is below 1.
        """
        if n_calls < 0 or n_rows < 1:
            raise ValueError(f"Calls must be 0 or more and rows 1 or more, and these are {n_calls} and {n_rows}.")
        called = np.array(self.tp) + np.array(self.fp)
        fits = called * n_rows <= n_calls * self.n
        place = int(np.flatnonzero(fits)[0])
        decision, scale = self._decision(place), n_rows / max(self.n, 1)
        following = None if place == 0 else float(called[place - 1] * scale)
        return Capacity(decision, decision.n_called * scale, decision.tp * scale, following)

    def best_f1(self) -> Decision | None:
        """Return the decision of the highest F1, of equal ones that of the fewest calls; None without positives."""
        if self.tp[0] == 0:
            return None
        tp, missed = np.array(self.tp), np.array(self.fp) + np.array(self.fn)
        f1 = 2 * tp / (2 * tp + missed)
        return self._decision(int(np.flatnonzero(f1 == f1.max())[-1]))

    def _decision(self, place: int) -> Decision:
        return Decision(self.thresholds[place], self.tp[place], self.fp[place], self.tn[place], self.fn[place])

    def _check(self) -> None:
        columns = (self.tp, self.fp, self.tn, self.fn)
        if not self.thresholds or any(len(column) != len(self.thresholds) for column in columns):
            raise ValueError("This is no table of thresholds: its columns differ in length or are empty.")
        ascending = all(low < high for low, high in pairwise(self.thresholds))
        rows = {sum(counts) for counts in zip(*columns, strict=True)}
        if not ascending or not math.isfinite(self.thresholds[-1]) or len(rows) > 1 or min(map(min, columns)) < 0:
            raise ValueError("This is no table of thresholds: they must ascend, and every line count the same rows.")


def _listed(counts: RankedCounts) -> RankedCounts:
    """Return at most 501 of the distinct scores, 0.5 and a threshold above all, in ascending order."""
    highest = counts.thresholds[0] if len(counts.thresholds) else 0.0
    above = 1.0 if highest < 1.0 else np.nextafter(highest, np.inf)
    thresholds = np.unique(np.append(counts.thresholds[_kept(counts.hits + counts.false_alarms)], [MIDDLE, above]))
    n_reached = np.searchsorted(-counts.thresholds, -thresholds, side="right")  # distinct scores of at least that
    return RankedCounts(thresholds, np.append(0, counts.hits)[n_reached], np.append(0, counts.false_alarms)[n_reached])


def _kept(called: Ints) -> Ints:
    """Return which of the distinct scores to list, from the rows that each calls, ascending."""
    if len(called) <= MOST:
        return np.arange(len(called))
    wanted = np.append(np.linspace(1, called[-1], EVEN_STEPS), np.geomspace(1, called[-1], FINE_STEPS))
    return np.unique(np.searchsorted(called, np.floor(wanted)))


def _check_costs(*costs: float) -> None:
    for cost in costs:
        if not (math.isfinite(cost) and cost >= 0):
            raise ValueError(f"A cost must be a number, 0 or more, and this one is {cost}.")


def _per_1000(cost: float, n: int) -> float | None:
    return finite_or_none(cost / n * 1000) if n else None


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
