"""A table for prediction is held against the model's columns, and the consequence is stated."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from core.errors import DataError
from core.scoring.cells import read_column
from core.scoring.contract import Contract, ContractCounter, check_match, match_columns, names
from core.types import ColumnSchema, DateFormat, InputSchema

WHEN = ColumnSchema("when", "date", "date", 1, date_format=DateFormat("day_first"))
AREA = ColumnSchema("area", "feature", "number", 1, minimum=0.0, maximum=100.0)
TOWN = ColumnSchema("town", "feature", "text", 1, categories=(("Ulm", 5), ("Bonn", 2)))
SCHEMA = InputSchema(
    (ColumnSchema("id", "excluded", "text"), WHEN, AREA, TOWN, ColumnSchema("price", "target", "number"))
)


def test_columns_are_matched_missing_or_extra() -> None:
    match = match_columns(SCHEMA, ["id", "area", "price", "note", "Town "])
    assert (match.found, match.missing) == ({"area": "area", "town": "Town "}, ("when",))
    assert match.extra == ("id", "price", "note")
    assert match.renamed == {"town": "Town "}
    assert match.notes == (
        "2 of 3 columns of the model were found.",
        "Under another name: 'town' is 'Town ' here.",
        "Missing, and treated as empty cells in every row: 'when'.",
        "Not used by the model, and kept as they are: 'id', 'price', 'note'.",
    )


def test_a_chosen_rename_goes_before_a_look_alike() -> None:
    match = match_columns(SCHEMA, ["town", "city", "sold on"], {"town": "city", "when": "sold on", "other": "x"})
    assert match.found == {"when": "sold on", "town": "city"}
    assert match.extra == ("town",)
    with pytest.raises(DataError, match="The table has no column 'city' to take for 'town'"):
        match_columns(SCHEMA, ["town"], {"town": "city"})


def test_the_column_to_be_predicted_is_never_taken_for_another() -> None:
    schema = InputSchema((ColumnSchema("Price", "feature", "number"), ColumnSchema("price", "target", "number")))
    assert match_columns(schema, ["price"]).missing == ("Price",)


def test_a_table_without_any_of_the_models_columns_is_refused_with_both_lists() -> None:
    with pytest.raises(DataError, match=r"none of the model's columns.*needs 'when', 'area', 'town'; .* has 'x', 'y'"):
        check_match(match_columns(SCHEMA, ["x", "y"]))
    with pytest.raises(DataError, match="the table has no columns"):
        check_match(match_columns(SCHEMA, []))


def test_many_names_are_cut() -> None:
    assert names([f"c{i}" for i in range(10)]).endswith("'c7' and 2 more")


def test_issues_are_added_up_over_chunks_and_survive_json() -> None:
    counter = ContractCounter(match_columns(SCHEMA, ["when", "area", "town", "id"]))
    for start, part in ((1, ["1", "x", "2,5"]), (4, ["x", "", "300"])):
        counter.add("area", read_column(AREA, pd.Series(part)), start)
    counter.add("town", read_column(TOWN, pd.Series(["Ulm"] * 6)), 1)
    counter.add("when", read_column(WHEN, pd.Series(["01.02.2020"] * 5 + [None])), 1)
    counter.statuses.update({"ok": 2, "check": 3, "repaired": 1})
    contract = counter.result(6, SCHEMA)
    when, area, town = contract.columns
    assert (when.n_missing, area.n_missing, town.n_missing) == (1, 1, 0)
    assert when.issues == town.issues == ()
    assert [(issue.kind, issue.n, issue.first_row, issue.examples) for issue in area.issues] == [
        ("repaired", 1, 3, (("2,5", 1),)),
        ("unreadable", 2, 2, (("x", 2),)),
        ("outside", 1, 6, (("300", 1),)),
    ]
    assert area.sentences == (
        "Column 'area': 1 cell says more than a plain number, and was read all the same; the first in row 3: '2,5'.",
        "Column 'area': 2 cells could not be read, and count as missing; the first in row 2: 'x' (2).",
        "Column 'area': 1 cell is beyond what training saw, where the prediction is a guess; "
        "the first in row 6: '300'.",
    )
    assert contract.extra == ("id",)
    assert Contract.from_dict(json.loads(json.dumps(contract.as_dict()))) == contract
