"""Every figure of predicted numbers on rows the model has not seen, in the target's unit."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from core.insight.figures.arrays import Floats, check_lengths, finite_or_none
from core.insight.figures.residuals import (
    Decile,
    Points,
    ResidualHistogram,
    error_by_decile,
    points,
    residual_histogram,
)

FIGURES = ("rmse", "mae", "median_absolute_error", "r2", "mape", "bias", "share_within_10_percent")
NEAR_ZERO = 0.01  # of the typical size of the target: dividing by less makes a percentage of one row the figure
CLOSE = 0.1
NO_ROWS = "There are no test rows."
TOO_LARGE = "The errors are too large to be put in a figure."
FEW_ROWS = "One test row says nothing of how the target varies."
CONSTANT = "The target is the same in all test rows, so there is no variation to explain."


@dataclass(frozen=True)
class RegressionFigures:
    """The figures of all rows; errors are predicted minus actual, so that a positive bias is too high.

    `rmse`, `mae`, `median_absolute_error` and `bias` are in the target's unit. `r2` is the share of the
    target's variance that is explained, 1 at best and below 0 where the mean does better. `mape` and
    `share_within_10_percent` are shares: 0.1 is 10 %. A prediction that is no finite number counts as
    infinitely wrong: what it leaves without meaning is None, and `undefined` says why.
    """

    n: int
    n_not_finite: int
    rmse: float | None
    mae: float | None
    median_absolute_error: float | None
    r2: float | None
    mape: float | None
    bias: float | None
    share_within_10_percent: float | None
    points: Points
    residuals: ResidualHistogram | None
    deciles: tuple[Decile, ...]
    undefined: dict[str, str] = field(default_factory=dict)  # figure: why it is None


def regression_figures(y: Floats, predicted: Floats) -> RegressionFigures:
    """Score `predicted` `(n,)` against `y` `(n,)`, finite and in the same unit. Raises ValueError for other lengths."""
    check_lengths(y=y, predicted=predicted)
    with np.errstate(over="ignore", invalid="ignore"):
        errors = np.nan_to_num(predicted - y, nan=np.inf, posinf=np.inf, neginf=-np.inf)
        figures = _figures(y, errors) if len(y) else {}
        residuals = residual_histogram(errors)
        deciles = error_by_decile(y, predicted)
        finite = {name: finite_or_none(value) for name, value in figures.items()}
        n_not_finite = int((~np.isfinite(predicted)).sum())
        undefined = _reasons(y, n_not_finite, finite)
    return RegressionFigures(
        n=len(y),
        n_not_finite=n_not_finite,
        **{name: finite.get(name) for name in FIGURES},
        points=points(y, predicted),
        residuals=residuals,
        deciles=deciles,
        undefined=undefined,
    )


def root_mean_square(errors: Floats) -> float:
    """Return the root of the mean square of `errors` `(n,)`, which is finite wherever they are: 1e200 has no square."""
    largest = float(np.abs(errors).max(initial=0.0))
    if largest == 0.0 or not np.isfinite(largest):
        return largest
    return largest * float(np.sqrt(np.mean((errors / largest) ** 2)))


def why_no_mape(y: Floats) -> str | None:
    """Return why an error in percent of `y` `(n,)` would mislead, or None where it makes sense."""
    if not len(y):
        return NO_ROWS
    if y.min() < 0 < y.max():
        return "The target is negative in some rows and positive in others, so a percentage of it says little."
    sizes = np.abs(y)
    n_zero, typical = int((sizes == 0).sum()), float(np.median(sizes))
    if n_zero:
        return f"The target is 0 in {n_zero:,} of the {len(y):,} test rows, and nothing is a percentage of 0."
    n_small = int((sizes < NEAR_ZERO * typical).sum())
    if n_small:
        return (
            f"The target is close to 0 in {n_small:,} of the {len(y):,} test rows (less than a hundredth of its "
            "typical size), and these few would decide the percentage."
        )
    return None


def _figures(y: Floats, errors: Floats) -> dict[str, float]:
    """Compute every figure; what has no finite value comes as NaN or infinity. Errors may be infinite, not NaN."""
    sizes = np.abs(errors)
    rmse, spread = root_mean_square(errors), root_mean_square(y - y.mean())
    is_finite = bool(np.isfinite(sizes).all())
    within = sizes <= CLOSE * np.abs(y) * (1 + 1e-9)
    return {
        "rmse": rmse,
        "mae": float(sizes.mean()),
        "median_absolute_error": float(np.median(sizes)),
        "r2": 1 - float(np.square(np.float64(rmse) / spread)) if y.min() < y.max() else np.nan,
        "mape": float((sizes / np.abs(y)).mean()) if why_no_mape(y) is None else np.nan,
        "bias": float(errors.mean()) if is_finite else np.nan,
        "share_within_10_percent": float(within.mean()),
    }


def _reasons(y: Floats, n_not_finite: int, finite: dict[str, float | None]) -> dict[str, str]:
    """Say why each figure that is None is."""
    if not len(y):
        return dict.fromkeys(FIGURES, NO_ROWS)
    own = {"mape": why_no_mape(y), "r2": FEW_ROWS if len(y) == 1 else CONSTANT if y.min() == y.max() else None}
    general = TOO_LARGE
    if n_not_finite:
        general = f"{n_not_finite:,} of the {len(y):,} predictions are not finite numbers, so the error has no bound."
    return {name: own.get(name) or general for name in FIGURES if finite[name] is None}
