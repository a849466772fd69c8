"""Find the table in a sheet: its header, its columns and where its rows end."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

import pyarrow as pa
import python_calamine as calamine

from core.errors import TableFileError
from core.tables.files import limits
from core.tables.files.header import numbered, titles_notice
from core.tables.files.merges import Merges, Range, filled_down, upright_merges
from core.tables.files.names import ColumnNames, columns_notice, looks_headerless, name_columns
from core.tables.files.sheetcells import CONVERTERS, Row, as_text, kind_of, type_of
from core.tables.files.strays import MAX_REMARKS, MIN_COLUMNS, Stray, Tail, are_telling, find_tail, repeated_notice
from core.tables.options import ReadOptions
from core.tables.report import Notice

HEADER_SEARCH_ROWS = 20
ROWS_A_BATCH = 65_536


class NoRowsError(TableFileError):
    """A sheet has cells, but no rows of a table."""


@dataclass(frozen=True)
class SheetTable:
    """The table found in a sheet: where it lies, what its columns are called and become.

    `skipped` are rows among its `n_rows` that are not read; `n_left_out` counts them and those below the table.
    """

    sheet: calamine.CalamineSheet
    header_row: int  # as the sheet numbers it, from 1; 0 where there are no names
    first_row: int
    columns: tuple[int, ...]
    n_rows: int
    names: ColumnNames
    types: tuple[pa.DataType, ...]
    changes: tuple[Notice, ...]
    evidence: Mapping[str, str]
    merges: Merges = field(default_factory=dict)
    skipped: frozenset[int] = frozenset()
    n_left_out: int = 0

    @property
    def schema(self) -> pa.Schema:
        return pa.schema(list(zip(self.names.names, self.types, strict=True)))

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Yield the rows below the header, in order."""
        body = filled_down(self.sheet.iter_rows(), self.merges, self.first_row)
        numbered_rows = enumerate(islice(body, self.first_row, self.first_row + self.n_rows))
        rows = (row for at, row in numbered_rows if at not in self.skipped)
        while batch := list(islice(rows, ROWS_A_BATCH)):
            arrays = [
                pa.array([CONVERTERS[kind](row[at]) for row in batch], kind)
                for at, kind in zip(self.columns, self.types, strict=True)
            ]
            yield pa.RecordBatch.from_arrays(arrays, schema=self.schema)


def find_table(
    sheet: calamine.CalamineSheet,
    ranges: Iterable[Range],
    options: ReadOptions,
    changes: tuple[Notice, ...],
    *,
    has_periods: bool,
) -> SheetTable:
    """Return the table in a sheet that has cells, of which those in `ranges` are merged.

    `has_periods` tells that durations come as texts. Raises TableFileError where it has no rows or too many cells.
    """
    n_cells = sheet.height * sheet.width
    if n_cells > limits.MAX_WORKBOOK_CELLS:
        raise TableFileError(
            f"The sheet spans {n_cells:,} cells; at most {limits.MAX_WORKBOOK_CELLS:,} are read. "
            "Delete what lies outside the table, or save it as CSV."
        )
    merges = upright_merges(ranges, sheet.start[1] if sheet.start else 0)
    n_head = max(HEADER_SEARCH_ROWS, options.header_row or 0) + 100
    head = list(islice(filled_down(sheet.iter_rows(), merges), n_head))
    is_open = options.header_row is None
    found = _find_header(head) if is_open else _chosen_header(head, options.header_row or 0, sheet.name)
    body = _look_through(sheet, merges, found, head, options, has_periods=has_periods)
    if not body.n_rows:
        raise NoRowsError(f"The sheet '{sheet.name}' has a header but no rows. Add rows below it.")
    used = tuple(i for i, name in enumerate(found.names) if (name.strip() and found.row is not None) or body.kinds[i])
    above = islice(sheet.iter_rows(), found.body if found.row is None else found.row)
    n_titles = sum(any(cell != "" for cell in row) for row in above)
    columns = name_columns([found.names[i] for i in used])
    names = dict(zip(used, columns.names, strict=True))
    return SheetTable(
        sheet,
        0 if found.row is None else found.row + 1,
        found.body,
        used,
        body.n_rows,
        columns,
        tuple(type_of(body.kinds[i]) for i in used),
        (*changes, *titles_notice(n_titles), *found.changes, *columns.changes, *body.changes(names)),
        {"header_row": found.evidence, "sheet": "" if options.sheet else "It is the first visible sheet with a table."},
        merges,
        frozenset(body.repeated),
        len(body.repeated) + body.tail.n_rows,
    )


@dataclass(frozen=True)
class _Header:
    """The names, their row among the rows of the sheet (None: none), and the first row of data."""

    names: list[str]
    row: int | None
    body: int
    evidence: str
    changes: tuple[Notice, ...] = ()


@dataclass
class _Body:
    """What the rows below the header hold: how many cells of each kind a column has, and what is no row."""

    first_row: int
    kinds: list[Counter[str]]
    n_rows: int = 0
    has_gaps: bool = False
    repeated: list[int] = field(default_factory=list)
    merged: Counter[int] = field(default_factory=Counter)
    tail: Tail = field(default_factory=Tail)

    def add(self, at: int, cells: Sequence[tuple[int, str]]) -> None:
        """Take the row `at`, given by the columns and kinds of its cells, for a row of the table."""
        for column, kind in cells:
            self.kinds[column][kind] += 1
        self.has_gaps = self.has_gaps or not cells
        self.n_rows = at + 1 if cells else self.n_rows

    def changes(self, names: Mapping[int, str]) -> tuple[Notice, ...]:
        """Say what was filled, left out or taken as missing, by the `names` of the columns."""
        zeros = [name for at, name in names.items() if set(self.kinds[at]) == {"date", "zero"}]
        merged = [name for at, name in names.items() if self.merged[at]]
        rows = [self.first_row + at + 1 for at in self.repeated]
        return (
            *columns_notice("Cells merged over several rows hold their value in each of them", merged),
            *columns_notice("A 0 among dates counts as missing", zeros),
            *repeated_notice(len(rows), rows, "row"),
            *self.tail.changes,
        )


def _look_through(
    sheet: calamine.CalamineSheet,
    merges: Merges,
    found: _Header,
    head: Sequence[Row],
    options: ReadOptions,
    *,
    has_periods: bool,
) -> _Body:
    """Look at all rows below the header; those at the end wait until it is clear that no fuller one follows."""
    leaves_out = options.stray_rows == "leave_out"
    body = _Body(found.body, [Counter() for _ in range(sheet.width)])
    header = head[found.row] if found.row is not None and leaves_out and are_telling(found.names) else None
    n_names = sum(bool(name.strip()) for name in found.names)
    most = 1 if leaves_out and n_names >= MIN_COLUMNS else 0
    held: list[tuple[int, list[tuple[int, str]], str]] = []
    rows = filled_down(sheet.iter_rows(), merges, found.body, body.merged)
    for at, row in enumerate(islice(rows, found.body, None)):
        if row == header:
            body.repeated.append(at)
            continue
        cells = [(i, kind_of(cell, has_periods=has_periods)) for i, cell in enumerate(row) if cell != ""]
        if len(cells) <= most:
            held.append((at, cells, (as_text(row[cells[0][0]]) or "") if cells else ""))
        if len(cells) > most or sum(bool(text) for _, _, text in held[-MAX_REMARKS - 1 :]) > MAX_REMARKS:
            for earlier, few, _ in held:
                body.add(earlier, few)
            held.clear()
            if len(cells) > most:
                body.add(at, cells)
    _end(body, held, head)
    return body


def _end(body: _Body, held: list[tuple[int, list[tuple[int, str]], str]], head: Sequence[Row]) -> None:
    """Decide which of the rows at the end, of which each has one cell at most, are rows of the table."""
    while held and not held[-1][1]:
        held.pop()  # formatted cells below the last used one
    strays = [Stray(cells[0][0] if cells else 0, text, body.first_row + at + 1) for at, cells, text in held]
    looked = head[body.first_row :]
    first = held[0][0] if held else 0

    def values_of(column: int) -> list[str]:
        return [as_text(row[column]) or "" for row in looked[:first]]

    body.tail = find_tail(strays, values_of, n_above=body.n_rows, has_gaps=body.has_gaps, place="row")
    for at, cells, _ in held[: len(held) - body.tail.n_rows]:
        body.add(at, cells)


def _find_header(head: list[Row]) -> _Header:
    row = _header_row(head[:HEADER_SEARCH_ROWS])
    texts = [[as_text(cell) or "" for cell in cells] for cells in head[row:]]
    if looks_headerless(texts[0], texts[1:]):
        said = Notice("The first row holds values, not names; the columns were numbered.")
        evidence = "The first row holds numbers or dates where all rows below do."
        return _Header(numbered(len(texts[0])), None, row, evidence, (said,))
    evidence = "It is the first row that is filled like the table." if row else "The first row holds names."
    return _Header(texts[0], row, row + 1, evidence)


def _chosen_header(head: list[Row], row: int, sheet: str) -> _Header:
    if row < 1:
        first = _header_row(head[:HEADER_SEARCH_ROWS])
        return _Header(numbered(len(head[first])), None, first, "")
    if row > len(head):
        raise TableFileError(f"The sheet '{sheet}' has no such row. Choose another header row.")
    return _Header([as_text(cell) or "" for cell in head[row - 1]], row - 1, row, "")


def _header_row(head: list[Row]) -> int:
    """Return the first row that is full, or nearly so and all text; above it stand titles.

    Up to half of the names may be missing, as that of an index, where another stands above nothing but values.
    """
    filled = [[cell for cell in row if cell != ""] for row in head]
    most = max(map(len, filled))
    enough = max(min(2, most), math.ceil(0.75 * most))
    for i, cells in enumerate(filled):
        are_texts = bool(cells) and all(isinstance(cell, str) for cell in cells)
        if len(cells) == most or (len(cells) >= enough and are_texts):
            return i
        if are_texts and 2 * len(cells) >= most and _stand_above_values(head[i], head[i + 1 :]):
            return i
    raise AssertionError("one row is as full as the fullest")


def _stand_above_values(names: Row, below: list[Row]) -> bool:
    """Tell whether one of the names has only numbers, dates or flags below it, and a lone one a fuller row."""
    n_names = sum(cell != "" for cell in names)
    if n_names == 1 and (not below or sum(cell != "" for cell in below[0]) <= 1):
        return False
    columns = [[row[i] for row in below if row[i] != ""] for i, name in enumerate(names) if name != ""]
    return any(cells and not any(isinstance(cell, str) for cell in cells) for cells in columns)
