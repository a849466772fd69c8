"""What to draw of predicted numbers: points, the histogram of the errors, and the error by decile."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.insight.figures.arrays import (
    MAX_SAMPLE_POINTS,
    Floats,
    Ints,
    equal_mass_codes,
    plain,
    spread_positions,
)

MAX_BARS = 40
FENCE = 3.0  # interquartile ranges beyond the quartiles, from where errors share the end bars
N_DECILES = 10


@dataclass(frozen=True)
class Points:
    """Some of the rows, evenly spread over the actual values and with the outermost of each kind.

    `positions` are the rows among those given. Rows whose prediction is no finite number are left out.
    """

    positions: tuple[int, ...]
    actual: tuple[float | None, ...]
    predicted: tuple[float | None, ...]


@dataclass(frozen=True)
class ResidualHistogram:
    """Errors, predicted minus actual, in bars of equal width: `counts` lie between `edges`, one more than they are.

    The end bars also hold the `n_below` and `n_above` errors beyond the outer edges, so the counts add up to
    all rows; infinite errors are among them.
    """

    edges: tuple[float, ...]
    counts: tuple[int, ...]
    n_below: int
    n_above: int


@dataclass(frozen=True)
class Decile:
    """A tenth of the rows by their prediction, from `low` to `high`, in the target's unit."""

    n: int
    low: float
    high: float
    mean_predicted: float | None
    mean_actual: float | None
    mae: float | None
    bias: float | None


def points(y: Floats, predicted: Floats) -> Points:
    """Choose at most 2,000 rows `(n,)` to draw, the same ones every time."""
    with np.errstate(over="ignore", invalid="ignore"):
        errors = predicted - y
    usable = np.flatnonzero(np.isfinite(errors))
    if not len(usable):
        return Points((), (), ())
    by_actual = usable[np.argsort(y[usable], kind="stable")]
    outermost = [usable[values[usable].argmin()] for values in (predicted, errors)]
    outermost += [usable[values[usable].argmax()] for values in (predicted, errors)]
    even = by_actual[spread_positions(len(by_actual), MAX_SAMPLE_POINTS - len(outermost))]
    chosen: Ints = np.unique(np.append(even, outermost)).astype(np.int64)
    if len(usable) <= MAX_SAMPLE_POINTS:
        chosen = usable
    return Points(tuple(chosen.tolist()), plain(y[chosen]), plain(predicted[chosen]))


def residual_histogram(errors: Floats) -> ResidualHistogram | None:
    """Count `errors` `(n,)`, which may be infinite, in at most 40 bars; None where there are none to span a bar."""
    finite = errors[np.isfinite(errors)]
    if not len(finite):
        return None
    low, high = _range(finite)
    n_bars = min(MAX_BARS, max(5, round(len(errors) ** 0.5)))
    edges = np.linspace(low, high, n_bars + 1)
    if not (np.isfinite(edges).all() and (np.diff(edges) > 0).all()):
        return None
    counts = np.bincount(np.searchsorted(edges[1:-1], errors, side="right"), minlength=n_bars)
    n_below, n_above = int((errors < edges[0]).sum()), int((errors > edges[-1]).sum())
    return ResidualHistogram(tuple(edges.tolist()), tuple(counts.tolist()), n_below, n_above)


def _range(errors: Floats) -> tuple[float, float]:
    """Return where the bars begin and end: the fences around the quartiles, or the extremes within them."""
    minimum, first, third, maximum = np.quantile(errors, [0.0, 0.25, 0.75, 1.0]).tolist()
    low, high = minimum, maximum
    if third > first:
        reach = FENCE * (third - first)
        low, high = max(minimum, first - reach), min(maximum, third + reach)
    least = max(abs(low), abs(high)) * 1e-9 or 1.0
    if high - low >= least:
        return low, high
    return low - least, high + least


def error_by_decile(y: Floats, predicted: Floats) -> tuple[Decile, ...]:
    """Group rows by finite prediction in tenths, the lowest first; equal predictions stay together."""
    usable = np.isfinite(predicted)
    actual, said = y[usable], predicted[usable]
    codes = equal_mass_codes(said, min(N_DECILES, max(len(said), 1)))
    n = np.bincount(codes)
    errors = said - actual
    sums = (np.bincount(codes, weights=values) for values in (said, actual, np.abs(errors), errors))
    means = [plain(total / n) for total in sums]
    in_order = np.sort(said)
    ends = np.cumsum(n)
    return tuple(
        Decile(int(n[place]), float(in_order[ends[place] - n[place]]), float(in_order[ends[place] - 1]), *figures)
        for place, figures in enumerate(zip(*means, strict=True))
    )
