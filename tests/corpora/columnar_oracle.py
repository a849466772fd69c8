"""Parquet files as pyarrow hands them out, value by value."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from core.tables.report import ReadReport
from tests.corpora.difference import KNOWN, SAME, Column, Reading, SkippedError
from tests.corpora.reading import Outcome


def by_pyarrow(outcome: Outcome, _: ReadReport, __: Mapping[str, Column]) -> Reading:
    """Return the columns of the file."""
    try:
        table = pq.read_table(outcome.path, coerce_int96_timestamp_unit="us")
        return Reading([column.to_pylist() for column in table.columns], classify)
    except (pa.ArrowException, ValueError, OSError, OverflowError) as error:
        raise SkippedError(f"pyarrow: {type(error).__name__}") from error


def classify(cell: Any, value: Any) -> str:
    """Say how a cell differs from pyarrow's value."""
    if value is None or cell is None:
        return SAME if value is cell else "a value is missing" if cell is None else "a value where there is none"
    for kinds, what, wanted in _PLAIN:
        if isinstance(value, kinds):
            return SAME if cell == wanted(value) else what
    if isinstance(value, date):
        return _moment(cell, value)
    if isinstance(value, Decimal):
        return _decimal(cell, value)
    is_same = cell == value or (isinstance(value, float) and math.isnan(value) and math.isnan(cell))
    return SAME if is_same else "a value"


_PLAIN: tuple[tuple[tuple[type, ...], str, Callable[[Any], object]], ...] = (
    ((list, dict), "a list or structure", lambda value: json.dumps(value, default=str, ensure_ascii=False)),
    ((bytes,), "bytes", lambda value: value.decode("utf-8", "replace")),
    ((timedelta,), "a duration", lambda value: value / timedelta(days=1)),
    ((time,), "a time", str),
)


def _decimal(cell: Any, value: Decimal) -> str:
    if isinstance(cell, int | float | str) and Decimal(str(cell)) == value:
        return SAME
    return "a decimal loses digits" if isinstance(cell, float) and cell == float(value) else "a decimal"


def _moment(cell: Any, value: date) -> str:
    if isinstance(value, pd.Timestamp):
        value = value.floor("us").to_pydatetime()
    if not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day)
    if value.tzinfo is not None:
        value = value.astimezone(UTC).replace(tzinfo=None)
    return SAME if cell == value else f"{KNOWN}a date that has no place in a calendar" if cell is None else "a date"
