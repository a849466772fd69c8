"""The sentence over an effect curve, and what the chart is given to draw."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import numpy as np
import pytest

from core.scoring.effects import Effect
from core.types import ColumnSchema
from pages.shared.effectcurve import Outcome, draw_effect, effect_data, effect_sentence

AREA = ColumnSchema("area", "feature", "number", minimum=0.0, maximum=40.0, median=20.0)
DAY = ColumnSchema("day", "date", "date", quantiles=(0.0, 31.0))
COLOUR = ColumnSchema("colour", "feature", "text", categories=(("red", 3), ("blue", 2)))
PRICE = Outcome("predicted price", usual_error=5.0)
SHARE = Outcome("probability of yes", output=1, is_share=True)


@pytest.mark.parametrize(
    ("outputs", "moved"),
    [
        ([1000, 2000, 3000], "from 1,000 to 3,000"),
        ([3000, 2000, 1000], "from 3,000 to 1,000"),
        ([1000, 3000, 2000], "between 1,000 and 3,000"),
    ],
)
def test_the_sentence_says_the_direction_where_there_is_one(outputs: list[float], moved: str) -> None:
    effect = numbers([0.0, 20.0, 40.0], outputs)
    expected = f"With all else as it is, raising area from 0 to 40 moves the predicted price {moved}."
    assert effect_sentence(effect, AREA, PRICE) == expected


def test_the_sentence_is_about_the_range_of_training_even_for_a_row_beyond_it() -> None:
    effect = numbers([0.0, 40.0, 900.0], [10, 20, 99_999], own=2)
    assert effect_sentence(effect, AREA, PRICE).endswith("from 0 to 40 moves the predicted price from 10 to 20.")


def test_a_field_that_moves_nothing_is_said_to() -> None:
    effect = numbers([0.0, 40.0], [7, 7])
    assert effect_sentence(effect, AREA, PRICE).endswith("area does not move the predicted price: it stays at 7.")


def test_of_categories_the_least_and_the_most_are_named() -> None:
    outputs = np.array([[0.8, 0.2], [0.1, 0.9], [0.5, 0.5]])
    effect = Effect("colour", "category", ("red", "blue", None), outputs, own=2)
    assert effect_sentence(effect, COLOUR, SHARE) == (
        "With all else as it is, colour moves the probability of yes from 20.0 % (red) to 90.0 % (blue)."
    )
    assert effect_data(effect, COLOUR, SHARE)["own"].to_pylist()[0]["label"] == "(empty)"


def test_of_dates_the_ends_of_the_span_are_named() -> None:
    effect = Effect("day", "date", (datetime(1970, 1, 1), datetime(1970, 2, 1)), np.array([[4.0], [8.0]]), own=0)
    assert effect_sentence(effect, DAY, PRICE) == (
        "With all else as it is, moving day from 1970-01-01 to 1970-02-01 moves the predicted price from 4 to 8."
    )


def test_the_chart_marks_the_row_on_its_curve() -> None:
    data = effect_data(numbers([0.0, 20.0, 40.0], [10, 20, 30], own=1), AREA, PRICE)
    [own] = data["own"].to_pylist()
    assert (own["value"], own["prediction"], own["words"]) == (20.0, 20.0, "This row: 20")
    assert data["curve"].column("prediction").to_pylist() == [10.0, 20.0, 30.0]


def test_a_curve_that_moves_less_than_the_usual_error_looks_flat() -> None:
    [room] = effect_data(numbers([0.0, 40.0], [100, 101]), AREA, PRICE)["room"].to_pylist()
    assert (room["low"], room["high"]) == (98.0, 103.0)  # 5 high, as the model is usually off by
    [wide] = effect_data(numbers([0.0, 40.0], [100, 200]), AREA, PRICE)["room"].to_pylist()
    assert (wide["low"], wide["high"]) == (90.0, 210.0)


@pytest.mark.parametrize(
    ("values", "axis"),
    [
        ([1950.0, 2000.0], {"format": "~r", "tickMinStep": 1}),
        ([0.5, 2.0], {"format": "~r"}),
        ([1.0, 20_000.0], {"tickMinStep": 1}),
        ([0.5, 20_000.0], {}),
    ],
)
def test_years_have_no_comma_and_whole_numbers_no_halves(
    values: list[float], axis: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[dict[str, Any]] = []
    monkeypatch.setattr("streamlit.vega_lite_chart", lambda spec, **_: drawn.append(spec))
    column = ColumnSchema("area", "feature", "number", minimum=values[0], maximum=values[1], median=values[0])
    draw_effect(numbers(values, [1, 2]), column, PRICE)
    assert drawn[0]["encoding"]["x"]["axis"] == {"grid": False, **axis}


def numbers(values: list[float], outputs: list[float], own: int = 0) -> Effect:
    return Effect("area", "number", tuple(values), np.array(outputs, dtype=np.float64).reshape(-1, 1), own)
