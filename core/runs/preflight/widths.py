"""How wide each column of a table becomes when it is encoded, known from how the table was read.

It follows `core.encoding`: a number is one column, a text or a code one for each of its levels, and a date
the numbers about it. The encoder sees the training rows only, so a level that is rare may not be among them.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq

from core.networks.shape import LEAST_GAPS, MOST_CODES, MOST_VALUES, ROWS_A_CODE, ROWS_A_VALUE
from core.runs.records import Roles
from core.tables.cell import coerce_value
from core.tables.dates import DATE_FEATURES, TIME_FEATURES
from core.tables.files.profile import BINS
from core.tables.report import ColumnProfile, ReadReport

_CLOCK = re.compile(r"\d:\d\d")
_MIDNIGHT = re.compile(r"\b00:00(:00)?$")
_WHOLE = re.compile(r"-?\d+(\.0*)?")
CALENDAR_CODES = (12, 31, 7, 53)  # months, days, days of the week and weeks
CLOCK_CODES = (24, 60)
CALENDAR_FLAGS = 2  # the first and the last day of a month


@dataclass(frozen=True)
class EncodedColumn:
    """A column to learn from: its different texts or codes (0 for numbers and dates), and its encoded columns.

    `parts` is how many columns it is before texts are encoded: more than one for a date. `is_categorical`
    marks a column of codes. `has_others` tells that one of its encoded columns is for what is no text.
    Of what an added mode's front makes of it (`core.networks`), `flags` of its parts have two values, `codes` are the
    different whole numbers that become an input each at most, `values` those that are encoded by the target instead,
    and `has_gaps` where that is an input too.
    """

    name: str
    levels: int
    width: int
    parts: int = 1
    is_categorical: bool = False
    has_others: bool = False
    flags: int = 0
    codes: int = 0
    values: int = 0
    has_gaps: bool = False

    @property
    def n_stored(self) -> int:
        """Return how many numbers a row of it is where it is kept sparse: a text is one, its code."""
        return 1 + self.has_others if self.levels else self.width


def encoded_columns(
    report: ReadReport, table: Path, roles: Roles, test_size: float, categorical: Collection[str] = ()
) -> tuple[EncodedColumn, ...]:
    """Return every column that a training under `roles` learns from, in the table's order.

    `categorical` are the columns of codes. `table` is the Parquet file, looked into only where texts and
    numbers are mixed in a column.
    """
    return tuple(_columns(report, table, roles, test_size, categorical))


def _columns(
    report: ReadReport, table: Path, roles: Roles, test_size: float, categorical: Collection[str]
) -> Iterator[EncodedColumn]:
    for column in report.columns:
        if column.name == roles.target or column.name in roles.excluded:
            continue
        if column.name in roles.dates:
            yield _date(column, report.n_rows)
        elif column.name in categorical:
            yield _texts(column, column.n_distinct, report.n_rows, test_size, column.n_missing > 0, is_categorical=True)
        elif column.kind in ("number", "empty"):
            yield _number(column, report.n_rows)
        else:
            levels = column.n_distinct if column.kind != "mixed" else _count_texts(column, table)
            has_others = column.kind == "mixed" or column.n_missing > 0
            yield _texts(column, levels, report.n_rows, test_size, has_others)


def _number(column: ColumnProfile, n_rows: int) -> EncodedColumn:
    n = column.n_distinct
    is_code = 2 < n <= min(MOST_CODES, n_rows // ROWS_A_CODE) and _is_whole(column)
    is_encoded = MOST_CODES < n <= min(MOST_VALUES, n_rows // ROWS_A_VALUE) and _is_whole(column)
    return EncodedColumn(
        column.name, 0, 1,
        flags=int(n == 2), codes=n * is_code, values=n * is_encoded, has_gaps=_has_gaps(column, n_rows),
    )  # fmt: skip


def _date(column: ColumnProfile, n_rows: int) -> EncodedColumn:
    """Return a column of dates; its parts are expected to take all the values that a calendar has."""
    has_time = _has_time(column)
    parts = len(DATE_FEATURES) + (len(TIME_FEATURES) if has_time else 0)
    codes = sum(min(count, column.n_distinct) for count in CALENDAR_CODES + (CLOCK_CODES if has_time else ()))
    return EncodedColumn(
        column.name, 0, parts, parts, flags=CALENDAR_FLAGS, codes=codes, has_gaps=_has_gaps(column, n_rows)
    )


def _has_gaps(column: ColumnProfile, n_rows: int) -> bool:
    return column.kind != "empty" and column.n_missing >= LEAST_GAPS * max(1, n_rows)


def _is_whole(column: ColumnProfile) -> bool:
    """Tell whether the numbers that the report shows are whole ones."""
    return all(_WHOLE.fullmatch(str(shown)) for shown in (*column.examples, column.minimum, column.maximum))


def _texts(
    column: ColumnProfile, levels: int, n_rows: int, test_size: float, has_others: bool, *, is_categorical: bool = False
) -> EncodedColumn:
    """Return a column of texts with the levels that the training rows are expected to hold.

    A level in c rows is missing from them with probability test_size^c; that all levels are equally
    frequent is the case with the most of them.
    """
    present = max(1, n_rows - column.n_missing)
    seen: int = round(levels * (1 - test_size ** (present / max(1, levels))))
    return EncodedColumn(
        column.name, levels, max(1, seen) + has_others, is_categorical=is_categorical, has_others=has_others
    )


def _count_texts(column: ColumnProfile, table: Path) -> int:
    """Return how many different texts stand between the numbers of a mixed column."""
    if len(column.histogram) < BINS:  # then it counts each of them
        return len(column.histogram)
    cells = pc.unique(pq.ParquetFile(table).read(columns=[column.name]).column(column.name)).to_pylist()
    return len({meaning for meaning in map(coerce_value, cells) if isinstance(meaning, str)})


def _has_time(column: ColumnProfile) -> bool:
    """Tell whether the dates that the report shows have a time of day."""
    shown = [*column.examples, str(column.minimum), str(column.maximum)]
    return any(_CLOCK.search(text) and not _MIDNIGHT.search(text) for text in shown)
