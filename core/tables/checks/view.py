"""The rows of a table as the checks see them: a sample of every column in use, and all rows as keys."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from core.tables.checks.check import MOST_CELLS, MOST_EXAMPLES, Example
from core.tables.checks.question import Question
from core.tables.kept import keeping
from core.tables.report import ColumnProfile, ReadReport
from core.tables.understand.rows import TableRows
from core.tables.understand.sample import (
    Sample,
    SampledColumn,
    code_cells,
    sample_column,
    sample_size,
    sampled_rows,
)
from core.tables.understand.suggestion import Kind, Suggestion
from core.tables.understand.twins import mix

MOST_LETTERS = 60

Keys = NDArray[np.uint64]


@dataclass(frozen=True)
class TableView:
    """What the checks of one question look at.

    `features` are the columns learned from, in the table's order. `target`, `keys` and `row_keys` are of all the
    rows looked at, whose positions in the table are `places`; `sample` is of fewer rows, at `sample_places`.
    Rows with the same key are the same in every feature, with the same row key in every column of the table.
    """

    path: Path
    question: Question
    report: ReadReport
    suggestions: tuple[Suggestion, ...]
    features: tuple[str, ...]
    places: NDArray[np.int64]
    target: SampledColumn
    keys: Keys
    row_keys: Keys
    sample: Sample
    sample_places: NDArray[np.int64]

    @property
    def profiles(self) -> Mapping[str, ColumnProfile]:
        """Return what reading found of each column."""
        return {column.name: column for column in self.report.columns}

    @property
    def n_rows(self) -> int:
        """Return the rows of the table."""
        return self.report.n_rows

    @property
    def is_sample(self) -> bool:
        """Tell whether there are rows that were not looked at."""
        return len(self.places) < self.n_rows

    @property
    def sample_target(self) -> SampledColumn:
        """Return the target of the sampled rows."""
        return self.sample[self.question.target]

    def noticed(self, *kinds: Kind, firm: bool = True) -> list[Suggestion]:
        """Return what was noticed in columns other than the target."""
        return [
            one
            for one in self.suggestions
            if one.kind in kinds and one.column != self.question.target and (one.is_firm or not firm)
        ]

    def examples(self, places: Iterable[int], columns: Sequence[str]) -> tuple[Example, ...]:
        """Return a few rows of the table, given by their positions from 0, with a few of their cells."""
        rows = [int(place) for place in places][:MOST_EXAMPLES]
        names = list(columns)[:MOST_CELLS]
        with pq.ParquetFile(self.path) as file:
            return tuple(Example(row + 1, _cells(file, row, names)) for row in rows)


def load_view(path: Path, report: ReadReport, question: Question, suggestions: tuple[Suggestion, ...]) -> TableView:
    """Read what the checks need of the Parquet table at `path`."""
    left_out = {question.target, *question.excluded}
    features = tuple(column.name for column in report.columns if column.name not in left_out)
    rows = TableRows(path)
    n_sample = sample_size(len(rows.places), len(features) + 1)
    keys, row_keys = (np.zeros(len(rows.places), dtype=np.uint64) for _ in range(2))
    sample: dict[str, SampledColumn] = {}
    target = SampledColumn(question.target, np.zeros(0, dtype=np.int64), ())
    for name, cells in rows.columns([column.name for column in report.columns]):
        bits = _bits(cells)
        row_keys = mix(row_keys, bits)
        coerce = keeping(report.options.of_column(name).kept_words)
        if name == question.target or name in features:
            sample[name] = sample_column(name, cells, n_sample, coerce)
        if name == question.target:
            target = code_cells(name, cells, coerce)
        elif name in features:
            keys = mix(keys, bits)
    return TableView(
        path, question, report, suggestions, features, rows.places, target, keys, row_keys, sample,
        rows.places[sampled_rows(len(rows.places), n_sample)],
    )  # fmt: skip


def _bits(cells: pa.ChunkedArray) -> Keys:
    """Return a number for each cell, the same for cells that stand the same in the table: `(n,)`."""
    if pa.types.is_string(cells.type):
        codes = cells.combine_chunks().dictionary_encode().indices.fill_null(-1)
        texts: Keys = codes.to_numpy(zero_copy_only=False).astype(np.int64).view(np.uint64)
        return texts
    if pa.types.is_timestamp(cells.type):
        cells = cells.cast(pa.int64())
    values = cells.to_numpy()
    if values.dtype == object:  # true and false with gaps
        values = cells.cast(pa.int8()).to_numpy()
    is_float = values.dtype == np.float64
    same = np.where(np.isnan(values), np.nan, values + 0.0) if is_float else values.astype(np.int64)  # no -0
    bits: Keys = same.view(np.uint64)
    return bits


def _cells(file: pq.ParquetFile, row: int, names: list[str]) -> dict[str, str]:
    """Return the cells of one row as text; a missing one is empty."""
    for group in range(file.metadata.num_row_groups):
        n_rows = file.metadata.row_group(group).num_rows
        if row < n_rows:
            cells = file.read_row_group(group, columns=names).slice(row, 1).to_pylist()[0]
            return {name: "" if cells[name] is None else str(cells[name])[:MOST_LETTERS] for name in names}
        row -= n_rows
    raise IndexError(row)
