"""Which classes are taken for which."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.insight.figures.arrays import Ints, check_lengths

MAX_CLASSES = 30
MAX_CONFUSIONS = 20
OTHERS = "all others"


@dataclass(frozen=True)
class Confusion:
    """`n` rows of the class `true` taken for `predicted`: a `share` of that class's rows."""

    true: str
    predicted: str
    n: int
    share: float


@dataclass(frozen=True)
class ConfusionMatrix:
    """Rows by their true class (downward) and the class they were taken for (across).

    `shares` are of each line's rows, None in a line without rows. With more than 30 classes the 29 most
    frequent are shown and the last label stands for the `n_others` left, of whose rows `n_others_right` were
    recognised: its own cell also counts those that were taken for one another.
    """

    labels: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]
    shares: tuple[tuple[float | None, ...], ...]
    n: int
    most_frequent: tuple[Confusion, ...]
    n_others: int = 0
    n_others_right: int | None = None


def confusion_matrix(y: Ints, predicted: Ints, class_names: Sequence[str]) -> ConfusionMatrix:
    """Count class codes `y` `(n,)` against `predicted` `(n,)`; more than 30 classes are cut to 30 lines."""
    check_lengths(y=y, predicted=predicted)
    names = [str(name) for name in class_names]
    shown = _shown_classes(y, predicted, len(names))
    n_others = len(names) - len(shown)
    line_of = np.full(len(names), len(shown), dtype=np.int64)
    line_of[shown] = np.arange(len(shown))
    labels = [*(names[code] for code in shown), *([OTHERS] if n_others else [])]
    pairs = line_of[y] * len(labels) + line_of[predicted]
    counts = np.bincount(pairs, minlength=len(labels) ** 2).reshape(len(labels), len(labels))
    return ConfusionMatrix(
        labels=tuple(labels),
        counts=tuple(tuple(line) for line in counts.tolist()),
        shares=tuple(_shares(line) for line in counts.tolist()),
        n=len(y),
        most_frequent=_most_frequent(y, predicted, names),
        n_others=n_others,
        n_others_right=int(((line_of[y] == len(shown)) & (y == predicted)).sum()) if n_others else None,
    )


def _shown_classes(y: Ints, predicted: Ints, k: int) -> Ints:
    """Return the codes to show: all, or the most frequent ones first."""
    if k <= MAX_CLASSES:
        return np.arange(k)
    n, n_predicted = np.bincount(y, minlength=k), np.bincount(predicted, minlength=k)
    return np.lexsort((np.arange(k), -n_predicted, -n))[: MAX_CLASSES - 1]


def _shares(line: list[int]) -> tuple[float | None, ...]:
    n = sum(line)
    return tuple(count / n if n else None for count in line)


def _most_frequent(y: Ints, predicted: Ints, names: list[str]) -> tuple[Confusion, ...]:
    k, wrong = len(names), y != predicted
    pairs, counts = np.unique(y[wrong].astype(np.int64) * k + predicted[wrong], return_counts=True)
    n_of_class = np.bincount(y, minlength=k)
    first = np.argsort(-counts, kind="stable")[:MAX_CONFUSIONS]
    found = zip((pairs[first] // k).tolist(), (pairs[first] % k).tolist(), counts[first].tolist(), strict=True)
    return tuple(Confusion(names[true], names[taken], n, n / int(n_of_class[true])) for true, taken, n in found)
