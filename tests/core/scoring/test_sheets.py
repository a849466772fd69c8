"""A workbook holds texts, numbers and dates as they were, and nothing that acts when it is opened."""

from __future__ import annotations

import re
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from core.scoring.write import write_table
from core.tables.read import load_tabular_file

HOSTILE = [
    "=1+1",
    "+cmd|' /C calc'!A0",
    "-2+3",
    "@SUM(A1)",
    "{=1+1}",
    '=HYPERLINK("http://x")',
    "http://example.org",
    "mailto:a@example.org",
    "internal:Sheet1!A1",
    "\tx",
    "<f>1+1</f>",
    "</t></is></c><c><f>1+1</f></c>",
    "<r><t>x</t></r>",
    "<r></is></c><c r='A9'><f>1+1</f></c><c t='inlineStr'><is></r>",
    "<r></r>",
    "#REF!",
    "007",
    "10.50",
    "1e5",
    "12345678901234567890",
    " both ",
    "two\nlines",
    "&amp;",
    "'quoted",
    "TRUE",
]


def sheet_xml(path: Path, number: int = 1) -> str:
    with ZipFile(path) as book:
        return book.read(f"xl/worksheets/sheet{number}.xml").decode("utf-8")


def values(path: Path, sheet: str = "Predictions") -> list[tuple[Any, ...]]:
    """Return the rows below the header."""
    return list(load_workbook(path)[sheet].iter_rows(min_row=2, values_only=True))


def test_hostile_texts_and_headers_are_text_cells_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "out.xlsx"
    table = pa.Table.from_arrays([pa.array([text, text]) for text in HOSTILE], names=HOSTILE)
    assert write_table(table, path, {"More": pa.table({"what": HOSTILE})}) == ()
    with ZipFile(path) as book:
        assert not [name for name in book.namelist() if "rels" in name and "sheet" in name]
        for name in book.namelist():
            assert not re.search(r"<f>|<f |hyperlink|externalLink", book.read(name).decode("utf-8"))
    for number, n_cells in ((1, 3 * len(HOSTILE)), (2, 1 + len(HOSTILE))):
        assert re.findall(r'<c r="\w+" s="\d+" t="(\w+)"', sheet_xml(path, number)) == ["inlineStr"] * n_cells
    book = load_workbook(path, rich_text=False)
    assert list(book["Predictions"].values) == [tuple(HOSTILE)] * 3
    assert [row[0] for row in book["More"].values] == ["what", *HOSTILE]
    assert {cell.data_type for sheet in book for row in sheet.iter_rows() for cell in row} == {"s"}
    active = {cell.value for cell in book["Predictions"][2] if cell.quotePrefix}
    assert active == {"=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", '=HYPERLINK("http://x")', "\tx"}


def test_ids_come_back_through_our_own_reader(tmp_path: Path) -> None:
    ids = ["007", "10.50", "1e5", "12345678901234567890", "=1", "_x0041_", "<r>7</r>"]
    write_table(pa.table({"id": ids, "p": [0.5] * len(ids)}), tmp_path / "out.xlsx")
    frame = load_tabular_file(tmp_path / "out.xlsx")
    assert frame["id"].tolist() == ids
    assert frame["p"].tolist() == [0.5] * len(ids)


@settings(deadline=None, max_examples=50)
@given(numbers=st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1))
def test_numbers_keep_all_their_digits(tmp_path_factory: pytest.TempPathFactory, numbers: list[float]) -> None:
    path = tmp_path_factory.getbasetemp() / "numbers.xlsx"
    write_table(pa.table({"n": numbers}), path)
    assert [float(cell) for cell in re.findall("<v>(.*?)</v>", sheet_xml(path))] == numbers


def test_cells_have_the_kind_of_their_column(tmp_path: Path) -> None:
    table = pa.table(
        {
            "double": pa.array([0.1 + 0.2, None, float("nan"), float("-inf")]),
            "single": pa.array(np.array([0.1, 1 / 3, np.inf, 1], np.float32)),
            "whole": pa.array([2**53, -(2**53), 2**53 + 1, -(2**63)]),
            "large": pa.array([2**64 - 1, 1, None, 0], pa.uint64()),
            "exact": [Decimal("10.50"), None, Decimal("-0.01"), Decimal("7")],
            "long": [Decimal("12345678901234567.50"), None, Decimal("0"), None],
            "yes": [True, False, None, True],
            "none": pa.nulls(4),
            "empty": ["", None, "x", ""],
            "label": pa.array(["=a", None, "b", "=a"]).dictionary_encode(),
            "list": [["a"], None, None, ["=1"]],
            "clock": [time(7, 8, 9), None, None, None],
        }
    )
    write_table(table, tmp_path / "out.xlsx")
    assert list(zip(*values(tmp_path / "out.xlsx"), strict=True)) == [
        (0.30000000000000004, None, None, None),
        (0.1, 0.33333334, None, 1),
        (2**53, -(2**53), "9007199254740993", "-9223372036854775808"),
        ("18446744073709551615", 1, None, 0),
        (10.5, None, -0.01, 7),
        ("12345678901234567.50", None, "0.00", None),
        (True, False, None, True),
        (None, None, None, None),
        (None, None, "x", None),
        ("=a", None, "b", "=a"),
        ("['a']", None, None, "['=1']"),
        ("07:08:09", None, None, None),
    ]


def test_dates_are_dates_and_those_that_no_workbook_has_are_texts(tmp_path: Path) -> None:
    days = [date(2024, 1, 5), date(1900, 3, 1), date(1900, 2, 28), date(9999, 12, 31), None]
    moments = [datetime(2024, 1, 5, 13, 45), datetime(1969, 7, 20), datetime(1582, 10, 15, 1), None, None]
    midnights = pa.array([datetime(2024, 1, 5)] * 5, pa.timestamp("us", "UTC"))
    far = pa.array([253_402_300_800, 0, None, 0, 0], pa.timestamp("s"))  # the year 10000
    table = pa.table({"day": days, "moment": moments, "midnight": midnights, "far": far})
    write_table(table, tmp_path / "out.xlsx")
    rows = load_workbook(tmp_path / "out.xlsx")["Predictions"].iter_rows(min_row=2)
    day, moment, midnight, distant = zip(*rows, strict=True)
    at = datetime(2024, 1, 5)
    assert [cell.value for cell in day] == [at, datetime(1900, 3, 1), "1900-02-28", datetime(9999, 12, 31), None]
    assert [cell.value for cell in moment] == [*moments[:2], "1582-10-15 01:00:00", None, None]
    assert [cell.value for cell in midnight] == [at] * 5
    assert [cell.value for cell in distant] == ["10000-01-01", datetime(1970, 1, 1), None, *[datetime(1970, 1, 1)] * 2]
    assert {cell.number_format for cell in (day[0], midnight[0], distant[1])} == {"yyyy-mm-dd"}
    assert moment[0].number_format == "yyyy-mm-dd hh:mm:ss"


def test_what_a_workbook_cannot_hold_is_changed_and_counted(tmp_path: Path) -> None:
    texts = [
        "a\x00b\x1f",
        "\ufffe",
        "old \ufffd",
        "x" * 32_768,
        "x" * 32_767,
        "\U0001f600" * 16_384,
        "<r>" + "x" * 32_760 + "</r>" + "x",
        "line\r\nline\rend",
    ]
    cells = pa.array([*[text.encode() for text in texts], b"lone \xed\xa0\x80.", b"\xff"]).cast(pa.string(), safe=False)
    said = write_table(pa.table({"text": cells}), tmp_path / "out.xlsx")
    assert said == (
        "3 cells were too long for a workbook and cut at 32,767 characters. A CSV file holds the whole text.",
        "4 cells were written with \ufffd in place of characters that no workbook can hold. "
        "A CSV file holds them unchanged.",
    )
    assert [row[0] for row in values(tmp_path / "out.xlsx")] == [
        "a\ufffdb\ufffd",
        "\ufffd",
        "old \ufffd",
        "x" * 32_767,
        "x" * 32_767,
        "\U0001f600" * 16_383,
        "<r>" + "x" * 32_760 + "</r>",
        "line\nline\nend",
        "lone \ufffd.",
        "\ufffd",
    ]


def test_one_changed_cell_is_told_of_as_one(tmp_path: Path) -> None:
    said = write_table(pa.table({"\x00": ["a"]}), tmp_path / "out.xlsx")
    assert said == (
        "1 cell was written with \ufffd in place of characters that no workbook can hold. "
        "A CSV file holds them unchanged.",
    )


def test_sheets_have_a_header_in_sight_a_filter_and_wide_enough_columns(tmp_path: Path) -> None:
    table = pa.table({"id": ["1"] * 3, "a name of some length": ["x"] * 3, "note": ["y" * 30, "y" * 200, "y"]})
    notes = {"Model card": pa.table({"k": ["v"]}), "Empty": pa.table({"k": pa.array([], pa.string())})}
    write_table(table, tmp_path / "out.xlsx", notes)
    book = load_workbook(tmp_path / "out.xlsx")
    assert book.sheetnames == ["Predictions", "Model card", "Empty"]
    assert [sheet.auto_filter.ref for sheet in book] == ["A1:C4", "A1:A2", "A1"]
    assert {sheet.freeze_panes for sheet in book} == {"A2"}
    assert all(cell.font.b for sheet in book for cell in sheet[1])
    assert not any(cell.font.b for cell in book["Predictions"][2])
    widths = [book["Predictions"].column_dimensions[letter].width for letter in "ABC"]
    assert widths == pytest.approx([10, 23, 52], abs=1)


def test_an_empty_row_keeps_its_place(tmp_path: Path) -> None:
    write_table(pa.table({"a": ["x", None, None, "y"]}), tmp_path / "out.xlsx")
    assert values(tmp_path / "out.xlsx") == [("x",), (None,), (None,), ("y",)]


def test_slices_batches_and_blocks_do_not_show(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.scoring.celltext._CELLS_A_BLOCK", 6)
    texts = ["=1", None, "", "x", "007", "-5"]
    whole = pa.table({"t": texts, "l": pa.array(texts).dictionary_encode(), "f": pa.array(range(6), pa.float32())})
    (batch,) = whole.to_batches()
    parts = [batch.slice(0, 1), batch.slice(1, 0), batch.slice(1, 5)]
    write_table(pa.Table.from_batches(parts), tmp_path / "out.xlsx")
    assert values(tmp_path / "out.xlsx") == [(text or None, text or None, n) for n, text in enumerate(texts)]
