"""A table that is decided but not yet read through."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa

from core.tables.report import ReadReport


@dataclass(frozen=True)
class OpenedTable:
    """The columns of a table and its rows, to be read once; the report is without rows and columns."""

    schema: pa.Schema
    batches: Iterator[pa.RecordBatch]
    report: ReadReport
