"""Sheets of XLSX workbooks as openpyxl reads them: values alone, of the sheet that was read."""

from __future__ import annotations

import io
import math
import warnings
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any

import openpyxl

from core.tables.report import ReadReport
from tests.corpora.difference import KNOWN, SAME, Column, Reading, SkippedError, is_filled
from tests.corpora.numbers import numbers_in
from tests.corpora.reading import Outcome

MAX_CELLS = 5_000_000
ROUNDING = timedelta(milliseconds=1)


def by_openpyxl(outcome: Outcome, report: ReadReport, _: Mapping[str, Column]) -> Reading:
    """Return the columns of the sheet."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            book = openpyxl.load_workbook(io.BytesIO(outcome.path.read_bytes()), data_only=True)
            sheet = book[str(report.sheet)]
        except Exception as error:  # it fails in many ways on files that Excel opens
            raise SkippedError(f"openpyxl: {type(error).__name__}") from error
    if sheet.max_row * sheet.max_column > MAX_CELLS:
        raise SkippedError(f"openpyxl: a sheet of over {MAX_CELLS:,} cells")
    rows = [list(row) for row in sheet.iter_rows(values_only=True)]
    header = rows[report.header_row - 1] if report.header_row else [None] * len(rows[0])
    used = [i for i, row in enumerate(rows) if any(map(is_filled, row))]
    body = rows[report.header_row or 0 : used[-1] + 1 if used else 0]
    body = body if report.header_row else body[-report.n_rows :]
    columns = [[row[i] for row in body] for i in range(len(header))]
    kept = [
        column for name, column in zip(header, columns, strict=True) if is_filled(name) or any(map(is_filled, column))
    ]
    return Reading(kept, classify)


def classify(cell: Any, value: Any) -> str:
    """Say how a cell differs from openpyxl's value."""
    if cell is None:
        return _missing(value)
    if value is None:
        return "a value where openpyxl has none"
    return next(check(cell, value) for kinds, check in _CHECKS if isinstance(value, kinds))


def _flag(cell: Any, value: bool) -> str:
    return SAME if cell in (value, str(value), str(value).upper()) else "true or false"


def _duration(cell: Any, value: timedelta) -> str:
    return SAME if cell in (value / timedelta(days=1), repr(value / timedelta(days=1))) else "a duration"


def _time(cell: Any, value: time) -> str:
    return SAME if cell == value.isoformat() else "a time"


def _text(cell: Any, value: str) -> str:
    if isinstance(cell, str):
        same = cell.replace("\r\n", "\n") == value.replace("\r\n", "\n").replace("_x000D_\n", "\n")
        trimmed = f"{KNOWN}blanks around a text, which count only where the sheet says so"
        return SAME if same else trimmed if cell.strip() == value.strip() else "a text"
    return f"{KNOWN}a number held as text" if cell in numbers_in(value) else "a text that became something else"


def _missing(value: Any) -> str:
    if value is None or (isinstance(value, str) and not value.strip()):
        return SAME
    is_error = isinstance(value, str) and value.startswith("#")
    return f"{KNOWN}an error is missing" if is_error else "a value is missing"


def _moment(cell: Any, value: date) -> str:
    moment = value if isinstance(value, datetime) else datetime(value.year, value.month, value.day)
    if isinstance(cell, str):
        try:
            cell = datetime.fromisoformat(cell)
        except ValueError:
            return "a date"
    if not isinstance(cell, datetime):
        return "a date"
    apart = abs(cell - moment)
    return SAME if not apart else f"{KNOWN}a moment rounded by openpyxl" if apart <= ROUNDING else "a date"


def _number(cell: Any, value: float) -> str:
    if isinstance(cell, int | float):
        return SAME if cell == value else "the last digit" if math.isclose(cell, value, rel_tol=1e-14) else "a number"
    if isinstance(cell, str):
        return SAME if value in numbers_in(cell) else "a number among texts"
    return "a date where openpyxl has a number"


_CHECKS: tuple[tuple[tuple[type, ...], Callable[[Any, Any], str]], ...] = (
    ((bool,), _flag),
    ((date,), _moment),
    ((timedelta,), _duration),
    ((time,), _time),
    ((int, float), _number),
    ((object,), lambda cell, value: _text(cell, str(value))),
)
