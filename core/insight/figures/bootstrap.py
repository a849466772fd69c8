"""How far a figure could be off by the chance of which rows were tested, and whether two models really differ.

Up to 20,000 rows are drawn again with replacement (percentile bootstrap). Beyond, where the mean of so many
rows is as good as normal, the interval is the normal one: the same to the eye, and at once for a million
rows. numpy and the standard library only.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from core.insight.figures.arrays import Floats, check_lengths
from core.insight.figures.intervals import normal_quantile, wilson_bounds

MAX_RESAMPLED_ROWS = 20_000
DRAWS_AT_ONCE = 1_000_000
N_RESAMPLES = 1_000

Verdict = Literal["better", "worse", "too close to call"]
Method = Literal["bootstrap", "normal", "wilson", "delong"]

NO_ROWS = "There are no test rows."
ONE_ROW = "One test row says nothing of how much the figure varies."
NOT_FINITE = "Some errors are not finite numbers, so there is no figure."
ONLY_ONE_FINITE = "One of the two makes errors that are not finite numbers, and the other does not."
TOO_LARGE = "The errors are too large to be put in a figure."


@dataclass(frozen=True)
class Interval:
    """A figure with its interval at `level`, how that was found, and why a part of it is None."""

    estimate: float | None
    low: float | None
    high: float | None
    level: float
    n: int
    method: Method | None = None
    reason: str | None = None


@dataclass(frozen=True)
class PairedDifference:
    """The figure of a minus that of b on the same rows, with its interval: below 0, a is better.

    `n_different` counts the rows on which they differ; the verdict is on a. `reason` says why a part is None,
    or why an interval that leaves out 0 is still too close to call.
    """

    estimate: float | None
    low: float | None
    high: float | None
    verdict: Verdict
    level: float
    n: int
    n_different: int
    method: Method | None = None
    reason: str | None = None


class _Figure(NamedTuple):
    """A figure as a function of the means of some columns, and what each row adds to it."""

    columns: Floats  # (c, n)
    of_means: Callable[[Floats], Floats]  # (c, …) -> (…)
    influence: Floats  # (n,): its standard deviation over the root of n is the figure's standard error


class _Estimate(NamedTuple):
    estimate: float
    low: float
    high: float
    method: Method


def mean_interval(values: Floats, level: float = 0.95, n_resamples: int = N_RESAMPLES, seed: int = 0) -> Interval:
    """Return the mean of `values` `(n,)`, such as absolute errors, with its interval.

    Values that are all 0 or 1, such as right and wrong, get Wilson's interval, which holds for few rows too.
    """
    if len(values) and bool(((values == 0) | (values == 1)).all()):
        low, high = wilson_bounds(values.sum(), len(values), level)
        return Interval(float(values.mean()), float(low), float(high), level, len(values), "wilson")
    return _interval(values, _mean, level, n_resamples, seed)


def rmse_interval(errors: Floats, level: float = 0.95, n_resamples: int = N_RESAMPLES, seed: int = 0) -> Interval:
    """Return the root of the mean square of `errors` `(n,)`, in their unit, with its interval."""
    return _interval(errors, _rmse, level, n_resamples, seed)


def paired_difference(
    losses_a: Floats, losses_b: Floats, level: float = 0.95, n_resamples: int = N_RESAMPLES, seed: int = 0
) -> PairedDifference:
    """Compare the mean loss of a with that of b, `(n,)` each of the same rows: absolute errors, or 1 where wrong.

    a is better or worse where the interval of the difference leaves out 0 and, beside it, enough rows differ
    that they could not all favour one side by a coin's chance (6 of them at 0.95): few rows drawn again
    look surer than they are. A model whose errors are not finite is worse than one whose errors are.
    """
    return _compared(losses_a, losses_b, _mean_difference, level, n_resamples, seed)


def paired_rmse_difference(
    errors_a: Floats, errors_b: Floats, level: float = 0.95, n_resamples: int = N_RESAMPLES, seed: int = 0
) -> PairedDifference:
    """Compare the RMSE of a with that of b, from their errors `(n,)` on the same rows, drawn together."""
    return _compared(np.abs(errors_a), np.abs(errors_b), _rmse_difference, level, n_resamples, seed)


def _interval(
    values: Floats, figure: Callable[[Floats], _Figure], level: float, n_resamples: int, seed: int
) -> Interval:
    n = len(values)
    if n == 0 or not np.isfinite(values).all():
        return Interval(None, None, None, level, n, reason=NOT_FINITE if n else NO_ROWS)
    scale = float(np.abs(values).max()) or 1.0  # the square of 1e200 would be infinite
    found = _scaled(_estimated(figure(values / scale), level, n_resamples, seed), scale)
    if not np.isfinite(found[:3]).all():
        return Interval(None, None, None, level, n, reason=TOO_LARGE)
    if n == 1:
        return Interval(found.estimate, None, None, level, n, reason=ONE_ROW)
    return Interval(found.estimate, found.low, found.high, level, n, found.method)


def _compared(
    a: Floats, b: Floats, figure: Callable[[Floats, Floats], _Figure], level: float, n_resamples: int, seed: int
) -> PairedDifference:
    check_lengths(a=a, b=b)
    n, n_different = len(a), int((a != b).sum())
    is_finite = bool(np.isfinite(a).all()), bool(np.isfinite(b).all())
    if n < 2 or not all(is_finite):
        verdict, why = _without_figure(n, *is_finite)
        return PairedDifference(None, None, None, verdict, level, n, n_different, reason=why)
    scale = float(max(np.abs(a).max(), np.abs(b).max())) or 1.0
    found = _estimated(figure(a / scale, b / scale), level, n_resamples, seed)
    verdict, reason = _verdict(found, n_different, level)
    in_unit = _scaled(found, scale)
    if not np.isfinite(in_unit[:3]).all():
        return PairedDifference(None, None, None, verdict, level, n, n_different, reason=TOO_LARGE)
    numbers = in_unit.estimate, in_unit.low, in_unit.high
    return PairedDifference(*numbers, verdict, level, n, n_different, found.method, reason)


def _without_figure(n: int, a_is_finite: bool, b_is_finite: bool) -> tuple[Verdict, str]:
    """Return the verdict, and why there is no figure."""
    if n < 2:
        return "too close to call", ONE_ROW if n else NO_ROWS
    if a_is_finite == b_is_finite:
        return "too close to call", NOT_FINITE
    return "better" if a_is_finite else "worse", ONLY_ONE_FINITE


def _verdict(found: _Estimate, n_different: int, level: float) -> tuple[Verdict, str | None]:
    if found.low <= 0 <= found.high:
        return "too close to call", None
    if 2 * 0.5**n_different > 1 - level:
        return "too close to call", f"They differ on only {n_different} of the rows, too few to tell."
    return "better" if found.high < 0 else "worse", None


def _mean(values: Floats) -> _Figure:
    return _Figure(values[None], lambda means: means[0], values)


def _rmse(errors: Floats) -> _Figure:
    squares = errors**2
    return _Figure(squares[None], lambda means: np.sqrt(means[0]), _root_influence(squares))


def _mean_difference(a: Floats, b: Floats) -> _Figure:
    return _mean(a - b)


def _rmse_difference(a: Floats, b: Floats) -> _Figure:
    columns = np.stack([a**2, b**2])
    influence = _root_influence(columns[0]) - _root_influence(columns[1])
    return _Figure(columns, lambda means: np.sqrt(means[0]) - np.sqrt(means[1]), influence)


def _root_influence(squares: Floats) -> Floats:
    """Return the slope of the root at the mean, times each row's share in that mean."""
    root = float(np.sqrt(squares.mean()))
    return squares / (2 * root) if root else squares


def _estimated(figure: _Figure, level: float, n_resamples: int, seed: int) -> _Estimate:
    n = figure.columns.shape[1]
    estimate = float(figure.of_means(figure.columns.mean(axis=1)))
    if n > MAX_RESAMPLED_ROWS:
        reach = normal_quantile(level) * float(figure.influence.std(ddof=1)) / n**0.5
        return _Estimate(estimate, estimate - reach, estimate + reach, "normal")
    drawn = figure.of_means(_resampled_means(figure.columns, n_resamples, seed))
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2]).tolist()
    return _Estimate(estimate, low, high, "bootstrap")


def _resampled_means(columns: Floats, n_resamples: int, seed: int) -> Floats:
    """Return the columns' means `(c, n_resamples)` over rows drawn with replacement, the same rows for all."""
    rng, n = np.random.default_rng(seed), columns.shape[1]
    means = np.empty((len(columns), n_resamples))
    at_once = max(1, DRAWS_AT_ONCE // n)
    for start in range(0, n_resamples, at_once):
        stop = min(start + at_once, n_resamples)
        rows = rng.integers(0, n, (stop - start, n), dtype=np.int32)
        for place, column in enumerate(columns):
            means[place, start:stop] = column[rows].mean(axis=1)
    return means


def _scaled(found: _Estimate, scale: float) -> _Estimate:
    return _Estimate(found.estimate * scale, found.low * scale, found.high * scale, found.method)
