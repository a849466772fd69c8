"""The curves of one class against the rest, thinned for drawing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from core.insight.figures.arrays import Floats, Ints, check_lengths, class_position, path_positions, plain
from core.insight.figures.ranking import RankedCounts, ranked_counts
from core.insight.figures.reliability import ReliabilityBin, reliability_bins

Numbers = tuple[float | None, ...]


@dataclass(frozen=True)
class RocCurve:
    """Share of the other rows called (across) and of the class's rows found (up), from none to all.

    `thresholds` belong to the points: rows of that probability or more are called. The first calls none, so
    its threshold is None.
    """

    false_alarm_rate: Numbers
    recall: Numbers
    thresholds: Numbers


@dataclass(frozen=True)
class PrecisionRecallCurve:
    """Share of the class found (across) and share of the calls that are right (up), from few calls to all."""

    recall: Numbers
    precision: Numbers
    thresholds: Numbers


@dataclass(frozen=True)
class GainsCurve:
    """Calling the most probable rows first: share called, share of the class found, and how many times chance.

    The first point calls none: its lift is None.
    """

    share_called: Numbers
    share_found: Numbers
    lift: Numbers


@dataclass(frozen=True)
class ClassCurves:
    """All curves of the class `name`; a curve that cannot be drawn is None and `undefined` says why."""

    name: str
    n: int
    n_positive: int
    roc: RocCurve | None
    precision_recall: PrecisionRecallCurve | None
    gains: GainsCurve | None
    reliability: tuple[ReliabilityBin, ...]
    undefined: dict[str, str] = field(default_factory=dict)


def class_curves(y: Ints, probabilities: Floats, class_names: Sequence[str], name: str | None = None) -> ClassCurves:
    """Return the curves of the class `name` from codes `y` `(n,)` and `probabilities` `(n, k)`.

    Without a name it is the second of two classes, or the most frequent of more. Curves have at most 200
    points. Raises ValueError for an unknown name.
    """
    check_lengths(y=y, probabilities=probabilities)
    names = [str(entry) for entry in class_names]
    code = _default_class(y, len(names)) if name is None else class_position(names, name)
    positive, scores = y == code, probabilities[:, code]
    n, n_positive = len(y), int(positive.sum())
    reason = _why_none(names[code], n, n_positive, scores)
    counts = None if reason else ranked_counts(positive, scores)
    return ClassCurves(
        name=names[code],
        n=n,
        n_positive=n_positive,
        roc=None if counts is None else _roc(counts),
        precision_recall=None if counts is None else _precision_recall(counts),
        gains=None if counts is None else _gains(counts),
        reliability=reliability_bins(scores, positive) if np.isfinite(scores).all() else (),
        undefined=dict.fromkeys(("roc", "precision_recall", "gains"), reason) if reason else {},
    )


def _default_class(y: Ints, k: int) -> int:
    return 1 if k == 2 else int(np.bincount(y, minlength=k).argmax())


def _why_none(name: str, n: int, n_positive: int, scores: Floats) -> str | None:
    if n == 0:
        return "There are no test rows."
    if not np.isfinite(scores).all():
        n_broken = int((~np.isfinite(scores)).sum())
        return f"The model gave no usable probabilities for {n_broken:,} of the {n:,} test rows."
    if n_positive in (0, n):
        return f"{'None' if n_positive == 0 else 'All'} of the test rows are {name}, so there is nothing to tell apart."
    return None


def _roc(counts: RankedCounts) -> RocCurve:
    false_alarms = np.append(0, counts.false_alarms) / counts.false_alarms[-1]
    found = np.append(0, counts.hits) / counts.hits[-1]
    thresholds = np.append(np.inf, counts.thresholds)
    kept = path_positions(false_alarms, found)
    return RocCurve(plain(false_alarms[kept]), plain(found[kept]), plain(thresholds[kept]))


def _precision_recall(counts: RankedCounts) -> PrecisionRecallCurve:
    found = counts.hits / counts.hits[-1]
    precision = counts.hits / (counts.hits + counts.false_alarms)
    kept = path_positions(found, precision)
    return PrecisionRecallCurve(plain(found[kept]), plain(precision[kept]), plain(counts.thresholds[kept]))


def _gains(counts: RankedCounts) -> GainsCurve:
    n_called = counts.hits + counts.false_alarms
    called, found = np.append(0, n_called) / n_called[-1], np.append(0, counts.hits) / counts.hits[-1]
    kept = path_positions(called, found)
    lift = np.divide(found, called, out=np.full(len(called), np.nan), where=called > 0)
    return GainsCurve(plain(called[kept]), plain(found[kept]), plain(lift[kept]))
