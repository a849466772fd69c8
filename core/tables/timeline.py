"""When the rows of a table are, read from one of its columns, so that the latest ones can be kept aside."""

from __future__ import annotations

import logging
import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.errors import DataError
from core.tables.coerce import coerce_column
from core.tables.dates import infer_date_format, parse_dates
from core.tables.options import AUTOMATIC, ReadOptions
from core.tables.stored import Table
from core.types import DateFormat, InputSchema

NOTICEABLE = 0.01  # of the rows: by how much a share may miss what was asked for without a word

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Timeline:
    """When each row is, as numbers that grow with time; NaN where the cell is missing or unreadable.

    `order` is float64 (n_rows,): microseconds since 1970-01-01 where `is_date`, else the column's numbers.
    """

    column: str
    order: NDArray[np.float64]
    is_date: bool

    def rows(self, chosen: NDArray[Any]) -> Timeline:
        """Return the timeline of some rows, given by a mask or by their positions."""
        return replace(self, order=self.order[chosen])

    def in_order(self) -> Timeline:
        """Return the same rows in time order, those without a time first."""
        return self.rows(_in_time_order(self.order))

    def text(self, time: float) -> str:
        """Return a time as people read it: 2012-06-01, 2012-06-01 14:30:00, or a number."""
        if not self.is_date:
            return str(int(time)) if float(time).is_integer() else repr(float(time))
        moment = np.datetime64(int(time), "us")
        is_midnight = moment == moment.astype("datetime64[D]")
        return str(np.datetime_as_string(moment, unit="D" if is_midnight else "s")).replace("T", " ")


def timeline_of(
    frame: Table, column: str | None, schema: InputSchema | None = None, reading: ReadOptions = AUTOMATIC
) -> Timeline | None:
    """Return when the rows of `frame` are by `column`, or None without one.

    How its dates are read, `schema` may say, or else the order chosen in `reading`.

    Raises DataError where the column holds neither readable dates nor numbers.
    """
    if column is None:
        return None
    known = schema.date_formats if schema is not None else {}
    order = reading.date_orders.get(column)
    chosen = infer_date_format(frame[column], order) if order is not None else None
    return read_timeline(frame[column], column, known.get(column, chosen))


def read_timeline(values: pd.Series, column: str, date_format: DateFormat | None = None) -> Timeline:
    """Return when each row is by the cells of one column.

    Cells are dates where `date_format` says how they are read and one can be read so, or where more of
    them can be read as dates than as numbers; the order of day and month is decided as for every date
    column. Else they are numbers, such as years. Raises DataError where nothing can be read.
    """
    numbers = _numbers(values)
    if not pd.api.types.is_numeric_dtype(values.dtype) or date_format is not None:
        dates = _dates(values, date_format or infer_date_format(values))
        n_dates, n_numbers = (int(np.isfinite(times).sum()) for times in (dates, numbers))
        if n_dates > (0 if date_format is not None else n_numbers):
            return Timeline(column, dates, is_date=True)
    if not np.isfinite(numbers).any():
        raise DataError(
            f"Column {column!r} cannot order the rows in time: none of its {len(values):,} cells is a readable date "
            "or a number. Choose another time column, or none."
        )
    return Timeline(column, numbers, is_date=False)


def split_by_time(order: NDArray[Any], share: float, column: str) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the positions of the earlier rows and of the latest `share` of all, both in time order.

    Rows with the same time are never divided: the latest part begins at the time that comes nearest to
    the share, at the later of two as near, and a share that is missed noticeably is logged. Rows
    without a time (NaN) are earlier than all others. Raises DataError where fewer than two times occur.
    """
    positions = _in_time_order(order)
    ordered = np.asarray(order, dtype=np.float64)[positions]
    n_rows, n_unknown = len(ordered), int(np.isnan(ordered).sum())
    starts = np.flatnonzero(ordered[n_unknown + 1 :] != ordered[n_unknown:-1]) + n_unknown + 1
    if not len(starts):
        times = "the same time in every row" if n_unknown < n_rows else "no time in any row"
        raise DataError(
            f"Column {column!r} has {times} of {n_rows:,}, so no latest rows can be kept aside. "
            "Choose another time column, or none."
        )
    wanted = n_rows - math.ceil(share * n_rows)
    start = int(starts[::-1][np.argmin(np.abs(starts[::-1] - wanted))])
    if abs(start - wanted) > NOTICEABLE * n_rows:
        logger.warning(
            "The latest rows by column %r are %.3g %% of %d rather than %.3g %%, for rows with the same time "
            "stay together.",
            column,
            100 * (1 - start / n_rows),
            n_rows,
            100 * share,
        )
    return positions[:start], positions[start:]


def _in_time_order(order: NDArray[Any]) -> NDArray[np.intp]:
    """Return positions in time order, rows of one time as they stand in the table, those without one first."""
    times = np.asarray(order, dtype=np.float64)
    return np.argsort(np.where(np.isnan(times), -np.inf, times), kind="stable")


def _numbers(values: pd.Series) -> NDArray[np.float64]:
    if pd.api.types.is_datetime64_any_dtype(values.dtype):
        return np.full(len(values), np.nan)
    cells = coerce_column(values).values
    if cells.dtype == object:
        cells = cells.where(~cells.map(lambda cell: isinstance(cell, str)))
    numbers = cells.to_numpy(np.float64)
    return np.where(np.isfinite(numbers), numbers, np.nan)


def _dates(values: pd.Series, date_format: DateFormat) -> NDArray[np.float64]:
    dates = parse_dates(values, date_format)[0].to_numpy(dtype="datetime64[us]")
    return np.where(np.isnat(dates), np.nan, dates.astype(np.int64).astype(np.float64))
