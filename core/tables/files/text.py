"""Read a text table: UTF-8, dialect, rows, then the columns that are numbers.

The rows wait in a scratch file between the two passes, so that memory does not grow with the file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from core.errors import TableFileError
from core.tables.files.columns import ColumnPlan, apply_plan, arrow_type, plan_columns
from core.tables.files.delimited import UntidyReader, UntidyRowsError, read_tidy
from core.tables.files.dialect import Dialect, find_dialect
from core.tables.files.encoding import TextSource, open_as_utf8
from core.tables.files.names import columns_notice, shown
from core.tables.files.opened import OpenedTable
from core.tables.files.overrides import checked_names, choice_notices
from core.tables.numbers import PLAIN, Marks
from core.tables.options import ReadOptions
from core.tables.report import Notice, ReadReport

_AMBIGUOUS = "Whether 1,234 is over a thousand or little over one cannot be told, so these columns stay text"

OnBytes = Callable[[int], None]


@dataclass(frozen=True)
class _Spooled:
    """The rows of a text file in a scratch file, every cell a text."""

    path: Path
    changes: tuple[Notice, ...]
    n_left_out: int

    def columns(self, n_columns: int) -> list[pa.ChunkedArray]:
        """Return every column, mapped into memory rather than read."""
        with pa.memory_map(str(self.path)) as file:
            reader = pa.ipc.open_file(file)
            batches = [reader.get_batch(i) for i in range(reader.num_record_batches)]
            return [pa.chunked_array([batch.column(at) for batch in batches], pa.string()) for at in range(n_columns)]

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Yield the rows, in order."""
        with pa.memory_map(str(self.path)) as file:
            reader = pa.ipc.open_file(file)
            for i in range(reader.num_record_batches):
                yield reader.get_batch(i)


def open_text(path: Path, scratch: Path, options: ReadOptions, on_bytes: OnBytes | None = None) -> OpenedTable:
    """Read the rows of the text at `path` into `scratch` and decide its columns.

    `on_bytes` hears now and then how many bytes of the file have been read.
    """
    source = open_as_utf8(path, scratch, options.encoding)
    dialect = find_dialect(source, options)
    names = dialect.names.names
    checked_names(names, options)
    spooled = _spool(source, dialect, scratch / "rows.arrow", options, on_bytes)
    columns = spooled.columns(len(names))
    plans = plan_columns(columns, names, options)
    kept = [(i, plan) for i, plan in enumerate(plans) if not (plan.is_blank and _is_unnamed(names[i], i))]
    if not kept:
        raise TableFileError("The file holds only blank cells. Choose a file with a header and rows.")
    dropped = [names[i] for i in sorted(set(range(len(names))) - {i for i, _ in kept})]
    ambiguous = tuple(names[i] for i, plan in kept if plan.is_ambiguous)
    marks = _table_marks([plan for _, plan in kept])
    report = ReadReport(
        "csv", 0, 0,
        encoding=source.encoding,
        separator=dialect.separator,
        quote=dialect.quote,
        decimal=marks.decimal,
        thousands=marks.group,
        header_row=dialect.header_line,
        changes=(
            *source.changes,
            *dialect.changes,
            *dialect.names.changes,
            *spooled.changes,
            *columns_notice("Blank columns without a name were dropped", dropped),
            *_marks_notices(names, kept),
            *columns_notice(_AMBIGUOUS, ambiguous),
            *choice_notices([(names[i], columns[i], plan) for i, plan in kept]),
        ),
        evidence={**dialect.evidence, "encoding": source.evidence, "decimal": _marks_evidence(names, kept)},
        options=options,
        ambiguous=ambiguous,
        n_left_out=spooled.n_left_out,
    )  # fmt: skip
    schema = pa.schema([(names[i], arrow_type(plan)) for i, plan in kept])
    return OpenedTable(schema, _batches(spooled, kept, schema), report)


def _batches(spooled: _Spooled, kept: list[tuple[int, ColumnPlan]], schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    for batch in spooled.batches():
        arrays = [apply_plan(batch.column(at), plan) for at, plan in kept]
        yield pa.RecordBatch.from_arrays(arrays, schema=schema)


def _is_unnamed(name: str, position: int) -> bool:
    return name == f"column_{position + 1}"


def _spool(
    source: TextSource, dialect: Dialect, path: Path, options: ReadOptions, on_bytes: OnBytes | None
) -> _Spooled:
    n_columns = len(dialect.names.names)
    try:
        _write(read_tidy(source, dialect, on_bytes), n_columns, path)
    except UntidyRowsError:
        reader = UntidyReader(source, dialect, on_bytes, leave_out_long=options.long_rows == "leave_out")
        _write(reader.batches(), n_columns, path)
        return _Spooled(path, reader.changes(), reader.n_left_out)
    return _Spooled(path, (), 0)


def _write(batches: Iterator[pa.RecordBatch], n_columns: int, path: Path) -> None:
    schema = pa.schema([(str(i), pa.string()) for i in range(n_columns)])
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, schema) as writer:
        for batch in batches:
            writer.write_batch(batch)


def _table_marks(plans: list[ColumnPlan]) -> Marks:
    """Return the marks that most of the marked columns have."""
    marked = [plan.marks for plan in plans if plan.marks != PLAIN]
    return max(set(marked), key=marked.count) if marked else PLAIN


def _marks_notices(names: tuple[str, ...], kept: list[tuple[int, ColumnPlan]]) -> tuple[Notice, ...]:
    notices = []
    for marks in sorted({plan.marks for _, plan in kept} - {PLAIN}):
        columns = tuple(names[i] for i, plan in kept if plan.marks == marks)
        listed = shown([f"'{name}'" for name in columns])
        sentence = f"Numbers written like {marks.example} were recognised in {listed}."
        notices.append(Notice(sentence, len(columns), columns=columns))
    return tuple(notices)


def _marks_evidence(names: tuple[str, ...], kept: list[tuple[int, ColumnPlan]]) -> str:
    marked = [f"'{names[i]}'" for i, plan in kept if plan.marks != PLAIN]
    return f"{len(marked):,} columns show it, {marked[0]} the first." if marked else "No column shows another mark."
