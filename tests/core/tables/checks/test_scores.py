"""The score of one column is that of a shallow tree on rows it has not seen; scikit-learn says the same."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from core.tables.checks import scores
from core.tables.checks.scores import Answers, score_column, score_numbers
from core.tables.understand.sample import SampledColumn, code_cells
from tests.core.tables.understand.conftest import column

RNG = np.random.default_rng(4)
N = 600
X = RNG.normal(0, 1, N).round(1)


def coded(cells, name: str = "x") -> SampledColumn:
    return code_cells(name, column(cells).cells)


def answers(y, is_classification: bool) -> Answers:
    return Answers.of(coded(y, "y"), is_classification)


def by_sklearn(x: np.ndarray, y: np.ndarray, given: Answers) -> np.ndarray:
    """Return the out-of-fold predictions (n, k) of scikit-learn's tree with the same limits and folds."""
    predicted = np.zeros_like(given.values)
    for fold in range(scores.FOLDS):
        test = given.folds == fold
        min_leaf = max(scores.MIN_LEAF, int(np.ceil(scores.MIN_LEAF_SHARE * (~test).sum())))
        for k in range(given.values.shape[1]):
            tree = DecisionTreeRegressor(max_depth=scores.DEPTH, min_samples_leaf=min_leaf, random_state=0)
            tree.fit(x[~test, None], given.values[~test, k])
            predicted[test, k] = tree.predict(x[test, None])
    return predicted


def test_two_classes_are_scored_as_scikit_learn_does():
    y = (np.sin(2 * X) + RNG.normal(0, 0.5, N) > 0).astype(int)
    given = answers(y, True)
    expected = roc_auc_score(given.values[:, 0], by_sklearn(X, y, given)[:, 0])
    assert score_numbers(X, given) == pytest.approx(expected, abs=0.005)
    assert 0.7 < expected < 0.98


def test_a_number_is_scored_as_scikit_learn_does():
    y = np.sin(2 * X) + RNG.normal(0, 0.3, N)
    given = answers(y, False)
    error = ((given.values - by_sklearn(X, y, given)) ** 2).sum()
    expected = 1 - error / (given.values**2).sum()
    assert score_numbers(X, given) == pytest.approx(expected, abs=0.005)


def test_three_classes_are_averaged():
    y = np.where(X < -0.5, "low", np.where(X < 0.5, "mid", "high"))
    given = answers(y, True)
    assert given.values.shape == (N, 3)
    assert score_numbers(X, given) > 0.99
    tree = DecisionTreeClassifier(max_depth=4).fit(X[:, None], y)
    assert tree.score(X[:, None], y) == 1.0  # it can be told


@pytest.mark.parametrize("is_classification", [True, False])
def test_chance_is_scored_as_guessing(is_classification: bool):
    y = RNG.integers(0, 2, N) if is_classification else RNG.normal(0, 1, N)
    guessing = 0.5 if is_classification else 0.0
    given = answers(y, is_classification)
    assert score_numbers(X, given) == pytest.approx(guessing, abs=0.08)
    assert score_column(coded([f"k{i}" for i in range(N)]), given) == pytest.approx(guessing, abs=0.08)


def test_texts_are_scored_by_their_levels():
    level = RNG.integers(0, 8, N)
    y = level % 2
    assert score_column(coded(np.array(list("abcdefgh"))[level]), answers(y, True)) == 1.0
    assert score_column(coded(level), answers(y, True)) == 1.0  # numbers with few levels too


def test_a_copy_on_a_line_knows_everything_about_a_number():
    y = RNG.lognormal(0, 1, N)
    assert score_column(coded(3 * y + 2), answers(y, False)) == pytest.approx(1.0)


def test_missing_cells_are_a_leaf_of_their_own():
    y = RNG.integers(0, 2, N)
    x = np.where(y == 1, np.nan, X)
    assert score_numbers(x, answers(y, True)) == 1.0


def test_very_many_numbers_are_put_into_ranges():
    x = RNG.normal(0, 1, 5_000)
    assert score_numbers(x, answers((x > 0.3).astype(int), True)) > 0.99


def test_rows_without_an_answer_are_left_out():
    given = answers(["a", "b", None, "NA"] * 20, True)
    assert len(given.rows) == 40
    assert given.are_usable
    assert not answers(["a"] * 50, True).are_usable
    assert not answers([1.0, 2.0] * 5, False).are_usable  # too few rows
