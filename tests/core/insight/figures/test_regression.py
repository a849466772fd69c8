"""Every figure of predicted numbers, against scikit-learn or by hand."""

from __future__ import annotations

import json
from dataclasses import asdict

import numpy as np
import pytest
from sklearn import metrics

from core.insight.figures.regression import RegressionFigures, regression_figures
from core.insight.figures.residuals import residual_histogram

FIGURES = ("rmse", "mae", "median_absolute_error", "r2", "mape", "bias", "share_within_10_percent")


def strictly_json(figures: RegressionFigures) -> RegressionFigures:
    json.dumps(asdict(figures), allow_nan=False)
    assert {name for name in FIGURES if getattr(figures, name) is None} == set(figures.undefined)
    return figures


def test_the_figures_are_those_of_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    y = rng.uniform(50, 500, 1_000)
    predicted = y + rng.normal(5, 30, 1_000)
    figures = strictly_json(regression_figures(y, predicted))
    assert figures.rmse == pytest.approx(metrics.root_mean_squared_error(y, predicted))
    assert figures.mae == pytest.approx(metrics.mean_absolute_error(y, predicted))
    assert figures.median_absolute_error == pytest.approx(metrics.median_absolute_error(y, predicted))
    assert figures.r2 == pytest.approx(metrics.r2_score(y, predicted))
    assert figures.mape == pytest.approx(metrics.mean_absolute_percentage_error(y, predicted))
    assert figures.bias == pytest.approx((predicted - y).mean())
    assert figures.undefined == {}


def test_ten_percent_off_is_within_ten_percent() -> None:
    figures = regression_figures(np.array([1.0, 100.0, -200.0, 0.0]), np.array([1.1, 89.0, -181.0, 0.0]))
    assert figures.share_within_10_percent == 0.75


@pytest.mark.parametrize(
    ("y", "reason"),
    [
        ([0.0, 5.0, 6.0], "is 0 in 1 of the 3"),
        ([-5.0, 5.0, 6.0], "negative in some rows"),
        ([0.01, 5.0, 6.0], "close to 0 in 1 of the 3"),
        ([-0.01, -5.0, -6.0], "close to 0 in 1 of the 3"),
    ],
)
def test_a_percentage_of_next_to_nothing_is_not_given(y: list[float], reason: str) -> None:
    figures = strictly_json(regression_figures(np.array(y), np.ones(3)))
    assert figures.mape is None
    assert reason in figures.undefined["mape"]


def test_a_negative_target_has_a_percentage_too() -> None:
    assert regression_figures(np.array([-10.0, -20.0]), np.array([-11.0, -18.0])).mape == pytest.approx(0.1)


def test_a_constant_target_has_no_variation_to_explain() -> None:
    figures = strictly_json(regression_figures(np.full(20, 0.1), np.linspace(0.0, 1.0, 20)))
    assert figures.r2 is None
    assert "the same in all test rows" in figures.undefined["r2"]


def test_constant_predictions_are_drawn_as_one_group() -> None:
    y = np.arange(1.0, 101.0)
    figures = strictly_json(regression_figures(y, np.full(100, 50.5)))
    assert figures.r2 == pytest.approx(0.0)
    assert [(entry.n, entry.low, entry.high, entry.bias) for entry in figures.deciles] == [(100, 50.5, 50.5, 0.0)]


def test_deciles_of_the_prediction_hold_a_tenth_each() -> None:
    rng = np.random.default_rng(1)
    predicted = rng.normal(size=1_000)
    y = predicted + rng.normal(size=1_000)
    order = np.argsort(predicted).reshape(10, 100)
    deciles = regression_figures(y, predicted).deciles
    assert [entry.n for entry in deciles] == [100] * 10
    assert [entry.mean_predicted for entry in deciles] == pytest.approx(predicted[order].mean(axis=1))
    assert [entry.mean_actual for entry in deciles] == pytest.approx(y[order].mean(axis=1))
    assert [entry.mae for entry in deciles] == pytest.approx(np.abs(y - predicted)[order].mean(axis=1))
    assert [entry.bias for entry in deciles] == pytest.approx((predicted - y)[order].mean(axis=1))
    assert [entry.low for entry in deciles] == predicted[order].min(axis=1).tolist()
    assert [entry.high for entry in deciles] == predicted[order].max(axis=1).tolist()


def test_predictions_that_are_mostly_0_keep_the_others_apart() -> None:
    predicted = np.concatenate([np.zeros(95), np.arange(1.0, 6.0)])
    deciles = regression_figures(predicted, predicted).deciles
    assert [(entry.n, entry.low, entry.high) for entry in deciles] == [(95, 0.0, 0.0), (5, 1.0, 5.0)]


@pytest.mark.parametrize("bad", [np.inf, -np.inf, np.nan])
def test_one_infinite_prediction_is_named_and_leaves_what_still_has_a_meaning(bad: float) -> None:
    y = np.arange(1.0, 101.0)
    predicted = y + 1
    predicted[7] = bad
    figures = strictly_json(regression_figures(y, predicted))
    assert figures.n_not_finite == 1
    assert figures.rmse is figures.mae is figures.bias is figures.r2 is figures.mape is None
    assert "1 of the 100 predictions are not finite" in figures.undefined["rmse"]
    assert figures.median_absolute_error == 1.0
    assert figures.share_within_10_percent == pytest.approx(91 / 100)
    assert 7 not in figures.points.positions
    assert figures.residuals is not None
    assert sum(figures.residuals.counts) == 100
    assert sum(entry.n for entry in figures.deciles) == 99


@pytest.mark.parametrize("size", [1e160, 1e200, 1e308, -1e308])
def test_huge_predictions_give_finite_figures_or_a_sentence(size: float) -> None:
    y = np.linspace(1.0, 2.0, 50)
    predicted = y.copy()
    predicted[3] = size
    figures = strictly_json(regression_figures(y, predicted))
    assert figures.rmse == pytest.approx(abs(size) / 50**0.5)
    assert figures.mae == pytest.approx(abs(size) / 50)
    assert figures.r2 is None
    assert "too large" in figures.undefined["r2"]
    assert figures.median_absolute_error == 0.0


def test_an_error_beyond_all_numbers_is_infinite() -> None:
    figures = strictly_json(regression_figures(np.array([1e308, -1e308]), np.array([-1e308, 1e308])))
    assert figures.rmse is None
    assert "too large" in figures.undefined["rmse"]
    assert figures.points.positions == ()


def test_only_infinite_predictions_leave_nothing_to_draw() -> None:
    figures = strictly_json(regression_figures(np.arange(1.0, 6.0), np.full(5, np.inf)))
    assert (figures.residuals, figures.deciles, figures.points.positions) == (None, (), ())
    assert figures.share_within_10_percent == 0.0


@pytest.mark.parametrize("n", [1, 2, 5])
def test_a_handful_of_rows_are_scored(n: int) -> None:
    y = np.arange(n) + 1.0
    figures = strictly_json(regression_figures(y, y + 0.5))
    assert figures.rmse == pytest.approx(0.5)
    assert (figures.r2 is None) == (n == 1)
    assert len(figures.deciles) == n
    assert figures.residuals is not None
    assert sum(figures.residuals.counts) == n


def test_no_rows_give_no_figures() -> None:
    figures = strictly_json(regression_figures(np.zeros(0), np.zeros(0)))
    assert set(figures.undefined.values()) == {"There are no test rows."}
    assert set(figures.undefined) == set(FIGURES)


def test_arrays_of_different_rows_are_refused() -> None:
    with pytest.raises(ValueError, match="differ in length"):
        regression_figures(np.zeros(3), np.zeros(2))


def test_points_are_few_and_keep_the_outermost_rows() -> None:
    rng = np.random.default_rng(0)
    y = rng.normal(size=30_000)
    predicted = y + rng.normal(size=30_000)
    points = regression_figures(y, predicted).points
    assert 1_900 <= len(points.positions) <= 2_000
    chosen = np.array(points.positions)
    assert points.actual == tuple(y[chosen])
    assert points.predicted == tuple(predicted[chosen])
    for values in (y, predicted, predicted - y):
        assert {int(values.argmin()), int(values.argmax())} <= set(points.positions)
    assert points == regression_figures(y, predicted).points


def test_every_row_is_a_point_where_they_are_few() -> None:
    y = np.random.default_rng(0).normal(size=2_000)
    assert regression_figures(y, y).points.positions == tuple(range(2_000))


def test_bars_are_numpys_where_there_are_no_outliers() -> None:
    errors = np.random.default_rng(0).uniform(-1, 1, 900)
    bars = residual_histogram(errors)
    assert bars is not None
    counts, edges = np.histogram(errors, bins=30)
    assert bars.counts == tuple(counts)
    assert bars.edges == pytest.approx(edges)
    assert (bars.n_below, bars.n_above) == (0, 0)


def test_outliers_share_the_end_bars() -> None:
    errors = np.concatenate([np.random.default_rng(0).normal(size=5_000), [1e6, np.inf, 1e300], [-1e9]])
    bars = residual_histogram(errors)
    assert bars is not None
    first, third = np.quantile(errors[np.isfinite(errors)], [0.25, 0.75])
    assert bars.edges[-1] <= third + 3 * (third - first) + 1e-12
    assert sum(bars.counts) == len(errors)
    assert (bars.n_above, bars.n_below) == ((errors > bars.edges[-1]).sum(), (errors < bars.edges[0]).sum())
    assert bars.counts[-1] >= bars.n_above >= 3
    assert bars.counts[0] >= bars.n_below >= 1


@pytest.mark.parametrize("value", [0.0, 3.5, -1e12, 1e-300])
def test_errors_that_are_all_equal_fill_one_bar(value: float) -> None:
    bars = residual_histogram(np.full(50, value))
    assert bars is not None
    assert max(bars.counts) == sum(bars.counts) == 50
    assert bars.edges[0] < value < bars.edges[-1]
