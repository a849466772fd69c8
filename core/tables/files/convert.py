"""Turn any table file into `table.parquet` and `report.json`, or one sentence. Runs in the reader."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa
import pyarrow.parquet as pq

from core.errors import TableFileError
from core.tables.files.content import FileKind, file_kind
from core.tables.files.parquet import ParquetSource
from core.tables.files.profile import profile_column
from core.tables.files.text import open_text
from core.tables.report import ColumnProfile, ReadReport

TABLE_NAME = "table.parquet"
REPORT_NAME = "report.json"
CELLS_AT_ONCE = 4_000_000


@dataclass(frozen=True)
class OpenedTable:
    """A table that is decided but not yet read through."""

    schema: pa.Schema
    batches: Iterator[pa.RecordBatch]
    report: ReadReport  # without its rows and columns


def convert_file(source: Path, folder: Path, sheet_name: str | None = None) -> ReadReport:
    """Write the table in `source` to `folder`, whole or not at all, and return the report."""
    with TemporaryDirectory(dir=folder, prefix="reading-") as scratch_name:
        scratch = Path(scratch_name)
        opened = open_table(source, scratch, sheet_name)
        n_rows = _write_parquet(opened, scratch / TABLE_NAME)
        if not n_rows:
            raise TableFileError("The file has no rows. Choose a file with a header and rows.")
        report = _complete(opened, scratch / TABLE_NAME, n_rows)
        (scratch / REPORT_NAME).write_text(report.to_json(), encoding="utf-8")
        for name in (TABLE_NAME, REPORT_NAME):
            _flush(scratch / name)
            (scratch / name).replace(folder / name)
    _flush(folder)
    return report


def open_table(source: Path, scratch: Path, sheet_name: str | None = None) -> OpenedTable:
    """Look at `source`, by its content, and decide its columns."""
    kind = file_kind(source)
    if kind == "text":
        text = open_text(source, scratch)
        report = ReadReport("csv", 0, 0, text.encoding, text.separator, notices=text.notices)
        return OpenedTable(text.schema, text.batches(), report)
    if kind == "parquet":
        parquet = ParquetSource(source)
        report = ReadReport("parquet", 0, 0, notices=parquet.columns.notices)
        return OpenedTable(parquet.schema, parquet.batches(), report)
    return _open_workbook(source, kind, sheet_name)


def _open_workbook(source: Path, kind: FileKind, sheet_name: str | None) -> OpenedTable:
    from core.tables.files.workbook import open_sheet

    table, sheets = open_sheet(source, kind, sheet_name)
    report = ReadReport(kind, 0, 0, sheet=table.sheet.name, sheets=tuple(sheets), notices=table.notices)
    return OpenedTable(table.schema, table.batches(), report)


def _write_parquet(opened: OpenedTable, path: Path) -> int:
    n_rows = 0
    with pq.ParquetWriter(path, opened.schema) as writer:
        for batch in opened.batches:
            writer.write_batch(batch)
            n_rows += batch.num_rows
    return n_rows


def _complete(opened: OpenedTable, path: Path, n_rows: int) -> ReadReport:
    columns = tuple(_profiles(path, opened.schema.names, n_rows))
    return replace(opened.report, n_rows=n_rows, n_columns=len(columns), columns=columns)


def _profiles(path: Path, names: list[str], n_rows: int) -> Iterator[ColumnProfile]:
    """Yield the profile of each column, with only a few columns in memory at a time."""
    at_once = max(1, CELLS_AT_ONCE // n_rows)
    with pq.ParquetFile(path) as file:
        for start in range(0, len(names), at_once):
            table = file.read(columns=names[start : start + at_once])
            for name in names[start : start + at_once]:
                yield profile_column(name, table.column(name))


def _flush(path: Path) -> None:
    """Make sure that what was written is on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
