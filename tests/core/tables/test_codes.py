"""Codes are categories by their text: one level for each way to write the same code, and no code is lost."""

from __future__ import annotations

from decimal import Decimal
from io import BytesIO
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.tables.codes import code_column, code_text, coerce_features
from core.tables.coerce import coerce_frame
from core.tables.read import load_tabular_file

CELLS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.decimals(), st.text(max_size=6),
    st.from_regex(r"[-+]?0{0,2}[0-9]{1,20}(\.[0-9]{0,18})?([eE][-+]?[0-9]{1,3})?", fullmatch=True),
)  # fmt: skip


@pytest.mark.parametrize(
    "cell", [1, 1.0, "1", "1.0", " 1 ", "1.", True, np.int8(1), np.float32(1), np.bool_(True), Decimal("1.00")]
)
def test_every_way_to_write_a_whole_number_is_one_code(cell: Any) -> None:
    assert code_text(cell) == "1"


@pytest.mark.parametrize(
    "text",
    ["007", "00", "+1", "1e5", "1E+03", "inf", "INF", "-inf", "9007199254740993", "12345678901234567890",
     "0.12345678901234567890", "1_000", "1,234", "A1", "x y", "１"],
)  # fmt: skip
def test_a_text_that_does_not_say_exactly_a_number_stays_as_it_is_written(text: str) -> None:
    assert code_text(f" {text} ") == text


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        (0, "0"), (-0.0, "0"), ("-0", "0"), (False, "0"), (-3.0, "-3"), (2.5, "2.5"), ("2.50", "2.5"), (".5", "0.5"),
        (9007199254740993, "9007199254740993"), (1e22, "10000000000000000000000"), (1e-7, "1e-07"),
        (pd.Timestamp("2020-01-02"), "2020-01-02T00:00:00"),
    ],
)  # fmt: skip
def test_other_cells_have_the_text_of_their_number(cell: Any, code: str) -> None:
    assert code_text(cell) == code


@pytest.mark.parametrize("cell", [None, "", "NA", " n/a ", "nan", ".", float("nan"), float("inf"), pd.NA, pd.NaT])
def test_what_is_missing_stays_missing(cell: Any) -> None:
    code = code_text(cell)
    assert isinstance(code, float)
    assert np.isnan(code)


@given(CELLS)
def test_the_text_of_a_code_is_its_own_code(cell: Any) -> None:
    code = code_text(cell)
    assert isinstance(code, str) or np.isnan(code)
    assert not isinstance(code, str) or code_text(code) == code


def test_a_column_has_the_same_codes_whatever_its_type() -> None:
    expected = ["1", np.nan, "45"]
    for cells in ([1, None, 45], [1.0, np.nan, 45.0], ["1", "", "45"], ["1.0", "NA", 45]):
        for dtype in (object, None):
            found = code_column(pd.Series(cells, dtype=dtype, index=[7, 8, 9], name="store"))
            assert found.dtype == object
            assert (found.index.tolist(), found.name) == ([7, 8, 9], "store")
            np.testing.assert_array_equal(found.tolist(), expected)
    nullable = code_column(pd.Series([1, None, 45], dtype="Int64"))
    np.testing.assert_array_equal(nullable.tolist(), expected)
    assert code_column(pd.Series([2**53 + 1, 2**53])).tolist() == [str(2**53 + 1), str(2**53)]
    assert code_column(pd.Series([True, False])).tolist() == ["1", "0"]


def test_a_column_without_a_code_is_missing_numbers() -> None:
    found = code_column(pd.Series([None, "NA", ""], dtype=object))
    assert found.dtype == np.float64
    assert found.isna().all()


def test_a_file_gives_the_same_codes_whether_its_column_is_read_as_numbers_or_as_text(tmp_path: Any) -> None:
    """A single A in the column makes text of it; a gap makes floats of whole numbers."""
    codes = {}
    for name, last in (("numbers", "45"), ("gap", ""), ("text", "A")):
        path = tmp_path / f"{name}.csv"
        path.write_bytes(f"store,x\n1,1\n17,1\n2.50,1\n{last},1\n".encode())
        codes[name] = code_column(load_tabular_file(path)["store"]).tolist()[:3]
    assert codes["numbers"] == codes["gap"] == codes["text"] == ["1", "17", "2.5"]
    path.write_bytes(b"store,x\n001,1\n017,1\n")
    assert code_column(load_tabular_file(path)["store"]).tolist() == ["001", "017"]


def test_only_the_columns_that_are_named_are_read_as_codes() -> None:
    frame = pd.read_csv(BytesIO(b"store,area,town\n1,1,a\n2,,b\n"))
    found = coerce_features(frame, ("store",))
    assert list(found.columns) == ["store", "area", "town"]
    assert found["store"].tolist() == ["1", "2"]
    pd.testing.assert_frame_equal(found[["area", "town"]], coerce_frame(frame[["area", "town"]]))
    pd.testing.assert_frame_equal(coerce_features(frame, ()), coerce_frame(frame))


def test_another_reading_of_cells_is_asked_first() -> None:
    def coerce(cell: Any) -> Any:
        return {"one": 1, "none": "nothing"}.get(cell, cell)

    assert [code_text(cell, coerce) for cell in ("none", 2.0)] == ["nothing", "2"]
