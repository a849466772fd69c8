"""A cell is a number, a text or nothing, the same alone as in its column."""

import math
import time
from datetime import date, datetime
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.tables.coerce import coerce_column, coerce_frame, coerce_value


def same(left: object, right: object) -> bool:
    """Equal, with NaN equal to NaN and no number equal to a text."""
    if isinstance(left, str) or isinstance(right, str):
        return isinstance(left, str) and isinstance(right, str) and left == right
    return left == right or (math.isnan(left) and math.isnan(right))


WORDS = ["", "na", "n/a", "nan", "none", "null", "."]


@pytest.mark.parametrize("word", [*WORDS, "NA", " N/A ", "NaN", "None", "NULL", "\t", " . "])
def test_words_for_nothing_are_missing_in_any_case_and_trimmed(word):
    assert math.isnan(coerce_value(word))


@pytest.mark.parametrize(
    "nothing", [None, float("nan"), pd.NA, pd.NaT, np.datetime64("NaT"), np.float32("nan"), Decimal("sNaN")]
)
def test_nothing_is_missing(nothing):
    assert math.isnan(coerce_value(nothing))


@pytest.mark.parametrize(
    ("text", "number"),
    [("1e3", 1000.0), (" 5 ", 5.0), ("-.5", -0.5), ("+3", 3.0), ("007", 7.0), ("5.", 5.0), ("1E-2", 0.01)],
)
def test_numeric_text_becomes_a_float(text, number):
    value = coerce_value(text)
    assert type(value) is float
    assert value == number


@pytest.mark.parametrize("text", ["1_000", "٣", "１２", "0x10", "1,5", "1e", "--1", "e5", "1 2", "½", "²"])
def test_what_only_looks_like_a_number_stays_text(text):
    assert coerce_value(text) == text


def test_infinity_is_what_float_makes_of_it():
    assert coerce_value("inf") == coerce_value(" Infinity") == math.inf
    assert coerce_value("-INF") == -math.inf
    assert coerce_value(10**400) == math.inf
    assert coerce_value(-(10**400)) == -math.inf


@pytest.mark.parametrize("value", [True, False, 0, -3, 2**60, 1.5, math.inf])
def test_booleans_and_numbers_stay_as_they_are(value):
    assert coerce_value(value) is value


def test_numpy_numbers_become_the_same_python_numbers():
    assert coerce_value(np.int8(-3)) == -3
    assert coerce_value(np.bool_(True)) is True
    assert coerce_value(np.float32(0.1)) == float(np.float32(0.1))
    assert coerce_value(Decimal("2.5")) == 2.5


def test_other_objects_become_text_that_can_be_encoded():
    assert coerce_value(date(2010, 2, 5)) == "2010-02-05"
    assert coerce_value(datetime(2010, 2, 5, 1, 2)) == "2010-02-05T01:02:00"
    assert coerce_value(pd.Timestamp("2010-02-05")) == "2010-02-05T00:00:00"
    assert coerce_value([1, 2]) == "[1, 2]"
    assert coerce_value({"a": 1}) == "{'a': 1}"
    assert coerce_value(b" abc ") == "abc"
    assert coerce_value(1 + 2j) == "(1+2j)"


cells = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from([*WORDS, "1e3", " 7 ", "inf", "1_0", "-nan", "x", " x "]),
    st.dates(),
    st.datetimes(),
    st.lists(st.integers(), max_size=2),
    st.just(pd.NA),
    st.just(pd.NaT),
    st.decimals(),
)


@given(cells)
def test_coercing_twice_is_coercing_once(cell):
    once = coerce_value(cell)
    assert same(coerce_value(once), once)


@settings(deadline=None)
@given(st.lists(cells, max_size=30))
def test_a_column_gives_the_same_as_its_cells_one_by_one(column):
    values = pd.Series(column, dtype=object)
    result = coerce_column(values).values
    expected = [coerce_value(cell) for cell in column]
    assert len(result) == len(expected)
    for got, cell in zip(result, expected, strict=True):
        assert same(got, cell if isinstance(cell, str) else float(cell) if abs(cell) < 2**1000 else cell)
    has_text = any(isinstance(cell, str) for cell in expected)
    assert result.dtype == (object if has_text else np.float64)


@settings(deadline=None)
@given(st.lists(st.one_of(st.none(), st.sampled_from(["a", " a", "NA", "na", "", "5", " 5"])), max_size=20))
def test_missing_words_are_counted_as_spelled(column):
    words = coerce_column(pd.Series(column, dtype="str")).missing_words
    texts = [cell.strip() for cell in column if cell is not None]
    assert words == {word: texts.count(word) for word in set(texts) & {"NA", "na", ""}}


@pytest.mark.parametrize(
    "values",
    [
        pd.Series([1, 2, 3], dtype="int8"),
        pd.Series([1, None, 3], dtype="Int64"),
        pd.Series([1.5, None]),
        pd.Series([True, False]),
        pd.Series([True, None], dtype="boolean"),
        pd.Series([1.5, None], dtype="Float32"),
        pd.Series([1, None], dtype="int64[pyarrow]"),
        pd.Series(["a", "b", "a"], dtype="category"),
        pd.Series([3, 1, 3], dtype="category"),
        pd.Series(pd.to_datetime(["2010-01-01", None])),
        pd.Series([1 + 2j]),
    ],
    ids=lambda values: str(values.dtype),
)
def test_every_dtype_is_read_as_its_cells_are(values):
    result = coerce_column(values).values
    assert result.index.equals(values.index)
    for got, cell in zip(result, values, strict=True):
        assert same(got, coerce_value(cell))


def test_the_index_and_name_are_kept():
    values = pd.Series(["a", "1"], index=[7, 7], name="x")
    result = coerce_column(values).values
    assert list(result.index) == [7, 7]
    assert result.name == "x"


@pytest.mark.parametrize("dtype", [object, "str", "int64", "category"])
def test_a_custom_coercion_is_asked_for_every_distinct_value(dtype):
    values = pd.Series([1, 2, 2, 1], dtype="int64").astype(dtype)
    asked = []

    def coerce(cell):
        asked.append(cell)
        return f"<{cell}>"

    assert list(coerce_column(values, coerce).values) == ["<1>", "<2>", "<2>", "<1>"]
    assert len(asked) == 2


def test_a_custom_coercion_tells_true_from_one():
    values = pd.Series([True, 1, 1.0, "1"], dtype=object)
    assert list(coerce_column(values, repr).values) == ["True", "1", "1.0", "'1'"]


def test_a_frame_is_coerced_column_by_column_even_when_names_repeat():
    frame = pd.DataFrame([["1", "x"], ["NA", " y"]], columns=["a", "a"], index=[3, 5])
    result = coerce_frame(frame)
    assert list(result.columns) == ["a", "a"]
    assert list(result.index) == [3, 5]
    assert result.iloc[0, 0] == 1.0
    assert math.isnan(result.iloc[1, 0])
    assert list(result.iloc[:, 1]) == ["x", "y"]
    assert frame.iloc[1, 1] == " y"


@pytest.mark.parametrize("dtype", ["float64", "str", "object"])
def test_a_million_rows_of_few_levels_take_under_five_seconds(dtype):
    values = pd.Series(np.tile(np.array(["1", "2", "x", "NA"] if dtype != "float64" else [1.0, 2, 3, 4]), 250_000))
    values = values.astype(dtype)
    started = time.perf_counter()
    coerce_column(values)
    assert time.perf_counter() - started < 5
