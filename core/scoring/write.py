"""Writes tables as CSV, TSV, XLSX or Parquet, in a stream, such that no cell can act when it is opened.

Numbers stay numbers; text stays text, ids with leading zeros included. A file appears under its name when it is
whole, or not at all.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Protocol

import pyarrow as pa
import pyarrow.parquet as pq

from core.errors import ConfigError, DataError, DiskError
from core.scoring.celltext import blocks, inert_text, note_times
from core.scoring.csvtext import CsvStyle, header_line, lines
from core.scoring.sheets import MAX_SHEET_ROWS, Workbook
from core.workspace import disk_sentence, sync

__all__ = ["MAX_SHEET_ROWS", "CsvStyle", "TableWriter", "inert_text", "open_writer", "to_tsv", "write_table"]

SUFFIXES = (".csv", ".tsv", ".xlsx", ".parquet")
MAIN_SHEET = "Predictions"

DEFAULT_STYLE = CsvStyle()

_NO_SHEETS: Mapping[str, pa.Table] = MappingProxyType({})
_ROW_GROUP_BYTES = 64 << 20  # of a Parquet file, before they are packed
_BOM = b"\xef\xbb\xbf"
_CLIPBOARD = CsvStyle(separator="\t", bom=False)


class TableWriter(Protocol):
    """A table file in the making, at a temporary name until it is finished."""

    def write(self, batch: pa.RecordBatch) -> None:
        """Write rows, of the same columns in each call.

        Raises DiskError, and DataError for more rows than a workbook holds; then nothing is left of the file.
        """

    def finish(self, sheets: Mapping[str, pa.Table] = _NO_SHEETS) -> tuple[str, ...]:
        """Complete the file, with more sheets if it is a workbook; return what is to be said of changed cells.

        Raises what `write` does.
        """

    def abandon(self) -> None:
        """Remove what was written; after `finish`, do nothing."""


def open_writer(path: Path, schema: pa.Schema, style: CsvStyle = DEFAULT_STYLE) -> TableWriter:
    """Begin a table file of the kind that the suffix of `path` says: .csv, .tsv, .xlsx or .parquet.

    Text is UTF-8. A column of moments is written without the time of day until a batch holds one that is not
    midnight, and with it from that batch on. A text that a spreadsheet would run gets an apostrophe in a text
    file, and is a text cell in a workbook. Numbers keep all their digits.

    Its columns need names that differ. Raises ConfigError for another suffix, DataError for more columns than a
    workbook holds, DiskError when the disk refuses.
    """
    if not len(schema):
        raise DataError("There are no columns to write.")
    match path.suffix.lower():
        case ".csv":
            return _Writer(path, lambda temporary: _TextFile(temporary, schema, style))
        case ".tsv":
            return _Writer(path, lambda temporary: _TextFile(temporary, schema, replace(style, separator="\t")))
        case ".xlsx":
            return _Writer(path, lambda temporary: _WorkbookFile(temporary, schema))
        case ".parquet":
            return _Writer(path, lambda temporary: _ParquetFile(temporary, schema))
    raise ConfigError(f"'{path.name}' has an extension that is not written. Choose among: {', '.join(SUFFIXES)}.")


def write_table(
    table: pa.Table, path: Path, sheets: Mapping[str, pa.Table] = _NO_SHEETS, style: CsvStyle = DEFAULT_STYLE
) -> tuple[str, ...]:
    """Write a whole table, as `open_writer` does; return what is to be said of changed cells."""
    writer = open_writer(path, table.schema, style)
    for batch in table.to_batches():
        writer.write(batch)
    return writer.finish(sheets)


def to_tsv(table: pa.Table) -> str:
    """Return the table as tab-separated text, one line a row, ready to be pasted into a spreadsheet."""
    batches = table.to_batches()
    timed = [False] * table.num_columns
    for batch in batches:
        note_times(timed, batch)
    parts = [header_line(table.column_names, _CLIPBOARD, flat=True)]
    parts += [lines(block, _CLIPBOARD, timed, flat=True) for batch in batches for block in blocks(batch)]
    return b"".join(parts).decode("utf-8", "replace")


class _File(Protocol):
    """What a writer fills: a file of one kind, at its temporary path."""

    def add(self, batch: pa.RecordBatch) -> None: ...

    def end(self, sheets: Mapping[str, pa.Table]) -> tuple[str, ...]: ...

    def close(self) -> None: ...


class _Writer:
    """Fills a file in a hidden folder beside its path, and moves it there when it is whole.

    The folder also takes what is needed on the way. It goes in the end, and after any error.
    """

    def __init__(self, path: Path, begin: Callable[[Path], _File]) -> None:
        self._path = path
        self._folder: Path | None = None
        self._file: _File | None = None
        with self._or_nothing():
            self._folder = Path(tempfile.mkdtemp(dir=path.parent, prefix=".writing-"))
            self._temporary = self._folder / path.name
            self._file = begin(self._temporary)

    def write(self, batch: pa.RecordBatch) -> None:
        with self._or_nothing():
            self._open_file().add(batch)

    def finish(self, sheets: Mapping[str, pa.Table] = _NO_SHEETS) -> tuple[str, ...]:
        with self._or_nothing():
            said = self._open_file().end(sheets)
            self._file = None
            sync(self._temporary)
            os.replace(self._temporary, self._path)
            self.abandon()
            sync(self._path.parent)
        return said

    def abandon(self) -> None:
        if self._file is not None:
            with suppress(OSError):  # of a full disk
                self._file.close()
            self._file = None
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None

    def _open_file(self) -> _File:
        if self._file is None:
            raise ValueError("The file was finished or abandoned.")
        return self._file

    @contextmanager
    def _or_nothing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            self.abandon()
            raise DiskError(disk_sentence(error, self._path)) from error
        except BaseException:
            self.abandon()
            raise


class _TextFile:
    def __init__(self, path: Path, schema: pa.Schema, style: CsvStyle) -> None:
        self._style = style
        self._timed = [False] * len(schema)
        self._file = path.open("wb")
        self._unwritten = [_BOM if style.bom else b"", header_line(schema.names, style)]

    def add(self, batch: pa.RecordBatch) -> None:
        self._start()
        note_times(self._timed, batch)
        for block in blocks(batch):
            self._file.write(lines(block, self._style, self._timed))

    def end(self, sheets: Mapping[str, pa.Table]) -> tuple[str, ...]:
        self._start()
        self._file.close()
        return ()

    def close(self) -> None:
        self._file.close()

    def _start(self) -> None:
        self._file.writelines(self._unwritten)
        self._unwritten = []


class _ParquetFile:
    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self._schema = schema
        self._file = path.open("wb")
        self._parquet = pq.ParquetWriter(self._file, schema, compression="zstd")
        self._waiting: list[pa.RecordBatch] = []

    def add(self, batch: pa.RecordBatch) -> None:
        self._waiting.append(batch)
        if sum(waiting.nbytes for waiting in self._waiting) >= _ROW_GROUP_BYTES:
            self._write_group()

    def end(self, sheets: Mapping[str, pa.Table]) -> tuple[str, ...]:
        self._write_group()
        self._parquet.close()
        self._file.close()
        return ()

    def close(self) -> None:
        self._parquet.is_open = False  # else it would write its footer when it is collected
        self._file.close()

    def _write_group(self) -> None:
        if self._waiting:
            self._parquet.write_table(pa.Table.from_batches(self._waiting, self._schema))
            self._waiting = []


class _WorkbookFile:
    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self._workbook = Workbook(path)
        self._sheet = self._workbook.add_sheet(MAIN_SHEET, schema)

    def add(self, batch: pa.RecordBatch) -> None:
        self._sheet.add(batch)

    def end(self, sheets: Mapping[str, pa.Table]) -> tuple[str, ...]:
        self._sheet.end()
        for name, table in sheets.items():
            sheet = self._workbook.add_sheet(name, table.schema)
            for batch in table.to_batches():
                sheet.add(batch)
            sheet.end()
        return self._workbook.finish()

    def close(self) -> None:
        self._workbook.close()
