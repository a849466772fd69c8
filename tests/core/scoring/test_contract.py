"""A table for prediction is held against the model's columns, and the consequence is stated."""

from __future__ import annotations

import pytest

from core.errors import DataError
from core.scoring.contract import match_columns, names
from core.types import ColumnSchema, InputSchema

SCHEMA = InputSchema(
    (
        ColumnSchema("id", "excluded", "text"),
        ColumnSchema("when", "date", "date"),
        ColumnSchema("area", "feature", "number"),
        ColumnSchema("price", "target", "number"),
    )
)


def test_columns_are_matched_missing_or_extra() -> None:
    match = match_columns(SCHEMA, ["id", "area", "price", "note"])
    assert (match.matched, match.missing, match.extra) == (("area",), ("when",), ("id", "price", "note"))
    assert match.notes == (
        "1 of 2 columns of the model were found.",
        "Missing, and treated as empty cells in every row: 'when'.",
        "Not used by the model, and kept as they are: 'id', 'price', 'note'.",
    )


def test_a_table_without_any_of_the_models_columns_is_refused_with_both_lists() -> None:
    with pytest.raises(DataError, match=r"none of the model's columns.*needs 'when', 'area'; the table has 'x', 'y'"):
        match_columns(SCHEMA, ["x", "y"])
    with pytest.raises(DataError, match="the table has no columns"):
        match_columns(SCHEMA, [])


def test_many_names_are_cut() -> None:
    assert names([f"c{i}" for i in range(10)]).endswith("'c7' and 2 more")
