"""Why a row: Shapley values against their definition, a linear model's known ones, and their sum."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from itertools import combinations
from math import factorial
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from numpy.typing import NDArray
from scipy.special import expit, logit
from sklearn.preprocessing import StandardScaler

from core.calibration import Calibration
from core.errors import DataError
from core.insight.explain.attribution import attribute, shapley_values
from core.insight.explain.sample import take_sample
from core.scoring import predict_proba_rows
from core.trainer import predict_rows
from core.types import ModelBundle
from tests.core.insight.explain.models import linear_model, model_of, numbers

Numbers = NDArray[np.float64]


def shapley_by_definition(
    read: Callable[[torch.Tensor], Numbers], x: torch.Tensor, background: torch.Tensor, groups: list[NDArray[np.intp]]
) -> Numbers:
    """Average the gain of each group over all sets of the others, weighed as Shapley has it: `(groups, q)`."""
    n, worth = len(groups), {}
    for size in range(n + 1):
        for chosen in combinations(range(n), size):
            rows = background.clone()
            for group in chosen:
                rows[:, groups[group]] = x[groups[group]]
            worth[frozenset(chosen)] = read(rows).mean(axis=0)
    values = []
    for group in range(n):
        others = [key for key in worth if group not in key]
        weights = [factorial(len(key)) * factorial(n - len(key) - 1) / factorial(n) for key in others]
        values.append(sum(w * (worth[key | {group}] - worth[key]) for w, key in zip(weights, others, strict=True)))
    return np.array(values)


def test_the_values_are_those_of_the_definition() -> None:
    table = numbers(30, 12)
    groups = {f"g{i}": np.array([2 * i, 2 * i + 1]) for i in range(6)}
    torch.manual_seed(0)
    network = torch.nn.Sequential(torch.nn.Linear(12, 16), torch.nn.Tanh(), torch.nn.Linear(16, 2)).double()

    def read(x: torch.Tensor) -> Numbers:
        with torch.no_grad():
            return np.asarray(network(3 * x))

    cells = torch.from_numpy(table.to_numpy(copy=True))
    values, base, output = shapley_values(read, cells[0], cells[1:], groups)
    expected = shapley_by_definition(read, cells[0], cells[1:], list(groups.values()))
    assert np.abs(expected).max() > 0.2
    assert values == pytest.approx(expected, abs=0.03)
    assert base == pytest.approx(read(cells[1:]).mean(axis=0), abs=1e-12)
    assert values.sum(axis=0) + base == pytest.approx(output, abs=1e-12)


def test_two_columns_are_exact_because_each_order_comes_with_its_reverse() -> None:
    table = numbers(40, 2)
    bundle = model_of(table, lambda x: (x[:, :1] * x[:, 1:]).exp())
    sample = take_sample(bundle, table)
    found = attribute(sample, 5, take_sample(bundle, table.iloc[10:]))

    def read(x: torch.Tensor) -> Numbers:
        return np.asarray((x[:, :1] * x[:, 1:]).exp().double())

    expected = shapley_by_definition(read, sample.x[5], sample.x[10:], [np.array([0]), np.array([1])])
    assert {part.column: part.effect for part in found.contributions} == pytest.approx(
        {"c000": expected[0, 0], "c001": expected[1, 0]}, rel=1e-5
    )


def test_a_linear_model_gives_each_column_its_weight_times_the_distance_from_the_mean() -> None:
    table, weights = numbers(200, 20), np.linspace(-2, 3, 20)
    scaler = StandardScaler().fit(np.array([[100.0], [300.0]]))
    bundle = linear_model(table, weights.tolist(), target_scaler=scaler)
    background = table.iloc[50:110]
    found = attribute(take_sample(bundle, table), 7, take_sample(bundle, background))
    expected = 100 * weights * (table.iloc[7] - background.mean())
    for part in found.contributions:
        assert part.effect == pytest.approx(expected[part.column], abs=1e-3)
        assert part.log_odds is None
    assert found.base == pytest.approx(200 + 100 * float(background.mean() @ weights), rel=1e-5)
    assert found.output == pytest.approx(200 + 100 * float(table.iloc[7] @ weights), rel=1e-5)
    sizes = [abs(part.effect) for part in found.contributions]
    assert sizes == sorted(sizes, reverse=True)


def test_a_logistic_model_is_linear_in_the_log_odds_and_adds_up_in_probability_too() -> None:
    table, weights = numbers(100, 6), torch.tensor([1.0, -2.0, 0.5, 0.0, 3.0, 1.0])
    bundle = model_of(
        table, lambda x: torch.stack([-(x @ weights) / 2, (x @ weights) / 2], dim=1), class_names=["No", "Yes"]
    )
    found = attribute(take_sample(bundle, table, np.ones(100)), 3, take_sample(bundle, table))
    expected = weights.numpy() * (table.iloc[3] - table.mean())
    for part in found.contributions:
        assert part.log_odds == pytest.approx(expected[part.column], abs=1e-5)
    assert (found.outcome, found.truth) == ("Yes", "Yes")
    assert found.output == pytest.approx(expit(float(table.iloc[3] @ weights.numpy())), rel=1e-6)
    assert found.base == pytest.approx(expit(table.to_numpy() @ weights.numpy()).mean(), rel=1e-6)
    check_sums(found)


def check_sums(found: Any) -> None:
    assert found.base + sum(part.effect for part in found.contributions) == pytest.approx(found.output, rel=1e-6)
    if found.base_log_odds is not None:
        in_all = found.base_log_odds + sum(part.log_odds for part in found.contributions)
        assert in_all == pytest.approx(found.output_log_odds, rel=1e-6)


@pytest.mark.parametrize("at", [0, 17, 200])
def test_a_trained_classifier_is_explained_exactly(
    churn_bundle: ModelBundle, churn_frame: pd.DataFrame, at: int
) -> None:
    background = churn_frame.iloc[20:90]
    found = attribute(take_sample(churn_bundle, churn_frame), at, take_sample(churn_bundle, background))
    share = predict_proba_rows(churn_bundle, churn_frame.iloc[[at]])[0, 1]
    assert found.output == pytest.approx(share, rel=1e-6)
    assert found.output_log_odds == pytest.approx(logit(share), rel=1e-5)
    assert found.base == pytest.approx(predict_proba_rows(churn_bundle, background)[:, 1].mean(), rel=1e-6)
    assert {part.column for part in found.contributions} == {"joined", "tenure", "charge", "contract"}
    values = {part.column: part.value for part in found.contributions}
    assert values["contract"] == churn_frame["contract"].iloc[at]
    assert values["joined"] == churn_frame["joined"].iloc[at]
    check_sums(found)


def test_a_trained_number_is_explained_exactly(price_bundle: ModelBundle, price_frame: pd.DataFrame) -> None:
    row = price_frame.iloc[[4]]
    found = attribute(take_sample(price_bundle, row), 0, take_sample(price_bundle, price_frame, most=100))
    assert found.output == pytest.approx(predict_rows(price_bundle, row.to_dict("records"))[0], rel=1e-6)
    assert found.row == 0
    assert found.n_background == 100
    assert found.outcome is None
    check_sums(found)


def test_of_many_classes_the_predicted_one_is_explained_against_all_others() -> None:
    table = numbers(60, 26)
    bundle = model_of(table, lambda x: 2 * x, class_names=[f"k{i}" for i in range(26)])
    found = attribute(take_sample(bundle, table), 9, take_sample(bundle, table))
    predicted = int(table.iloc[9].to_numpy().argmax())
    share = predict_proba_rows(bundle, table.iloc[[9]])[0, predicted]
    assert found.outcome == f"k{predicted}"
    assert found.output == pytest.approx(share, rel=1e-5)
    assert found.contributions[0].column == f"c{predicted:03d}"
    check_sums(found)


def test_a_temperature_is_part_of_the_explanation() -> None:
    table = numbers(60, 3)
    bundle = model_of(table, lambda x: x[:, :2], class_names=["No", "Yes"])
    bundle.calibration = Calibration(temperature=4.0)
    found = attribute(take_sample(bundle, table), 2, take_sample(bundle, table))
    expected = (table["c001"] - table["c000"]) / 4
    assert found.output == pytest.approx(expit(expected.iloc[2]), rel=1e-6)
    assert found.base == pytest.approx(expit(expected).mean(), rel=1e-6)
    check_sums(found)


def test_what_is_as_in_all_background_rows_has_no_part() -> None:
    table = numbers(30, 3).assign(c001=1.5)
    bundle = model_of(table, lambda x: (x[:, :1] + 1) * x[:, 1:2] + x[:, 2:])
    found = attribute(take_sample(bundle, table), 0, take_sample(bundle, table))
    assert {part.column: part.effect for part in found.contributions}["c001"] == 0.0
    alone = attribute(take_sample(bundle, table), 0, take_sample(bundle, table.iloc[[0]]))
    assert [part.effect for part in alone.contributions] == [0.0, 0.0, 0.0]
    assert alone.base == alone.output


def test_one_class_and_extreme_probabilities_are_strict_json() -> None:
    table = numbers(30, 2)
    one = model_of(table, lambda x: x[:, :1], class_names=["only"])
    sure = model_of(table, lambda x: 1e6 * x, class_names=["a", "b"])
    for bundle in (one, sure):
        found = attribute(take_sample(bundle, table), 0, take_sample(bundle, table))
        json.dumps(asdict(found), allow_nan=False)
        check_sums(found)


def test_outputs_that_are_not_finite_and_no_background_are_refused_in_words() -> None:
    table = numbers(30, 2)
    broken = model_of(table, lambda x: x[:, :1] / (x[:, 1:] > 0))
    with pytest.raises(DataError, match="not a finite number"):
        attribute(take_sample(broken, table), 0, take_sample(broken, table))
    bundle = linear_model(table, [1.0, 2.0])
    with pytest.raises(DataError, match="Give at least one"):
        attribute(take_sample(bundle, table), 0, take_sample(bundle, table.iloc[:0]))


def test_500_columns_and_the_same_seed() -> None:
    table = numbers(60, 500)
    bundle = linear_model(table, np.linspace(-1, 1, 500).tolist())
    sample = take_sample(bundle, table)
    found = attribute(sample, 0, sample, seed=2)
    assert found.n_background == 50
    assert found == attribute(sample, 0, sample, seed=2)
    check_sums(found)
