"""The threshold table, against counting the rows anew for every question."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn import metrics

from core.insight.figures.thresholds import Decision, ThresholdTable


def drawn(n: int, decimals: int, seed: int = 0) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    rng = np.random.default_rng(seed)
    scores = rng.random(n).round(decimals)
    return rng.random(n) < scores**2, scores


def counted(positive: NDArray[np.bool_], scores: NDArray[np.float64], threshold: float) -> tuple[int, int, int, int]:
    called = scores >= threshold
    parts = (called & positive, called & ~positive, ~called & ~positive, ~called & positive)
    return tuple(int(part.sum()) for part in parts)  # type: ignore[return-value]


def counts_of(decision: Decision) -> tuple[int, int, int, int]:
    return decision.tp, decision.fp, decision.tn, decision.fn


@pytest.mark.parametrize("decimals", [0, 1, 2])
def test_with_few_different_probabilities_every_threshold_is_exact(decimals: int) -> None:
    positive, scores = drawn(700, decimals)
    table = ThresholdTable.of(positive, scores)
    for threshold in [*np.linspace(0, 1, 101).tolist(), 0.123456]:
        assert counts_of(table.at(threshold)) == counted(positive, scores, threshold)
    assert counts_of(table.at(2.0))[:2] == (0, 0)


def test_with_many_different_probabilities_every_listed_threshold_is_exact() -> None:
    positive, scores = drawn(100_000, 12)
    table = ThresholdTable.of(positive, scores)
    assert 400 < len(table.thresholds) <= 503
    assert 0.5 in table.thresholds
    assert list(table.thresholds) == sorted(set(table.thresholds))
    for threshold in table.thresholds[::50]:
        assert counts_of(table.at(threshold)) == counted(positive, scores, threshold)
    for threshold in np.linspace(0, 1, 37).tolist():
        assert abs(table.at(threshold).n_called - (scores >= threshold).sum()) <= 0.005 * 100_000


def test_one_half_is_exact_even_where_no_row_has_it() -> None:
    positive, scores = drawn(50_000, 12, seed=3)
    decision = ThresholdTable.of(positive, scores).at(0.5)
    assert decision.threshold == 0.5
    assert counts_of(decision) == counted(positive, scores, 0.5)


def test_the_figures_of_a_decision_are_those_of_scikit_learn() -> None:
    positive, scores = drawn(300, 1)
    decision, called = ThresholdTable.of(positive, scores).at(0.6), scores >= 0.6
    assert decision.precision == pytest.approx(metrics.precision_score(positive, called))
    assert decision.recall == pytest.approx(metrics.recall_score(positive, called))
    assert decision.f1 == pytest.approx(metrics.f1_score(positive, called))
    assert decision.accuracy == pytest.approx(metrics.accuracy_score(positive, called))


@pytest.mark.parametrize(
    ("miss", "alarm"), [(10.0, 1.0), (1.0, 10.0), (0.1, 0.3), (0.0, 1.0), (1.0, 0.0), (1e300, 1e299)]
)
def test_the_cheapest_threshold_is_found_among_all(miss: float, alarm: float) -> None:
    positive, scores = drawn(400, 2)
    priced = ThresholdTable.of(positive, scores).best_for_costs(cost_of_miss=miss, cost_of_false_alarm=alarm)
    candidates = [*np.unique(scores).tolist(), 2.0]
    costs = []
    for threshold in candidates:
        _, fp, _, fn = counted(positive, scores, threshold)
        costs.append(fn * miss + fp * alarm)
    assert priced.cost == pytest.approx(min(costs) / 400 * 1000)
    assert priced.cost_of_nobody == pytest.approx(positive.sum() * miss / 400 * 1000)
    assert priced.cost_of_everybody == pytest.approx((~positive).sum() * alarm / 400 * 1000)


def test_of_equally_cheap_thresholds_the_one_of_fewest_calls_is_taken() -> None:
    table = ThresholdTable.of(np.array([True, False, False]), np.array([0.9, 0.4, 0.2]))
    assert table.best_for_costs(cost_of_miss=1, cost_of_false_alarm=0).decision.threshold == 0.9
    assert table.best_for_costs(cost_of_miss=0, cost_of_false_alarm=0).decision.n_called == 0


@pytest.mark.parametrize("cost", [-1.0, float("nan"), float("inf")])
def test_a_cost_that_is_no_price_is_refused(cost: float) -> None:
    table = ThresholdTable.of(*drawn(10, 1))
    with pytest.raises(ValueError, match="0 or more"):
        table.best_for_costs(cost_of_miss=cost, cost_of_false_alarm=1)


def test_a_cost_too_large_to_sum_is_none() -> None:
    table = ThresholdTable.of(*drawn(10, 1))
    assert table.priced(table.at(2.0), cost_of_miss=1e308, cost_of_false_alarm=1).cost is None


@pytest.mark.parametrize("n_calls", [0, 1, 37, 200, 999, 1_000, 5_000])
def test_a_capacity_is_filled_and_never_exceeded(n_calls: int) -> None:
    positive, scores = drawn(500, 2)
    found = ThresholdTable.of(positive, scores).for_capacity(n_calls, 1_000)
    called = [int((scores >= threshold).sum()) for threshold in [*np.unique(scores).tolist(), 2.0]]
    assert found.decision.n_called == max(n for n in called if n * 2 <= n_calls)
    assert found.expected_calls == found.decision.n_called * 2
    assert found.expected_hits == found.decision.tp * 2
    if found.next_calls is None:
        assert found.decision.n_called == 500
    else:
        assert found.next_calls > n_calls


def test_a_few_calls_of_a_million_rows_are_told_apart() -> None:
    rng = np.random.default_rng(0)
    scores = rng.random(200_000)
    table = ThresholdTable.of(rng.random(200_000) < scores, scores)
    for n_calls in (5, 50, 500):
        assert 0.8 * n_calls <= table.for_capacity(n_calls, 200_000).expected_calls <= n_calls


def test_rows_that_share_a_probability_are_called_all_or_none() -> None:
    found = ThresholdTable.of(np.arange(100) % 2 == 0, np.full(100, 0.3)).for_capacity(50, 100)
    assert (found.expected_calls, found.next_calls) == (0.0, 100.0)


@pytest.mark.parametrize(("n_calls", "n_rows"), [(-1, 10), (5, 0)])
def test_a_capacity_that_is_none_is_refused(n_calls: int, n_rows: int) -> None:
    with pytest.raises(ValueError, match="Calls must be 0 or more"):
        ThresholdTable.of(*drawn(10, 1)).for_capacity(n_calls, n_rows)


def test_the_best_f1_is_the_best_of_all_thresholds() -> None:
    positive, scores = drawn(300, 2)
    best = ThresholdTable.of(positive, scores).best_f1()
    assert best is not None
    assert best.f1 == pytest.approx(max(metrics.f1_score(positive, scores >= value) for value in np.unique(scores)))


def test_without_positive_rows_there_is_no_best_f1() -> None:
    table = ThresholdTable.of(np.zeros(5, bool), np.linspace(0, 1, 5))
    assert table.best_f1() is None
    assert table.at(0.5).recall is None
    assert table.at(2.0).precision is None


def test_certain_rows_leave_a_threshold_that_calls_nobody() -> None:
    table = ThresholdTable.of(np.array([True, False]), np.array([1.0, 0.0]))
    assert table.thresholds[-1] > 1.0
    assert counts_of(table.at(1.0)) == (1, 0, 1, 0)
    assert counts_of(table.at(table.thresholds[-1])) == (0, 0, 1, 1)


@pytest.mark.parametrize("n", [0, 1, 3])
def test_a_handful_of_rows_make_a_table(n: int) -> None:
    table = ThresholdTable.of(*drawn(n, 1))
    assert table.n == n
    assert table.at(0.5).threshold >= 0.5
    assert table.for_capacity(1, 10).expected_calls <= 1
    assert (table.best_for_costs(cost_of_miss=1, cost_of_false_alarm=1).cost is None) == (n == 0)


def test_rows_without_a_probability_are_never_called() -> None:
    table = ThresholdTable.of(np.array([True, True, False]), np.array([np.nan, 0.8, 0.1]))
    assert counts_of(table.at(0.0)) == (1, 1, 0, 1)


def test_a_table_survives_strict_json() -> None:
    table = ThresholdTable.of(*drawn(2_000, 5))
    assert ThresholdTable.from_dict(json.loads(json.dumps(table.as_dict(), allow_nan=False))) == table


@pytest.mark.parametrize(
    "change",
    [
        {"tp": [1]},
        {"thresholds": [0.5, 0.1, 1.0]},
        {"tp": [-1, 0, 0]},
        {"fn": [0, 0, 0]},
        {"thresholds": [0.1, 0.5, float("inf")]},
        {"thresholds": ["a", "b", "c"]},
        {"tn": None},
    ],
)
def test_a_damaged_table_is_refused(change: dict[str, object]) -> None:
    sound = {"thresholds": [0.1, 0.5, 1.0], "tp": [1, 1, 0], "fp": [1, 0, 0], "tn": [0, 1, 1], "fn": [0, 0, 1]}
    assert ThresholdTable.from_dict(sound).n == 2
    with pytest.raises(ValueError, match="no table of thresholds"):
        ThresholdTable.from_dict({**sound, **change})


def test_pages_may_import_the_figures_they_ask_live() -> None:
    code = (
        "import sys, core.insight.figures.thresholds, core.insight.figures.bootstrap\n"
        "print([name for name in ('torch', 'sklearn', 'scipy', 'pandas') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
