"""Columns and whole tables as the reader gives them, made from plain lists."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core.tables.files.profile import profile_column
from core.tables.kept import keeping
from core.tables.options import AUTOMATIC, ReadOptions
from core.tables.report import ReadReport
from core.tables.understand.column import Column
from core.tables.understand.suggestion import Suggestion
from core.tables.understand.table import understand

Look = Callable[..., tuple[Suggestion, ...]]


def column(cells: Sequence[Any] | np.ndarray, name: str = "x", n_rows: int | None = None) -> Column:
    """Return a column of `cells`, of the type that Arrow gives them."""
    return Column(name, pa.chunked_array([pa.array(cells)]), n_rows)


def write_table(
    path: Path, cells: Mapping[str, Any], rows_a_group: int = 65_536, options: ReadOptions = AUTOMATIC
) -> ReadReport:
    """Write a table as the reader would under these choices, and return its report."""
    table = pa.table({name: pa.array(values) for name, values in cells.items()})
    pq.write_table(table, path, row_group_size=rows_a_group)
    columns = tuple(
        profile_column(name, table.column(name), keeping(options.of_column(name).kept_words))
        for name in table.column_names
    )
    return ReadReport("csv", table.num_rows, len(columns), columns=columns, options=options)


@pytest.fixture
def look(tmp_path: Path) -> Look:
    """Give a function that returns what is noticed in a table of columns."""

    def noticed(options: ReadOptions = AUTOMATIC, **cells: Any) -> tuple[Suggestion, ...]:
        report = write_table(tmp_path / "table.parquet", cells, options=options)
        return understand(tmp_path / "table.parquet", report)

    return noticed
