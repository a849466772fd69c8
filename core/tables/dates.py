"""Read date columns and turn them into numbers a network can use.

Whether 05-02-2010 is in February or in May is decided once per column, from all its values:
1. the order that reads more of the rows, so that a single 13-02-2010 decides;
2. else the order under which the distinct dates are evenly spaced (by days, or by whole months),
   or the rows run in one direction, when the other order does not have that;
3. else day first, but month first where the parts are separated by a slash.
A column without such texts is year first, and then reads no such text later either.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.errors import DataError
from core.tables.datecells import State, full_year, read_date_cell
from core.tables.distinct import distinct_cells
from core.tables.stored import AnyTable, StoredTable, Table
from core.types import DateFormat

Order = Literal["day_first", "month_first", "year_first"]
Ints = NDArray[np.int64]
Dates = NDArray[np.datetime64]

DATE_FEATURES = (
    "year", "month", "day", "day_of_week", "day_of_year", "week_of_year", "is_month_start", "is_month_end",
    "sin_month", "cos_month", "sin_day_of_week", "cos_day_of_week", "sin_day_of_year", "cos_day_of_year",
    "elapsed_days",
)  # fmt: skip
TIME_FEATURES = ("hour", "minute")
PERIODS = {"month": 12.0, "day_of_week": 7.0, "day_of_year": 365.25}
MIN_STEPS = 3  # fewer steps between dates prove no regularity

_YEAR_MONTH_DAY = {"day_first": (2, 1, 0), "month_first": (2, 0, 1), "year_first": (0, 1, 2)}


@dataclass(frozen=True)
class _DateCells:
    """The distinct cells of a column as numbers; `codes[i]` is the cell of row i."""

    codes: NDArray[np.intp]
    counts: NDArray[np.intp]
    state: Ints
    parts: Ints  # (n_distinct, 3)
    micros: Ints
    marks: tuple[str, ...]

    @property
    def loose(self) -> NDArray[np.bool_]:
        return self.state >= State.LOOSE


def infer_date_format(values: pd.Series, order: Order | None = None) -> DateFormat:
    """Return how to read the dates of a column, decided from all its values together, but for a chosen `order`."""
    if pd.api.types.is_datetime64_any_dtype(values.dtype):
        return DateFormat("year_first", _has_time(_naive(values).to_numpy()))
    cells = _read_cells(values)
    order = order or _infer_order(cells)
    return DateFormat(order, _has_time(_dates_under(cells, order)))


def parse_dates(values: pd.Series, format: DateFormat) -> tuple[pd.Series, int]:
    """Return the dates (datetime64[us], NaT where there is none) and how many cells were unreadable.

    Blank cells are missing, not unreadable. Dates with a zone become UTC without one.
    """
    if pd.api.types.is_datetime64_any_dtype(values.dtype):
        return _naive(values), 0
    cells = _read_cells(values)
    dates = _dates_under(cells, format.order)
    unreadable = int(cells.counts[np.isnat(dates) & (cells.state != State.BLANK)].sum())
    return pd.Series(dates[cells.codes], index=values.index, name=values.name), unreadable


def date_feature_names(column: str, format: DateFormat) -> list[str]:
    """Return the names of the columns that replace the date column `column`."""
    names = DATE_FEATURES + (TIME_FEATURES if format.has_time else ())
    return [f"{column}__{name}" for name in names]


def expand_date_columns(
    frame: AnyTable, columns: Sequence[str], formats: Mapping[str, DateFormat] | None = None
) -> AnyTable:
    """Return `frame` with each of `columns` replaced by numbers about its date.

    Monday is day 0, weeks are ISO weeks, sines and cosines have periods of 12 months, 7 days and
    365.25 days, elapsed days count from 1970-01-01 with the time as a fraction. A column without a
    format in `formats` has it inferred. Missing and unreadable dates are NaN. Raises DataError for
    a column that the table does not have, or when a new name is already taken.
    """
    _check_columns(frame, columns)
    known = {name: (formats or {}).get(name) or infer_date_format(frame[name]) for name in columns}

    def expanded(name: Any, values: pd.Series) -> Iterable[tuple[str, pd.Series]]:
        if name not in known:
            return [(name, values)]
        return date_pieces(parse_dates(values, known[name])[0], name, known[name])

    if isinstance(frame, StoredTable):
        result: Table = frame.through(expanded)
    else:
        pieces = [piece.rename(made) for name, values in frame.items() for made, piece in expanded(name, values)]
        result = pd.concat(pieces, axis=1) if pieces else frame.copy()
    _check_names(result)
    return cast(AnyTable, result)


def _check_columns(frame: Table, columns: Sequence[str]) -> None:
    unknown = [name for name in columns if name not in frame.columns]
    if unknown:
        known = ", ".join(f"'{name}'" for name in frame.columns)
        raise DataError(f"There is no date column '{unknown[0]}'. The columns are {known}.")


def _check_names(frame: Table) -> None:
    names = pd.Index(frame.columns)
    if not names.is_unique:
        taken = names[names.duplicated()][0]
        raise DataError(f"A date would become the column '{taken}', but the table has one. Rename that.")


def date_features(dates: pd.Series, name: str, format: DateFormat) -> pd.DataFrame:
    """Return the numbers that replace the column `name` of dates (datetime64), NaN where there is none."""
    return pd.DataFrame(dict(date_pieces(dates, name, format)), index=dates.index)


def date_pieces(dates: pd.Series, name: str, format: DateFormat) -> Iterator[tuple[str, pd.Series]]:
    """Yield the same columns one after the other, each with its name."""
    codes, distinct = pd.factorize(dates, use_na_sentinel=False)
    features = _features_of(pd.Series(distinct))
    missing = np.asarray(distinct.isna())
    for key in date_feature_names("", format):
        column = np.where(missing, np.nan, features[key.removeprefix("__")])
        yield f"{name}{key}", pd.Series(column[codes], index=dates.index)


def _features_of(dates: pd.Series) -> dict[str, NDArray[np.float64]]:
    parts = dates.dt
    numbers = {
        "year": parts.year, "month": parts.month, "day": parts.day, "day_of_week": parts.day_of_week,
        "day_of_year": parts.day_of_year, "week_of_year": parts.isocalendar()["week"],
        "is_month_start": parts.is_month_start, "is_month_end": parts.is_month_end,
        "hour": parts.hour, "minute": parts.minute,
        "elapsed_days": (dates - pd.Timestamp(0).as_unit("us")) / pd.Timedelta(days=1),
    }  # fmt: skip
    features = {key: column.to_numpy(dtype=np.float64, na_value=np.nan) for key, column in numbers.items()}
    for key, period in PERIODS.items():
        angle = 2 * np.pi * features[key] / period
        features[f"sin_{key}"], features[f"cos_{key}"] = np.sin(angle), np.cos(angle)
    return features


def _naive(values: pd.Series) -> pd.Series:
    if getattr(values.dtype, "tz", None) is not None:
        values = values.dt.tz_convert("UTC").dt.tz_localize(None)
    return values.astype("datetime64[us]")


def _has_time(dates: Dates) -> bool:
    known = dates[~np.isnat(dates)]
    return bool((known != known.astype("datetime64[D]")).any())


def _read_cells(values: pd.Series) -> _DateCells:
    distinct = distinct_cells(values)
    cells = [read_date_cell(cell) for cell in distinct.cells]
    table = np.array([cell[:5] for cell in cells], dtype=np.int64).reshape(-1, 5)
    marks = tuple(cell.mark for cell in cells)
    return _DateCells(distinct.codes, distinct.counts, table[:, 0], table[:, 1:4], table[:, 4], marks)


def _dates_under(cells: _DateCells, order: Order) -> Dates:
    """Return the date of each distinct cell, NaT where it is none under `order`."""
    parts = cells.parts.copy()
    short, loose = cells.state == State.SHORT, cells.loose
    parts[loose] = parts[loose][:, _YEAR_MONTH_DAY[order]]
    parts[short, 0] = [full_year(year) for year in parts[short, 0].tolist()]
    readable = cells.state >= State.FIXED
    if order == "year_first":
        readable &= cells.state != State.LOOSE
    return _assemble(parts, cells.micros, readable)


def _assemble(parts: Ints, micros: Ints, readable: NDArray[np.bool_]) -> Dates:
    """Return year, month, day and microseconds as datetime64[us], NaT for what no calendar has."""
    year, month, day = parts.T
    valid = readable & (year >= 1) & (month >= 1) & (month <= 12) & (day >= 1) & (day <= 31)
    year, month, day = (np.where(valid, part, 1) for part in (year, month, day))
    months = ((year - 1970) * 12 + month - 1).astype("datetime64[M]")
    dates = months.astype("datetime64[D]") + (day - 1)
    valid &= dates.astype("datetime64[M]") == months  # 31 April is 1 May
    result: Dates = dates.astype("datetime64[us]") + np.where(valid, micros, 0)
    result[~valid] = np.datetime64("NaT")
    return result


def _infer_order(cells: _DateCells) -> Order:
    if not cells.loose.any():
        return "year_first"
    orders: tuple[Order, ...] = get_args(Order)
    read = {order: _count_read(cells, order) for order in orders}
    best = max(read.values())
    candidates = [order for order in orders if read[order] == best]
    if len(candidates) == 1 or best == 0:
        return candidates[0]
    for evidence in (_evenly_spaced, _one_direction):
        convincing = [order for order in candidates if evidence(cells, order)]
        if len(convincing) == 1:
            return convincing[0]
    return "month_first" if _usual_mark(cells) == "/" and "month_first" in candidates else candidates[0]


def _count_read(cells: _DateCells, order: Order) -> int:
    return int(cells.counts[cells.loose & ~np.isnat(_dates_under(cells, order))].sum())


def _usual_mark(cells: _DateCells) -> str:
    counts: Counter[str] = Counter()
    for mark, count, loose in zip(cells.marks, cells.counts.tolist(), cells.loose.tolist(), strict=True):
        counts[mark] += count if loose else 0
    return max(counts, key=lambda mark: counts[mark])


def _evenly_spaced(cells: _DateCells, order: Order) -> bool:
    dates = _dates_under(cells, order)
    days = np.unique(dates[~np.isnat(dates)].astype("datetime64[D]"))
    if len(days) <= MIN_STEPS:
        return False
    months = days.astype("datetime64[M]")
    same_day = np.unique((days - months.astype("datetime64[D]")).astype(np.int64)).size == 1
    by_months = same_day and np.unique(np.diff(months)).size == 1
    return bool(by_months or np.unique(np.diff(days)).size == 1)


def _one_direction(cells: _DateCells, order: Order) -> bool:
    """Tell whether the rows, in the file's order, never go back in time, or never forward."""
    dates = _dates_under(cells, order)[cells.codes]
    steps = np.diff(dates[~np.isnat(dates)].astype(np.int64))
    steps = steps[steps != 0]
    return len(steps) >= MIN_STEPS and bool((steps > 0).all() or (steps < 0).all())
