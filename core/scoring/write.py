"""Writes a table of predictions as CSV, XLSX or TSV, such that no cell can act when it is opened.

Numbers stay numbers; text stays text, ids with leading zeros included.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date, time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell

from core.errors import DataError
from core.tables.cell import is_number_text
from core.workspace import write_atomically

MAX_SHEET_ROWS = 1_048_576
MAX_CELL_CHARACTERS = 32_767

_ACTIVE_START = ("=", "+", "-", "@", "\t", "\r")
_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def write_csv(frame: pd.DataFrame, path: Path) -> None:
    """Write UTF-8 with a byte order mark; a text that a spreadsheet would run gets a leading apostrophe."""
    inert = _map_texts(frame, inert_text)
    write_atomically(path, lambda temporary: inert.to_csv(temporary, index=False, encoding="utf-8-sig"))


def to_tsv(frame: pd.DataFrame) -> str:
    """Return the table as tab-separated text, ready to be pasted into a spreadsheet."""
    one_line = _map_texts(frame, lambda text: inert_text(re.sub(r"[\t\r\n]+", " ", text)))
    return one_line.to_csv(index=False, sep="\t", lineterminator="\n")


def write_xlsx(sheets: Mapping[str, pd.DataFrame], path: Path) -> None:
    """Write a workbook with one sheet a frame, every text cell as text, headers too.

    Raises DataError for more rows than a sheet can hold.
    """
    for name, frame in sheets.items():
        if len(frame) >= MAX_SHEET_ROWS:
            raise DataError(
                f"Sheet {name!r} would need {len(frame) + 1:,} rows and a workbook holds {MAX_SHEET_ROWS:,}. "
                "Take the CSV file."
            )
    write_atomically(path, lambda temporary: _save_workbook(sheets, temporary))


def inert_text(text: str) -> str:
    """Return `text` such that a spreadsheet shows it rather than runs it."""
    return f"'{text}" if text.startswith(_ACTIVE_START) and not is_number_text(text) else text


def _save_workbook(sheets: Mapping[str, pd.DataFrame], path: Path) -> None:
    workbook = Workbook(write_only=True)
    for name, frame in sheets.items():
        sheet = workbook.create_sheet(name)
        sheet.freeze_panes = "A2"
        sheet.append([_cell(sheet, str(column)) for column in frame.columns])
        for row in _rows(frame):
            sheet.append([_cell(sheet, value) for value in row])
    workbook.save(path)


def _cell(sheet: Any, value: Any) -> Any:
    if not isinstance(value, str):
        return value
    cell = WriteOnlyCell(sheet, value=_NOT_IN_XML.sub("�", value)[:MAX_CELL_CHARACTERS])
    cell.data_type = "s"
    if value.startswith(_ACTIVE_START):
        cell.quotePrefix = True
    return cell


def _rows(frame: pd.DataFrame) -> Iterator[tuple[Any, ...]]:
    columns = [[_plain(value) for value in frame.iloc[:, index].tolist()] for index in range(frame.shape[1])]
    return zip(*columns, strict=True)


def _plain(value: Any) -> Any:
    """Return a cell as the workbook writer takes it; None for nothing and for what is not finite."""
    if value is None or value is pd.NA or value is pd.NaT:
        return None
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        return value if np.isfinite(value) else None
    if isinstance(value, pd.Timestamp):
        return value.tz_localize(None).to_pydatetime()
    return value if isinstance(value, (str, bool, int, date, time)) else str(value)


def _map_texts(frame: pd.DataFrame, change: Any) -> pd.DataFrame:
    """Apply `change` to every text of the table, column names included."""
    result = frame.copy(deep=False)
    for index in range(frame.shape[1]):
        values = frame.iloc[:, index]
        if not pd.api.types.is_numeric_dtype(values.dtype) and not pd.api.types.is_datetime64_any_dtype(values.dtype):
            cells = [change(cell) if isinstance(cell, str) else cell for cell in values.tolist()]
            result.isetitem(index, np.array(cells, dtype=object))
    result.columns = pd.Index([change(str(column)) for column in frame.columns])
    return result
