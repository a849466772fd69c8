"""The curves of a class, against scikit-learn and by hand."""

from __future__ import annotations

import json
from dataclasses import asdict

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats
from sklearn import metrics

from core.insight.figures.curves import class_curves
from core.insight.figures.intervals import t_quantile, wilson_bounds
from core.insight.figures.reliability import calibration_error, reliability_bins

NAMES = ["no", "yes"]


def two_classes(n: int, seed: int = 0, decimals: int = 1) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    rng = np.random.default_rng(seed)
    said = rng.random(n).round(decimals)
    y = (rng.random(n) < said).astype(int)
    return y, np.stack([1 - said, said], axis=1)


def test_the_roc_curve_is_that_of_scikit_learn() -> None:
    y, probabilities = two_classes(150)
    curve = class_curves(y, probabilities, NAMES).roc
    expected = metrics.roc_curve(y, probabilities[:, 1], drop_intermediate=False)
    assert curve is not None
    assert curve.false_alarm_rate == pytest.approx(expected[0])
    assert curve.recall == pytest.approx(expected[1])
    assert curve.thresholds[0] is None
    assert curve.thresholds[1:] == pytest.approx(expected[2][1:])


def test_the_precision_recall_curve_is_that_of_scikit_learn_without_its_made_up_end() -> None:
    y, probabilities = two_classes(150)
    curve = class_curves(y, probabilities, NAMES).precision_recall
    precision, recall, thresholds = metrics.precision_recall_curve(y, probabilities[:, 1])
    assert curve is not None
    assert curve.precision == pytest.approx(precision[:-1][::-1])
    assert curve.recall == pytest.approx(recall[:-1][::-1])
    assert curve.thresholds == pytest.approx(thresholds[::-1])


def test_gains_and_lift_follow_from_calling_the_most_probable_rows_first() -> None:
    said = np.array([0.9, 0.8, 0.8, 0.1, 0.05])
    curves = class_curves(np.array([1, 1, 0, 0, 0]), np.stack([1 - said, said], axis=1), NAMES)
    assert curves.gains is not None
    assert curves.gains.share_called == pytest.approx([0, 0.2, 0.6, 0.8, 1])
    assert curves.gains.share_found == pytest.approx([0, 0.5, 1, 1, 1])
    assert curves.gains.lift[0] is None
    assert curves.gains.lift[1:] == pytest.approx([2.5, 1 / 0.6, 1.25, 1])


@pytest.mark.parametrize("share", [0.5, 0.005])
def test_a_thinned_curve_keeps_its_ends_and_its_area(share: float) -> None:
    rng = np.random.default_rng(1)
    y = (rng.random(50_000) < share).astype(int)
    said = 1 / (1 + np.exp(-rng.normal(2.0 * y, 1.0)))
    curves = class_curves(y, np.stack([1 - said, said], axis=1), NAMES)
    roc, gains, other = curves.roc, curves.gains, curves.precision_recall
    assert roc is not None
    assert gains is not None
    assert other is not None
    assert max(len(roc.recall), len(gains.lift), len(other.recall)) <= 200
    assert (roc.false_alarm_rate[0], roc.recall[0], roc.false_alarm_rate[-1], roc.recall[-1]) == (0, 0, 1, 1)
    assert (gains.share_called[-1], gains.share_found[-1], gains.lift[-1]) == (1, 1, 1)
    assert other.recall[-1] == 1
    x, up = np.array(roc.false_alarm_rate, float), np.array(roc.recall, float)
    assert np.trapezoid(up, x) == pytest.approx(metrics.roc_auc_score(y, said), abs=2e-3)
    assert np.diff(up).max() < 0.02
    json.dumps(asdict(curves), allow_nan=False)


def test_one_class_of_many_is_drawn_against_the_rest() -> None:
    rng = np.random.default_rng(0)
    y, probabilities = rng.integers(0, 26, 400), rng.random((400, 26)).round(1)
    y[:50] = 7
    names = [f"c{code}" for code in range(26)]
    chosen = class_curves(y, probabilities, names, "c3")
    assert chosen.roc is not None
    assert chosen.roc.recall == pytest.approx(
        metrics.roc_curve(y == 3, probabilities[:, 3], drop_intermediate=False)[1]
    )
    assert class_curves(y, probabilities, names).name == "c7"
    with pytest.raises(ValueError, match="no class 'x'"):
        class_curves(y, probabilities, names, "x")


@pytest.mark.parametrize(
    ("code", "reason"), [(0, "None of the test rows are yes"), (1, "All of the test rows are yes")]
)
def test_rows_of_one_class_have_no_curves_and_a_reason(code: int, reason: str) -> None:
    curves = class_curves(np.full(30, code), two_classes(30)[1], NAMES)
    assert curves.roc is curves.precision_recall is curves.gains is None
    assert all(reason in sentence for sentence in curves.undefined.values())
    assert len(curves.undefined) == 3
    assert sum(entry.n for entry in curves.reliability) == 30


def test_no_rows_and_no_numbers_have_no_curves() -> None:
    assert class_curves(np.zeros(0, int), np.zeros((0, 2)), NAMES).undefined["roc"] == "There are no test rows."
    broken = class_curves(np.array([0, 1]), np.full((2, 2), np.nan), NAMES)
    assert "2 of the 2 test rows" in broken.undefined["roc"]
    assert broken.reliability == ()


@pytest.mark.parametrize("n", [1, 2, 5])
def test_a_handful_of_rows_are_drawn(n: int) -> None:
    curves = class_curves(np.arange(n) % 2, two_classes(n)[1], NAMES)
    assert (curves.roc is None) == (n == 1)
    assert len(curves.reliability) == 1


def test_constant_probabilities_make_a_diagonal_and_one_bin() -> None:
    curves = class_curves(np.arange(100) % 2, np.full((100, 2), 0.5), NAMES)
    assert curves.roc is not None
    assert (curves.roc.false_alarm_rate, curves.roc.recall) == ((0, 1), (0, 1))
    assert [(entry.n, entry.mean_probability, entry.share_right) for entry in curves.reliability] == [(100, 0.5, 0.5)]


def test_reliability_bins_hold_about_the_same_rows_and_keep_equal_probabilities_together() -> None:
    rng = np.random.default_rng(0)
    said = rng.random(3_000)
    bins = reliability_bins(said, rng.random(3_000) < said)
    assert [entry.n for entry in bins] == [200] * 15
    ordered = np.sort(said).reshape(15, 200)
    assert [entry.mean_probability for entry in bins] == pytest.approx(ordered.mean(axis=1))
    tied = reliability_bins(np.repeat([0.1, 0.7], [290, 10]), np.ones(300, dtype=bool))
    assert [(entry.n, round(entry.mean_probability, 9)) for entry in tied] == [(290, 0.1), (10, 0.7)]


def test_honest_probabilities_have_a_small_calibration_error() -> None:
    rng = np.random.default_rng(0)
    said = rng.random(20_000)
    assert calibration_error(reliability_bins(said, rng.random(20_000) < said)) < 0.02
    assert calibration_error(reliability_bins(said, rng.random(20_000) < said / 2)) == pytest.approx(0.25, abs=0.02)


@pytest.mark.parametrize(("hits", "n"), [(0, 5), (5, 5), (1, 1), (37, 120), (1_000, 999_999)])
def test_wilsons_interval_is_scipys(hits: int, n: int) -> None:
    expected = stats.binomtest(hits, n).proportion_ci(0.9, method="wilson")
    assert [float(bound) for bound in wilson_bounds(hits, n, 0.9)] == pytest.approx(list(expected), abs=1e-12)


@pytest.mark.parametrize("level", [0.8, 0.95, 0.999])
@pytest.mark.parametrize("degrees", [5, 19, 200])
def test_quantiles_of_students_t_are_scipys_within_one_percent(level: float, degrees: int) -> None:
    assert float(t_quantile(level, degrees)) == pytest.approx(stats.t.ppf(0.5 + level / 2, degrees), rel=1e-2)
