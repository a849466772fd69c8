"""Permutation importance: against scikit-learn's on the raw table, a linear model's known values and simulation."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.inspection import permutation_importance as sklearn_importance
from sklearn.metrics import accuracy_score, log_loss, root_mean_squared_error

from core.insight.explain.importance import n_steps, permutation_importance, repeats_for
from core.insight.explain.results import Importance
from core.insight.explain.sample import take_sample
from core.insight.explain.steps import Steps
from core.scoring import predict_proba_rows
from core.scoring.predict import decode_outputs, predict_outputs
from core.types import ModelBundle
from tests.core.insight.explain.models import codes_of, linear_model, model_of, numbers


class Classifier(ClassifierMixin, BaseEstimator):
    """The bundle as scikit-learn calls it, from the raw table on."""

    def __init__(self, bundle: ModelBundle) -> None:
        self.bundle, self.classes_ = bundle, np.arange(bundle.output_dim)

    def fit(self, x: Any, y: Any) -> None: ...

    def predict_proba(self, x: pd.DataFrame) -> NDArray[np.float64]:
        return predict_proba_rows(self.bundle, x)

    def predict(self, x: pd.DataFrame) -> NDArray[np.intp]:
        return np.asarray(self.predict_proba(x).argmax(axis=1))


class Regressor(RegressorMixin, BaseEstimator):
    def __init__(self, bundle: ModelBundle) -> None:
        self.bundle, self.is_fitted_ = bundle, True

    def fit(self, x: Any, y: Any) -> None: ...

    def predict(self, x: pd.DataFrame) -> NDArray[np.float64]:
        return np.asarray(decode_outputs(self.bundle, predict_outputs(self.bundle, x)))


def compare_with_sklearn(found: Importance, estimator: Any, x: pd.DataFrame, y: Any, scoring: str) -> None:
    theirs = sklearn_importance(estimator, x, y, scoring=scoring, n_repeats=10, random_state=0)
    by_name = dict(zip(x.columns, zip(theirs.importances_mean, theirs.importances_std, strict=True), strict=True))
    assert {entry.column for entry in found.columns} == set(x.columns)
    for entry in found.columns:
        mean, deviation = by_name[entry.column]
        spread = np.hypot(deviation, entry.deviation or 0.0) / np.sqrt(10)
        assert entry.mean == pytest.approx(mean, abs=4 * spread + 1e-9)
    names = [entry.column for entry in found.columns]
    for at, first in enumerate(names):
        for second in names[at + 1 :]:
            spread = np.hypot(by_name[first][1], by_name[second][1])
            assert by_name[first][0] > by_name[second][0] - spread, f"{first} is ranked above {second}"


def test_classes_lose_what_scikit_learn_finds(churn_bundle: ModelBundle, churn_frame: pd.DataFrame) -> None:
    y, columns = codes_of(churn_bundle, churn_frame["churn"]), ["joined", "tenure", "charge", "contract"]
    found = permutation_importance(take_sample(churn_bundle, churn_frame, y), n_repeats=10)
    shares = predict_proba_rows(churn_bundle, churn_frame)
    assert found.measure == "log-loss"
    assert found.loss == pytest.approx(log_loss(y, shares), rel=1e-6)
    assert found.accuracy == accuracy_score(y, shares.argmax(axis=1))
    compare_with_sklearn(found, Classifier(churn_bundle), churn_frame[columns], y, "neg_log_loss")
    theirs = sklearn_importance(
        Classifier(churn_bundle), churn_frame[columns], y, scoring="accuracy", n_repeats=10, random_state=1
    )
    for entry in found.columns:
        at = columns.index(entry.column)
        spread = np.hypot(theirs.importances_std[at], entry.accuracy_deviation or 0.0) / np.sqrt(10)
        assert entry.accuracy_drop == pytest.approx(theirs.importances_mean[at], abs=4 * spread + 1e-9)


def test_numbers_lose_rmse_in_the_targets_unit(price_bundle: ModelBundle, price_frame: pd.DataFrame) -> None:
    y = price_frame["price"].to_numpy()
    found = permutation_importance(take_sample(price_bundle, price_frame, y), n_repeats=10)
    x = price_frame.drop(columns="price")
    assert found.measure == "RMSE"
    assert found.loss == pytest.approx(root_mean_squared_error(y, Regressor(price_bundle).predict(x)), rel=1e-6)
    assert found.accuracy is None
    compare_with_sklearn(found, Regressor(price_bundle), x, y, "neg_root_mean_squared_error")
    assert found.columns[0].column == "area"
    assert (found.columns[0].mean or 0) > 10_000


def test_a_linear_models_importance_is_known_beforehand() -> None:
    table = numbers(4_000, 3)
    bundle = linear_model(table, [3.0, 1.0, 0.0])
    y = table.to_numpy() @ [3.0, 1.0, 0.0] + np.random.default_rng(1).normal(size=4_000)
    found = {entry.column: entry for entry in permutation_importance(take_sample(bundle, table, y)).columns}
    # shuffling adds 2 w^2 var(x) to the squared error of 1
    for column, expected in {"c000": np.sqrt(1 + 2 * 9) - 1, "c001": np.sqrt(1 + 2) - 1}.items():
        entry = found[column]
        assert entry.mean == pytest.approx(expected, rel=0.05)
        assert entry.low is not None
        assert entry.high is not None
        assert entry.low < expected < entry.high
        assert entry.is_clear
    assert found["c002"].mean == pytest.approx(0.0, abs=1e-6)
    assert list(found) == ["c000", "c001", "c002"]


def test_the_interval_covers_the_true_importance_as_often_as_it_says() -> None:
    truth = np.sqrt(1 + 2 * 1.5**2) - 1
    table = numbers(60_000, 2, seed=5)
    bundle = linear_model(table, [1.5, 1.0])
    y = table.to_numpy() @ [1.5, 1.0] + np.random.default_rng(6).normal(size=len(table))
    covered = 0
    for part in range(200):
        rows = slice(300 * part, 300 * (part + 1))
        found = permutation_importance(take_sample(bundle, table.iloc[rows], y[rows]), seed=part, n_repeats=5)
        entry = next(entry for entry in found.columns if entry.column == "c000")
        assert entry.low is not None
        assert entry.high is not None
        covered += entry.low <= truth <= entry.high
    assert 0.90 <= covered / 200 <= 0.99


def test_a_column_that_tells_nothing_is_seldom_clear() -> None:
    table = numbers(400, 30)
    bundle = linear_model(table, [0.1] * 30)
    found = permutation_importance(take_sample(bundle, table, np.random.default_rng(2).normal(size=400)), n_repeats=5)
    assert sum(entry.is_clear for entry in found.columns) <= 5


@pytest.mark.parametrize("n_rows", [0, 1, 2, 5])
@pytest.mark.parametrize("kind", ["classes", "numbers"])
def test_few_rows_give_figures_without_an_interval(n_rows: int, kind: str) -> None:
    table = numbers(n_rows + 2, 2)
    bundle = (
        model_of(table, lambda x: x, class_names=["a", "b"]) if kind == "classes" else linear_model(table, [1.0, 2.0])
    )
    found = permutation_importance(take_sample(bundle, table.iloc[:n_rows], np.zeros(n_rows)))
    assert found.n_rows == n_rows
    assert len(found.columns) == 2
    assert all(entry.low is None and not entry.is_clear for entry in found.columns)
    if n_rows == 1:
        assert [entry.mean for entry in found.columns] == [0.0, 0.0]
    json.dumps(asdict(found), allow_nan=False)


@pytest.mark.parametrize(
    ("function", "y"),
    [
        (lambda x: torch.full((len(x), 1), 7.0), np.arange(30.0)),
        (lambda x: x[:, :1], np.r_[1e200, np.arange(29.0)]),
        (lambda x: x[:, :1] * float("inf"), np.arange(30.0)),
        (lambda x: x[:, :1] * float("nan"), np.arange(30.0)),
        (lambda x: x[:, :1], None),
    ],
    ids=["constant", "huge", "infinite", "nan", "perfect"],
)
def test_odd_predictions_give_strict_json(function: Callable[..., torch.Tensor], y: NDArray[Any] | None) -> None:
    table = numbers(30, 2)
    bundle = model_of(table, function)
    found = permutation_importance(take_sample(bundle, table, table["c000"].to_numpy() if y is None else y))
    assert "Infinity" not in json.dumps(asdict(found), allow_nan=False)
    by_name = {entry.column: entry for entry in found.columns}
    assert by_name["c001"].mean in (0.0, None)
    if y is None:
        assert found.loss == pytest.approx(0, abs=1e-6)
        assert by_name["c000"].is_clear


def test_one_class_26_classes_and_a_class_nobody_has() -> None:
    table = numbers(200, 26)
    bundle = model_of(table, lambda x: 3 * x, class_names=[f"k{i}" for i in range(26)])
    one = permutation_importance(take_sample(bundle, table, np.zeros(200)), n_repeats=5)
    assert one.accuracy == np.mean(table.to_numpy().argmax(axis=1) == 0)
    assert all(entry.mean is not None for entry in one.columns)
    alone = model_of(table, lambda x: x[:, :1], class_names=["only"])
    assert {e.mean for e in permutation_importance(take_sample(alone, table, np.zeros(200))).columns} == {0.0}
    right = table.to_numpy().argmax(axis=1)
    many = permutation_importance(take_sample(bundle, table, right), n_repeats=5)
    assert many.accuracy == 1.0
    assert all(entry.accuracy_drop is not None and entry.accuracy_drop >= 0 for entry in many.columns)


def test_of_500_columns_the_ones_that_matter_are_looked_at_closely() -> None:
    table = numbers(400, 500)
    weights = np.zeros(500)
    weights[[7, 123, 499]] = [1.0, 3.0, 2.0]
    bundle = linear_model(table, weights.tolist())
    sample = take_sample(bundle, table, table.to_numpy() @ weights)
    seen: list[tuple[int, int]] = []
    found = permutation_importance(
        sample, n_repeats=5, steps=Steps(n_steps(sample, 5), lambda *step: seen.append(step))
    )
    assert [entry.column for entry in found.columns[:3]] == ["c123", "c499", "c007"]
    assert len(found.columns) == 500
    assert sorted({entry.n_repeats for entry in found.columns}) == [1, 5]
    assert [entry.n_repeats for entry in found.columns].count(5) == 40
    assert [done for done, _ in seen] == list(range(1, 701))
    assert {total for _, total in seen} == {700}


def test_stopped_early_it_keeps_what_was_found() -> None:
    table = numbers(100, 4)
    bundle = linear_model(table, [1.0, 2.0, 3.0, 4.0])
    answers = iter([False] * 6 + [True] * 1_000)
    steps = Steps(40, should_stop=lambda: next(answers))
    found = permutation_importance(take_sample(bundle, table, table.sum(axis=1).to_numpy()), steps=steps)
    assert {entry.column: entry.n_repeats for entry in found.columns} == {"c000": 2, "c001": 2, "c002": 1, "c003": 1}
    assert steps.is_stopped


def test_the_same_seed_gives_the_same_figures_and_many_rows_fewer_repeats() -> None:
    table = numbers(6_000, 2)
    bundle = linear_model(table, [1.0, 2.0])
    sample = take_sample(bundle, table, np.zeros(6_000), seed=4)
    assert len(sample) == 5_000
    assert np.array_equal(sample.places, np.unique(sample.places))
    assert permutation_importance(sample, seed=1) == permutation_importance(sample, seed=1)
    assert permutation_importance(sample, seed=1) != permutation_importance(sample, seed=2)
    wide = model_of(numbers(2, 40), lambda x: torch.nn.functional.linear(x, torch.zeros(1, 40)))
    wide.model.heavy = torch.nn.Linear(1_000, 1_000)
    assert repeats_for(sample) == 10
    assert repeats_for(take_sample(wide, numbers(2_000, 40), np.zeros(2_000))) == 5


def test_the_true_values_are_needed() -> None:
    table = numbers(30, 1)
    with pytest.raises(ValueError, match="true values"):
        permutation_importance(take_sample(linear_model(table, [1.0]), table))
