"""Says which cells of a table for prediction cannot be read as the model's columns are, and what follows."""

from __future__ import annotations

import pandas as pd

from core.tables.codes import code_column
from core.tables.coerce import coerce_column
from core.tables.dates import parse_dates
from core.types import ColumnSchema, InputSchema


def cell_notes(schema: InputSchema, frame: pd.DataFrame) -> tuple[str, ...]:
    """Return a sentence for each of the model's columns that holds cells the model cannot use as they are."""
    present = [column for column in schema.by_role("feature", "date") if column.name in frame.columns]
    notes = [_note(column, frame[column.name].reset_index(drop=True)) for column in present]
    return tuple(note for note in notes if note)


def _note(column: ColumnSchema, values: pd.Series) -> str:
    if column.date_format is not None:
        dates, n_unreadable = parse_dates(values, column.date_format)
        unread = values[dates.isna() & values.notna()] if n_unreadable else values[:0]
        return _sentence(column, unread, "no readable date, and counted as missing")
    cells = code_column(values) if column.is_categorical else coerce_column(values).values
    if column.kind == "number":
        return _sentence(column, cells[_are_texts(cells)], "no number, and counted as missing")
    if column.kind == "text" and not column.categories_cut:
        known = {text for text, _ in column.categories}
        unseen = cells[cells.notna() & ~cells.isin(known)]
        return _sentence(column, unseen, "a value that training never saw, and counted as none of the known ones")
    return ""


def _sentence(column: ColumnSchema, culprits: pd.Series, what: str) -> str:
    if culprits.empty:
        return ""
    first = f"the first in row {culprits.index[0] + 1}: {culprits.iloc[0]!r}"
    return f"Column {column.name!r}: {_cells(len(culprits))} {what}, {first}."


def _cells(count: int) -> str:
    return "1 cell is" if count == 1 else f"{count:,} cells are"


def _are_texts(cells: pd.Series) -> list[bool]:
    return [isinstance(cell, str) for cell in cells]
