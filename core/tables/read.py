"""Read a table file into a frame. What a file is, its content says, not its name."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from os import PathLike
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from core.errors import AppError, TableFileError
from core.tables.blanks import keep_words
from core.tables.files.content import file_kind, looks_like_workbook
from core.tables.files.convert import (
    TABLE_NAME,
    changes_known,
    changes_of,
    convert_file,
    open_table,
    was_read_with,
    write_parquet,
)
from core.tables.options import AUTOMATIC, ReadOptions
from core.tables.sandbox import read_in_sandbox, sheets_in_sandbox
from core.tables.stored import Scratch, StoredTable, series_of

READING = "reading"  # where the attributes of a frame say what its reading changed
LARGE_BYTES = 1 << 25  # of a file
LARGE_CELLS = 4_000_000  # of a Parquet file, which may be small for its cells
EXTENSIONS = (".csv", ".tsv", ".txt", ".xlsx", ".xlsm", ".xlsb", ".xls", ".ods", ".parquet")


def load_tabular_file(
    path: str | PathLike[str], sheet_name: str | None = None, options: ReadOptions | None = None
) -> pd.DataFrame:
    """Return the table at `path`: of a workbook, the sheet named or the first visible one with cells.

    `options` are choices about reading, as the app offers them; what they leave open is decided alike.

    Whole numbers are int64, or Int64 where cells are missing; other numbers float64; dates
    datetime64[us]; all else text as it stands in the file, so that 007 and NA stay what they are. Words
    that were chosen to be kept are texts to all that follows. What reading changed or left out stands in
    the frame's `attrs`, under "reading".
    Raises TableFileError (a ValueError) for an unknown extension or a file that is no table, and
    FileNotFoundError.
    """
    path, options = _checked(path), _choices(options, sheet_name)
    return _with_words_kept(_load(path, options), options)


def load_large_file(
    path: str | PathLike[str], sheet_name: str | None = None, options: ReadOptions | None = None
) -> StoredTable:
    """Return the same table without holding it in memory: a Parquet file is read where it lies, any other becomes one.

    Raises what `load_tabular_file` raises.
    """
    path, options = _checked(path), _choices(options, sheet_name)
    scratch = Scratch()
    stored, changes = _parquet_of(path, scratch.path, options)
    table = StoredTable(stored, {READING: changes}, scratch=scratch)
    words = {name: options.of_column(name).kept_words for name in table.columns}
    if not any(words.values()):
        return table
    return table.through(lambda name, values: [(name, keep_words(values, words[name]))])


def is_large(path: str | PathLike[str]) -> bool:
    """Return whether a table file is better not held in memory; a missing file is small."""
    path = Path(path)
    if not path.is_file():
        return False
    if path.stat().st_size >= LARGE_BYTES:
        return True
    with suppress(AppError, pa.ArrowException, OSError):  # which reading will say
        if file_kind(path) == "parquet":
            metadata = pq.read_metadata(path)
            return int(metadata.num_rows) * int(metadata.num_columns) >= LARGE_CELLS
    return False


def _parquet_of(path: Path, folder: Path, options: ReadOptions) -> tuple[Path, dict[str, Any]]:
    """Return a Parquet file with columns of plain types, the file itself where it is one, and what reading changed."""
    if looks_like_workbook(path):
        return folder / TABLE_NAME, changes_of(read_in_sandbox(path, folder, options))
    opened = open_table(path, folder, options)
    if opened.report.kind == "parquet":
        if was_read_with(path, options) and pq.read_schema(path).equals(opened.schema):
            return path, changes_known(path)
        if options.key:
            return folder / TABLE_NAME, changes_of(convert_file(path, folder, options))
    write_parquet(opened, folder / TABLE_NAME)
    for other in folder.iterdir():  # the rows of a text, as large as the file
        if other.name != TABLE_NAME:
            other.unlink()
    return folder / TABLE_NAME, changes_known(path) if opened.report.kind == "parquet" else changes_of(opened.report)


def _choices(options: ReadOptions | None, sheet_name: str | None) -> ReadOptions:
    options = (options or AUTOMATIC).checked()
    return options if sheet_name is None else replace(options, sheet=sheet_name)


def _load(path: Path, options: ReadOptions) -> pd.DataFrame:
    with TemporaryDirectory(prefix="rowsmith-") as name:
        folder = Path(name)
        if looks_like_workbook(path):
            report = read_in_sandbox(path, folder, options)
            return _noted(frame_of(pq.read_table(folder / TABLE_NAME)), changes_of(report))
        opened = open_table(path, folder, options)
        if opened.report.kind == "parquet" and options.key and not was_read_with(path, options):
            report = convert_file(path, folder, options)
            return _noted(frame_of(pq.read_table(folder / TABLE_NAME)), changes_of(report))
        known = changes_known(path) if opened.report.kind == "parquet" else changes_of(opened.report)
        return _noted(frame_of(pa.Table.from_batches(opened.batches, opened.schema)), known)


def list_sheets(path: str | PathLike[str]) -> list[str]:
    """Return the visible sheets of a workbook, or nothing for another file."""
    path = _checked(path)
    return sheets_in_sandbox(path) if looks_like_workbook(path) else []


def frame_of(table: pa.Table) -> pd.DataFrame:
    """Return an Arrow table as a frame whose whole numbers stay whole where cells are missing."""
    columns = {name: series_of(table.column(name)) for name in table.column_names}
    return pd.DataFrame(columns)


def _with_words_kept(frame: pd.DataFrame, options: ReadOptions) -> pd.DataFrame:
    for name in frame.columns:
        if words := options.of_column(str(name)).kept_words:
            frame[name] = keep_words(frame[name], words)
    return frame


def _noted(frame: pd.DataFrame, reading: dict[str, Any]) -> pd.DataFrame:
    frame.attrs[READING] = reading
    return frame


def _checked(path: str | PathLike[str]) -> Path:
    path = Path(path)
    if path.suffix.lower() not in EXTENSIONS:
        raise TableFileError(
            f"'{path.name}' has the unknown extension '{path.suffix}'. Known are {_in_words(EXTENSIONS)}."
        )
    if not path.exists():
        raise FileNotFoundError(f"There is no file '{path}'.")
    return path


def _in_words(extensions: Iterable[str]) -> str:
    *first, last = extensions
    return f"{', '.join(first)} and {last}"
