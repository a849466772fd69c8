"""One row for a form: what it begins with, what its cells mean, and what is said of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime

import numpy as np
import pandas as pd
import pytest

from core.scoring.form import (
    days_after,
    form_columns,
    is_seen,
    is_whole,
    notes_on,
    row_of,
    time_span,
    typical_row,
    value_of,
)
from core.tables.options import ColumnOptions, ReadOptions
from core.tables.schema import describe_inputs
from core.types import ColumnSchema, InputSchema

FRAME = pd.DataFrame(
    {
        "id": ["a", "b", "c", "d"],
        "day": ["01.02.2024", "03.02.2024", "29.02.2024", "03.02.2024"],
        "age": [18, 39, 39, 90],
        "price": [0.5, 1.25, np.nan, 7.123456789],
        "store": [7, 7, 30, 30],
        "colour": ["red", "blue", "blue", None],
        "size": ["10", "12", "large", "14"],
        "void": [None] * 4,
        "y": ["u", "v", "u", "v"],
    }
)


@pytest.fixture
def schema() -> InputSchema:
    return describe_inputs(FRAME, "y", ["id"], ["day"], ["store"])


def column(schema: InputSchema, name: str) -> ColumnSchema:
    return next(one for one in schema.columns if one.name == name)


def test_the_form_has_the_models_columns_in_the_files_order_but_those_never_filled(schema: InputSchema) -> None:
    names = [one.name for one in form_columns(schema)]
    assert names == ["day", "age", "price", "store", "colour", "size"]


def test_a_typical_row_holds_middles_and_most_frequent_texts(schema: InputSchema) -> None:
    assert typical_row(schema) == {
        "day": datetime(2024, 2, 3), "age": 39.0, "price": 1.25, "store": "30", "colour": "blue", "size": "12",
    }  # fmt: skip


def test_where_most_rows_hold_nothing_nothing_is_typical() -> None:
    frame = pd.DataFrame(
        {"pool": ["big", "big", None, None, None], "alley": ["a", "a", None, None, "b"], "y": range(5)}
    )
    schema = describe_inputs(frame, "y", [], [])
    assert typical_row(schema) == {"pool": None, "alley": "a"}


def test_without_deciles_a_typical_date_is_today(schema: InputSchema) -> None:
    older = InputSchema(tuple(replace(one, quantiles=()) for one in schema.columns))
    today = typical_row(older)["day"]
    assert isinstance(today, datetime)
    assert today.date() == date.today()
    assert time_span(column(older, "day")) is None


def test_raw_cells_mean_what_they_mean_to_the_model(schema: InputSchema) -> None:
    raw = {"day": "05.02.2024", "age": " 41 ", "price": "n/a", "store": 7.0, "colour": " red ", "size": 12}
    assert row_of(schema, raw) == {
        "day": datetime(2024, 2, 5), "age": 41.0, "price": None, "store": "7", "colour": "red", "size": "12",
    }  # fmt: skip
    assert set(row_of(schema, {}).values()) == {None}


@pytest.mark.parametrize(
    ("name", "cell"), [("age", "old"), ("age", np.inf), ("age", pd.NA), ("day", "soon"), ("colour", "NA"), ("size", "")]
)
def test_what_the_model_counts_as_missing_is_empty(schema: InputSchema, name: str, cell: object) -> None:
    assert value_of(column(schema, name), cell) is None


def test_words_that_were_chosen_as_missing_are_empty() -> None:
    reading = ReadOptions(columns={"age": ColumnOptions(missing_words=("-9",))})
    schema = describe_inputs(FRAME, "y", ["id"], ["day"], ["store"], reading)
    assert value_of(column(schema, "age"), -9) is None
    assert value_of(column(schema, "age"), -8) == -8.0


def test_words_that_were_chosen_to_be_kept_are_values() -> None:
    reading = ReadOptions(columns={"colour": ColumnOptions(kept_words=("NA",))})
    schema = describe_inputs(FRAME, "y", ["id"], ["day"], ["store"], reading)
    assert value_of(column(schema, "colour"), "NA") == "NA"
    assert value_of(column(schema, "colour"), "none") is None


def test_whole_numbers_are_told_from_measured_ones(schema: InputSchema) -> None:
    assert is_whole(column(schema, "age"))
    assert not is_whole(column(schema, "price"))
    crowded = describe_inputs(pd.DataFrame({"x": [0.0, 0.25, 0.5, 0.75, 1.0], "y": [1, 2, 3, 4, 5]}), "y", [], [])
    without = replace(crowded.columns[0], quantiles=())
    assert not is_whole(without)  # five different values do not fit between 0 and 1


def test_a_row_like_those_of_training_needs_no_word(schema: InputSchema) -> None:
    notes = notes_on(schema, typical_row(schema))
    assert (notes.doubts, notes.gaps) == ((), ())


def test_what_training_never_saw_is_said(schema: InputSchema) -> None:
    row = {**typical_row(schema), "age": 120, "store": "8", "colour": "green", "day": "2025-01-01", "size": "99"}
    assert notes_on(schema, row).doubts == (
        "'day' is 2025-01-01, and training saw 2024-02-01 to 2024-02-29. The farther outside, the less it can be "
        "trusted.",
        "'age' is 120, and training saw 18 to 90. The farther outside, the less it can be trusted.",
        "Training never saw '8' in 'store': it counts as none of the known values.",
        "Training never saw 'green' in 'colour': it counts as none of the known values.",
        "'size' is 99, and training saw 10 to 14. The farther outside, the less it can be trusted.",
    )


def test_a_list_of_values_that_was_cut_is_no_proof(schema: InputSchema) -> None:
    cut = InputSchema(tuple(replace(one, categories_cut=one.name == "colour") for one in schema.columns))
    [doubt] = notes_on(cut, {**typical_row(schema), "colour": "green"}).doubts
    assert doubt.startswith("'green' is not among the 2 most frequent values of 'colour'.")


def test_long_texts_are_cut_in_what_is_said(schema: InputSchema) -> None:
    [doubt] = notes_on(schema, {**typical_row(schema), "colour": "very " * 100 + "green"}).doubts
    assert doubt == f"Training never saw '{('very ' * 8)[:39]}…' in 'colour': it counts as none of the known values."


def test_empty_cells_are_said_with_what_they_count_as(schema: InputSchema) -> None:
    row = {**typical_row(schema), "age": None, "day": "", "store": None, "colour": "n/a"}
    assert notes_on(schema, row).gaps == (
        "Empty, and taken as the middle of the training rows: 'day' and 'age'.",
        "Empty, and taken as none of the known values: 'store' and 'colour'.",
    )


def test_days_end_where_the_calendar_does() -> None:
    assert days_after(datetime(9999, 12, 31), 1) == datetime.max
    assert days_after(datetime(1, 1, 1), -1) == datetime.min
    assert days_after(datetime(2024, 2, 28), 1.5) == datetime(2024, 2, 29, 12)


def test_the_range_of_training_has_both_its_ends(schema: InputSchema) -> None:
    age, day, colour = (column(schema, name) for name in ("age", "day", "colour"))
    assert [is_seen(age, value) for value in (17.9, 18.0, 90.0, 90.1, None)] == [False, True, True, False, False]
    assert [is_seen(day, datetime(2024, 2, at)) for at in (1, 29)] == [True, True]
    assert not is_seen(day, datetime(2024, 3, 1))
    assert not is_seen(colour, "red")
