"""Read a text table: UTF-8, dialect, rows, then the columns that are numbers.

The rows wait in a scratch file between the two passes, so that memory does not grow with the file.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from core.errors import TableFileError
from core.tables.files.columns import ColumnPlan, apply_plan, arrow_type, plan_column
from core.tables.files.delimited import UntidyReader, UntidyRowsError, read_tidy
from core.tables.files.dialect import Dialect, find_dialect
from core.tables.files.encoding import TextSource, open_as_utf8
from core.tables.files.names import shown

_MARKS = {
    "decimal_comma": "Numbers written like 1.234,56 were recognised in",
    "thousands_comma": "Numbers written like 1,234.56 were recognised in",
}


@dataclass(frozen=True)
class TextTable:
    """A text table whose columns are decided. `batches` can be read while the scratch folder is there."""

    schema: pa.Schema
    encoding: str
    separator: str | None
    notices: tuple[str, ...]
    spool: Path
    columns: tuple[tuple[int, ColumnPlan], ...]

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Yield the rows, in order."""
        with pa.memory_map(str(self.spool)) as file:
            spool = pa.ipc.open_file(file)
            for i in range(spool.num_record_batches):
                batch = spool.get_batch(i)
                arrays = [apply_plan(batch.column(at), plan) for at, plan in self.columns]
                yield pa.RecordBatch.from_arrays(arrays, schema=self.schema)


def open_text(path: Path, scratch: Path) -> TextTable:
    """Read the rows of the text at `path` into `scratch` and decide its columns."""
    source = open_as_utf8(path, scratch)
    dialect = find_dialect(source)
    spool = scratch / "rows.arrow"
    notices = source.notices + dialect.notices + dialect.names.notices + _spool_rows(source, dialect, spool)
    plans = _plan_columns(spool, len(dialect.names.names))
    names = dialect.names.names
    kept = tuple((i, plan) for i, plan in enumerate(plans) if not (plan.is_blank and _is_unnamed(names[i], i)))
    dropped = [f"'{names[i]}'" for i in set(range(len(names))) - {i for i, _ in kept}]
    if not kept:
        raise TableFileError("The file holds only blank cells. Choose a file with a header and rows.")
    if dropped:
        notices += (f"Blank columns without a name were dropped: {shown(dropped)}.",)
    for marks, words in _MARKS.items():
        if found := [f"'{names[i]}'" for i, plan in kept if plan.marks == marks]:
            notices += (f"{words} {shown(found)}.",)
    schema = pa.schema([(names[i], arrow_type(plan)) for i, plan in kept])
    return TextTable(schema, source.encoding, dialect.separator, notices, spool, kept)


def _is_unnamed(name: str, position: int) -> bool:
    return name == f"column_{position + 1}"


def _spool_rows(source: TextSource, dialect: Dialect, spool: Path) -> tuple[str, ...]:
    try:
        _write(read_tidy(source, dialect), len(dialect.names.names), spool)
    except UntidyRowsError:
        reader = UntidyReader(source, dialect)
        _write(reader.batches(), len(dialect.names.names), spool)
        return reader.notices()
    return ()


def _write(batches: Iterator[pa.RecordBatch], n_columns: int, spool: Path) -> None:
    schema = pa.schema([(str(i), pa.string()) for i in range(n_columns)])
    with pa.OSFile(str(spool), "wb") as file, pa.ipc.new_file(file, schema) as writer:
        for batch in batches:
            writer.write_batch(batch)


def _plan_columns(spool: Path, n_columns: int) -> list[ColumnPlan]:
    with pa.memory_map(str(spool)) as file:
        reader = pa.ipc.open_file(file)
        batches = [reader.get_batch(i) for i in range(reader.num_record_batches)]
        return [
            plan_column(pa.chunked_array([batch.column(at) for batch in batches], pa.string()))
            for at in range(n_columns)
        ]
