"""Where a model is wrong more, or less, than elsewhere: its error by the groups of any column."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd

from core.insight.figures.arrays import Flags, Floats, check_lengths, finite_or_none
from core.insight.figures.groups import GroupKind, Groups, groups_of
from core.insight.figures.intervals import t_quantile, wilson_bounds

FEWEST_ROWS = 20  # of a segment that may stand out, and of the rows beside it


@dataclass(frozen=True)
class Segment:
    """The rows of one group: how many, their mean loss with its interval, and the loss beside that of the others.

    `mean_loss` is in the unit of the losses: the share wrong of a classifier, the mean absolute error of
    numbers. `difference` is to the mean of all other rows. `stands_out` is None where that difference may be
    chance. The interval is None for a single row.
    """

    label: str
    kind: GroupKind
    n: int
    mean_loss: float | None
    low: float | None
    high: float | None
    difference: float | None
    stands_out: Literal["worse", "better"] | None


@dataclass(frozen=True)
class ColumnSpread:
    """How much the error differs along a column: the share of its variance between the segments, 0 to 1.

    The share is corrected for what chance alone would give that many segments.
    """

    column: str
    share: float
    n_standing_out: int


class _Sums(NamedTuple):
    """Rows, and the mean and variance of their losses, of every group and of the rows outside it: `(g,)` each."""

    n: Floats
    mean: Floats
    variance: Floats
    n_rest: Floats
    mean_rest: Floats
    variance_rest: Floats


def error_by_segment(
    values: pd.Series, losses: Floats, *, level: float = 0.95, is_categorical: bool = False
) -> list[Segment]:
    """Return the segments of a column `(n,)` that hold rows, with the mean of `losses` `(n,)` of each.

    A segment stands out where the interval of the difference to all other rows leaves out 0 at a level that
    is corrected for the number of segments (Bonferroni), with at least 20 rows on either side. Losses of 0
    and 1 are shares: Wilson's interval, and Newcombe's of the difference. Others: Welch's, on the larger
    variance of both sides, so that a few equal losses do not stand out. Rows whose loss is not finite are
    left out. Raises ValueError where the lengths differ.
    """
    check_lengths(values=values, losses=losses)
    kept = np.isfinite(losses)
    groups = groups_of(values if kept.all() else values[kept], is_categorical=is_categorical)
    known = _Losses.of(losses[kept])
    return _segments(groups, _sums(groups, known), known, level)


def rank_columns(
    frame: pd.DataFrame, losses: Floats, *, level: float = 0.95, categorical: Collection[str] = ()
) -> tuple[ColumnSpread, ...]:
    """Return the columns of `frame` `(n, c)` with the most telling first; `categorical` names columns of codes."""
    check_lengths(frame=frame, losses=losses)
    kept = np.isfinite(losses)
    rows, known = frame if kept.all() else frame[kept], _Losses.of(losses[kept])
    spreads = []
    for place, name in enumerate(rows.columns):
        groups = groups_of(rows.iloc[:, place], is_categorical=name in categorical)
        sums = _sums(groups, known)
        worse, better = _standing_out(sums, known.are_shares, level)
        spreads.append(ColumnSpread(str(name), _share_between(sums, known), int((worse | better).sum())))
    return tuple(sorted(spreads, key=lambda spread: (-spread.share, -spread.n_standing_out)))


@dataclass(frozen=True)
class _Losses:
    """Finite losses, divided by the largest so that their squares are finite, and what is known of them all."""

    scaled: Floats  # (n,), within -1 and 1
    squares: Floats
    scale: float
    are_shares: bool

    @classmethod
    def of(cls, losses: Floats) -> _Losses:
        scale = float(np.abs(losses).max(initial=0.0)) or 1.0
        scaled = losses / scale
        are_shares = bool(((losses == 0) | (losses == 1)).all())
        return cls(scaled, scaled**2, scale, are_shares)


def _sums(groups: Groups, losses: _Losses) -> _Sums:
    """Sum by group; what is outside a group is the whole less the group."""
    k = len(groups.labels)
    counted = [np.bincount(groups.codes, weights, k) for weights in (None, losses.scaled, losses.squares)]
    inside = [np.asarray(values, dtype=np.float64) for values in counted]
    n, total, squares = (values.sum() - values for values in inside)
    return _Sums(*_moments(*inside), *_moments(n, total, squares))


def _moments(n: Floats, total: Floats, squares: Floats) -> tuple[Floats, Floats, Floats]:
    mean = total / np.maximum(n, 1)
    return n, mean, np.maximum(squares - n * mean**2, 0.0) / np.maximum(n - 1, 1)


def _segments(groups: Groups, sums: _Sums, losses: _Losses, level: float) -> list[Segment]:
    low, high = _mean_bounds(sums, losses.are_shares, level)
    worse, better = _standing_out(sums, losses.are_shares, level)
    return [
        Segment(
            label=groups.labels[place],
            kind=groups.kinds[place],
            n=int(sums.n[place]),
            mean_loss=finite_or_none(sums.mean[place] * losses.scale),
            low=finite_or_none(low[place] * losses.scale),
            high=finite_or_none(high[place] * losses.scale),
            difference=_difference(sums, place, losses.scale),
            stands_out="worse" if worse[place] else "better" if better[place] else None,
        )
        for place in np.flatnonzero(sums.n).tolist()
    ]


def _standing_out(sums: _Sums, are_shares: bool, level: float) -> tuple[Flags, Flags]:
    """Return which groups are worse and which better than the rest, at a level corrected for their number."""
    is_tested = (sums.n >= FEWEST_ROWS) & (sums.n_rest >= FEWEST_ROWS)
    strict = 1 - (1 - level) / max(int(is_tested.sum()), 1)
    low, high = _difference_bounds(sums, are_shares, strict)
    return is_tested & (low > 0), is_tested & (high < 0)


def _difference(sums: _Sums, place: int, scale: float) -> float | None:
    if not sums.n_rest[place]:
        return None
    return finite_or_none((sums.mean[place] - sums.mean_rest[place]) * scale)


def _mean_bounds(sums: _Sums, are_shares: bool, level: float) -> tuple[Floats, Floats]:
    """Return the interval of each group's mean: Wilson's of shares, else Student's, NaN for a single row."""
    if are_shares:
        return wilson_bounds(np.rint(sums.n * sums.mean), np.maximum(sums.n, 1), level)
    reach = t_quantile(level, np.maximum(sums.n - 1, 1)) * np.sqrt(sums.variance / np.maximum(sums.n, 1))
    reach = np.where(sums.n > 1, reach, np.nan)
    return sums.mean - reach, sums.mean + reach


def _difference_bounds(sums: _Sums, are_shares: bool, level: float) -> tuple[Floats, Floats]:
    """Return the interval of the difference between each group and the rest."""
    difference = sums.mean - sums.mean_rest
    n, n_rest = np.maximum(sums.n, 1), np.maximum(sums.n_rest, 1)
    if are_shares:  # Newcombe 1998, method 10
        low, high = wilson_bounds(np.rint(n * sums.mean), n, level)
        low_rest, high_rest = wilson_bounds(np.rint(n_rest * sums.mean_rest), n_rest, level)
        down = np.hypot(sums.mean - low, high_rest - sums.mean_rest)
        return difference - down, difference + np.hypot(high - sums.mean, sums.mean_rest - low_rest)
    own, rest = np.maximum(sums.variance, sums.variance_rest) / n, sums.variance_rest / n_rest
    reach = t_quantile(level, np.maximum(np.minimum(n, n_rest) - 1, 1)) * np.sqrt(own + rest)
    return difference - reach, difference + reach


def _share_between(sums: _Sums, losses: _Losses) -> float:
    """Return the share of variance between groups, less what chance gives (epsilon squared, Kelley 1935)."""
    n, k = float(sums.n.sum()), int((sums.n > 0).sum())
    if k < 2 or n <= k:
        return 0.0
    mean = float(losses.scaled.mean())
    between = float((sums.n * (sums.mean - mean) ** 2).sum())
    total = float(losses.squares.sum()) - n * mean**2
    if total <= n * 1e-15:
        return 0.0
    within = max(total - between, 0.0) / (n - k)
    return min(max((between - (k - 1) * within) / total, 0.0), 1.0)
