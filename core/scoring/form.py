"""One row for a form: which columns a model asks for, what they usually hold, and what a cell means to it.

Nothing here loads the network.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

import pandas as pd

from core.tables.blanks import as_chosen
from core.tables.cell import coerce_value
from core.tables.codes import code_text
from core.tables.dates import parse_dates
from core.tables.understand.phrases import listed, quoted
from core.types import ColumnSchema, DateFormat, InputSchema

Value = float | str | datetime | None  # a number, a text, a time, or an empty cell

UNIX_EPOCH = datetime(1970, 1, 1)
DAYS_AROUND = 183
NAMES_SHOWN = 8
SEPARATED_FROM = 10_000  # numbers below are written without thousands separators


@dataclass(frozen=True)
class RowNotes:
    """What to know beside a prediction, a sentence each: `doubts` make it less sure, `gaps` say what is empty."""

    doubts: tuple[str, ...]
    gaps: tuple[str, ...]


def form_columns(schema: InputSchema) -> tuple[ColumnSchema, ...]:
    """Return the columns that a row can fill: features and dates, but for those that training never saw filled."""
    return tuple(column for column in schema.by_role("feature", "date") if column.kind != "empty")


def typical_row(schema: InputSchema) -> dict[str, Value]:
    """Return the middle of each number and date, and of each other column what most rows hold: a text, or nothing."""
    return {column.name: _typical(column) for column in form_columns(schema)}


def row_of(schema: InputSchema, cells: Mapping[str, Any]) -> dict[str, Value]:
    """Return what raw cells mean to the model; a column that `cells` lacks is empty."""
    return {column.name: value_of(column, cells.get(column.name)) for column in form_columns(schema)}


def value_of(column: ColumnSchema, cell: Any) -> Value:
    """Return what one raw cell means to the model; None for what it counts as missing.

    In a column of numbers and texts, a number is its text.
    """
    cell = _as_chosen(column, cell)
    if column.role == "date":
        return _time_of(column, cell)
    if column.kind == "number":
        return _finite(cell)
    text = code_text(cell)
    return str(text) if isinstance(text, str) else None


def truth_in(schema: InputSchema, cells: Mapping[str, Any]) -> str:
    """Return the true outcome that raw cells hold, as it stands there; an empty text where there is none."""
    for column in schema.by_role("target"):
        cell = _as_chosen(column, cells.get(column.name))
        meaning = coerce_value(cell)
        return "" if not isinstance(meaning, str) and math.isnan(meaning) else str(cell).strip()
    return ""


def number_in(column: ColumnSchema, value: Value) -> float | None:
    """Return the number that a value stands for in a column of numbers, or of numbers and texts; else None."""
    return _finite(value) if column.role != "date" and column.kind in ("number", "mixed") else None


def is_whole(column: ColumnSchema) -> bool:
    """Return whether all that is known of a column's numbers speaks for whole ones.

    Between whole numbers, a decile lies at a tenth and the median at a half.
    """
    if column.minimum is None or column.maximum is None or column.median is None:
        return False
    figures = (column.minimum, column.maximum, 2 * column.median, *(10 * decile for decile in column.quantiles))
    has_room = column.kind == "mixed" or column.n_distinct <= column.maximum - column.minimum + 1
    return has_room and all(math.isclose(figure, round(figure), abs_tol=1e-6) for figure in figures)


def time_span(column: ColumnSchema) -> tuple[datetime, datetime] | None:
    """Return the earliest and the latest time that training saw in a date column; None where that is not known."""
    if column.role != "date" or not column.quantiles:
        return None
    return days_after(UNIX_EPOCH, column.quantiles[0]), days_after(UNIX_EPOCH, column.quantiles[-1])


def is_seen(column: ColumnSchema, value: Value) -> bool:
    """Return whether a number or a time lies in the range of training; times of an unknown range do."""
    if isinstance(value, datetime):
        span = time_span(column)
        return span is None or span[0].date() <= value.date() <= span[1].date()
    number = number_in(column, value)
    if number is None or column.minimum is None or column.maximum is None:
        return False
    return column.minimum <= number <= column.maximum


def span_around(column: ColumnSchema, moment: datetime | None) -> tuple[datetime, datetime]:
    """Return the span of a date column, or where that is not known the year around `moment`."""
    centre = moment or _middle_time(column)
    return time_span(column) or (days_after(centre, -DAYS_AROUND), days_after(centre, DAYS_AROUND))


def days_after(moment: datetime, days: float) -> datetime:
    """Return the time `days` later, as far as the calendar goes."""
    try:
        return moment + timedelta(days=days)
    except OverflowError:
        return datetime.max if days > 0 else datetime.min


def notes_on(schema: InputSchema, cells: Mapping[str, Any]) -> RowNotes:
    """Say what of a row lies beyond what training saw, and what the model makes of its empty cells."""
    row, columns = row_of(schema, cells), form_columns(schema)
    empty = [column for column in columns if row[column.name] is None]
    texts = [column.name for column in empty if column.kind == "text"]
    others = [column.name for column in empty if column.kind != "text"]
    gaps = (
        f"Empty, and taken as the middle of the training rows: {listed(others, NAMES_SHOWN)}." if others else "",
        f"Empty, and taken as none of the known values: {listed(texts, NAMES_SHOWN)}." if texts else "",
    )
    doubts = (_doubt(column, row[column.name]) for column in columns)
    return RowNotes(tuple(filter(None, doubts)), tuple(filter(None, gaps)))


def figure(value: float) -> str:
    """Write a number of a table as it stands there, with thousands separators where it is large."""
    text = f"{value:.10g}"
    return text if "e" in text or abs(value) < SEPARATED_FROM else f"{float(text):,}".removesuffix(".0")


def _typical(column: ColumnSchema) -> Value:
    if column.role == "date":
        return _middle_time(column)
    if column.median is None:
        text, n_rows = column.categories[0] if column.categories else (None, 0)
        return text if n_rows >= column.n_missing else None
    median = column.median if float(column.median).is_integer() else float(f"{column.median:.6g}")
    return value_of(column, median)


def _middle_time(column: ColumnSchema) -> datetime:
    """Return the middle of the training dates at midnight, today where that is not known."""
    days = column.quantiles
    middle = days_after(UNIX_EPOCH, days[len(days) // 2]).date() if days else date.today()
    return datetime.combine(middle, time())


def _as_chosen(column: ColumnSchema, cell: Any) -> Any:
    if not column.missing_words and not column.kept_words:
        return cell
    return as_chosen(pd.Series([cell], dtype=object), column.missing_words, column.kept_words).tolist()[0]


def _finite(cell: Any) -> float | None:
    number = coerce_value(cell)
    return None if isinstance(number, str) or not math.isfinite(number) else float(number)


def _time_of(column: ColumnSchema, cell: Any) -> datetime | None:
    times, _ = parse_dates(pd.Series([cell], dtype=object), column.date_format or DateFormat("year_first"))
    moment = times.iloc[0]
    return None if pd.isna(moment) else moment.to_pydatetime()


def _doubt(column: ColumnSchema, value: Value) -> str:
    """Return why a value is one that the model knows little of, or nothing."""
    number = number_in(column, value)
    if number is not None and column.minimum is not None and column.maximum is not None:
        low, high = figure(column.minimum), figure(column.maximum)
        seen = f"only {low}" if low == high else f"{low} to {high}"
        return "" if is_seen(column, number) else _beyond(column, figure(number), seen)
    if isinstance(value, datetime):
        span = time_span(column)
        if span is None or is_seen(column, value):
            return ""
        return _beyond(column, f"{value:%Y-%m-%d}", f"{span[0]:%Y-%m-%d} to {span[1]:%Y-%m-%d}")
    return _doubt_of_text(column, value) if isinstance(value, str) else ""


def _doubt_of_text(column: ColumnSchema, value: str) -> str:
    if any(value == text for text, _ in column.categories):
        return ""
    if column.categories_cut:
        known = f"the {len(column.categories):,} most frequent values of {quoted(column.name)}"
        return f"{quoted(value)} is not among {known}. If training never saw it, it counts as none of the known ones."
    return f"Training never saw {quoted(value)} in {quoted(column.name)}: it counts as none of the known values."


def _beyond(column: ColumnSchema, value: str, seen: str) -> str:
    return (
        f"{quoted(column.name)} is {value}, and training saw {seen}. The farther outside, the less it can be trusted."
    )
