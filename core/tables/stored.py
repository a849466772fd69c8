"""A table that stays in its Parquet file: one column of it is in memory at a time, or some rows of all."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from typing import Any, TypeVar, cast
from weakref import finalize

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

ROWS_A_BATCH, CELLS_A_BATCH = 65_536, 1 << 22

Piece = tuple[str, pd.Series]
Step = Callable[[str, pd.Series], Iterable[Piece]]


class Scratch:
    """A folder that is deleted with the last thing that refers to it."""

    def __init__(self) -> None:
        self.path = Path(mkdtemp(prefix="rowsmith-"))
        finalize(self, rmtree, self.path, ignore_errors=True)


@dataclass(frozen=True)
class StoredTable:
    """The table in a Parquet file whose columns are all of a plain type; texts come as categories.

    Each of `steps` makes of a column none, one or several, from its own cells alone, once it is read.
    `scratch` is the folder of a file that is not kept longer than this.
    """

    path: Path
    attrs: Mapping[str, Any] = field(default_factory=dict)
    steps: tuple[Step, ...] = ()
    scratch: Scratch | None = None

    def __len__(self) -> int:
        return self._n_rows

    def __getitem__(self, name: str) -> pd.Series:
        source = next(source for source, made in self._made.items() if name in made)
        with self._open() as file:
            [(_, cells)] = _read(file, [source])
        return next(values for found, values in self._pieces(source, cells) if found == name)

    @property
    def columns(self) -> list[str]:
        """Return the names of the columns, as the steps leave them."""
        return [name for made in self._made.values() for name in made]

    def items(self) -> Iterator[Piece]:
        """Yield every column with its name, as a frame does; forget some before the next are read."""
        sources = [source for source, made in self._made.items() if made]
        together = max(1, CELLS_A_BATCH // max(1, len(self)))
        with self._open() as file:  # once: opening it takes the longer, the more columns there are
            for first in range(0, len(sources), together):
                for source, values in _read(file, sources[first : first + together]):
                    yield from self._pieces(source, values)

    def batches(self) -> Iterator[pd.DataFrame]:
        """Yield the rows in order, some at a time."""
        sources = [source for source, made in self._made.items() if made]
        with self._open() as file:
            for batch in file.iter_batches(self._rows_a_batch, columns=sources, use_threads=False):
                pieces: dict[str, pd.Series] = {}
                for source in sources:
                    pieces |= self._pieces(source, series_of(batch.column(source)))
                yield pd.DataFrame(pieces)
        _give_back()

    def take(self, positions: NDArray[np.intp]) -> pd.DataFrame:
        """Return the rows at `positions`, in their order, under the index 0, 1, …, texts as in any frame."""
        columns: dict[str, pd.Series] = {}
        for name, values in self.items():
            chosen = values.take(positions).reset_index(drop=True)
            columns[name] = chosen.astype(object) if isinstance(chosen.dtype, pd.CategoricalDtype) else chosen
        return pd.DataFrame(columns)

    def through(self, step: Step) -> StoredTable:
        """Return the table with one more step."""
        return replace(self, steps=(*self.steps, step))

    def drop(self, columns: Collection[str]) -> StoredTable:
        """Return the table without some columns, which are then not read either."""
        return self.through(lambda name, values: [] if name in columns else [(name, values)])

    def _pieces(self, source: str, values: pd.Series) -> Iterable[Piece]:
        pieces: Iterable[Piece] = [(source, values)]
        for step in self.steps:
            pieces = _through(step, pieces)
        return pieces

    def _open(self) -> pq.ParquetFile:
        return pq.ParquetFile(self.path, read_dictionary=self._texts)

    @cached_property
    def _schema(self) -> pa.Schema:
        return pq.read_schema(self.path)

    @property
    def _rows_a_batch(self) -> int:
        return max(1, min(ROWS_A_BATCH, CELLS_A_BATCH // max(1, len(self.columns))))

    @cached_property
    def _n_rows(self) -> int:
        return int(pq.read_metadata(self.path).num_rows)

    @cached_property
    def _texts(self) -> list[str]:
        return [entry.name for entry in self._schema if pa.types.is_string(entry.type)]

    @cached_property
    def _made(self) -> dict[str, list[str]]:
        """The names of the columns that each column of the file becomes."""
        empty = self._schema.empty_table()
        return {
            name: [made for made, _ in self._pieces(name, series_of(empty.column(name)))] for name in empty.column_names
        }


Table = pd.DataFrame | StoredTable
AnyTable = TypeVar("AnyTable", bound=Table)


def series_of(column: pa.ChunkedArray | pa.Array) -> pd.Series:
    """Return a column whose whole numbers stay whole where cells are missing."""
    nullable = {pa.int64(): pd.Int64Dtype(), pa.uint64(): pd.UInt64Dtype(), pa.bool_(): pd.BooleanDtype()}
    if column.null_count and column.type in nullable:
        return cast(pd.Series, column.to_pandas(types_mapper=nullable.get))
    return cast(pd.Series, column.to_pandas())


def _read(file: pq.ParquetFile, names: list[str]) -> Iterator[Piece]:
    """Yield some columns, which are read together and forgotten together."""
    table = file.read(columns=names, use_threads=False)
    for name in names:
        yield name, series_of(table.column(name))
    del table
    _give_back()


def _give_back() -> None:
    """Have the allocators return what reading has left unused: after many batches, a sixth of the memory in use."""
    pa.default_memory_pool().release_unused()
    with suppress(AttributeError, OSError, TypeError):  # only the C library of Linux can be asked
        ctypes.CDLL(None).malloc_trim(0)


def _through(step: Step, pieces: Iterable[Piece]) -> Iterator[Piece]:
    for name, values in pieces:
        yield from step(name, values)
