"""What was chosen for single columns: checked against the names, counted, and done to typed columns."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from core.errors import TableFileError
from core.tables.files.columns import ColumnPlan, apply_plan, arrow_type, look_at, plan_under, unread_cells
from core.tables.files.marks import settled
from core.tables.files.names import shown
from core.tables.files.wrapping import wrapping_notices
from core.tables.numbers import PLAIN, word_key
from core.tables.options import ColumnOptions, ReadOptions
from core.tables.report import Notice

SHOWN_ROWS = 5
Chosen = tuple[str, pa.ChunkedArray, ColumnPlan]


def checked_names(names: Sequence[str], options: ReadOptions) -> None:
    """Raise TableFileError where something is chosen for a column that the table does not have."""
    unknown = sorted(set(options.columns) - set(names))
    if unknown:
        listed = shown([f"'{name}'" for name in names])
        raise TableFileError(f"There is no column '{unknown[0]}' to read in another way. The columns are {listed}.")


def choice_notices(columns: Sequence[Chosen]) -> tuple[Notice, ...]:
    """Return what the choices for columns of text changed: cells now missing, and cells that are no numbers."""
    return tuple(notice for chosen in columns for notice in (*_missing(*chosen), *_unread(*chosen)))


def _missing(name: str, column: pa.ChunkedArray, plan: ColumnPlan) -> tuple[Notice, ...]:
    if not plan.missing:
        return ()
    count = pc.sum(pc.is_in(column, pa.array(plan.missing))).as_py() or 0
    words = shown([f"'{word.strip()}'" for word in plan.missing])
    return (Notice(f"Counted as missing in '{name}', as chosen: {words}, {count:,} cells.", count, columns=(name,)),)


def _unread(name: str, column: pa.ChunkedArray, plan: ColumnPlan) -> tuple[Notice, ...]:
    if not plan.parsed:
        return ()
    lost = unread_cells(column, plan)
    rows = pc.indices_nonzero(lost)
    if not len(rows):
        return ()
    texts = shown([f"'{text}'" for text in pc.unique(column.combine_chunks().filter(lost)).slice(0, 6).to_pylist()])
    first = shown([f"{row + 1:,}" for row in rows.slice(0, SHOWN_ROWS + 1).to_pylist()])
    sentence = (
        f"Cells of '{name}' that are no numbers and became missing: {len(rows):,}, such as {texts}, the first in "
        f"row {first} of the table."
    )
    return (Notice(sentence, len(rows), columns=(name,)),)


def chosen_column(
    name: str, column: pa.ChunkedArray, options: ReadOptions
) -> tuple[pa.ChunkedArray, tuple[Notice, ...]]:
    """Return a typed column of a workbook or a Parquet file as was chosen for it, and what that changed."""
    own = options.of_column(name)
    if pa.types.is_string(column.type):
        return _chosen_text(name, column, own, options)
    if own.type is None and not own.missing_words:
        return column, ()
    notices: tuple[Notice, ...] = ()
    if own.missing_words:
        column, notices = _without_numbers(name, column, own)
    return (column.cast(pa.string()) if own.type == "text" else column), notices


def _chosen_text(
    name: str, column: pa.ChunkedArray, own: ColumnOptions, options: ReadOptions
) -> tuple[pa.ChunkedArray, tuple[Notice, ...]]:
    look = look_at(column, own, options)
    plan = look.plan or plan_under(column, look, settled(look.marks, options.decimal))
    if plan.wrapping is not None and plan.wrapping.is_formula:
        plan = ColumnPlan("text", missing=plan.missing)
    if own.type is None and plan.marks == PLAIN and plan.wrapping is None:
        plan = ColumnPlan("text", missing=plan.missing)  # texts that look like numbers stay what the file says
        if not plan.missing:
            return column, ()
    notices = choice_notices([(name, column, plan)])
    if plan.wrapping is not None:
        notices += wrapping_notices([(name, plan.wrapping)])
    return pa.chunked_array([apply_plan(chunk, plan) for chunk in column.chunks], arrow_type(plan)), notices


def _without_numbers(
    name: str, column: pa.ChunkedArray, own: ColumnOptions
) -> tuple[pa.ChunkedArray, tuple[Notice, ...]]:
    keys = {word_key(word) for word in own.missing_words}
    distinct = pc.unique(column).drop_null()
    missing = distinct.filter(pa.array([word_key(str(cell)) in keys for cell in distinct.to_pylist()], pa.bool_()))
    if not len(missing):
        return column, ()
    is_missing = pc.is_in(column, missing)
    count = pc.sum(is_missing).as_py() or 0
    words = shown([f"'{cell}'" for cell in missing.to_pylist()])
    notice = Notice(f"Counted as missing in '{name}', as chosen: {words}, {count:,} cells.", count, columns=(name,))
    return pc.if_else(is_missing, pa.scalar(None, column.type), column), (notice,)
