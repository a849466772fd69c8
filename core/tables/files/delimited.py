"""Read the rows of a text table as they stand, every cell a text.

Arrow reads tidy files fast. Where a row has too few or too many cells, a quotation mark is not
closed or blanks stand before one, Python's csv module reads the file again with line numbers:
a short row is filled up with missing cells and reported, blank cells too many are dropped, and
any other long row is refused, because nobody knows which of its cells is which.
"""

from __future__ import annotations

import csv
import os
from bisect import bisect_left
from collections.abc import Callable, Iterator
from io import BytesIO, RawIOBase, TextIOWrapper
from itertools import islice
from typing import BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv as arrow_csv

from core.errors import TableFileError
from core.tables.files import limits
from core.tables.files.dialect import Dialect
from core.tables.files.encoding import TextSource
from core.tables.files.header import is_comment
from core.tables.files.names import rows_notice
from core.tables.files.textrows import csv_format
from core.tables.report import Notice

BLOCK_BYTES = 1 << 23
ROWS_A_BATCH = 65_536
_END = "\x1e"

OnBytes = Callable[[int], None]  # hears now and then how many bytes of the file have been read


class UntidyRowsError(Exception):
    """The fast reader met a row it does not understand."""


def read_tidy(source: TextSource, dialect: Dialect, on_bytes: OnBytes | None = None) -> Iterator[pa.RecordBatch]:
    """Yield batches of text columns; raise UntidyRowsError for rows that need a closer look.

    Arrow does not tell that a quotation mark was never closed. So a last row of our own is added
    behind the file: it comes back as it is, unless an open quotation mark swallowed it.
    """
    if dialect.skip_space:
        raise UntidyRowsError
    n_columns = len(dialect.names.names)
    last = dialect.delimiter.join([_END] * n_columns)
    with source.path.open("rb") as file:
        file.seek(dialect.body)
        may_quote = bool(dialect.quote) and source.holds(dialect.quote)
        stream = _FileAndMore(file, f"\n{last}\n".encode()) if may_quote else file
        batches = _told(_arrow_batches(stream, dialect), file, on_bytes)
        yield from _without_last_row(batches, n_columns) if may_quote else batches


def _arrow_batches(stream: BinaryIO | RawIOBase, dialect: Dialect) -> Iterator[pa.RecordBatch]:
    names = [str(i) for i in range(len(dialect.names.names))]
    try:
        reader = arrow_csv.open_csv(
            stream,
            read_options=arrow_csv.ReadOptions(column_names=names, block_size=BLOCK_BYTES),
            parse_options=arrow_csv.ParseOptions(
                delimiter=dialect.delimiter, quote_char=dialect.quote or False, newlines_in_values=True
            ),
            convert_options=arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
            ),
        )
        for batch in reader:
            _check_cell_sizes(batch)
            yield batch
    except pa.ArrowInvalid as error:
        raise UntidyRowsError(str(error)) from error


def _told(batches: Iterator[pa.RecordBatch], file: BinaryIO, on_bytes: OnBytes | None) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        if on_bytes is not None:
            on_bytes(file.tell())
        yield batch


def _without_last_row(batches: Iterator[pa.RecordBatch], n_columns: int) -> Iterator[pa.RecordBatch]:
    held: pa.RecordBatch | None = None
    for batch in batches:
        if batch.num_rows and held is not None:
            yield held
        held = batch if batch.num_rows else held
    if held is None or list(held.slice(held.num_rows - 1).to_pylist()[0].values()) != [_END] * n_columns:
        raise UntidyRowsError("a quotation mark is not closed")
    yield held.slice(0, held.num_rows - 1)


class _FileAndMore(RawIOBase):
    """An opened file with some more bytes behind its end."""

    def __init__(self, file: BinaryIO, more: bytes) -> None:
        self._parts: list[BinaryIO] = [file, BytesIO(more)]

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes, nothing only at the end."""
        while self._parts:
            if content := self._parts[0].read(size):
                return content
            self._parts.pop(0)
        return b""


class UntidyReader:
    """Read any rows slowly, and remember what was done to them.

    With `leave_out_long`, rows with more cells than columns are left out; else the first ends the reading.
    With `leave_out_comments`, so are rows that begin with a # and do not fit, where such lines stand above the table.
    """

    def __init__(
        self,
        source: TextSource,
        dialect: Dialect,
        on_bytes: OnBytes | None = None,
        *,
        leave_out_long: bool = False,
        leave_out_comments: bool = True,
    ) -> None:
        self._source = source
        self._dialect = dialect
        self._on_bytes = on_bytes
        self._leave_out_long = leave_out_long
        self._leave_out_comments = leave_out_comments and dialect.has_comments
        self._n_columns = len(dialect.names.names)
        self._short_lines: list[int] = []
        self._cut_lines: list[int] = []
        self._left_out_lines: list[int] = []
        self._comment_lines: list[int] = []

    @property
    def n_left_out(self) -> int:
        """Return how many rows were left out; complete once all batches were read."""
        return len(self._left_out_lines) + len(self._comment_lines)

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Yield batches of text columns."""
        with self._source.open_at(self._dialect.body) as file:
            rows = self._rows(file)
            while batch := list(islice(rows, ROWS_A_BATCH)):
                yield _as_batch(batch, self._n_columns)
                if self._on_bytes is not None:
                    self._on_bytes(os.lseek(file.fileno(), 0, os.SEEK_CUR))

    def changes(self, before: int | None = None) -> tuple[Notice, ...]:
        """Say which lines were filled up, shortened or left out; complete once all batches were read.

        Nothing is said of short rows from the line `before` on, where no data stands any more.
        """
        short_lines = self._short_lines[: None if before is None else bisect_left(self._short_lines, before)]
        return (
            *rows_notice("Rows with too few cells were filled up with missing ones", short_lines),
            *rows_notice("Blank cells beyond the last column were dropped", self._cut_lines),
            *rows_notice("Rows with more cells than columns were left out", self._left_out_lines),
            *rows_notice("Comments within the table were left out", self._comment_lines),
        )

    def _rows(self, file: TextIOWrapper) -> Iterator[list[str]]:
        lines, dialect = _Lines(file), self._dialect
        reader = csv.reader(lines, **csv_format(dialect.delimiter, dialect.quote, dialect.skip_space))
        line = dialect.body_line
        while (row := _next_row(reader, line)) is not None:
            if lines.ended_inside_row:
                raise TableFileError(
                    f"The quotation mark that opens in line {line:,} is never closed. Close or remove it."
                )
            if row and (fitted := self._fit(row, line)) is not None:
                yield fitted
            line = dialect.body_line + reader.line_num

    def _fit(self, row: list[str], line: int) -> list[str] | None:
        n_columns = self._n_columns
        if len(row) == n_columns:
            return row
        if len(row) == 1 and not row[0].strip():
            return None  # a line of blanks
        if self._leave_out_comments and is_comment(row, n_columns):
            self._comment_lines.append(line)
            return None
        if len(row) < n_columns:
            if any(cell.strip() for cell in row):
                self._short_lines.append(line)
            return row + [""] * (n_columns - len(row))
        if not any(cell.strip() for cell in row[n_columns:]):
            self._cut_lines.append(line)
            return row[:n_columns]
        if not self._leave_out_long:
            raise TableFileError(
                f"Line {line:,} has {len(row):,} cells, but the table has {n_columns:,} columns. "
                "Put quotation marks around text that holds the separator, or remove the extra cells."
            )
        self._left_out_lines.append(line)
        return None


class _Lines:
    """The lines of a file, which know whether the reader asked for one too many."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines = lines
        self.ended_inside_row = False

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        try:
            return next(self._lines)
        except StopIteration:
            self.ended_inside_row = True
            raise


def _next_row(reader: Iterator[list[str]], line: int) -> list[str] | None:
    try:
        return next(reader, None)
    except csv.Error as error:
        raise TableFileError(f"The row in line {line:,} could not be read: {error}.") from None


def _as_batch(rows: list[list[str]], n_columns: int) -> pa.RecordBatch:
    columns = [pa.array(cells, pa.string()) for cells in zip(*rows, strict=True)]
    batch = pa.RecordBatch.from_arrays(columns, [str(i) for i in range(n_columns)])
    _check_cell_sizes(batch)
    return batch


def _check_cell_sizes(batch: pa.RecordBatch) -> None:
    for column in batch.columns:
        limits.check_cell(pc.max(pc.binary_length(column)).as_py() or 0)
