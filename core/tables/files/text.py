"""Read a text table: UTF-8, dialect, rows, then the columns that are numbers.

The rows wait in a scratch file between the two passes, so that memory does not grow with the file.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from core.errors import TableFileError
from core.tables.files.columns import ColumnPlan, apply_plan, arrow_type, plan_columns
from core.tables.files.delimited import OnBytes
from core.tables.files.dialect import find_dialect
from core.tables.files.encoding import open_as_utf8
from core.tables.files.names import columns_notice, shown
from core.tables.files.opened import OpenedTable
from core.tables.files.overrides import checked_names, choice_notices
from core.tables.files.quotes import with_doubled_quotes, without_outer_quotes
from core.tables.files.spool import Spooled, spool_rows
from core.tables.files.wrapping import wrapping_notices
from core.tables.numbers import PLAIN, Marks
from core.tables.options import ReadOptions
from core.tables.report import Notice, ReadReport

_AMBIGUOUS = "Whether 1,234 is over a thousand or little over one cannot be told, so these columns stay text"
_MIXED = "Numbers with a decimal comma stand beside numbers with a decimal point, so these columns stay text"


@dataclass(frozen=True)
class TextTable:
    """The rows of a text file in a scratch file, and what each of their columns becomes.

    `at` tells where the columns `names` stand in the scratch file.
    """

    names: tuple[str, ...]
    at: tuple[int, ...]
    plans: tuple[ColumnPlan, ...]
    spooled: Spooled
    report: ReadReport

    @property
    def schema(self) -> pa.Schema:
        """Return the columns as their plans have them."""
        return pa.schema([(name, arrow_type(plan)) for name, plan in zip(self.names, self.plans, strict=True)])

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Yield the rows as the plans have them."""
        schema = self.schema
        for batch in self.spooled.batches():
            arrays = [apply_plan(batch.column(at), plan) for at, plan in zip(self.at, self.plans, strict=True)]
            yield pa.RecordBatch.from_arrays(arrays, schema=schema)


def open_text(path: Path, scratch: Path, options: ReadOptions, on_bytes: OnBytes | None = None) -> OpenedTable:
    """Return the table in the text at `path`, as `spool_text` has it."""
    table = spool_text(path, scratch, options, on_bytes)
    return OpenedTable(table.schema, table.batches(), table.report)


def spool_text(path: Path, scratch: Path, options: ReadOptions, on_bytes: OnBytes | None = None) -> TextTable:
    """Read the rows of the text at `path` into `scratch` and decide its columns.

    `on_bytes` hears now and then how many bytes of the file have been read.
    """
    source = open_as_utf8(path, scratch, options.encoding)
    quote_evidence = ""
    if options.quote is None:
        source, quote_evidence = without_outer_quotes(source, scratch / "inner.txt")
        source, escape_evidence = with_doubled_quotes(source, scratch / "doubled.txt")
        quote_evidence = escape_evidence or quote_evidence
    dialect = find_dialect(source, options)
    names = dialect.names.names
    checked_names(names, options)
    spooled = spool_rows(source, dialect, scratch / "rows.arrow", options, on_bytes)
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
            *wrapping_notices([(names[i], plan.wrapping) for i, plan in kept if plan.wrapping is not None]),
            *columns_notice(_AMBIGUOUS, ambiguous),
            *columns_notice(_MIXED, [names[i] for i, plan in kept if plan.is_mixed]),
            *choice_notices([(names[i], columns[i], plan) for i, plan in kept if plan.missing or plan.parsed]),
        ),
        evidence={
            **dialect.evidence,
            "quote": quote_evidence or dialect.evidence["quote"],
            "encoding": source.evidence,
            "decimal": _marks_evidence(names, kept),
        },
        options=options,
        ambiguous=ambiguous,
        n_left_out=spooled.n_left_out,
    )  # fmt: skip
    return TextTable(
        names=tuple(names[i] for i, _ in kept),
        at=tuple(i for i, _ in kept),
        plans=tuple(plan for _, plan in kept),
        spooled=spooled,
        report=report,
    )


def _is_unnamed(name: str, position: int) -> bool:
    return name == f"column_{position + 1}"


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
