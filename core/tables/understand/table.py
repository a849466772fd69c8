"""Look at every column of a table that was read, and return what was noticed; quick enough for each reading."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from core.tables.kept import keeping
from core.tables.options import DateOrder
from core.tables.report import ColumnProfile, ReadReport
from core.tables.understand.amounts import find_amounts
from core.tables.understand.codes import Candidate, find_code, find_padded, may_be_code
from core.tables.understand.column import Column
from core.tables.understand.dates import find_date
from core.tables.understand.ids import NEARLY_ALL, find_id
from core.tables.understand.levels import find_free_text, find_levels
from core.tables.understand.missing import find_missing
from core.tables.understand.order import judge_order, other_values
from core.tables.understand.personal import find_birthday, find_personal
from core.tables.understand.rows import TableRows
from core.tables.understand.sample import Sample, SampledColumn, sample_column, sample_size
from core.tables.understand.suggestion import Suggestion
from core.tables.understand.twins import find_twins

MOST_COLUMNS = 2_000


def understand(table_path: Path, report: ReadReport) -> tuple[Suggestion, ...]:
    """Return what was noticed in the columns of the Parquet table at `table_path`, in the table's order.

    Of more than a million rows, a million in evenly spread blocks are looked at, and of more than
    2,000 columns the first.
    """
    profiles = {column.name: column for column in report.columns[:MOST_COLUMNS]}
    names, orders = list(profiles), report.options.date_orders
    found: dict[str, list[Suggestion]] = {name: [] for name in names}
    columns: dict[str, SampledColumn] = {}
    candidates: list[Candidate] = []
    rows = TableRows(table_path)
    for name, cells in rows.columns(names):
        coerce = keeping(report.options.of_column(name).kept_words)
        column = Column(name, cells, rows.n_rows, coerce)
        found[name] = [
            one for one in _alone(column, orders.get(name)) if not _is_refuted(one, profiles[name], rows.n_rows)
        ]
        columns[name] = sample_column(name, cells, sample_size(len(cells), len(names)), coerce)
        if not found[name] and may_be_code(column):
            candidates.append(Candidate(name, column.numbers, column.n_sampled))
    for suggestion in _codes(candidates, columns):
        found[suggestion.column].append(suggestion)
    for suggestion in _twins(columns, found, report.n_rows):
        found[suggestion.column].append(suggestion)
    return tuple(suggestion for name in names for suggestion in found[name])


def _alone(column: Column, date_order: DateOrder | None) -> Iterator[Suggestion]:
    """Yield what the column shows by itself: what it is, who it is about, and what stands for nothing in it."""
    main = find_levels(column)
    if main is None or main.kind == "nearly_constant":
        main = find_date(column, date_order) or main or find_amounts(column) or _name_or_text(column)
    personal = _personal(column, main)
    missing = find_missing(column) if main is None or main.kind in ("date", "nearly_constant") else None
    yield from (found for found in (main, personal, missing) if found)


def _personal(column: Column, main: Suggestion | None) -> Suggestion | None:
    if main is not None and main.kind == "date":
        return find_birthday(column)
    return find_personal(column) if main is None or main.kind in ("id", "free_text") else None


def _name_or_text(column: Column) -> Suggestion | None:
    """Return that the column names its rows, is made of leading zeros, or holds free text."""
    return find_id(column) or find_padded(column) or find_free_text(column)


def _is_refuted(suggestion: Suggestion, profile: ColumnProfile, n_rows: int) -> bool:
    """Tell whether what is all different among the rows looked at repeats in the others."""
    is_id = suggestion.kind in ("id", "row_number") and suggestion.n_looked is not None
    return is_id and profile.n_distinct < NEARLY_ALL * (n_rows - profile.n_missing)


def _codes(candidates: Sequence[Candidate], sample: Sample) -> Iterator[Suggestion]:
    if not candidates:
        return
    names, values = other_values(sample)
    for candidate in candidates:
        others = values[:, [name != candidate.name for name in names]]
        suggestion = find_code(candidate, judge_order(sample[candidate.name], others))
        if suggestion:
            yield suggestion


def _twins(sample: Sample, found: dict[str, list[Suggestion]], n_rows: int) -> list[Suggestion]:
    """Compare the columns that are not to be left out for another reason."""
    kept = {
        name: column
        for name, column in sample.items()
        if not any(one.advice == "leave_out" and one.kind != "personal" for one in found[name])
    }
    n_sampled = len(next(iter(sample.values())).codes) if sample else 0
    codes = {name for name, those in found.items() if any(one.kind == "code" for one in those)}
    return find_twins(kept, codes, n_sampled if n_sampled < n_rows else None)
