"""Predictions are held against the truth: figures as scikit-learn's, and a verdict that chance seldom makes wrong."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import asdict
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from numpy.random import Generator
from numpy.typing import NDArray
from sklearn.metrics import accuracy_score, confusion_matrix, log_loss, mean_absolute_error, root_mean_squared_error

from core.scoring.promise import Promise
from core.scoring.truth import MAX_CONFUSION, Truth, TruthCounter, Worst, _NumberSums

ABC = ["a", "b", "c"]


def objects(*labels: Any) -> NDArray[Any]:
    return np.array(labels, dtype=object)


def of_labels(
    truth: NDArray[Any],
    predictions: NDArray[Any],
    probabilities: NDArray[np.float64] | None = None,
    *,
    names: list[str] | None = None,
    promised: float | None = None,
    n_test: int | None = None,
) -> Truth:
    counter = TruthCounter("classification", names or ABC, promised, "accuracy", n_test, 0.4)
    counter.add(1, truth, predictions, probabilities)
    result = counter.result()
    assert result is not None
    return result


def of_numbers(
    truth: Any, predictions: Any, promised: float | None = None, n_test: int | None = None, first_row: int = 1
) -> Truth:
    counter = TruthCounter("regression", None, promised, "rmse", n_test, None)
    counter.add(first_row, np.asarray(truth, dtype=np.float64), np.asarray(predictions, dtype=np.float64), None)
    result = counter.result()
    assert result is not None
    return result


def labelled(random: Generator, n: int, n_classes: int) -> tuple[list[str], NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Return class names, true labels, predicted ones and probabilities."""
    names = [f"class {code}" for code in range(n_classes)]
    probabilities = random.dirichlet(np.full(n_classes, 0.5), n)
    truth = [random.choice(n_classes, p=0.5 * row + 0.5 / n_classes) for row in probabilities]
    texts = np.array(names, dtype=object)
    return names, texts[truth], texts[probabilities.argmax(axis=1)], probabilities


@pytest.mark.parametrize("n_classes", [2, 3, 7, MAX_CONFUSION])
@pytest.mark.parametrize("n", [1, 10, 700])
def test_figures_of_labels_are_those_of_scikit_learn(n_classes: int, n: int) -> None:
    names, truth, predictions, probabilities = labelled(np.random.default_rng(n), n, n_classes)
    found = of_labels(truth, predictions, probabilities, names=names)
    codes, guesses = ([names.index(label) for label in labels] for labels in (truth, predictions))
    assert found.value == pytest.approx(accuracy_score(codes, guesses), abs=1e-12)
    assert found.confusion == tuple(map(tuple, confusion_matrix(codes, guesses, labels=range(n_classes)).tolist()))
    assert found.log_loss == pytest.approx(log_loss(codes, probabilities, labels=range(n_classes)), rel=1e-12)
    assert (found.n, found.n_unknown, found.n_unknown_labels, found.metric_name) == (n, 0, 0, "accuracy")
    assert found.mean_absolute_error is None


@pytest.mark.parametrize("scale", [1e-200, 1e-3, 1.0, 1e9, 1e150])
@pytest.mark.parametrize("n", [1, 3, 900])
def test_figures_of_numbers_are_those_of_scikit_learn_at_every_scale(scale: float, n: int) -> None:
    random = np.random.default_rng(n)
    truth, predictions = random.normal(5, 2, n), random.normal(5, 2, n)
    found = of_numbers(scale * truth, scale * predictions)
    assert found.value == pytest.approx(scale * root_mean_squared_error(truth, predictions), rel=1e-12)
    assert found.mean_absolute_error == pytest.approx(scale * mean_absolute_error(truth, predictions), rel=1e-12)
    assert (found.metric_name, found.confusion, found.log_loss, found.n_unknown_labels) == ("rmse", (), None, 0)


def test_chunks_give_what_the_whole_gives() -> None:
    random = np.random.default_rng(3)
    names, truth, predictions, probabilities = labelled(random, 3_000, 4)
    truth[random.random(3_000) < 0.1] = None
    truth[random.random(3_000) < 0.1] = "new"
    errors = random.standard_t(3, 3_000) * np.repeat([1.0, 1e6, 1e-6], 1_000)
    for cuts in ([0, 3_000], [0, 1, 2, 500, 500, 2_999, 3_000], [*range(0, 3_001, 7), 3_000]):
        labels = TruthCounter("classification", names, 0.5, "accuracy", 100, 0.4)
        numbers = TruthCounter("regression", None, 0.5, "rmse", 100, 0.4)
        for start, end in pairwise(cuts):
            part = slice(start, end)
            labels.add(start + 1, truth[part], predictions[part], probabilities[part])
            numbers.add(start + 1, np.zeros(end - start), errors[part], None)
        of_all = of_labels(truth, predictions, probabilities, names=names, promised=0.5, n_test=100)
        assert_same(labels.result(), of_all)
        assert_same(numbers.result(), of_numbers(np.zeros(3_000), errors, 0.5, 100))


def assert_same(found: Truth | None, expected: Truth) -> None:
    assert found is not None
    for name, value in asdict(expected).items():
        if name in ("value", "log_loss", "mean_absolute_error"):
            assert getattr(found, name) == (None if value is None else pytest.approx(value, rel=1e-12))
        elif name != "baseline":
            assert asdict(found)[name] == value, name


def test_the_tails_of_errors_are_told_over_chunks_of_any_scale() -> None:
    random = np.random.default_rng(6)
    chunks = [scale * random.standard_t(5, 200) for scale in (1e-9, 1.0, 3.0, 0.1, 4.0)]
    sums = _NumberSums()
    for errors in chunks:
        sums.add(1, np.zeros(200), errors, None)
    squares = np.concatenate(chunks) ** 2
    assert sums.kurtosis == pytest.approx((squares**2).mean() / squares.mean() ** 2, rel=1e-12)


def test_rows_whose_truth_is_not_known_are_left_out_and_labels_never_seen_count_as_wrong() -> None:
    truth = objects("a", None, "z", "b", float("nan"), "c")
    probabilities = np.array([[0.7, 0.2, 0.1]] * 6)
    found = of_labels(truth, objects(*"aaaaaa"), probabilities)
    assert (found.n, found.n_unknown, found.n_unknown_labels, found.value) == (4, 2, 1, 0.25)
    assert found.confusion == ((1, 0, 0), (1, 0, 0), (1, 0, 0))
    assert found.log_loss == pytest.approx(-math.log(0.7 * 0.2 * 0.1) / 3)
    assert found.worst == (
        Worst(6, "c", "a", probability=0.1), Worst(4, "b", "a", probability=0.2), Worst(3, "z", "a"),
    )  # fmt: skip


def test_numbers_that_are_not_finite_are_left_out() -> None:
    found = of_numbers([1.0, math.nan, math.inf, 4.0, 5.0], [2.0, 1.0, 1.0, math.nan, 8.0])
    assert (found.n, found.n_unknown) == (2, 3)
    assert found.value == pytest.approx(math.sqrt(5))
    assert found.worst == (Worst(5, 5.0, 8.0, error=3.0), Worst(1, 1.0, 2.0, error=1.0))


@pytest.mark.parametrize("truth", [[], [math.nan, math.nan]])
def test_without_a_known_truth_there_is_no_result(truth: list[float]) -> None:
    numbers = TruthCounter("regression", None, 1.0, "rmse", 10, None)
    numbers.add(1, np.array(truth, dtype=np.float64), np.zeros(len(truth)), None)
    assert numbers.result() is None
    labels = TruthCounter("classification", ABC, 0.9, "accuracy", 10, None)
    labels.add(1, objects(*[None] * len(truth)), objects(*["a"] * len(truth)), np.full((len(truth), 3), 1 / 3))
    assert labels.result() is None


def test_errors_beyond_what_a_float_can_square_stay_figures() -> None:
    found = of_numbers([1e308, 0.0], [-1e308, 0.0])
    assert found.value == pytest.approx(np.finfo(np.float64).max / math.sqrt(2))
    assert json.loads(json.dumps(asdict(found), allow_nan=False))["worst"][0]["row"] == 1
    assert of_numbers([5e-324, 0.0], [0.0, 0.0]).value >= 0.0


def test_a_perfect_prediction_has_no_worst_rows() -> None:
    found = of_numbers([1.0, 2.0], [1.0, 2.0], promised=0.5, n_test=100)
    assert (found.value, found.mean_absolute_error, found.worst, found.is_worse) == (0.0, 0.0, (), False)
    assert of_labels(objects(*"abc"), objects(*"abc")).worst == ()


def test_a_label_is_the_class_that_says_the_same() -> None:
    assert (
        of_labels(objects("1.0", " 2", "TRUE", "3"), objects("1", "2", "True", "1"), names=["1", "2", "True"]).value
        == 0.75
    )
    exact = of_labels(objects("yes", "Yes", "YES"), objects("yes", "Yes", "yes"), names=["yes", "Yes"])
    assert (exact.value, exact.n_unknown_labels) == (2 / 3, 1)


def test_without_class_names_labels_are_compared_as_they_are() -> None:
    counter = TruthCounter("classification", None, None, "", None, None)
    counter.add(1, objects("0", "1", "7", None), objects("0", "0", "7", "1"), np.full((4, 2), 0.5))
    found = counter.result()
    assert found is not None
    assert (found.n, found.value, found.n_unknown_labels, found.confusion, found.log_loss) == (3, 2 / 3, 0, (), None)
    assert found.worst == (Worst(2, "1", "0"),)


def test_a_confusion_of_too_many_classes_is_left_out() -> None:
    names = [str(code) for code in range(MAX_CONFUSION + 1)]
    found = of_labels(objects("0", "30"), objects("0", "1"), np.eye(31)[[0, 1]], names=names)
    assert (found.confusion, found.value) == ((), 0.5)
    assert found.worst == (Worst(2, "30", "1", probability=0.0),)
    assert found.log_loss == pytest.approx(-math.log(np.finfo(np.float64).eps) / 2)


def test_the_worst_rows_are_those_that_sorting_all_gives() -> None:
    random = np.random.default_rng(8)
    errors = random.integers(-30, 31, 5_000).astype(float)  # many equally bad
    counter = TruthCounter("regression", None, None, "rmse", None, None)
    for start in range(0, 5_000, 123):
        part = errors[start : start + 123]
        counter.add(start + 1, np.zeros(len(part)), part, None)
    found = counter.result()
    assert found is not None
    order = np.argsort(-np.abs(errors), kind="stable")[:50]
    assert [(worst.row, worst.error) for worst in found.worst] == [(row + 1, errors[row]) for row in order.tolist()]


def test_the_worst_labels_are_those_whose_truth_was_given_least() -> None:
    random = np.random.default_rng(9)
    names, truth, predictions, probabilities = labelled(random, 2_000, 3)
    found = of_labels(truth, predictions, probabilities, names=names)
    given = probabilities[np.arange(2_000), [names.index(label) for label in truth]]
    wrong = sorted((given[row], row + 1) for row in range(2_000) if truth[row] != predictions[row])
    assert [(worst.probability, worst.row) for worst in found.worst] == wrong[:50]


def test_everything_goes_through_json() -> None:
    names, truth, predictions, probabilities = labelled(np.random.default_rng(1), 300, 3)
    probabilities[7] = np.nan
    for found in (
        of_labels(truth, predictions, probabilities, names=names, promised=float("nan")),
        of_numbers(np.arange(9), np.arange(9)[::-1], promised=math.inf, n_test=0),
    ):
        assert json.loads(json.dumps(asdict(found), allow_nan=False)) == json.loads(json.dumps(asdict(found)))
        assert found.promised is None
        assert found.verdict.endswith("What the test promised is not known.")


@pytest.mark.parametrize("promised", ["0.9", True, -0.1, 1.5, math.nan, -math.inf, 10**400, None, [0.9]])
def test_a_record_that_holds_no_figure_promises_nothing(promised: Any) -> None:
    counter = TruthCounter("classification", ABC, promised, "accuracy", promised, promised)
    counter.add(1, objects("a"), objects("b"), None)
    found = counter.result()
    assert found is not None
    assert (found.promised, found.baseline, found.is_worse) == (None, None, False)
    assert found.verdict == "Accuracy on this 1 row: 0.0 %. What the test promised is not known."


@pytest.mark.parametrize("n_test", [0, 0.5, -3, 10**400, "many", None])
def test_a_test_of_an_unknown_number_of_rows_counts_as_exact(n_test: Any) -> None:
    assert right_of(800, 1_000, 0.9, n_test).is_worse
    assert of_numbers(np.zeros(99), np.full(99, 1e300), 1e-300, n_test).is_worse


def test_a_promise_of_another_metric_is_none() -> None:
    counter = TruthCounter("classification", ABC, 0.9, "f1", 100, 0.5)
    counter.add(1, objects("a"), objects("a"), None)
    found = counter.result()
    assert found is not None
    assert (found.metric_name, found.promised, found.baseline) == ("accuracy", None, None)


def right_of(n_right: int, n: int, promised: float, n_test: int | None) -> Truth:
    predictions = objects(*["a"] * n_right, *["b"] * (n - n_right))
    return of_labels(objects(*["a"] * n), predictions, promised=promised, n_test=n_test)


def test_the_verdict_says_both_figures_and_how_they_compare() -> None:
    said = "Accuracy on these 1,000 rows: 78.1 %"
    near, worse, same = (right_of(781, 1_000, promised, 2_000) for promised in (0.793, 0.85, 0.7812))
    assert near.verdict == f"{said}. The test promised 79.3 %; the difference is within chance."
    assert worse.verdict == f"{said}. The test promised 85.0 %; this is clearly worse than promised."
    assert same.verdict == f"{said}, as the test promised."
    assert [truth.is_worse for truth in (near, worse, same)] == [False, True, False]
    better = right_of(990, 1_000, 0.85, 2_000)
    assert better.verdict == (
        "Accuracy on these 1,000 rows: 99.0 %. The test promised 85.0 %; this is clearly better than promised, "
        "as it is on rows that the model was trained on."
    )
    assert (better.is_worse, better.promised, better.baseline) == (False, 0.85, 0.4)


def test_the_verdict_on_numbers_names_the_typical_error() -> None:
    errors = np.tile([-2.0, 2.0], 600)
    found = of_numbers(np.zeros(1_200), errors, promised=1.5, n_test=500)
    assert found.verdict == (
        "Typical error (RMSE) on these 1,200 rows: 2. The test promised 1.5; this is clearly worse than promised."
    )
    assert found.is_worse
    assert not of_numbers(np.zeros(1_200), errors, promised=1.95, n_test=500).is_worse
    assert of_numbers(np.zeros(90), np.ones(90), promised=0.0, n_test=500).is_worse


@pytest.mark.parametrize("n", [1, 2, 9])
def test_a_few_rows_prove_nothing(n: int) -> None:
    found = right_of(0, n, 0.99, 10_000)
    assert not found.is_worse
    assert found.verdict.endswith("The test promised 99.0 %; so few rows cannot tell whether that holds.")
    assert not of_numbers(np.zeros(n), np.full(n, 9.0), promised=1.0, n_test=10_000).is_worse
    assert right_of(0, 10, 0.99, 10_000).is_worse


N_TRIALS = 2_000
MOST_ALARMS = 0.05 + 3 * math.sqrt(0.05 * 0.95 / N_TRIALS)


@pytest.mark.parametrize("n_test", [100, 2_000, None])
@pytest.mark.parametrize("n", [200, 2_000])
@pytest.mark.parametrize("share", [0.5, 0.8, 0.95])
def test_chance_seldom_makes_an_accuracy_worse_or_better(share: float, n: int, n_test: int | None) -> None:
    random = np.random.default_rng([n, n_test or 0])
    here = random.binomial(n, share, N_TRIALS) / n
    tested = random.binomial(n_test, share, N_TRIALS) / n_test if n_test else np.full(N_TRIALS, share)
    outcomes = [
        Promise("classification", promised, n_test).outcome(value, n, 0.0)
        for value, promised in zip(here.tolist(), tested.tolist(), strict=True)
    ]
    assert outcomes.count("worse") <= MOST_ALARMS * N_TRIALS
    assert len(outcomes) - outcomes.count("chance") - outcomes.count("same") <= 1.2 * MOST_ALARMS * N_TRIALS


ERRORS: dict[str, Callable[[Generator, int], NDArray[np.float64]]] = {
    "normal": lambda random, n: random.normal(size=n),
    "uniform": lambda random, n: random.uniform(-1, 1, n),
    "laplace": lambda random, n: random.laplace(size=n),
    "heavy tails": lambda random, n: random.standard_t(5, n),
    "one-sided": lambda random, n: random.lognormal(0, 0.7, n),
}


@pytest.mark.parametrize("kind", ERRORS)
@pytest.mark.parametrize(("n", "n_test"), [(200, 100), (200, 1_000), (2_000, 200), (2_000, 2_000)])
def test_chance_seldom_makes_an_error_worse(kind: str, n: int, n_test: int) -> None:
    random = np.random.default_rng([n, n_test])
    n_trials, n_alarms = 400, 0
    for _ in range(n_trials):
        tested = ERRORS[kind](random, n_test)
        found = of_numbers(np.zeros(n), ERRORS[kind](random, n), float(np.sqrt((tested**2).mean())), n_test)
        n_alarms += found.is_worse
    assert n_alarms <= (0.05 + 3 * math.sqrt(0.05 * 0.95 / n_trials)) * n_trials


def test_what_is_really_worse_is_called_so() -> None:
    random = np.random.default_rng(4)
    n_found = sum(right_of(int(random.binomial(2_000, 0.85)), 2_000, 0.9, 2_000).is_worse for _ in range(100))
    assert n_found >= 99
    n_found = sum(of_numbers(np.zeros(2_000), random.normal(0, 1.2, 2_000), 1.0, 2_000).is_worse for _ in range(100))
    assert n_found >= 99
