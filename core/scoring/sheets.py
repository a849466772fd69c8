"""A workbook written in a stream by XlsxWriter: its memory does not grow with its rows.

A text is always a text cell, never a formula or a link. What a workbook cannot hold is changed and counted.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import xlsxwriter
from xlsxwriter.exceptions import FileCreateError

from core.errors import DataError
from core.scoring.celltext import TEXT, blocks, inert_text, note_times, plain, texts_of

MAX_SHEET_ROWS = 1_048_576  # the header's is one of them
MAX_SHEET_COLUMNS = 16_384
MAX_CELL_CHARACTERS = 32_767
MAX_WHOLE_NUMBER = 2**53  # beyond it the numbers of a workbook skip some
MAX_EXACT_DIGITS = 15  # of a decimal number, that a float gives again

_FIRST_DAY, _LAST_DAY = -25_508, 2_932_896  # 1 March 1900, behind the day that never was, to 31 December 9999
_SAMPLED_ROWS = 100  # for the widths
_MIN_WIDTH, _MAX_WIDTH = 8, 50
_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]|[\ud800-\udfff]+")
_LINE_END = re.compile("\r\n?")
_REPLACEMENT = "\ufffd"


class Workbook:
    """A workbook in the making. What it needs on the way stands beside `path`, until `finish`."""

    def __init__(self, path: Path) -> None:
        self._book = xlsxwriter.Workbook(
            path,
            {"constant_memory": True, "tmpdir": path.parent, "use_zip64": True},  # for sheets beyond 2 GB
        )
        self._changes = _Changes()
        self._styles = _Styles(
            text=self._book.add_format(),
            active=self._book.add_format({"quote_prefix": True}),
            header=self._book.add_format({"bold": True}),
            active_header=self._book.add_format({"bold": True, "quote_prefix": True}),
            date=self._book.add_format({"num_format": "yyyy-mm-dd"}),
            moment=self._book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"}),
        )

    def add_sheet(self, name: str, schema: pa.Schema) -> Sheet:
        """Begin a sheet. Raises DataError for more columns than it holds."""
        if len(schema) > MAX_SHEET_COLUMNS:
            raise DataError(
                f"A sheet of a workbook holds {MAX_SHEET_COLUMNS:,} columns, and there are {len(schema):,}. "
                "Take the CSV file."
            )
        return Sheet(self._book.add_worksheet(name), schema, self._styles, self._changes)

    def finish(self) -> tuple[str, ...]:
        """Complete the file; return what is to be said of changed cells. Raises OSError."""
        try:
            self._book.close()
        except FileCreateError as error:
            raise error.args[0] from None  # what the system refused
        return self._changes.sentences

    def close(self) -> None:
        """Let go of the files, whatever state they are in."""
        for sheet in self._book.worksheets():
            for file in (sheet.row_data_fh, sheet.fh):
                with suppress(OSError):  # they are thrown away, and the disk may be full
                    file.close()


class Sheet:
    """A sheet in the making, with a header that stays in sight. It is whole after `end`."""

    def __init__(self, sheet: Any, schema: pa.Schema, styles: _Styles, changes: _Changes) -> None:
        self._sheet = sheet
        self._names = schema.names
        self._styles = styles
        self._changes = changes
        self._timed = [False] * len(schema)
        self._n_rows = 1  # with the header's
        for index, name in enumerate(schema.names):
            self._put_text(0, index, name, styles.header, styles.active_header)
            self._sheet.set_column(index, index, _width(name))
        self._sheet.freeze_panes(1, 0)

    def add(self, batch: pa.RecordBatch) -> None:
        """Write rows. Raises DataError for more than a sheet holds."""
        if self._n_rows + batch.num_rows > MAX_SHEET_ROWS:
            raise DataError(
                f"A sheet of a workbook holds {MAX_SHEET_ROWS - 1:,} rows below its header, and there are more. "
                "Take the CSV file."
            )
        note_times(self._timed, batch)
        if self._n_rows == 1:
            self._fit(batch.slice(0, _SAMPLED_ROWS))
        for block in blocks(batch):
            columns = map(_cells, block.columns, self._timed)
            for row, cells in enumerate(zip(*columns, strict=True), start=self._n_rows):
                for index, cell in enumerate(cells):
                    self._put(row, index, cell)
            self._n_rows += block.num_rows

    def end(self) -> None:
        """Put a filter over all rows."""
        self._sheet.autofilter(0, 0, self._n_rows - 1, len(self._names) - 1)

    def _fit(self, first_rows: pa.RecordBatch) -> None:
        """Make the columns wide enough for their first rows."""
        for index, (name, column) in enumerate(zip(self._names, first_rows.columns, strict=True)):
            longest = pc.max(pc.utf8_length(texts_of(column, with_time=self._timed[index]))).as_py()
            self._sheet.set_column(index, index, _width(name, longest or 0))

    def _put(self, row: int, index: int, cell: object) -> None:
        if cell is None:
            return
        if isinstance(cell, str):
            self._put_text(row, index, cell, self._styles.text, self._styles.active)
        elif isinstance(cell, bool):
            self._sheet.write_boolean(row, index, cell)
        elif isinstance(cell, (int, float)):
            self._sheet.write_number(row, index, cell)
        else:
            style = self._styles.moment if self._timed[index] else self._styles.date
            self._sheet.write_datetime(row, index, cell, style)

    def _put_text(self, row: int, index: int, text: str, usual: Any, active: Any) -> None:
        """Write a text cell; a text that would be run if it were typed in is marked as one."""
        text = self._changes.held(text)
        style = usual if inert_text(text) == text else active
        if text.startswith("<r>") and text.endswith("</r>"):  # XlsxWriter would take it for markup of its own
            self._sheet.write_rich_string(row, index, text[:3], style, text[3:], style)
        elif text:
            self._sheet.write_string(row, index, text, style)


class _Styles(NamedTuple):
    """How the cells of a workbook look; active ones hold a text that would be run if it were typed in."""

    text: Any
    active: Any
    header: Any
    active_header: Any
    date: Any
    moment: Any


@dataclass
class _Changes:
    """How many cells of a workbook had to be changed."""

    n_cut: int = 0
    n_replaced: int = 0

    def held(self, text: str) -> str:
        """Return a text as a workbook holds it, with \\n at the end of its lines, and count it if it is another."""
        if "\r" in text:
            text = _LINE_END.sub("\n", text)
        if _NOT_IN_XML.search(text):
            text = _NOT_IN_XML.sub(_REPLACEMENT, text)
            self.n_replaced += 1
        if len(text) > MAX_CELL_CHARACTERS // 2:
            whole, text = text, _cut(text)
            self.n_cut += text != whole
        return text

    @property
    def sentences(self) -> tuple[str, ...]:
        """Return what is to be said of them."""
        found = []
        if self.n_cut:
            found.append(
                f"{_cells_were(self.n_cut)} too long for a workbook and cut at {MAX_CELL_CHARACTERS:,} characters. "
                "A CSV file holds the whole text."
            )
        if self.n_replaced:
            found.append(
                f"{_cells_were(self.n_replaced)} written with {_REPLACEMENT} in place of characters that no workbook "
                "can hold. A CSV file holds them unchanged."
            )
        return tuple(found)


class _Number(float):
    """A number that is written with all its digits, where XlsxWriter rounds to 16."""

    def __format__(self, _: str) -> str:
        return repr(self)


def _cells(column: pa.Array, with_time: bool) -> Sequence[object]:
    """Return the cells of a column as XlsxWriter takes them, None for nothing."""
    column = plain(column)
    kind = column.type
    if pa.types.is_boolean(kind):
        return list(column.to_pylist())
    if pa.types.is_date(kind) or pa.types.is_timestamp(kind):
        return _dates(column, with_time)
    if pa.types.is_integer(kind):
        return [cell if cell is None or abs(cell) <= MAX_WHOLE_NUMBER else str(cell) for cell in column.to_pylist()]
    texts = texts_of(column)
    if pa.types.is_floating(kind) or (pa.types.is_decimal(kind) and kind.precision <= MAX_EXACT_DIGITS):
        return [None if cell is None else _Number(cell) for cell in texts.cast(pa.float64()).to_pylist()]
    return _texts(texts)


def _dates(column: pa.Array, with_time: bool) -> Sequence[object]:
    """Return dates or moments; those that no workbook has as their text."""
    days = column.cast(pa.date32(), safe=False).cast(pa.int32())
    fits = pc.and_(pc.greater_equal(days, _FIRST_DAY), pc.less_equal(days, _LAST_DAY))
    kind = pa.date32() if pa.types.is_date(column.type) else pa.timestamp("us")
    known = pc.if_else(fits, column, pa.scalar(None, column.type)).cast(kind, safe=False).to_pylist()
    others = pc.if_else(fits, pa.scalar(None, TEXT), texts_of(column, with_time=with_time)).to_pylist()
    return [text if moment is None else moment for moment, text in zip(known, others, strict=True)]


def _texts(texts: pa.Array) -> Sequence[str | None]:
    """Return texts, with a lone surrogate for each byte that is not of UTF-8."""
    try:
        return list(texts.to_pylist())
    except UnicodeDecodeError:
        cells = texts.cast(pa.large_binary()).to_pylist()
        return [None if cell is None else cell.decode("utf-8", "surrogateescape") for cell in cells]


def _cut(text: str) -> str:
    """Return as much of a text as a cell holds, where characters beyond the first 65,536 count twice."""
    return text.encode("utf-16-le")[: 2 * MAX_CELL_CHARACTERS].decode("utf-16-le", "ignore")


def _width(name: str, longest: int = 0) -> int:
    return min(_MAX_WIDTH, max(_MIN_WIDTH, longest, len(name))) + 2


def _cells_were(n_cells: int) -> str:
    return "1 cell was" if n_cells == 1 else f"{n_cells:,} cells were"
