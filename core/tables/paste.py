"""Read rows that were pasted from a spreadsheet or typed, for a model whose columns are known."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from io import StringIO

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from core.errors import DataError
from core.tables.cell import is_number_text
from core.tables.files.dialect import NO_SEPARATOR, SEPARATORS, find_separator
from core.tables.files.marks import find_marks, settled, table_decimal, without_marks
from core.tables.files.names import name_columns, shown
from core.tables.numbers import PLAIN

MAX_PASTED_ROWS = 5_000

Rows = list[list[str]]


@dataclass(frozen=True)
class PastedTable:
    """Pasted rows with every cell a text, under the model's names where a header was recognised.

    `plain` are the same rows with numbers like 1.234,56 written with a decimal point alone.
    """

    frame: pd.DataFrame
    plain: pd.DataFrame
    has_header: bool
    notices: tuple[str, ...]


def read_pasted(text: str, known_columns: Sequence[str], all_columns: Sequence[str] = ()) -> PastedTable:
    """Return the pasted rows. Cells are separated by TAB, as from Excel, or by `, ; |`.

    A header is recognised by the model's columns, whatever the case and blanks; without one there
    must be exactly as many columns as the model has, in its order, or as the table it was trained on
    had (`all_columns`). Raises DataError when nothing fits, when there are no rows, or over 5,000 of them.
    """
    rows = _cut(text, known_columns)
    if not rows:
        raise DataError("Nothing was pasted. Copy the rows with their header and paste them here.")
    has_header = _is_header(rows[0], known_columns)
    orders = {len(order): tuple(order) for order in (all_columns, known_columns) if order}
    if not has_header and len(rows[0]) not in orders:
        raise DataError(
            f"None of the model's columns is in the first row ({shown(_quoted(rows[0]))}). "
            f"Paste a header, or the columns in this order: {shown(_quoted(known_columns))}."
        )
    names, notices = _names(rows[0], known_columns) if has_header else (orders[len(rows[0])], ())
    body = rows[1:] if has_header else rows
    _check_count(body)
    cells, fitted = _fit(body, len(names), first_row=len(rows) - len(body) + 1)
    frame = pd.DataFrame(cells, columns=list(names), dtype="str")
    plain, repaired = _without_marks(frame)
    return PastedTable(frame, plain, has_header, notices + fitted + repaired)


def _cut(text: str, known_columns: Sequence[str]) -> Rows:
    """Cut the text with the separator that shows most of the model's columns."""
    lines = text.strip("\r\n").splitlines(keepends=True)
    likely = find_separator(lines)

    def rank(separator: str) -> tuple[int, bool, bool]:
        rows = _rows(text, separator)
        n_known = sum(name is not None for name in _match(rows[0], known_columns)) if rows else 0
        return n_known, separator == "\t" and any("\t" in line for line in lines), separator == likely

    return _rows(text, max((*SEPARATORS, NO_SEPARATOR), key=rank))


def _rows(text: str, separator: str) -> Rows:
    try:
        rows = list(csv.reader(StringIO(text, newline=""), delimiter=separator))
    except csv.Error as error:
        raise DataError(f"The pasted text could not be read: {error}.") from None
    return [row for row in rows if any(cell.strip() for cell in row)]


def _match(cells: Sequence[str], known_columns: Sequence[str]) -> list[str | None]:
    """Return the model's column that each cell names: exactly, else by its only look-alike."""
    plain = Counter(map(_plain, known_columns))
    look_alikes = {_plain(name): name for name in known_columns if plain[_plain(name)] == 1}
    return [cell if cell in known_columns else look_alikes.get(_plain(cell)) for cell in cells]


def _plain(name: str) -> str:
    return "".join(name.split()).casefold()


def _is_header(cells: Sequence[str], known_columns: Sequence[str]) -> bool:
    n_known = sum(name is not None for name in _match(cells, known_columns))
    has_number = any(is_number_text(cell.strip()) for cell in cells)
    return n_known > 0 and (2 * n_known >= len(cells) or not has_number)


def _names(header: Sequence[str], known_columns: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    matched = _match(header, known_columns)
    twice = [name for name, count in Counter(matched).items() if name is not None and count > 1]
    if twice:
        raise DataError(f"The column '{twice[0]}' was pasted {matched.count(twice[0])} times. Remove one.")
    extra = name_columns([name for name, known in zip(header, matched, strict=True) if known is None])
    extra_names = iter(extra.names)
    names = tuple(next(extra_names) if known is None else known for known in matched)
    return names, tuple(change.sentence for change in extra.changes)


def _check_count(body: Rows) -> None:
    if not body:
        raise DataError("There is a header but no rows below it. Paste the rows too.")
    if len(body) > MAX_PASTED_ROWS:
        raise DataError(
            f"There are {len(body):,} rows; at most {MAX_PASTED_ROWS:,} can be pasted. Upload a file instead."
        )


def _fit(body: Rows, n_columns: int, *, first_row: int) -> tuple[Rows, tuple[str, ...]]:
    """Fill up short rows and drop blank cells too many."""
    n_short = 0
    fitted: Rows = []
    for number, row in enumerate(body, start=first_row):
        if any(cell.strip() for cell in row[n_columns:]):
            raise DataError(
                f"Row {number:,} has {len(row):,} cells, but there are {n_columns:,} columns. Remove the extra cells."
            )
        n_short += len(row) < n_columns
        fitted.append(row[:n_columns] + [""] * (n_columns - len(row)))
    notice = f"Rows with too few cells, filled up with blank ones: {n_short:,}."
    return fitted, (notice,) if n_short else ()


def _without_marks(frame: pd.DataFrame) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Return the rows with numbers like 1.234,56 or 1,234.56 with a decimal point alone, and a notice on them."""
    texts = {name: pa.array(frame[name].str.strip(), pa.string()) for name in frame.columns}
    found = {name: find_marks(pc.unique(cells.filter(pc.not_equal(cells, "")))) for name, cells in texts.items()}
    decimal = table_decimal(found.values())
    plain = {}
    for name, cells in texts.items():
        marks = settled(found[name], decimal)
        if marks is not None and marks != PLAIN:
            plain[name] = pd.Series(without_marks(cells, marks).to_pylist(), dtype="str")
    notice = f"Numbers with a comma were recognised in {shown(_quoted(list(plain)))}."
    return frame.assign(**plain), (notice,) if plain else ()


def _quoted(names: Sequence[str]) -> list[str]:
    return [f"'{name}'" for name in names]
