"""Every figure of a classifier, against scikit-learn or by hand."""

from __future__ import annotations

import json
import warnings
from dataclasses import asdict

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn import metrics

from core.insight.figures.classification import ClassificationFigures, classification_figures
from core.insight.figures.ranking import ranking


def drawn(n: int, k: int, seed: int = 0) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return class codes and probabilities that know something of them, with many equal ones."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, k, n)
    scores = rng.random((n, k)).round(1) + 0.1
    scores[np.arange(n), y] += rng.random(n).round(1)
    return y, scores / scores.sum(axis=1, keepdims=True)


def names_of(k: int) -> list[str]:
    return [f"class {code}" for code in range(k)]


def strictly_json(figures: ClassificationFigures) -> ClassificationFigures:
    json.dumps(asdict(figures), allow_nan=False)
    return figures


@pytest.mark.parametrize("k", [2, 3, 26])
def test_decisions_are_scored_as_scikit_learn_scores_them(k: int) -> None:
    y, probabilities = drawn(400, k)
    predicted = probabilities.argmax(axis=1)
    figures = strictly_json(classification_figures(y, probabilities, names_of(k)))
    assert figures.accuracy == pytest.approx(metrics.accuracy_score(y, predicted))
    assert figures.balanced_accuracy == pytest.approx(metrics.balanced_accuracy_score(y, predicted))
    whole = metrics.precision_recall_fscore_support(y, predicted, average="macro", zero_division=0)
    assert [figures.precision, figures.recall, figures.f1] == pytest.approx(list(whole[:3]))
    each = metrics.precision_recall_fscore_support(y, predicted, labels=range(k), zero_division=0)
    assert [entry.precision or 0 for entry in figures.classes] == pytest.approx(each[0])
    assert [entry.recall or 0 for entry in figures.classes] == pytest.approx(each[1])
    assert [entry.f1 for entry in figures.classes] == pytest.approx(each[2])
    assert [entry.n for entry in figures.classes] == each[3].tolist()
    assert [entry.name for entry in figures.classes] == names_of(k)


@pytest.mark.parametrize("k", [3, 26])
def test_probabilities_of_many_classes_are_scored_as_scikit_learn_scores_them(k: int) -> None:
    y, probabilities = drawn(400, k)
    figures = classification_figures(y, probabilities, names_of(k))
    truth = np.eye(k)[y]
    assert figures.roc_auc == pytest.approx(metrics.roc_auc_score(y, probabilities, multi_class="ovr"))
    assert figures.average_precision == pytest.approx(metrics.average_precision_score(truth, probabilities))
    assert figures.log_loss == pytest.approx(metrics.log_loss(y, probabilities))
    assert figures.brier == pytest.approx(((probabilities - truth) ** 2).sum(axis=1).mean())
    assert figures.brier == pytest.approx(metrics.brier_score_loss(y, probabilities, scale_by_half=False))
    areas = [metrics.roc_auc_score(y == code, probabilities[:, code]) for code in range(k)]
    assert [entry.roc_auc for entry in figures.classes] == pytest.approx(areas)
    gaps = [metrics.brier_score_loss(y == code, probabilities[:, code]) for code in range(k)]
    assert [entry.brier for entry in figures.classes] == pytest.approx(gaps)
    assert sum(entry.brier or 0 for entry in figures.classes) == pytest.approx(figures.brier)
    assert figures.positive is None
    assert figures.undefined == {}


@pytest.mark.parametrize(("positive", "code"), [(None, 1), ("class 1", 1), ("class 0", 0)])
def test_two_classes_are_scored_by_the_class_of_interest(positive: str | None, code: int) -> None:
    y, probabilities = drawn(300, 2)
    figures = classification_figures(y, probabilities, names_of(2), positive=positive)
    said = probabilities[:, code]
    assert figures.classes[code].ece == pytest.approx(figures.ece)
    assert figures.classes[code].brier == pytest.approx(figures.brier)
    assert figures.positive == f"class {code}"
    assert figures.roc_auc == pytest.approx(metrics.roc_auc_score(y == code, said))
    assert figures.average_precision == pytest.approx(metrics.average_precision_score(y == code, said))
    assert figures.brier == pytest.approx(metrics.brier_score_loss(y == code, said))
    assert figures.log_loss == pytest.approx(metrics.log_loss(y, probabilities))


def test_a_class_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match="no class 'maybe' among the 2"):
        classification_figures(*drawn(10, 2), names_of(2), positive="maybe")


def test_arrays_of_different_rows_are_refused() -> None:
    y, probabilities = drawn(10, 2)
    with pytest.raises(ValueError, match="y has 9, probabilities has 10"):
        classification_figures(y[:9], probabilities, names_of(2))


def test_decisions_by_a_threshold_take_the_place_of_the_most_probable_class() -> None:
    y, probabilities = drawn(200, 2)
    decided = (probabilities[:, 1] >= 0.3).astype(int)
    figures = classification_figures(y, probabilities, names_of(2), decided)
    plain = classification_figures(y, probabilities, names_of(2))
    assert figures.accuracy == pytest.approx(metrics.accuracy_score(y, decided))
    assert figures.accuracy != plain.accuracy
    assert (figures.log_loss, figures.ece, figures.roc_auc) == (plain.log_loss, plain.ece, plain.roc_auc)


def test_the_calibration_error_is_the_gap_of_each_bin_weighted_by_its_rows() -> None:
    said = np.repeat([0.2, 0.6, 0.9], [40, 40, 20])
    y = np.concatenate([np.arange(40) < 4, np.arange(40) < 24, np.arange(20) < 10]).astype(int)
    figures = classification_figures(y, np.stack([1 - said, said], axis=1), ["no", "yes"])
    assert figures.ece == pytest.approx(0.4 * abs(0.2 - 0.1) + 0.4 * 0.0 + 0.2 * abs(0.9 - 0.5))


def test_the_calibration_error_of_many_classes_is_that_of_the_highest_probability() -> None:
    probabilities = np.tile([[0.7, 0.2, 0.1]], (100, 1))
    y = np.repeat([0, 1, 2], [50, 30, 20])
    assert classification_figures(y, probabilities, names_of(3)).ece == pytest.approx(0.2)


@pytest.mark.parametrize("k", [2, 5])
def test_test_rows_of_one_class_leave_the_ranking_undefined_and_say_so(k: int) -> None:
    y, probabilities = np.ones(30, dtype=int), drawn(30, k)[1]
    figures = strictly_json(classification_figures(y, probabilities, names_of(k)))
    predicted = probabilities.argmax(axis=1)
    assert figures.roc_auc is None
    assert figures.average_precision is None
    assert set(figures.undefined) == {"roc_auc", "average_precision"}
    assert "All test rows are of one class" in figures.undefined["roc_auc"]
    assert figures.accuracy == figures.balanced_accuracy == pytest.approx((predicted == 1).mean())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = metrics.f1_score(y, predicted, average="macro", zero_division=0)
    assert figures.f1 == pytest.approx(expected)
    assert figures.classes[0].recall is None


def test_classes_without_rows_and_classes_of_three_rows_are_told_apart() -> None:
    y = np.repeat([0, 1, 2], [3, 3, 50])
    probabilities = drawn(56, 5)[1]
    figures = strictly_json(classification_figures(y, probabilities, names_of(5)))
    present = [metrics.roc_auc_score(y == code, probabilities[:, code]) for code in range(3)]
    assert figures.roc_auc == pytest.approx(np.mean(present))
    assert figures.classes[4].roc_auc is None
    assert figures.classes[4].recall is None
    assert figures.classes[0].n == 3


def test_a_class_never_predicted_has_no_precision_and_counts_0_in_the_mean() -> None:
    y = np.array([0, 0, 1, 1])
    probabilities = np.tile([[0.9, 0.1]], (4, 1))
    figures = strictly_json(classification_figures(y, probabilities, ["no", "yes"]))
    assert figures.classes[1].precision is None
    assert figures.precision == pytest.approx((0.5 + 0) / 2)
    assert figures.roc_auc == 0.5
    assert figures.average_precision == 0.5


def test_a_certain_and_wrong_model_has_a_finite_loss() -> None:
    figures = strictly_json(classification_figures(np.array([0, 1]), np.array([[0.0, 1.0], [1.0, 0.0]]), ["a", "b"]))
    assert figures.log_loss == pytest.approx(-np.log(np.finfo(float).eps))
    assert figures.brier == 1.0
    assert figures.roc_auc == 0.0


def test_probabilities_that_are_no_numbers_leave_their_figures_out() -> None:
    y, probabilities = drawn(20, 3)
    probabilities[[2, 5]] = np.nan
    figures = strictly_json(classification_figures(y, probabilities, names_of(3)))
    assert figures.log_loss is figures.brier is figures.ece is figures.roc_auc is None
    assert "2 of the 20 test rows" in figures.undefined["log_loss"]
    assert figures.accuracy is not None


def test_no_rows_give_no_figures_and_a_reason_for_each() -> None:
    figures = strictly_json(classification_figures(np.zeros(0, int), np.zeros((0, 3)), names_of(3)))
    missing = {name for name, value in asdict(figures).items() if value is None} - {"positive"}
    assert missing == set(figures.undefined)
    assert len(missing) == 10


@pytest.mark.parametrize("n", [1, 2, 5])
def test_a_handful_of_rows_are_scored(n: int) -> None:
    y, probabilities = drawn(n, 3)
    figures = strictly_json(classification_figures(y, probabilities, names_of(3)))
    assert figures.accuracy == pytest.approx((probabilities.argmax(axis=1) == y).mean())
    assert figures.ece is not None


def test_ten_thousand_classes_are_scored() -> None:
    rng = np.random.default_rng(3)
    y, probabilities = rng.integers(0, 10_000, 300), rng.random((300, 10_000))
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    figures = classification_figures(y, probabilities, names_of(10_000))
    some = np.unique(y)[:5]
    expected = [metrics.roc_auc_score(y == code, probabilities[:, code]) for code in some]
    assert [figures.classes[code].roc_auc for code in some] == pytest.approx(expected)


@pytest.mark.parametrize("seed", range(5))
def test_rankings_with_many_equal_scores_are_those_of_scikit_learn(seed: int) -> None:
    rng = np.random.default_rng(seed)
    positive, scores = rng.random(200) < 0.3, rng.integers(0, 8, 200) / 8
    found = ranking(positive, scores)
    assert found.roc_auc == pytest.approx(metrics.roc_auc_score(positive, scores))
    assert found.average_precision == pytest.approx(metrics.average_precision_score(positive, scores))
