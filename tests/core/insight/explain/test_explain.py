"""Everything at once: on raw rows with more columns than the model has, as strict JSON, with progress and a stop."""

from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
import torch

from core.insight.explain.explain import explain
from core.scoring import predict_proba_rows
from core.types import ModelBundle
from tests.core.insight.explain.models import codes_of, linear_model, model_of, numbers


def test_a_classifier_is_explained_from_the_raw_rows(churn_bundle: ModelBundle, churn_frame: pd.DataFrame) -> None:
    before, seen = churn_frame.copy(), list[tuple[int, int]]()
    y = codes_of(churn_bundle, churn_frame["churn"])
    found = explain(
        churn_bundle, churn_frame, y, churn_frame.iloc[:60], on_progress=lambda done, total: seen.append((done, total))
    )
    pd.testing.assert_frame_equal(churn_frame, before)
    assert found.is_complete
    assert found.n_rows == found.n_given == 240
    assert {entry.column for entry in found.importance.columns} == {"joined", "tenure", "charge", "contract"}
    assert [curve.column for curve in found.effects] == [entry.column for entry in found.importance.columns]
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert seen[-1][0] == seen[-1][1] == seen[0][1]
    assert len({part.row for part in found.attributions}) == len(found.attributions) == 4
    assert json.loads(json.dumps(found.as_dict(), allow_nan=False))["effects"][0]["kind"] in ("number", "date")


def test_the_rows_are_the_worst_the_surest_and_the_least_sure(
    churn_bundle: ModelBundle, churn_frame: pd.DataFrame
) -> None:
    y = codes_of(churn_bundle, churn_frame["churn"])
    found = {part.why: part for part in explain(churn_bundle, churn_frame, y, churn_frame.iloc[:30]).attributions}
    shares = predict_proba_rows(churn_bundle, churn_frame)
    losses, is_right = -np.log(shares[np.arange(240), y]), shares.argmax(axis=1) == y
    rows = {why: part.row for why, part in found.items()}
    typical = rows.pop("the most typical row")
    rest = np.arange(240) != typical
    assert rows == {
        "the surest prediction that is wrong": int(np.where(~is_right & rest, losses, -1).argmax()),
        "the surest prediction that is right": int(np.where(is_right & rest, shares.max(axis=1), -1).argmax()),
        "the least sure prediction": int(np.where(rest, shares.max(axis=1), 2).argmin()),
    }
    worst = found["the surest prediction that is wrong"]
    assert worst.truth == churn_frame["churn"].iloc[worst.row]


def test_a_stop_keeps_what_was_found() -> None:
    table = numbers(80, 3)
    answers = iter([False] * 4 + [True] * 100)
    bundle = linear_model(table, [1.0, 2.0, 3.0])
    found = explain(bundle, table, table.sum(axis=1).to_numpy(), table, should_stop=lambda: next(answers))
    assert not found.is_complete
    assert {entry.n_repeats for entry in found.importance.columns} == {1, 2}
    assert found.effects == found.attributions == ()
    json.dumps(found.as_dict(), allow_nan=False)


@pytest.mark.parametrize("n_rows", [0, 1, 2, 5])
@pytest.mark.parametrize("n_classes", [0, 1, 2, 26])
def test_few_rows_and_any_number_of_classes_are_explained(n_rows: int, n_classes: int) -> None:
    table = numbers(8, max(n_classes, 2)).assign(text=np.array(["a", "b"] * 4, dtype=object))
    names = [f"k{i}" for i in range(n_classes)]
    bundle = model_of(table, lambda x: x[:, : n_classes or 1], class_names=names)
    found = explain(bundle, table.iloc[:n_rows], np.zeros(n_rows), table)
    assert len(found.attributions) <= n_rows
    assert (len(found.attributions) > 0) == (n_rows > 0)
    json.dumps(found.as_dict(), allow_nan=False)


def test_numbers_show_the_largest_error_the_highest_and_the_lowest() -> None:
    table = numbers(50, 2)
    y = table["c000"].to_numpy() + 0.0
    y[13] += 100
    bundle = linear_model(table, [1.0, 0.0])
    rows = {part.why: part.row for part in explain(bundle, table, y, table).attributions}
    assert rows["the largest error"] == 13
    others = [row for row in range(50) if row not in (13, rows["the most typical row"])]
    assert rows["the highest prediction"] == max(others, key=lambda row: table["c000"].iloc[row])
    assert rows["the lowest prediction"] == min(others, key=lambda row: table["c000"].iloc[row])


@pytest.mark.parametrize(
    "function", [lambda x: x[:, :1] * float("nan"), lambda x: x[:, :1] / (x[:, 1:] > 0)], ids=["never", "sometimes"]
)
@pytest.mark.parametrize("names", [(), ("only",)])
def test_outputs_that_are_not_finite_leave_out_what_cannot_be_said(
    function: Callable[..., torch.Tensor], names: tuple[str, ...]
) -> None:
    table = numbers(30, 2)
    found = explain(model_of(table, function, class_names=names), table, np.zeros(30), table)
    assert found.attributions == ()
    assert found.importance.loss is None
    json.dumps(found.as_dict(), allow_nan=False)


def test_of_many_rows_some_are_drawn_and_told_by_their_place_in_the_table() -> None:
    table = numbers(12_000, 2)
    bundle = linear_model(table, [1.0, 2.0])
    y = table["c000"].to_numpy()
    found = explain(bundle, table, y, table, seed=1)
    assert (found.n_rows, found.n_given) == (5_000, 12_000)
    worst = next(part for part in found.attributions if part.why == "the largest error")
    assert worst.truth == y[worst.row]
    assert worst.output == pytest.approx(table.iloc[worst.row] @ [1.0, 2.0], rel=1e-5)
