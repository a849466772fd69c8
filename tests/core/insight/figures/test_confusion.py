"""The confusion matrix, against scikit-learn and by hand."""

from __future__ import annotations

import json
from dataclasses import asdict

import numpy as np
import pytest
from sklearn import metrics

from core.insight.figures.confusion import OTHERS, confusion_matrix


@pytest.mark.parametrize("k", [2, 26, 30])
def test_up_to_thirty_classes_are_counted_whole(k: int) -> None:
    rng = np.random.default_rng(k)
    y, predicted = rng.integers(0, k, 500), rng.integers(0, k, 500)
    matrix = confusion_matrix(y, predicted, [str(code) for code in range(k)])
    expected = metrics.confusion_matrix(y, predicted, labels=range(k))
    assert np.array_equal(matrix.counts, expected)
    assert np.allclose(matrix.shares, expected / expected.sum(axis=1, keepdims=True))
    assert matrix.labels == tuple(str(code) for code in range(k))
    assert (matrix.n_others, matrix.n_others_right) == (0, None)


def test_a_line_without_rows_has_no_shares() -> None:
    matrix = confusion_matrix(np.array([0, 0]), np.array([0, 1]), ["a", "b"])
    assert matrix.counts == ((1, 1), (0, 0))
    assert matrix.shares == ((0.5, 0.5), (None, None))


def test_the_rest_of_many_classes_share_the_last_line() -> None:
    # class c has c + 1 rows; the 29 most frequent of 40 are 39, 38, … 11
    y = np.repeat(np.arange(40), np.arange(40) + 1)
    predicted = y.copy()
    predicted[y == 3] = 4  # among the others, and wrong
    predicted[y == 5] = 39
    predicted[y == 39] = 10  # often predicted, and still one of the others
    matrix = confusion_matrix(y, predicted, [f"c{code}" for code in range(40)])
    assert matrix.labels == (*(f"c{code}" for code in range(39, 10, -1)), OTHERS)
    assert matrix.n_others == 11
    others = np.arange(11) + 1
    assert sum(matrix.counts[-1]) == others.sum()
    assert matrix.counts[0][-1] == 40
    assert matrix.counts[-1][0] == 6  # class 5 taken for the most frequent
    assert matrix.counts[-1][-1] == others.sum() - 6
    assert matrix.n_others_right == others.sum() - 6 - 4
    assert sum(map(sum, matrix.counts)) == len(y)


def test_the_most_frequent_confusions_come_first() -> None:
    y = np.repeat([0, 0, 1, 2], [6, 4, 5, 10])
    predicted = np.repeat([0, 1, 2, 2], [6, 4, 5, 10])
    found = confusion_matrix(y, predicted, ["a", "b", "c"]).most_frequent
    assert [asdict(entry) for entry in found] == [
        {"true": "b", "predicted": "c", "n": 5, "share": 1.0},
        {"true": "a", "predicted": "b", "n": 4, "share": 0.4},
    ]


def test_ten_thousand_classes_cost_no_square() -> None:
    rng = np.random.default_rng(0)
    y, predicted = rng.integers(0, 10_000, 2_000), rng.integers(0, 10_000, 2_000)
    y[:7], predicted[:7] = 9_998, 9_999
    matrix = confusion_matrix(y, predicted, [str(code) for code in range(10_000)])
    assert len(matrix.labels) == 30
    assert len(matrix.most_frequent) == 20
    assert (matrix.most_frequent[0].true, matrix.most_frequent[0].predicted) == ("9998", "9999")
    assert matrix.most_frequent[0].n >= 7
    json.dumps(asdict(matrix), allow_nan=False)


def test_no_rows_and_no_mistakes_are_drawn_too() -> None:
    nothing = np.zeros(0, dtype=int)
    assert confusion_matrix(nothing, nothing, ["a", "b"]).counts == ((0, 0), (0, 0))
    assert confusion_matrix(np.array([1, 0]), np.array([1, 0]), ["a", "b"]).most_frequent == ()
    assert confusion_matrix(np.zeros(3, dtype=int), np.zeros(3, dtype=int), ["a"]).counts == ((3,),)
