"""How well a score puts the rows of one class before the others."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from core.insight.figures.arrays import Flags, Floats, Ints


class RankedCounts(NamedTuple):
    """How many rows of the class, and others, score at least each distinct score, the highest first."""

    thresholds: Floats
    hits: Ints
    false_alarms: Ints


class Ranking(NamedTuple):
    """The area under the ROC curve and the average precision, both from 0 to 1."""

    roc_auc: float
    average_precision: float


def ranked_counts(positive: Flags, scores: Floats) -> RankedCounts:
    """Count hits and false alarms at every distinct score; `positive` and `scores` are `(n,)`."""
    order = np.argsort(-scores, kind="stable")
    ranked = scores[order]
    last_of_score = np.flatnonzero(np.append(np.diff(ranked) != 0, True)) if len(ranked) else np.zeros(0, np.int64)
    hits = np.cumsum(positive[order], dtype=np.int64)[last_of_score]
    return RankedCounts(ranked[last_of_score], hits, last_of_score + 1 - hits)


def ranking(positive: Flags, scores: Floats) -> Ranking:
    """Score a ranking, equal scores counting half, in one sort of `scores` `(n,)` without an order.

    Needs a row of the class and one of another. Both figures are scikit-learn's, whose two calls a class
    take ten times as long: too long for a million rows of 26 classes.
    """
    of_class, ranked = np.sort(scores[positive]), np.sort(scores)
    below, up_to = np.searchsorted(ranked, of_class, "left"), np.searchsorted(ranked, of_class, "right")
    own_below, own_up_to = np.searchsorted(of_class, of_class, "left"), np.searchsorted(of_class, of_class, "right")
    n_positive, n = len(of_class), len(ranked)
    outranked = ((below - own_below) + (up_to - own_up_to)) / 2  # of the other rows, equal ones counting half
    precision = (n_positive - own_below) / (n - below)
    return Ranking(float(outranked.mean() / (n - n_positive)), float(precision.mean()))
