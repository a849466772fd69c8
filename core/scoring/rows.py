"""Where the rows for a prediction come from: the user's own cells as they stand, and what they mean to the model."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from core.errors import TableFileError
from core.scoring.write import CsvStyle
from core.tables.files.columns import apply_plan
from core.tables.files.content import file_kind
from core.tables.files.convert import TABLE_NAME, changes_known, convert_file
from core.tables.files.delimited import OnBytes
from core.tables.files.parquet import ParquetSource
from core.tables.files.text import TextTable, spool_text
from core.tables.options import AUTOMATIC, ReadOptions
from core.tables.read import frame_of
from core.tables.sandbox import read_in_sandbox

ROWS_A_CHUNK = 32_768
USUAL_STYLE = CsvStyle()


@dataclass(frozen=True)
class Chunk:
    """Some rows: their cells as they stand, typed as their columns are if that was asked for, and for the model."""

    own: pa.RecordBatch
    typed: pa.RecordBatch
    frame: pd.DataFrame


class RowSource(Protocol):
    """A table that can be gone through once."""

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of its columns."""

    @property
    def n_rows(self) -> int:
        """Return how many rows it has."""

    @property
    def notices(self) -> tuple[str, ...]:
        """Return what reading changed, a sentence each."""

    @property
    def style(self) -> CsvStyle:
        """Return how the file it came from is written, so that predictions can be written alike."""

    def schema(self, *, typed: bool) -> pa.Schema:
        """Return the columns of the rows as they stand, or typed."""

    def chunks(self, used: Collection[str], *, typed: bool) -> Iterator[Chunk]:
        """Yield the rows in order, with the columns in `used` for the model."""


@dataclass(frozen=True)
class TextRows:
    """The rows of a text file. They are written back as they stand in it, or typed as its columns are."""

    table: TextTable

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of its columns."""
        return self.table.names

    @property
    def n_rows(self) -> int:
        """Return how many rows it has."""
        return self.table.spooled.n_rows

    @property
    def notices(self) -> tuple[str, ...]:
        """Return what reading changed, a sentence each."""
        return self.table.report.notices

    @property
    def style(self) -> CsvStyle:
        """Return how the file is written, so that predictions can be written alike."""
        separator, decimal = self.table.report.separator, self.table.report.decimal
        return CsvStyle(separator=separator if separator in (",", ";", "\t", "|") else ",", decimal=decimal or ".")

    def schema(self, *, typed: bool) -> pa.Schema:
        """Return the columns as they are written back."""
        return self.table.schema if typed else pa.schema([(name, pa.string()) for name in self.names])

    def chunks(self, used: Collection[str], *, typed: bool) -> Iterator[Chunk]:
        """Yield the rows in order."""
        for whole in self.table.spooled.batches():
            for start in range(0, whole.num_rows, ROWS_A_CHUNK):
                yield self._chunk(whole.slice(start, ROWS_A_CHUNK), used, typed)

    def _chunk(self, batch: pa.RecordBatch, used: Collection[str], typed: bool) -> Chunk:
        texts = {name: batch.column(at) for name, at in zip(self.names, self.table.at, strict=True)}
        plans = dict(zip(self.names, self.table.plans, strict=True))
        read = {name: apply_plan(texts[name], plans[name]) for name in (self.names if typed else used)}
        own = pa.RecordBatch.from_arrays(list(texts.values()), schema=self.schema(typed=False))
        as_typed = pa.RecordBatch.from_arrays(list(read.values()), schema=self.table.schema) if typed else own
        return Chunk(own, as_typed, frame_of(pa.table({name: read[name] for name in used})))


@dataclass(frozen=True)
class TypedRows:
    """The rows of a Parquet file, or of a workbook that was turned into one."""

    path: Path
    notices: tuple[str, ...] = ()
    style: CsvStyle = USUAL_STYLE

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of its columns."""
        return tuple(self._source.schema.names)

    @property
    def n_rows(self) -> int:
        """Return how many rows it has."""
        return int(pq.read_metadata(self.path).num_rows)

    def schema(self, *, typed: bool) -> pa.Schema:
        """Return the columns as they are written back."""
        return self._source.schema

    def chunks(self, used: Collection[str], *, typed: bool) -> Iterator[Chunk]:
        """Yield the rows in order."""
        for whole in self._source.batches():
            for start in range(0, whole.num_rows, ROWS_A_CHUNK):
                batch = whole.slice(start, ROWS_A_CHUNK)
                yield Chunk(batch, batch, _frame(batch, used))

    @cached_property
    def _source(self) -> ParquetSource:
        return ParquetSource(self.path)


@dataclass(frozen=True)
class FrameRows:
    """The rows of a frame."""

    frame: pd.DataFrame
    notices: tuple[str, ...] = ()
    style: CsvStyle = USUAL_STYLE

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of its columns."""
        return tuple(map(str, self.frame.columns))

    @property
    def n_rows(self) -> int:
        """Return how many rows it has."""
        return len(self.frame)

    def schema(self, *, typed: bool) -> pa.Schema:
        """Return the columns as they are written back."""
        return pa.Schema.from_pandas(self.frame, preserve_index=False).remove_metadata()

    def chunks(self, used: Collection[str], *, typed: bool) -> Iterator[Chunk]:
        """Yield the rows in order."""
        schema = self.schema(typed=typed)
        for start in range(0, len(self.frame), ROWS_A_CHUNK):
            part = self.frame.iloc[start : start + ROWS_A_CHUNK]
            own = pa.RecordBatch.from_pandas(part, schema=schema, preserve_index=False).replace_schema_metadata(None)
            yield Chunk(own, own, part[list(used)])


@contextmanager
def rows_of_file(
    path: Path,
    options: ReadOptions = AUTOMATIC,
    *,
    scratch_in: Path | None = None,
    known: Path | None = None,
    on_bytes: OnBytes | None = None,
) -> Iterator[RowSource]:
    """Open the rows of a table file, by its content, for as long as the block runs.

    What has to be written on the way goes below `scratch_in`. `known` is the table that a workbook has become
    already. Raises TableFileError in one sentence for what is no table, or has no rows.
    """
    with TemporaryDirectory(dir=scratch_in, prefix=".rows-", ignore_cleanup_errors=True) as name:
        source = _open(path, Path(name), options, known, on_bytes)
        if not source.n_rows:
            raise TableFileError("The file has no rows. Choose a file with a header and rows.")
        yield source


def _open(path: Path, scratch: Path, options: ReadOptions, known: Path | None, on_bytes: OnBytes | None) -> RowSource:
    kind = file_kind(path)
    if kind == "text" and options.duplicates == "keep":
        return TextRows(spool_text(path, scratch, options, on_bytes))
    if known is None:
        read = convert_file if kind in ("text", "parquet") else read_in_sandbox
        read(path, scratch, options)
        known = scratch / TABLE_NAME
    return TypedRows(known, tuple(changes_known(known).get("changes", ())))


def _frame(batch: pa.RecordBatch, used: Collection[str]) -> pd.DataFrame:
    return frame_of(pa.table({name: batch.column(name) for name in used}))
