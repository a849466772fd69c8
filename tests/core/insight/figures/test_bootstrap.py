"""Intervals by simulation, and verdicts on pairs whose truth is known."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from core.insight.figures.bootstrap import (
    Interval,
    mean_interval,
    paired_difference,
    paired_rmse_difference,
    rmse_interval,
)

Drawn = Callable[[np.random.Generator, int], NDArray[np.float64]]


def exponential(rng: np.random.Generator, n: int) -> NDArray[np.float64]:
    """Draw losses of mean 1 whose root mean square is the root of 2."""
    return rng.exponential(1.0, n)


def wrong(rng: np.random.Generator, n: int) -> NDArray[np.float64]:
    """Draw losses of 0 and 1 of mean 0.1."""
    return (rng.random(n) < 0.1).astype(np.float64)


def coverage(interval: Callable[[NDArray[np.float64], int], Interval], drawn: Drawn, truth: float, n: int) -> float:
    rng, n_held, n_times = np.random.default_rng(5), 0, 500
    for time in range(n_times):
        found = interval(drawn(rng, n), time)
        assert found.low is not None
        assert found.high is not None
        n_held += found.low <= truth <= found.high
    return n_held / n_times


def test_95_percent_intervals_of_a_mean_hold_the_truth_95_percent_of_the_time() -> None:
    held = coverage(lambda values, seed: mean_interval(values, n_resamples=200, seed=seed), exponential, 1.0, 2_000)
    assert held == pytest.approx(0.95, abs=0.02)


def test_95_percent_intervals_of_an_rmse_hold_the_truth_95_percent_of_the_time() -> None:
    held = coverage(lambda values, seed: rmse_interval(values, n_resamples=200, seed=seed), exponential, 2**0.5, 2_000)
    assert held == pytest.approx(0.95, abs=0.02)


@pytest.mark.parametrize("n", [30, 2_000])
def test_95_percent_intervals_of_a_share_hold_the_truth_95_percent_of_the_time(n: int) -> None:
    assert coverage(lambda values, _: mean_interval(values), wrong, 0.1, n) == pytest.approx(0.95, abs=0.03)


def test_95_percent_intervals_of_many_rows_hold_the_truth_95_percent_of_the_time() -> None:
    held = coverage(lambda values, _: rmse_interval(values), exponential, 2**0.5, 20_001)
    assert held == pytest.approx(0.95, abs=0.02)


def test_a_paired_interval_holds_the_true_difference_95_percent_of_the_time() -> None:
    rng, n_held = np.random.default_rng(3), 0
    for time in range(400):
        common = rng.exponential(1.0, 2_000)
        found = paired_difference(common + rng.normal(0.05, 1, 2_000), common, n_resamples=200, seed=time)
        assert found.low is not None
        assert found.high is not None
        n_held += found.low <= 0.05 <= found.high
    assert n_held / 400 == pytest.approx(0.95, abs=0.02)


def test_the_bootstrap_agrees_with_scipys() -> None:
    values = np.random.default_rng(0).gamma(2.0, size=300)
    found = mean_interval(values, n_resamples=4_000)
    expected = stats.bootstrap((values,), np.mean, n_resamples=4_000, method="percentile", rng=1).confidence_interval
    assert [found.low, found.high] == pytest.approx([expected.low, expected.high], abs=0.02)
    assert found.estimate == pytest.approx(values.mean())
    assert (found.method, found.n, found.level) == ("bootstrap", 300, 0.95)


def test_beyond_twenty_thousand_rows_the_interval_is_normal() -> None:
    values = np.random.default_rng(0).exponential(3.0, 50_000)
    found = mean_interval(values, level=0.9)
    expected = stats.norm.interval(0.9, values.mean(), values.std(ddof=1) / 50_000**0.5)
    assert [found.low, found.high] == pytest.approx(expected)
    assert found.method == "normal"


def test_both_methods_agree_on_either_side_of_the_limit() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.normal(0, 1.05, 20_001), rng.normal(0, 1, 20_001)
    drawn, normal = paired_rmse_difference(a[:-1], b[:-1]), paired_rmse_difference(a, b)
    assert (drawn.method, normal.method) == ("bootstrap", "normal")
    assert [drawn.low, drawn.high] == pytest.approx([normal.low, normal.high], abs=2e-3)


def test_the_same_seed_gives_the_same_interval() -> None:
    values = np.random.default_rng(0).normal(size=100)
    assert mean_interval(values, seed=4) == mean_interval(values, seed=4)
    assert mean_interval(values, seed=4) != mean_interval(values, seed=5)


def test_an_rmse_is_the_root_of_the_mean_square() -> None:
    errors = np.array([3.0, -4.0, 0.0, 5.0])
    found = rmse_interval(errors)
    assert found.estimate == pytest.approx((50 / 4) ** 0.5)
    assert found.low is not None
    assert found.high is not None
    assert 0 <= found.low < found.estimate < found.high <= 5.0 + 1e-12


def test_shares_of_few_rows_get_wilsons_interval() -> None:
    found = mean_interval(np.ones(5))
    expected = stats.binomtest(5, 5).proportion_ci(0.95, method="wilson")
    assert (found.low, found.high, found.method) == (pytest.approx(expected.low), 1.0, "wilson")


@pytest.mark.parametrize("interval", [mean_interval, rmse_interval])
def test_what_has_no_interval_says_why(interval: Callable[[NDArray[np.float64]], Interval]) -> None:
    for values in (np.zeros(0), np.array([1.0, np.inf]), np.array([1.0, np.nan])):
        found = interval(values)
        assert found.estimate is found.low is found.high is None
        assert found.reason
    alone = interval(np.array([2.5]))
    assert (alone.estimate, alone.low, alone.high) == (2.5, None, None)
    assert "One test row" in str(alone.reason)


@pytest.mark.parametrize("size", [1e200, 1e307])
def test_huge_errors_have_finite_intervals(size: float) -> None:
    values = np.full(100, 1.0)
    values[:50] = size
    assert mean_interval(values).estimate == pytest.approx(size / 2)
    found = rmse_interval(values)
    assert found.estimate == pytest.approx(size / 2**0.5)
    json.dumps(asdict(found), allow_nan=False)


def test_equal_errors_have_an_interval_of_no_width() -> None:
    found = rmse_interval(np.full(50, -3.0))
    assert [found.estimate, found.low, found.high] == pytest.approx([3.0, 3.0, 3.0])


@pytest.mark.parametrize("n", [500, 30_000])
def test_a_plainly_better_model_is_called_better_and_the_other_worse(n: int) -> None:
    rng = np.random.default_rng(0)
    a, b = rng.normal(0, 1.0, n), rng.normal(0, 1.5, n)
    assert paired_difference(np.abs(a), np.abs(b)).verdict == "better"
    assert paired_rmse_difference(a, b).verdict == "better"
    found = paired_rmse_difference(b, a)
    assert found.verdict == "worse"
    assert found.estimate == pytest.approx(np.sqrt((b**2).mean()) - np.sqrt((a**2).mean()))
    assert (found.n, found.n_different) == (n, n)


def test_pairing_finds_a_difference_that_the_models_alone_would_hide() -> None:
    rng = np.random.default_rng(0)
    common = rng.exponential(10.0, 1_000)
    assert paired_difference(common, common + rng.normal(0.2, 0.5, 1_000)).verdict == "better"


@pytest.mark.parametrize("n", [2, 5, 500, 30_000])
def test_equal_models_are_too_close_to_call(n: int) -> None:
    losses = np.random.default_rng(0).random(n)
    for found in (paired_difference(losses, losses), paired_rmse_difference(losses, -losses)):
        assert (found.verdict, found.estimate, found.low, found.high) == ("too close to call", 0.0, 0.0, 0.0)
        assert found.n_different == 0


def test_models_of_equal_worth_are_seldom_called_different() -> None:
    rng = np.random.default_rng(1)
    verdicts = [
        paired_difference(wrong(rng, 400), wrong(rng, 400), n_resamples=200, seed=time).verdict for time in range(300)
    ]
    assert verdicts.count("too close to call") >= 0.92 * 300


@pytest.mark.parametrize(("n_different", "verdict"), [(5, "too close to call"), (6, "better")])
def test_a_handful_of_rows_decide_nothing(n_different: int, verdict: str) -> None:
    a, b = np.zeros(n_different), np.arange(n_different) + 1.0
    found = paired_difference(a, b)
    assert found.verdict == verdict
    assert (found.reason is not None) == (verdict == "too close to call")


@pytest.mark.parametrize(
    ("a", "b", "verdict"),
    [
        ([np.inf, 1.0], [1.0, 1.0], "worse"),
        ([1.0, 1.0], [np.nan, 1.0], "better"),
        ([np.inf, 1.0], [1.0, np.inf], "too close to call"),
        ([], [], "too close to call"),
        ([1.0], [2.0], "too close to call"),
    ],
)
def test_without_a_figure_the_verdict_says_why(a: list[float], b: list[float], verdict: str) -> None:
    for compare in (paired_difference, paired_rmse_difference):
        found = compare(np.array(a), np.array(b))
        assert (found.estimate, found.low, found.high, found.verdict) == (None, None, None, verdict)
        assert found.reason


def test_different_rows_cannot_be_compared() -> None:
    with pytest.raises(ValueError, match="a has 2, b has 3"):
        paired_difference(np.zeros(2), np.zeros(3))
