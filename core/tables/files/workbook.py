"""Read one sheet of a workbook, in the reading process only: a hostile one can end its process."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import python_calamine as calamine

from core.errors import TableFileError
from core.tables.files import limits
from core.tables.files.columns import MAX_SAFE_INT
from core.tables.files.content import FileKind, file_kind
from core.tables.files.names import ColumnNames, looks_headerless, name_columns, shown
from core.tables.files.xlsx_scan import lost_cell_notices
from core.tables.options import ReadOptions
from core.tables.report import Notice

HEADER_SEARCH_ROWS = 20
ROWS_A_BATCH = 65_536
Row = list[Any]


@dataclass(frozen=True)
class SheetTable:
    """The table found in a sheet: where it lies, what its columns are called and become."""

    sheet: calamine.CalamineSheet
    header_row: int  # as the sheet numbers it, from 1; 0 where there are no names
    first_row: int
    columns: tuple[int, ...]
    n_rows: int
    names: ColumnNames
    types: tuple[pa.DataType, ...]
    changes: tuple[Notice, ...]
    evidence: Mapping[str, str]

    @property
    def schema(self) -> pa.Schema:
        return pa.schema(list(zip(self.names.names, self.types, strict=True)))

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Yield the rows below the header, in order."""
        rows = islice(self.sheet.iter_rows(), self.first_row, self.first_row + self.n_rows)
        while batch := list(islice(rows, ROWS_A_BATCH)):
            arrays = [
                pa.array([_CONVERTERS[kind](row[at]) for row in batch], kind)
                for at, kind in zip(self.columns, self.types, strict=True)
            ]
            yield pa.RecordBatch.from_arrays(arrays, schema=self.schema)


def visible_sheets(path: Path) -> list[str]:
    """Return the names of the visible worksheets, in the workbook's order."""
    return _visible(_open(path, file_kind(path)))


def open_sheet(path: Path, kind: FileKind, options: ReadOptions) -> tuple[SheetTable, list[str]]:
    """Return the table in the sheet asked for, or in the first that has one, and all visible sheets."""
    workbook, sheet_name = _open(path, kind), options.sheet
    sheets = _visible(workbook)
    if not sheets:
        raise TableFileError("The workbook has no visible worksheet. Show one in Excel and save it.")
    if sheet_name is not None and sheet_name not in sheets:
        raise TableFileError(f"There is no sheet '{sheet_name}'. The sheets are {shown_sheets(sheets)}.")
    for name in sheets if sheet_name is None else [sheet_name]:
        sheet = workbook.get_sheet_by_name(name)
        if sheet.end is not None:
            return _find_table(sheet, options.header_row, lost_cell_notices(path, name)), sheets
    what = "All visible sheets are" if sheet_name is None else f"The sheet '{sheet_name}' is"
    raise TableFileError(f"{what} empty. Choose a workbook with a header and rows.")


def shown_sheets(sheets: Sequence[str]) -> str:
    """Return the names of sheets in words."""
    return shown([f"'{name}'" for name in sheets])


def _open(path: Path, kind: FileKind) -> calamine.CalamineWorkbook:
    """Open the workbook under a name that tells its kind: its own name may lie."""
    try:
        with TemporaryDirectory() as folder:
            link = Path(folder) / f"workbook.{kind}"
            link.symlink_to(path.resolve())
            return calamine.load_workbook(str(link))
    except calamine.PasswordError:
        raise TableFileError("The workbook is password-protected. Save it without a password.") from None
    except calamine.CalamineError:
        raise TableFileError("The workbook is damaged. Open it in Excel and save it again.") from None


def _visible(workbook: calamine.CalamineWorkbook) -> list[str]:
    return [
        sheet.name
        for sheet in workbook.sheets_metadata
        if sheet.visible == calamine.SheetVisibleEnum.Visible and sheet.typ == calamine.SheetTypeEnum.WorkSheet
    ]


def _find_table(sheet: calamine.CalamineSheet, header_row: int | None, changes: tuple[Notice, ...]) -> SheetTable:
    n_cells = sheet.height * sheet.width
    if n_cells > limits.MAX_WORKBOOK_CELLS:
        raise TableFileError(
            f"The sheet spans {n_cells:,} cells; at most {limits.MAX_WORKBOOK_CELLS:,} are read. "
            "Delete what lies outside the table, or save it as CSV."
        )
    head = list(islice(sheet.iter_rows(), max(HEADER_SEARCH_ROWS, header_row or 0) + 100))
    found = _find_header(head) if header_row is None else _chosen_header(head, header_row, sheet.name)
    kinds, n_rows = _column_kinds(islice(sheet.iter_rows(), found.body, None), sheet.width)
    if not n_rows:
        raise TableFileError(f"The sheet '{sheet.name}' has a header but no rows. Add rows below it.")
    used = tuple(i for i, name in enumerate(found.names) if (name.strip() and found.row is not None) or kinds[i])
    n_titles = sum(any(cell != "" for cell in row) for row in head[: found.body if found.row is None else found.row])
    if n_titles:
        word = "row" if n_titles == 1 else "rows"
        changes += (Notice(f"Skipped {n_titles} title {word} above the header.", n_titles),)
    columns = name_columns([found.names[i] for i in used])
    return SheetTable(
        sheet,
        0 if found.row is None else found.row + 1,
        found.body,
        used,
        n_rows,
        columns,
        tuple(_type_of(kinds[i]) for i in used),
        changes + found.changes + columns.changes,
        {"header_row": found.evidence, "sheet": "It is the first visible sheet with cells."},
    )


@dataclass(frozen=True)
class _Header:
    """The names, their row among the rows of the sheet (None: none), and the first row of data."""

    names: list[str]
    row: int | None
    body: int
    evidence: str
    changes: tuple[Notice, ...] = ()


def _find_header(head: list[Row]) -> _Header:
    row = _header_row(head[:HEADER_SEARCH_ROWS])
    texts = [[_as_text(cell) or "" for cell in cells] for cells in head[row:]]
    if looks_headerless(texts[0], texts[1:]):
        said = Notice("The first row holds values, not names; the columns were numbered.")
        evidence = "The first row holds numbers or dates where all rows below do."
        return _Header(_numbered(len(texts[0])), None, row, evidence, (said,))
    evidence = "It is the first row that is filled like the table." if row else "The first row holds names."
    return _Header(texts[0], row, row + 1, evidence)


def _chosen_header(head: list[Row], row: int, sheet: str) -> _Header:
    if row < 1:
        first = _header_row(head[:HEADER_SEARCH_ROWS])
        return _Header(_numbered(len(head[first])), None, first, "")
    if row > len(head):
        raise TableFileError(f"The sheet '{sheet}' has no such row. Choose another header row.")
    return _Header([_as_text(cell) or "" for cell in head[row - 1]], row - 1, row, "")


def _numbered(n_columns: int) -> list[str]:
    return [f"column_{i}" for i in range(1, n_columns + 1)]


def _header_row(head: list[Row]) -> int:
    """Return the first row that is full, or nearly so and all text; above it stand titles."""
    filled = [[cell for cell in row if cell != ""] for row in head]
    most = max(map(len, filled))
    enough = max(min(2, most), math.ceil(0.75 * most))
    return next(
        i
        for i, cells in enumerate(filled)
        if len(cells) == most or (len(cells) >= enough and all(isinstance(cell, str) for cell in cells))
    )


def _column_kinds(rows: Iterator[Row], width: int) -> tuple[list[set[str]], int]:
    """Return the kinds of cell in each column, and the number of rows down to the last used one."""
    kinds: list[set[str]] = [set() for _ in range(width)]
    n_rows = 0
    for number, row in enumerate(rows, start=1):
        for at, cell in enumerate(row):
            if cell != "":
                kinds[at].add(_kind_of(cell))
                n_rows = number
    return kinds, n_rows


def _kind_of(cell: Any) -> str:
    if isinstance(cell, bool):
        return "bool"
    if isinstance(cell, (int, float)):
        return "int" if abs(cell) <= MAX_SAFE_INT and cell == int(cell) else "float"
    return _KINDS.get(type(cell), "text")


_KINDS = {date: "date", datetime: "date", timedelta: "float"}


def _type_of(kinds: set[str]) -> pa.DataType:
    if kinds == {"int"}:
        return pa.int64()
    if kinds and kinds <= {"int", "float"}:
        return pa.float64()
    return {"bool": pa.bool_(), "date": pa.timestamp("us")}.get("".join(kinds), pa.string())


def _as_text(cell: Any) -> str | None:
    """Return a cell of a mixed column as text: whole numbers without a point, dates in ISO."""
    if cell == "":
        return None
    if isinstance(cell, (date, time)):
        return cell.isoformat(" ") if isinstance(cell, datetime) else cell.isoformat()
    if isinstance(cell, timedelta):
        return repr(cell / timedelta(days=1))
    if isinstance(cell, float):
        return str(int(cell)) if _kind_of(cell) == "int" else repr(cell)
    return str(cell)


def _as_float(cell: Any) -> float | None:
    if cell == "":
        return None
    return cell / timedelta(days=1) if isinstance(cell, timedelta) else float(cell)


def _as_timestamp(cell: Any) -> datetime | None:
    if cell == "":
        return None
    return cell if isinstance(cell, datetime) else datetime(cell.year, cell.month, cell.day)


_CONVERTERS: dict[pa.DataType, Callable[[Any], Any]] = {
    pa.int64(): lambda cell: None if cell == "" else int(cell),
    pa.float64(): _as_float,
    pa.bool_(): lambda cell: None if cell == "" else cell,
    pa.timestamp("us"): _as_timestamp,
    pa.string(): _as_text,
}
