"""What the cells of a sheet are, and what a column of them becomes."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from datetime import date, datetime, time, timedelta
from typing import Any

import pyarrow as pa

from core.tables.files.columns import MAX_SAFE_INT

Row = list[Any]
Kinds = Collection[str]

_PERIOD = re.compile(r"PT(\d{1,9})H(\d{1,9})M(\d{1,9}(?:\.\d*)?)S")
_KINDS = {date: "date", datetime: "date", timedelta: "float"}
_DAY = timedelta(days=1)


def kind_of(cell: Any, *, has_periods: bool = False) -> str:
    """Return the kind of a cell that is not blank: bool, int, float, date, zero, period or text.

    A zero is the midnight that a 0 among dates is read as; a period is a duration as ODS has it, where there are any.
    """
    if isinstance(cell, bool):
        return "bool"
    if isinstance(cell, (int, float)):
        return "int" if abs(cell) <= MAX_SAFE_INT and cell == int(cell) else "float"
    if isinstance(cell, time):
        return "zero" if cell == time() else "text"
    if has_periods and isinstance(cell, str) and _PERIOD.fullmatch(cell):
        return "period"
    return _KINDS.get(type(cell), "text")


def type_of(kinds: Kinds) -> pa.DataType:
    """Return what a column with cells of these kinds becomes."""
    found = set(kinds)
    if found == {"int"}:
        return pa.int64()
    if found and found <= {"int", "float", "period"}:
        return pa.float64()
    if found in ({"date"}, {"date", "zero"}):
        return pa.timestamp("us")
    return pa.bool_() if found == {"bool"} else pa.string()


def as_text(cell: Any) -> str | None:
    """Return a cell of a mixed column as text: whole numbers without a point, dates in ISO, flags as Excel has them."""
    if cell == "":
        return None
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, (date, time)):
        return cell.isoformat(" ") if isinstance(cell, datetime) else cell.isoformat()
    if isinstance(cell, timedelta):
        return repr(cell / _DAY)
    if isinstance(cell, float):
        return str(int(cell)) if kind_of(cell) == "int" else repr(cell)
    return str(cell)


def _as_float(cell: Any) -> float | None:
    if cell == "":
        return None
    if isinstance(cell, str) and (period := _PERIOD.fullmatch(cell)):
        hours, minutes, seconds = map(float, period.groups())
        return (hours * 3600 + minutes * 60 + seconds) / 86_400
    return cell / _DAY if isinstance(cell, timedelta) else float(cell)


def _as_timestamp(cell: Any) -> datetime | None:
    if cell == "" or isinstance(cell, time):
        return None
    return cell if isinstance(cell, datetime) else datetime(cell.year, cell.month, cell.day)


CONVERTERS: dict[pa.DataType, Callable[[Any], Any]] = {
    pa.int64(): lambda cell: None if cell == "" else int(cell),
    pa.float64(): _as_float,
    pa.bool_(): lambda cell: None if cell == "" else cell,
    pa.timestamp("us"): _as_timestamp,
    pa.string(): as_text,
}
