"""The worst rows, found by hand."""

from __future__ import annotations

import json
from dataclasses import asdict

import numpy as np
import pytest

from core.insight.figures.worst import WorstClass, WorstNumber, worst_classes, worst_numbers


def test_the_largest_errors_come_first_and_earlier_rows_before_equal_ones() -> None:
    found = worst_numbers(np.zeros(5), np.array([1.0, -3.0, 3.0, 0.0, -7.0]), k=3)
    assert found == (WorstNumber(4, 0.0, -7.0, -7.0), WorstNumber(1, 0.0, -3.0, -3.0), WorstNumber(2, 0.0, 3.0, 3.0))


def test_predictions_that_are_no_numbers_are_the_worst() -> None:
    found = worst_numbers(np.zeros(4), np.array([1e300, np.nan, -np.inf, 5.0]), k=3)
    assert [(entry.position, entry.predicted, entry.error) for entry in found] == [
        (1, None, None),
        (2, None, None),
        (0, 1e300, 1e300),
    ]
    json.dumps([asdict(entry) for entry in found], allow_nan=False)


def test_an_error_beyond_all_numbers_is_none() -> None:
    assert worst_numbers(np.array([1e308]), np.array([-1e308]))[0] == WorstNumber(0, 1e308, -1e308, None)


def test_rows_whose_true_class_was_thought_unlikely_come_first() -> None:
    probabilities = np.array([[0.9, 0.1], [0.4, 0.6], [0.2, 0.8]])
    found = worst_classes(np.array([1, 0, 1]), probabilities, ["no", "yes"], k=2)
    assert found == (WorstClass(0, "yes", "no", 0.1, 0.9), WorstClass(1, "no", "yes", 0.4, 0.6))


def test_the_class_decided_on_takes_the_place_of_the_most_probable() -> None:
    found = worst_classes(
        np.array([0, 1]), np.array([[0.6, 0.4], [0.3, 0.7]]), ["no", "yes"], predicted=np.array([1, 1])
    )
    assert found[0] == WorstClass(0, "no", "yes", 0.6, 0.4)


def test_rows_without_probabilities_are_the_worst() -> None:
    found = worst_classes(np.array([0, 1]), np.array([[0.0, 1.0], [np.nan, np.nan]]), ["a", "b"])
    assert (found[0].position, found[0].probability_of_true) == (1, None)


@pytest.mark.parametrize("n", [0, 1, 5])
def test_fewer_rows_than_asked_for_are_all_given(n: int) -> None:
    assert len(worst_numbers(np.zeros(n), np.ones(n))) == n
    assert len(worst_classes(np.zeros(n, int), np.full((n, 2), 0.5), ["a", "b"])) == n
