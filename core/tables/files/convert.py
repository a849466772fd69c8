"""Turn any table file into `table.parquet` and `report.json`, or one sentence. Runs in the reader."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from core.errors import TableFileError
from core.tables.files.content import FileKind, file_kind
from core.tables.files.names import MAX_SHOWN, columns_notice, shown
from core.tables.files.opened import OpenedTable
from core.tables.files.overrides import checked_names, chosen_column
from core.tables.files.parquet import ParquetSource
from core.tables.files.profile import profile_column
from core.tables.files.text import open_text
from core.tables.kept import keeping
from core.tables.options import AUTOMATIC, ReadOptions
from core.tables.report import ColumnProfile, Notice, ReadReport
from core.tables.understand.table import understand

TABLE_NAME = "table.parquet"
REPORT_NAME = "report.json"
PROGRESS_NAME = "progress.json"
OPTIONS_KEY, CHANGES_KEY = b"rowsmith.reading", b"rowsmith.changes"
PROGRESS_SECONDS = 0.2
CELLS_AT_ONCE = 4_000_000
READING, PROFILING, UNDERSTANDING = 0.35, 0.2, 0.1  # about what each takes of the time

Tell = Callable[[str, float], None]


def convert_file(source: Path, folder: Path, options: ReadOptions = AUTOMATIC) -> ReadReport:
    """Write the table in `source` to `folder`, whole or not at all, and return the report.

    Meanwhile `progress.json` there says how far it is.
    """
    tell = _teller(folder / PROGRESS_NAME)
    with TemporaryDirectory(dir=folder, prefix="reading-") as scratch_name:
        scratch = Path(scratch_name)
        size = source.stat().st_size
        opened = open_table(source, scratch, options, lambda done: tell("Reading", READING * done / size))
        n_rows = write_parquet(opened, scratch / TABLE_NAME, lambda: tell("Writing", READING))
        if not n_rows:
            raise TableFileError("The file has no rows. Choose a file with a header and rows.")
        changes = _choose_columns(opened, scratch / TABLE_NAME, options)
        n_twice, twice = _leave_out_twins(scratch / TABLE_NAME) if options.duplicates == "leave_out" else (0, ())
        report = opened.report
        report = replace(report, changes=report.changes + changes + twice, n_left_out=report.n_left_out + n_twice)
        if changes or twice:
            _note(scratch / TABLE_NAME, report)
        report = _complete(report, scratch / TABLE_NAME, tell)
        (scratch / REPORT_NAME).write_text(report.to_json(), encoding="utf-8")
        for name in (TABLE_NAME, REPORT_NAME):
            _flush(scratch / name)
            (scratch / name).replace(folder / name)
    (folder / PROGRESS_NAME).unlink(missing_ok=True)
    _flush(folder)
    return report


def open_table(
    source: Path,
    scratch: Path,
    options: ReadOptions = AUTOMATIC,
    on_bytes: Callable[[int], None] | None = None,
) -> OpenedTable:
    """Look at `source`, by its content, and decide its columns."""
    kind = file_kind(source)
    if kind == "text":
        return open_text(source, scratch, options, on_bytes)
    if kind == "parquet":
        parquet = ParquetSource(source)
        checked_names(parquet.schema.names, options)
        report = ReadReport("parquet", 0, 0, changes=parquet.columns.changes, options=options)
        return OpenedTable(parquet.schema, parquet.batches(), report)
    return _open_workbook(source, kind, options)


def _open_workbook(source: Path, kind: FileKind, options: ReadOptions) -> OpenedTable:
    from core.tables.files.workbook import open_sheet

    table, sheets = open_sheet(source, kind, options)
    checked_names(table.schema.names, options)
    report = ReadReport(
        kind, 0, 0,
        header_row=table.header_row,
        sheet=table.sheet.name,
        sheets=tuple(sheets),
        changes=table.changes,
        evidence=table.evidence,
        options=options,
        n_left_out=table.n_left_out,
    )  # fmt: skip
    return OpenedTable(table.schema, table.batches(), report)


def _teller(path: Path) -> Tell:
    """Return what writes how far reading is, at most a few times a second."""
    told_at = 0.0

    def tell(phase: str, share: float) -> None:
        nonlocal told_at
        if time.monotonic() - told_at < PROGRESS_SECONDS:
            return
        told_at = time.monotonic()
        with suppress(OSError):  # a full disk shows where it matters
            path.write_text(json.dumps({"phase": phase, "share": min(1.0, share)}))

    return tell


def was_read_with(path: Path, options: ReadOptions) -> bool:
    """Tell whether a Parquet file is what `convert_file` made under the very same choices."""
    return _reading_key(path) == options.key.encode()


def reading_noted(path: Path) -> ReadOptions:
    """Return the choices but for the sheet that `convert_file` made a Parquet file under; none of any other file."""
    key = _reading_key(path) or b""
    try:
        return ReadOptions.from_dict(json.loads(key)) if key.startswith(b"{") else AUTOMATIC
    except (ValueError, TypeError):
        return AUTOMATIC


def _reading_key(path: Path) -> bytes | None:
    try:
        metadata = pq.read_schema(path).metadata or {}
    except (pa.ArrowException, OSError):
        return None
    return metadata.get(OPTIONS_KEY)


def changes_known(path: Path) -> dict[str, Any]:
    """Return what `convert_file` noted in a Parquet file of its own: `changes`, in sentences, and `n_left_out`."""
    try:
        metadata = pq.read_schema(path).metadata or {}
        found = json.loads(metadata.get(CHANGES_KEY, b"{}"))
    except (pa.ArrowException, OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def changes_of(report: ReadReport) -> dict[str, Any]:
    """Return what reading changed, as `changes_known` gives it."""
    return {"changes": list(report.notices), "n_left_out": report.n_left_out}


def _metadata(report: ReadReport) -> dict[bytes, bytes]:
    return {OPTIONS_KEY: report.options.key.encode(), CHANGES_KEY: json.dumps(changes_of(report)).encode()}


def write_parquet(opened: OpenedTable, path: Path, on_batch: Callable[[], object] = lambda: None) -> int:
    """Write the rows of a table to `path`, with what reading changed; return how many there are."""
    n_rows = 0
    schema = opened.schema.with_metadata(_metadata(opened.report))
    with pq.ParquetWriter(path, schema) as writer:
        for batch in opened.batches:
            writer.write_batch(batch.replace_schema_metadata(schema.metadata))
            n_rows += batch.num_rows
            on_batch()
    return n_rows


def _choose_columns(opened: OpenedTable, path: Path, options: ReadOptions) -> tuple[Notice, ...]:
    """Write columns again that are read in another way than their file types them.

    Those are the ones chosen to be so, and texts of a workbook that are numbers with marks. The columns of
    a text file are decided already.
    """
    if opened.report.kind == "csv" or (opened.report.kind == "parquet" and not options.key):
        return ()
    texts = [field.name for field in opened.schema if pa.types.is_string(field.type)]
    chosen = opened.schema.names if options.missing_words else [*texts, *options.columns]
    changed: dict[str, pa.ChunkedArray] = {}
    changes: tuple[Notice, ...] = ()
    with pq.ParquetFile(path) as file:
        for name in dict.fromkeys(chosen):
            column = file.read(columns=[name]).column(name)
            read, notices = chosen_column(name, column, options)
            changes += notices
            if read is not column:
                changed[name] = read
        if not changed:
            return changes
        table = file.read()
    for name, read in changed.items():
        table = table.set_column(table.schema.get_field_index(name), name, read)
    pq.write_table(table, path)
    marked = [name for name in changed if name in texts and name not in options.columns]
    return changes + columns_notice("Numbers that the file holds as text were recognised in", marked)


def _leave_out_twins(path: Path) -> tuple[int, tuple[Notice, ...]]:
    """Keep the first of rows that are equal cell by cell; return how many were left out, and a notice on them."""
    table = pq.read_table(path)
    is_twin = table.to_pandas().duplicated().to_numpy()
    rows = is_twin.nonzero()[0] + 1
    if not len(rows):
        return 0, ()
    pq.write_table(table.filter(pa.array(~is_twin)), path)
    first = shown([f"{row:,}" for row in rows[: MAX_SHOWN + 1].tolist()])
    sentence = f"Rows equal to one above them were left out, as chosen: {len(rows):,}, the first row {first}."
    return len(rows), (Notice(sentence, len(rows), tuple(rows[:100].tolist())),)


def _note(path: Path, report: ReadReport) -> None:
    """Write what reading changed into the Parquet file itself."""
    table = pq.read_table(path)
    pq.write_table(table.replace_schema_metadata(_metadata(report)), path)


def _complete(report: ReadReport, path: Path, tell: Tell) -> ReadReport:
    with pq.ParquetFile(path) as file:
        n_rows = file.metadata.num_rows
    columns = tuple(_profiles(path, n_rows, report.options, tell))
    report = replace(report, n_rows=n_rows, n_columns=len(columns), columns=columns)
    tell("Understanding the columns", 1 - UNDERSTANDING)
    return replace(report, suggestions=understand(path, report))


def _profiles(path: Path, n_rows: int, options: ReadOptions, tell: Tell) -> Iterator[ColumnProfile]:
    """Yield the profile of each column, with only a few columns in memory at a time."""
    at_once = max(1, CELLS_AT_ONCE // n_rows)
    with pq.ParquetFile(path) as file:
        names = file.schema_arrow.names
        for start in range(0, len(names), at_once):
            tell("Looking at the columns", 1 - UNDERSTANDING - PROFILING * (1 - start / len(names)))
            table = file.read(columns=names[start : start + at_once])
            for name in names[start : start + at_once]:
                yield profile_column(name, table.column(name), keeping(options.of_column(name).kept_words))


def _flush(path: Path) -> None:
    """Make sure that what was written is on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
