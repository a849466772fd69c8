"""Holds predictions against what turned out to be true: the real score beside the one that the test promised.

Rows come in chunks, and only sums and the worst rows are kept.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.scoring.promise import Promise
from core.scoring.worst import Worst, WorstRows
from core.tables.numbers import word_key

__all__ = ["MAX_CONFUSION", "Truth", "TruthCounter", "Worst"]

MAX_CONFUSION = 30  # classes
_UNSEEN, _UNKNOWN = -1, -2  # codes of labels that training did not see, and of none
_SPELLINGS_KEPT = 10_000
_SMALLEST = float(np.finfo(np.float64).eps)  # a probability of 0 would make the loss endless
_LARGEST = float(np.finfo(np.float64).max)


@dataclass(frozen=True)
class Truth:
    """How good the predictions were, of the `n` rows whose truth is known.

    `value`, `promised` (by the test) and `baseline` (always guessing) are the accuracy as a share, or the RMSE in
    the target's unit. `n_unknown_labels` rows hold a label that training never saw, which counts as wrong.
    `confusion[i][j]` counts rows of the class i that were predicted to be j; it is empty for numbers and for more
    than `MAX_CONFUSION` classes. The log loss leaves out the labels that training never saw.
    """

    n: int
    n_unknown: int
    metric_name: str
    value: float
    promised: float | None
    baseline: float | None
    verdict: str
    is_worse: bool
    n_unknown_labels: int
    confusion: tuple[tuple[int, ...], ...]
    log_loss: float | None
    mean_absolute_error: float | None
    worst: tuple[Worst, ...]


class TruthCounter:
    """Adds up what there is to know of predictions whose truth comes in chunks.

    `promised`, `baseline` and `n_test` are from the record of the training; what is not a possible figure there
    counts as not known.
    """

    def __init__(
        self,
        task: str,
        class_names: Sequence[str] | None,
        promised: float | None,
        metric_name: str,
        n_test: int | None,
        baseline: float | None,
    ) -> None:
        own_name = "accuracy" if task == "classification" else "rmse"
        most = 1.0 if task == "classification" else _LARGEST
        is_own = metric_name in ("", own_name)
        self._metric_name = own_name
        self._baseline = _figure(baseline, most) if is_own else None
        n_rows = int(_figure(n_test, _LARGEST) or 0)
        self._promise = Promise(task, _figure(promised, most) if is_own else None, n_rows or None)
        self._sums: _LabelSums | _NumberSums = _LabelSums(class_names) if task == "classification" else _NumberSums()

    def add(
        self, first_row: int, truth: NDArray[Any], predictions: NDArray[Any], probabilities: NDArray[Any] | None
    ) -> None:
        """Count the rows `(n,)` from the row `first_row` on, as labels or numbers.

        What is not known is None or NaN; so is a number that is not finite, and a row whose prediction is not.
        `probabilities` are `(n, n_classes)`, in the order of the classes.
        """
        self._sums.add(first_row, truth, predictions, probabilities)

    def result(self) -> Truth | None:
        """Return the whole, or None where the truth of no row was known."""
        sums = self._sums
        if not sums.n:
            return None
        outcome = self._promise.outcome(sums.value, sums.n, sums.kurtosis)
        return Truth(
            sums.n, sums.n_unknown, self._metric_name, sums.value, self._promise.value, self._baseline,
            self._promise.verdict(sums.value, sums.n, outcome), outcome == "worse", sums.n_unknown_labels,
            sums.confusion, sums.log_loss, sums.mean_absolute_error, sums.worst.rows,
        )  # fmt: skip


class _LabelSums:
    """Sums over rows with labels."""

    kurtosis = 0.0
    mean_absolute_error = None

    def __init__(self, class_names: Sequence[str] | None) -> None:
        names = class_names or ()
        self._codes = _LabelCodes(names, is_open=not names)
        self._n_classes = len(names)
        self._counts = np.zeros((len(names), len(names)) if len(names) <= MAX_CONFUSION else (0, 0), dtype=np.int64)
        self._n_right = self._n_probable = 0
        self._losses = 0.0
        self.n = self.n_unknown = self.n_unknown_labels = 0
        self.worst = WorstRows()

    def add(
        self, first_row: int, truth: NDArray[Any], predictions: NDArray[Any], probabilities: NDArray[Any] | None
    ) -> None:
        codes, guesses = self._codes.of(truth), self._codes.of(predictions)
        is_right, is_seen = (codes == guesses) & (codes >= 0), codes >= 0
        n_unknown = int((codes == _UNKNOWN).sum())
        self.n += len(codes) - n_unknown
        self.n_unknown += n_unknown
        self.n_unknown_labels += int((codes == _UNSEEN).sum())
        self._n_right += int(is_right.sum())
        self._count_confusion(codes, guesses)
        given = self._given(codes, is_seen, probabilities)
        if given is not None:
            self._n_probable += int(is_seen.sum())
            self._losses -= float(np.log(np.maximum(given[is_seen], _SMALLEST)).sum())
        self._keep_worst(first_row, truth, predictions, given, ~is_right & (codes != _UNKNOWN))

    @property
    def value(self) -> float:
        return self._n_right / self.n

    @property
    def confusion(self) -> tuple[tuple[int, ...], ...]:
        return tuple(tuple(row) for row in self._counts.tolist())

    @property
    def log_loss(self) -> float | None:
        return self._losses / self._n_probable if self._n_probable else None

    def _count_confusion(self, codes: NDArray[np.intp], guesses: NDArray[np.intp]) -> None:
        n = len(self._counts)
        both = (codes >= 0) & (guesses >= 0)
        if n:
            self._counts += np.bincount(codes[both] * n + guesses[both], minlength=n * n).reshape(n, n)

    def _given(
        self, codes: NDArray[np.intp], is_seen: NDArray[np.bool_], probabilities: NDArray[Any] | None
    ) -> NDArray[np.float64] | None:
        """Return the probability that each true label was given `(n,)`, NaN where there is none."""
        if probabilities is None or not self._n_classes or probabilities.shape[1] != self._n_classes:
            return None
        given = np.nan_to_num(probabilities[np.arange(len(codes)), np.maximum(codes, 0)].astype(np.float64), nan=0.0)
        return np.where(is_seen, given, np.nan)

    def _keep_worst(
        self,
        first_row: int,
        truth: NDArray[Any],
        predictions: NDArray[Any],
        given: NDArray[np.float64] | None,
        is_wrong: NDArray[np.bool_],
    ) -> None:
        """Keep the rows whose true label was given the least; those with labels never seen come after."""
        places = np.flatnonzero(is_wrong)
        shares = np.zeros(len(places)) if given is None else given[places]

        def describe(at: int) -> Worst:
            place = int(places[at])
            share = None if given is None or math.isnan(shares[at]) else float(shares[at])
            return Worst(first_row + place, str(truth[place]), str(predictions[place]), probability=share)

        self.worst.add(-np.nan_to_num(shares, nan=2.0), describe)


class _LabelCodes(dict[Any, int]):
    """The place of each label among the classes: as it is written, else of the only one that says the same.

    1 and 1.0 say the same, and so do yes and YES. Where the classes are not known, each new label is one.
    """

    def __init__(self, class_names: Sequence[str], *, is_open: bool) -> None:
        super().__init__({str(name): code for code, name in enumerate(class_names)})
        self._is_open = is_open
        keys = Counter(map(word_key, self))
        self._by_key = {word_key(name): code for name, code in self.items() if keys[word_key(name)] == 1}

    def of(self, labels: NDArray[Any]) -> NDArray[np.intp]:
        """Return the codes of labels `(n,)`."""
        return np.fromiter(map(self.__getitem__, labels.tolist()), dtype=np.intp, count=len(labels))

    def __missing__(self, label: Any) -> int:
        if label is None or (isinstance(label, float) and math.isnan(label)):
            return _UNKNOWN
        key = word_key(str(label))
        code = self._by_key.setdefault(key, len(self._by_key)) if self._is_open else self._by_key.get(key, _UNSEEN)
        if len(self) < _SPELLINGS_KEPT:
            self[label] = code
        return code


class _NumberSums:
    """Sums over rows with numbers, as shares of the largest error, so that the fourth powers stay finite."""

    n_unknown_labels = 0
    confusion = ()
    log_loss = None

    def __init__(self) -> None:
        self._largest = 0.0
        self._sums = np.zeros(3)  # of the absolute errors, of their squares and of their fourth powers
        self.n = self.n_unknown = 0
        self.worst = WorstRows()

    def add(
        self, first_row: int, truth: NDArray[Any], predictions: NDArray[Any], probabilities: NDArray[Any] | None
    ) -> None:
        truth, predictions = np.asarray(truth, dtype=np.float64), np.asarray(predictions, dtype=np.float64)
        places = np.flatnonzero(np.isfinite(truth) & np.isfinite(predictions))
        self.n += len(places)
        self.n_unknown += len(truth) - len(places)
        with np.errstate(over="ignore"):
            errors = np.clip(predictions[places] - truth[places], -_LARGEST, _LARGEST)
        sizes = np.abs(errors)
        self._add_sizes(sizes)
        wrong = np.flatnonzero(sizes)

        def describe(at: int) -> Worst:
            place = int(places[wrong[at]])
            error = float(errors[wrong[at]])
            return Worst(first_row + place, float(truth[place]), float(predictions[place]), error=error)

        self.worst.add(sizes[wrong], describe)

    @property
    def value(self) -> float:
        return float(self._largest * math.sqrt(self._sums[1] / self.n))

    @property
    def mean_absolute_error(self) -> float:
        return float(self._largest * (self._sums[0] / self.n))

    @property
    def kurtosis(self) -> float:
        """Return the mean of the errors' fourth powers by the square of the mean of their squares."""
        return float(self.n * self._sums[2] / self._sums[1] ** 2) if self._sums[1] else 0.0

    def _add_sizes(self, sizes: NDArray[np.float64]) -> None:
        largest = max(self._largest, float(sizes.max(initial=0.0)))
        if not largest:
            return
        shares = sizes / largest
        squares = shares * shares
        self._sums *= (self._largest / largest) ** np.array([1, 2, 4])
        self._sums += [shares.sum(), squares.sum(), (squares * squares).sum()]
        self._largest = largest


def _figure(value: object, most: float) -> float | None:
    """Return a figure of the record that can be one: a finite number from 0 to `most`."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return float(value) if 0 <= value <= most else None
