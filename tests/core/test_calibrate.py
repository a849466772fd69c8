"""Temperature and margins, against the definition, an independent search and simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.special import log_softmax

from core.calibrate import (
    calibrate_classes,
    calibrate_numbers,
    covered_classes,
    covered_numbers,
    fitted_temperature,
    margin_for,
    softmax,
)
from core.calibration import LEVELS, Calibration, decided, flaw_of, possible


def drawn(seed: int, n: int, factor: float, k: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """Return logits that are `factor` times too large, and classes drawn from the true probabilities."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 1.5, (n, k))
    shares = softmax(logits)
    y = (shares.cumsum(axis=1) > rng.random((n, 1))).argmax(axis=1)
    return logits * factor, y


def log_loss(logits: np.ndarray, y: np.ndarray, temperature: float) -> float:
    return float(-log_softmax(logits / temperature, axis=1)[np.arange(len(y)), y].mean())


@pytest.mark.parametrize("factor", [0.4, 1.0, 2.5])
def test_the_temperature_undoes_logits_that_are_too_large_or_too_small(factor: float) -> None:
    logits, y = drawn(1, 6000, factor)
    found = fitted_temperature(logits, y)
    grid = np.exp(np.linspace(-3, 3, 2001))
    assert log_loss(logits, y, found) <= min(log_loss(logits, y, t) for t in grid) + 1e-9
    assert found == pytest.approx(factor, rel=0.08)


def test_a_temperature_never_changes_the_likeliest_class() -> None:
    logits, y = drawn(2, 300, 3.0)
    calibrated = softmax(logits, fitted_temperature(logits, y))
    assert (calibrated.argmax(axis=1) == logits.argmax(axis=1)).all()
    assert calibrated.sum(axis=1) == pytest.approx(np.ones(300))


def test_a_network_that_is_always_right_gets_a_finite_temperature() -> None:
    logits = np.tile([[9.0, -9.0]], (50, 1))
    assert math.exp(-3) <= fitted_temperature(logits, np.zeros(50, dtype=np.intp)) <= 1


@pytest.mark.parametrize(("n", "level", "rank"), [(9, 0.9, 9), (10, 0.9, 10), (19, 0.5, 10), (99, 0.95, 95)])
def test_the_margin_is_the_score_of_the_rank_that_the_theorem_names(n: int, level: float, rank: int) -> None:
    scores = np.random.default_rng(3).permutation(np.arange(1.0, n + 1))
    assert margin_for(scores, level) == rank  # the score of rank r is r


def test_too_few_rows_have_no_margin_for_a_high_level() -> None:
    assert margin_for(np.arange(8.0), 0.9) is None
    assert margin_for(np.arange(9.0), 0.9) == 8.0


def test_ranges_cover_new_rows_as_often_as_they_say() -> None:
    rng = np.random.default_rng(4)
    covered: dict[float, list[float]] = {level: [] for level in LEVELS}
    for _ in range(60):
        y, new = rng.standard_t(3, 2000) * 40, rng.standard_t(3, 2000) * 40
        calibration = calibrate_numbers(np.zeros(2000), y)
        assert calibration is not None
        for level, margin in calibration.margins:
            covered[level].append(float(covered_numbers(np.zeros(2000), new, margin).mean()))
    for level, shares in covered.items():
        assert np.mean(shares) == pytest.approx(level, abs=0.005)
        assert np.quantile(np.abs(np.array(shares) - level), 0.5) < 0.02


def test_label_sets_cover_new_rows_as_often_as_they_say_also_where_the_network_is_too_sure() -> None:
    shares = []
    for seed in range(30):
        logits, y = drawn(seed, 4000, 2.5, k=5)
        calibration = calibrate_classes(logits[:1000], y[:1000], logits[1000:2000], y[1000:2000])
        assert calibration is not None
        assert calibration.level == 0.9
        assert calibration.margin is not None
        probabilities = softmax(logits[2000:], calibration.temperature)
        shares.append(float(covered_classes(probabilities, y[2000:], calibration.margin).mean()))
    assert np.mean(shares) == pytest.approx(0.9, abs=0.01)


def test_fewer_than_twenty_rows_are_not_calibrated() -> None:
    y = np.arange(19.0)
    assert calibrate_numbers(y, y) is None
    assert calibrate_classes(np.zeros((19, 2)), np.zeros(19, np.intp), np.zeros((19, 2)), np.zeros(19, np.intp)) is None


def test_few_rows_get_the_levels_they_can_tell() -> None:
    calibration = calibrate_numbers(np.zeros(30), np.arange(30.0))
    assert calibration is not None
    assert [level for level, _ in calibration.margins] == [0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95]
    assert calibration.level == 0.9


def test_predictions_that_are_no_numbers_count_as_infinitely_far_off() -> None:
    predicted = np.zeros(100)
    predicted[:30] = np.nan
    predicted[30:40] = np.inf
    calibration = calibrate_numbers(predicted, np.ones(100))
    assert calibration is not None
    assert calibration.margins == ((0.5, 1.0),)
    assert calibration.level == 0.5


def test_the_likeliest_label_is_always_possible() -> None:
    probabilities = np.array([[0.5, 0.3, 0.2], [0.4, 0.35, 0.25]])
    assert possible(probabilities, 0.0).tolist() == [[True, False, False], [True, False, False]]
    assert possible(probabilities, 0.7).tolist() == [[True, True, False], [True, True, False]]


def test_a_threshold_decides_between_two_classes_only() -> None:
    two, three = np.array([[0.8, 0.2], [0.6, 0.4]]), np.array([[0.2, 0.5, 0.3]])
    assert decided(two, Calibration()).tolist() == [0, 0]
    assert decided(two, Calibration(threshold=0.4)).tolist() == [0, 1]
    assert decided(three, Calibration(threshold=0.9)).tolist() == [1]


@pytest.mark.parametrize(
    "flawed",
    [
        Calibration(temperature=0.0),
        Calibration(temperature=math.nan),
        Calibration(threshold=1.5),
        Calibration(threshold=math.nan),
        Calibration(margins=((1.0, 2.0),)),
        Calibration(margins=((0.5, -1.0),)),
        Calibration(margins=((0.5, math.inf),)),
        Calibration(margins=((0.9, 1.0), (0.5, 2.0))),
        Calibration(level=0.9, margins=((0.5, 1.0),)),
    ],
)
def test_a_calibration_that_cannot_be_is_known(flawed: Calibration) -> None:
    assert flaw_of(flawed)
