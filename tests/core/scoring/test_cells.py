"""The cells of a table for prediction are read as the model's columns were, and those that do not fit are told."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from core.scoring.cells import Issue, read_column
from core.types import ColumnSchema, DateFormat

WHEN = ColumnSchema("when", "date", "date", n_missing=1, date_format=DateFormat("day_first"))
AREA = ColumnSchema("area", "feature", "number", n_missing=1, minimum=0.0, maximum=5000.0, median=12.0)
TOWN = ColumnSchema("town", "feature", "text", n_missing=1, categories=(("Ulm", 5), ("Bonn", 2)))
STORE = ColumnSchema("store", "feature", "text", n_missing=1, categories=(("1", 5), ("007", 2)), is_categorical=True)


def said(issues: tuple[Issue, ...]) -> list[tuple[str, int, str]]:
    """Return the kind, the row and the words of each issue."""
    return [
        (issue.kind, int(row), issue.words[int(code)].as_py())
        for issue in issues
        for row, code in zip(issue.rows, issue.codes, strict=True)
    ]


def read(column: ColumnSchema, cells: Any) -> tuple[list[Any], list[tuple[str, int, str]]]:
    found = read_column(column, pd.Series(cells))
    return found.values.tolist(), said(found.issues)


def test_numbers_that_are_written_plainly_are_taken_as_they_are() -> None:
    for cells in (["1", " 2.5 ", "", None], [1, 2.5, None, None], pd.array([1, None], "Int64"), [True, False]):
        values, issues = read(AREA, cells)
        assert issues == []
        assert [value for value in values if not np.isnan(value)] in ([1, 2.5], [1], [1, 0])


def test_numbers_with_units_and_marks_are_read_all_the_same_and_said() -> None:
    values, issues = read(AREA, ["12", "12 kg", "€ 1.234,50", "45 %"])
    assert values == [12, 12, 1234.5, 0.45]
    assert issues == [
        ("repaired", 1, "area: '12 kg' is read as 12"),
        ("repaired", 2, "area: '€ 1.234,50' is read as 1234.5"),
        ("repaired", 3, "area: '45 %' is read as 0.45"),
    ]


def test_a_mark_that_can_mean_two_things_is_decided_by_the_range_of_training() -> None:
    thousands = ColumnSchema("income", "feature", "number", n_missing=1, minimum=800.0, maximum=9000.0)
    assert read(thousands, ["2,572", "8,106 €"])[0] == [2572, 8106]
    small = ColumnSchema("rate", "feature", "number", n_missing=1, minimum=0.0, maximum=10.0)
    assert read(small, ["2,572", "x"])[0][0] == 2.572
    values, issues = read(AREA, ["2,572"])
    assert np.isnan(values[0])
    assert issues == [("unreadable", 0, "area: '2,572' is no number")]


def test_what_is_no_number_is_missing_and_said() -> None:
    values, issues = read(AREA, ["far", "3", "far"])
    assert np.isnan(values[0])
    assert issues == [("unreadable", 0, "area: 'far' is no number"), ("unreadable", 2, "area: 'far' is no number")]


def test_numbers_outside_the_range_of_training_are_said() -> None:
    assert read(AREA, [5000, 5000.5, -1])[1] == [
        ("outside", 1, "area: 5000.5 is outside the 0 to 5000 of training"),
        ("outside", 2, "area: -1 is outside the 0 to 5000 of training"),
    ]


def test_categories_that_training_never_saw_are_said_and_missing_ones_are_not() -> None:
    values, issues = read(TOWN, ["Ulm", "ulm", None, " Bonn ", 5])
    assert values[:2] == ["Ulm", "ulm"]
    assert values[3] == "Bonn"
    assert issues == [
        ("unseen", 1, "town: 'ulm' was never seen in training"),
        ("unseen", 4, "town: '5' was never seen in training"),
    ]
    known = read_column(TOWN, pd.Series(["ulm"]), {"ulm"})
    assert known.issues == ()
    assert known.has_value.tolist() == [True]


def test_codes_are_compared_as_texts_of_codes() -> None:
    assert read(STORE, [1, "1.0", None, "007"])[1] == []
    assert read(STORE, [7.0, 1.0])[1] == [("unseen", 0, "store: '7' was never seen in training")]
    many = ColumnSchema("shelf", "feature", "text", 1, categories=(("1", 5),), categories_cut=True, is_categorical=True)
    assert read(many, [1, 2, 3])[1] == []


def test_dates_are_read_in_the_order_of_training() -> None:
    values, issues = read(WHEN, ["05-02-2010", "yesterday", "", "02/25/2010"])
    assert values[0] == pd.Timestamp("2010-02-05")
    assert issues == [
        ("unreadable", 1, "when: 'yesterday' is no readable date"),
        ("unreadable", 3, "when: '02/25/2010' is no readable date"),
    ]


def test_an_empty_cell_is_said_where_training_had_none() -> None:
    full = ColumnSchema("age", "feature", "number", minimum=0.0, maximum=99.0)
    values, issues = read(full, ["31", "", "x"])
    assert np.isnan(values[1])
    assert issues == [
        ("unreadable", 2, "age: 'x' is no number"),
        ("lacking", 1, "age: empty, as it never was in training"),
    ]


def test_words_for_missing_of_the_model_are_missing() -> None:
    column = ColumnSchema("age", "feature", "number", 3, minimum=0.0, maximum=99.0, missing_words=("-999", "?"))
    assert read(column, ["-999.0", "?", "31"])[1] == []
    assert np.isnan(read(column, [-999, 31])[0][0])


def test_words_that_the_model_keeps_are_values() -> None:
    column = ColumnSchema("country", "feature", "text", categories=(("DE", 3), ("NA", 2)), kept_words=("na",))
    values, issues = read(column, ["DE", " NA", "n/a", "none"])
    assert values == ["DE", "NA", values[2], values[3]]
    assert issues == [
        ("lacking", 2, "country: empty, as it never was in training"),
        ("lacking", 3, "country: empty, as it never was in training"),
    ]
    assert read(column, ["Na"])[1] == [("unseen", 0, "country: 'Na' was never seen in training")]
    age = ColumnSchema("age", "feature", "number", minimum=0.0, maximum=99.0, kept_words=("none",))
    assert read(age, ["31", "none"])[1] == [("unreadable", 1, "age: 'none' is no number")]
    when = ColumnSchema("when", "date", "date", 1, date_format=DateFormat("year_first"), kept_words=("none",))
    assert read(when, ["2020-01-02", "none"])[1] == []


def test_a_column_that_never_held_a_value_gives_none() -> None:
    found = read_column(ColumnSchema("c", "feature", "empty", 9), pd.Series(["1", "x"]))
    assert (found.values.isna().all(), found.has_value.any(), found.issues) == (True, False, ())


def test_no_rows_have_no_issues() -> None:
    for column in (WHEN, AREA, TOWN, STORE):
        assert read(column, pd.Series([], dtype=object)) == ([], [])


def test_a_long_or_broken_cell_is_shown_short_and_on_one_line() -> None:
    _, issues = read(TOWN, ["a\nb\t" + "c" * 100])
    assert issues[0][2] == "town: 'a b " + "c" * 55 + "…' was never seen in training"
