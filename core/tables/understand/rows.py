"""Read the columns of a table one after the other: all rows, or of a long table evenly spread blocks of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

MOST_ROWS = 1_000_000
CELLS_AT_ONCE = 4_000_000


class TableRows:
    """The rows of a Parquet table that are looked at, at most about a million.

    `places` are their positions in the table, from 0: `(n_looked,)`.
    """

    def __init__(self, table_path: Path) -> None:
        self._path = table_path
        with pq.ParquetFile(table_path) as file:
            metadata = file.metadata
            sizes = [metadata.row_group(group).num_rows for group in range(metadata.num_row_groups)]
        self.n_rows = sum(sizes)
        self._groups = _spread(len(sizes), self.n_rows)
        starts = np.cumsum([0, *sizes])
        parts = [np.arange(starts[group], starts[group + 1]) for group in self._groups]
        self.places: NDArray[np.int64] = np.concatenate(parts) if parts else np.zeros(0, dtype=np.int64)

    @property
    def is_sample(self) -> bool:
        """Tell whether there are rows that are not looked at."""
        return bool(len(self.places) < self.n_rows)

    def columns(self, names: Sequence[str]) -> Iterator[tuple[str, pa.ChunkedArray]]:
        """Yield each column with its name, only a few of them in memory at a time."""
        at_once = max(1, CELLS_AT_ONCE // max(1, len(self.places)))
        with pq.ParquetFile(self._path) as file:
            for start in range(0, len(names), at_once):
                table = file.read_row_groups(self._groups, columns=list(names[start : start + at_once]))
                for name in names[start : start + at_once]:
                    yield name, table.column(name)


def _spread(n_groups: int, n_rows: int) -> list[int]:
    """Return the row groups to read: all, or evenly spread ones with about a million rows."""
    if n_rows <= MOST_ROWS:
        return list(range(n_groups))
    wanted = max(1, n_groups * MOST_ROWS // n_rows)
    return sorted({int(group) for group in np.linspace(0, n_groups - 1, wanted).round()})
