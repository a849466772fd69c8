"""What is written for spreadsheets cannot act when it is opened, and its numbers are unchanged."""

from __future__ import annotations

import csv
from datetime import date, datetime
from pathlib import Path

import pandas as pd
import pytest
from openpyxl import load_workbook

from core.errors import DataError
from core.scoring import write
from core.scoring.write import inert_text, to_tsv, write_csv, write_xlsx

FORMULAS = ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\tx", "\rx", '=HYPERLINK("http://x")']


def sample() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "=id": ["007", "1e5", "12345678901234567890"],
            "text": ["=1+1", 'plain, "quoted"', "über\nzwei"],
            "minus": ["-5", "-five", "+49 30 1"],
            "number": [-1.5, 0.1 + 0.2, float("nan")],
            "whole": pd.array([1, None, -3], dtype="Int64"),
            "when": pd.to_datetime(["2024-01-05", None, "2024-02-06 07:08"], format="ISO8601"),
        }
    )


def test_csv_has_a_byte_order_mark_inert_texts_and_full_numbers(tmp_path: Path) -> None:
    write_csv(sample(), tmp_path / "out.csv")
    assert (tmp_path / "out.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    with (tmp_path / "out.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["'=id", "text", "minus", "number", "whole", "when"]
    assert rows[1][:5] == ["007", "'=1+1", "-5", "-1.5", "1"]
    assert rows[2][:5] == ["1e5", 'plain, "quoted"', "'-five", "0.30000000000000004", ""]
    assert rows[3][:5] == ["12345678901234567890", "über\nzwei", "'+49 30 1", "", "-3"]


@pytest.mark.parametrize("text", FORMULAS)
def test_a_text_that_a_spreadsheet_would_run_gets_an_apostrophe(text: str) -> None:
    assert inert_text(text) == f"'{text}"


@pytest.mark.parametrize("text", ["-5", "+3.25", "-1e-3", "plain", ""])
def test_numbers_and_plain_texts_get_none(text: str) -> None:
    assert inert_text(text) == text


def test_workbook_cells_are_texts_numbers_and_dates_but_never_formulas(tmp_path: Path) -> None:
    frame = sample()
    write_xlsx({"predictions": frame, "about": pd.DataFrame({"what": FORMULAS})}, tmp_path / "out.xlsx")
    workbook = load_workbook(tmp_path / "out.xlsx")
    assert workbook.sheetnames == ["predictions", "about"]
    cells = list(workbook["predictions"].iter_rows())
    assert [cell.value for cell in cells[0]] == list(frame.columns)
    assert [cell.value for cell in cells[1]] == ["007", "=1+1", "-5", -1.5, 1, datetime(2024, 1, 5)]
    assert [cell.value for cell in cells[2]][3:] == [pytest.approx(0.3, rel=1e-15), None, None]
    for sheet in workbook:
        assert {cell.data_type for row in sheet.iter_rows() for cell in row} <= {"s", "n", "d"}
    assert [row[0].value for row in workbook["about"].iter_rows(min_row=2)] == [
        text.replace("\r", "\n")
        for text in FORMULAS  # XML reads every line end as \n
    ]


def test_characters_that_a_workbook_cannot_hold_are_replaced(tmp_path: Path) -> None:
    frame = pd.DataFrame({"text": ["a\x00b\x1f", "x" * 40_000]})
    write_xlsx({"predictions": frame}, tmp_path / "out.xlsx")
    values = [row[0].value for row in load_workbook(tmp_path / "out.xlsx")["predictions"].iter_rows(min_row=2)]
    assert values == ["a�b�", "x" * 32_767]


def test_a_workbook_of_too_many_rows_is_refused_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(write, "MAX_SHEET_ROWS", 3)
    with pytest.raises(DataError, match=r"would need 4 rows and a workbook holds 3\. Take the CSV file"):
        write_xlsx({"predictions": sample()}, tmp_path / "out.xlsx")
    assert list(tmp_path.iterdir()) == []


def test_tsv_is_one_line_a_row() -> None:
    lines = to_tsv(pd.DataFrame({"a\tb": ["x\ny", "=1"], "d": [date(2024, 1, 5), None]})).splitlines()
    assert lines == ["a b\td", "x y\t2024-01-05", "'=1\t"]
