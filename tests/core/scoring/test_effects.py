"""What one column does to one prediction: every point is the prediction for the row changed there."""

from __future__ import annotations

import copy
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from core.errors import DataError
from core.scoring import predict_proba_rows
from core.scoring.effects import Effect, effect_of
from core.trainer import predict_rows, train_model_from_file
from core.types import InputSchema, ModelBundle, TrainingConfig

CHURN_ROW = {"joined": "03.05.2021", "tenure": 12, "charge": 40.5, "contract": "monthly"}
PRICE_ROW = {"area": 88.5, "rooms": 3, "district": "south"}


@pytest.fixture(scope="module")
def churn_bundle(churn_frame: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> ModelBundle:
    path = tmp_path_factory.mktemp("data") / "churn.csv"
    churn_frame.to_csv(path, index=False)
    cfg = TrainingConfig("churn", epochs=20, hidden_dim=32)
    return train_model_from_file(path, cfg, exclude_columns=["customer_id"], date_columns=["joined"])[0]


@pytest.fixture(scope="module")
def price_bundle(price_frame: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> ModelBundle:
    path = tmp_path_factory.mktemp("data") / "price.csv"
    price_frame.to_csv(path, index=False)
    return train_model_from_file(path, TrainingConfig("price", epochs=40, learning_rate=1e-2))[0]


@pytest.mark.parametrize("column", ["joined", "tenure", "charge", "contract"])
@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"tenure": None, "charge": "n/a", "contract": "", "joined": None},
        {"tenure": "500", "charge": -1e9, "contract": "for life", "joined": "2099-01-01"},
        {"tenure": "many", "charge": float("inf"), "contract": 7, "joined": "some day"},
    ],
)
def test_the_point_of_the_row_itself_is_its_prediction_to_the_last_digit(
    churn_bundle: ModelBundle, column: str, changes: dict[str, Any]
) -> None:
    row = {**CHURN_ROW, **changes}
    effect = effect_of(churn_bundle, row, column)
    assert effect.prediction.tolist() == predict_proba_rows(churn_bundle, [row])[0].tolist()


@pytest.mark.parametrize("column", list(PRICE_ROW))
def test_a_predicted_number_is_exact_and_in_the_targets_unit(price_bundle: ModelBundle, column: str) -> None:
    effect = effect_of(price_bundle, PRICE_ROW, column)
    assert effect.prediction.tolist() == predict_rows(price_bundle, [PRICE_ROW])
    assert effect.outputs.shape == (len(effect.values), 1)


@pytest.mark.parametrize("column", ["joined", "tenure", "contract"])
def test_every_point_is_the_prediction_for_the_row_changed_there(churn_bundle: ModelBundle, column: str) -> None:
    effect = effect_of(churn_bundle, CHURN_ROW, column)
    changed = [{**CHURN_ROW, column: value} for value in effect.values]
    assert effect.outputs == pytest.approx(predict_proba_rows(churn_bundle, changed), abs=1e-6)
    assert np.ptp(effect.outputs[:, 0]) > 0


def test_a_number_goes_evenly_through_the_range_of_training(
    price_bundle: ModelBundle, price_frame: pd.DataFrame
) -> None:
    effect = effect_of(price_bundle, {**PRICE_ROW, "area": float(price_frame["area"].min())}, "area", n_points=11)
    expected = np.linspace(price_frame["area"].min(), price_frame["area"].max(), 11)
    assert effect.kind == "number"
    assert effect.values == pytest.approx(expected)
    assert effect.own == 0


def test_whole_numbers_stay_whole_and_the_rows_own_value_is_among_them(price_bundle: ModelBundle) -> None:
    assert effect_of(price_bundle, PRICE_ROW, "rooms").values == (1.0, 2.0, 3.0, 4.0, 5.0)
    effect = effect_of(price_bundle, {**PRICE_ROW, "rooms": "2.5"}, "rooms")
    assert effect.values == (1.0, 2.0, 2.5, 3.0, 4.0, 5.0)
    assert effect.own == 2
    assert effect_of(price_bundle, {**PRICE_ROW, "rooms": 9}, "rooms").values[-1] == 9.0


def test_an_empty_cell_is_a_point_of_its_own_and_stands_last(price_bundle: ModelBundle) -> None:
    for column, rest in (("rooms", (1.0, 2.0, 3.0, 4.0, 5.0)), ("district", None)):
        effect = effect_of(price_bundle, {**PRICE_ROW, column: None}, column)
        assert effect.values[-1] is None
        assert effect.own == len(effect.values) - 1
        assert rest is None or effect.values[:-1] == rest


def test_categories_come_most_frequent_first_and_at_most_thirty_with_the_rows_own(tmp_path: Path) -> None:
    texts = [f"t{i:02d}" for i in range(40) for _ in range(45 - i)]
    frame = pd.DataFrame({"text": texts, "y": np.arange(len(texts)) % 2})
    frame.to_csv(tmp_path / "t.csv", index=False)
    bundle, _ = train_model_from_file(tmp_path / "t.csv", TrainingConfig("y", epochs=1, task="classification"))
    thirty = tuple(f"t{i:02d}" for i in range(30))
    assert effect_of(bundle, {"text": "t05"}, "text").values == thirty
    rare = effect_of(bundle, {"text": "t39"}, "text")
    assert rare.values == (*thirty[:29], "t39")
    assert rare.own == 29
    assert effect_of(bundle, {"text": " t05 "}, "text").own == 5


def test_codes_vary_as_categories(tmp_path: Path) -> None:
    frame = pd.DataFrame({"store": [1, 2, 2, 30] * 20, "y": np.tile([0.5, 1.5, 1.6, 9.0], 20) + np.linspace(0, 1, 80)})
    frame.to_csv(tmp_path / "t.csv", index=False)
    cfg = TrainingConfig("y", epochs=2, categorical_columns=("store",))
    bundle, _ = train_model_from_file(tmp_path / "t.csv", cfg)
    effect = effect_of(bundle, {"store": 30.0}, "store")
    assert (effect.kind, effect.values, effect.own) == ("category", ("2", "1", "30"), 2)
    assert effect.prediction.tolist() == predict_rows(bundle, [{"store": 30}])


def test_a_date_goes_through_the_span_of_training(churn_bundle: ModelBundle, churn_frame: pd.DataFrame) -> None:
    days = pd.to_datetime(churn_frame["joined"], format="%d.%m.%Y")
    effect = effect_of(churn_bundle, {**CHURN_ROW, "joined": days.min().strftime("%d.%m.%Y")}, "joined")
    assert effect.kind == "date"
    assert (effect.values[0], effect.values[-1]) == (days.min().to_pydatetime(), days.max().to_pydatetime())
    assert len(effect.values) == 41


def test_without_deciles_a_date_goes_through_the_year_around_it(churn_bundle: ModelBundle) -> None:
    older = without_deciles(churn_bundle)
    effect = effect_of(older, CHURN_ROW, "joined")
    own = datetime(2021, 5, 3)
    assert (effect.values[0], effect.values[-1]) == (own - timedelta(days=183), own + timedelta(days=183))
    assert effect.values[effect.own] == own
    assert effect.prediction.tolist() == predict_proba_rows(older, [CHURN_ROW])[0].tolist()


@pytest.mark.parametrize("day", ["1700-01-01", "2250-12-31"])
def test_a_date_far_from_all_others_has_a_curve_too(churn_bundle: ModelBundle, day: str) -> None:
    effect = effect_of(without_deciles(churn_bundle), {**CHURN_ROW, "joined": day}, "joined")
    assert effect.values[effect.own] == datetime.fromisoformat(day)


def test_a_time_of_day_stays_what_it_is(tmp_path: Path) -> None:
    hours = pd.date_range("2024-01-01 06:30", periods=200, freq="7h")
    pd.DataFrame({"at": hours.strftime("%Y-%m-%d %H:%M"), "y": hours.hour * 1.5}).to_csv(
        tmp_path / "t.csv", index=False
    )
    bundle, _ = train_model_from_file(tmp_path / "t.csv", TrainingConfig("y", epochs=1), date_columns=["at"])
    effect = effect_of(bundle, {"at": "2024-01-20 13:45"}, "at")
    assert {moment.strftime("%H:%M") for moment in effect.values if isinstance(moment, datetime)} == {"13:45"}


def test_a_column_of_numbers_and_texts_varies_as_what_the_row_holds(tmp_path: Path) -> None:
    frame = pd.DataFrame({"size": ["10", "12", "14", "large"] * 20, "y": ["a", "b", "a", "b"] * 20})
    frame.to_csv(tmp_path / "t.csv", index=False)
    bundle, _ = train_model_from_file(tmp_path / "t.csv", TrainingConfig("y", epochs=1))
    assert effect_of(bundle, {"size": "12"}, "size").values == (10.0, 11.0, 12.0, 13.0, 14.0)
    text = effect_of(bundle, {"size": "large"}, "size")
    assert (text.kind, text.values) == ("category", ("large",))


def test_a_column_with_one_value_has_one_point(tmp_path: Path) -> None:
    frame = pd.DataFrame({"same": [5.0] * 40, "x": np.arange(40.0), "y": ["a", "b"] * 20})
    frame.to_csv(tmp_path / "t.csv", index=False)
    bundle, _ = train_model_from_file(tmp_path / "t.csv", TrainingConfig("y", epochs=1))
    assert effect_of(bundle, {"same": 5, "x": 1}, "same").values == (5.0,)


def test_a_column_that_taught_nothing_is_refused_in_a_sentence(churn_bundle: ModelBundle, tmp_path: Path) -> None:
    for column in ("customer_id", "churn", "nonsense"):
        with pytest.raises(DataError, match=f"learned nothing from a column '{column}'.*'tenure'"):
            effect_of(churn_bundle, CHURN_ROW, column)
    frame = pd.DataFrame({"void": [None] * 40, "x": np.arange(40.0), "y": ["a", "b"] * 20})
    frame.to_csv(tmp_path / "t.csv", index=False)
    bundle, _ = train_model_from_file(tmp_path / "t.csv", TrainingConfig("y", epochs=1))
    with pytest.raises(DataError, match="'void'"):
        effect_of(bundle, {"x": 1}, "void")
    with pytest.raises(DataError, match="does not name"):
        effect_of(SimpleNamespace(task="classification"), {"x": 1}, "x")  # type: ignore[arg-type]


def test_the_row_is_left_as_it_is(churn_bundle: ModelBundle) -> None:
    row = dict(CHURN_ROW)
    effect = effect_of(churn_bundle, row, "tenure")
    assert row == CHURN_ROW
    assert isinstance(effect, Effect)


def without_deciles(bundle: ModelBundle) -> ModelBundle:
    """Return the bundle as an earlier version would have saved it."""
    assert bundle.schema is not None
    older = copy.copy(bundle)
    older.schema = InputSchema(tuple(replace(column, quantiles=()) for column in bundle.schema.columns))
    return older
