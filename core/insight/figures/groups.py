"""The values of any column in a few groups that can be read: categories, ranges of numbers, periods of time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.insight.figures.arrays import Floats, Ints
from core.insight.figures.periods import periods_of
from core.insight.figures.ranges import ranges_of

MAX_CATEGORIES = 12  # beyond it the 11 most frequent and all others
MAX_SINGLE_NUMBERS = 6  # that few different numbers stand for themselves
FIRST_CELLS = 2_000
MISSING, OTHERS = "missing", "all others"

GroupKind = Literal["category", "range", "period", "others", "missing"]


@dataclass(frozen=True)
class Groups:
    """A group for each row, `codes` `(n,)` into `labels`; groups may be empty. `kinds` tells a category that is
    called "missing" from the missing cells.
    """

    codes: Ints
    labels: tuple[str, ...]
    kinds: tuple[GroupKind, ...]


def groups_of(values: pd.Series, *, is_categorical: bool = False) -> Groups:
    """Group the cells of a column `(n,)` by what they hold.

    Numbers come in at most 6 ranges, dates in at most 8 periods, and everything else, as do the codes of an
    `is_categorical` column, in categories: the 11 most frequent and all others, cells of spaces counting as
    missing. Missing cells are a group of their own, the last.
    """
    dates = None if is_categorical else _as_dates(values)
    if dates is not None:
        return _with_missing(*_of_dates(dates))
    if not is_categorical and _holds_numbers(values):
        numbers = pd.to_numeric(values, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
        return _with_missing(*_of_numbers(numbers))
    return _of_categories(values)


def _holds_numbers(values: pd.Series) -> bool:
    if pd.api.types.is_bool_dtype(values.dtype) or pd.api.types.is_complex_dtype(values.dtype):
        return False
    if values.dtype != object:
        return bool(pd.api.types.is_numeric_dtype(values.dtype))
    return pd.api.types.infer_dtype(values, skipna=True) in {"integer", "floating", "mixed-integer-float", "decimal"}


def _as_dates(values: pd.Series) -> pd.Series | None:
    """Return a column of dates as such, without a time zone, or None where it is none."""
    if values.dtype == object and pd.api.types.infer_dtype(values, skipna=True) in {"date", "datetime"}:
        values = pd.to_datetime(values, errors="coerce", utc=True)
    if not pd.api.types.is_datetime64_any_dtype(values.dtype):
        return None
    return values if values.dt.tz is None else values.dt.tz_localize(None)


def _of_numbers(numbers: Floats) -> tuple[Ints, list[str], GroupKind]:
    """Group numbers, -1 where one is missing."""
    codes = np.full(len(numbers), -1, dtype=np.int64)
    known = ~np.isnan(numbers)
    present = numbers[known]
    single = _single_numbers(present)
    if single is not None:
        codes[known] = np.searchsorted(single, present)
        return codes, [f"{number:,.15g}" for number in single.tolist()], "category"
    codes[known], labels = ranges_of(present)
    return codes, labels, "range"


def _single_numbers(numbers: Floats) -> Floats | None:
    """Return the different numbers in ascending order where they are few."""
    for cells in (numbers[:FIRST_CELLS], numbers):
        different = np.unique(cells)
        if len(different) > MAX_SINGLE_NUMBERS:
            return None
    return np.asarray(different)


def _of_dates(dates: pd.Series) -> tuple[Ints, list[str], GroupKind]:
    moments: NDArray[np.datetime64] = dates.to_numpy().astype("datetime64[D]")
    codes = np.full(len(moments), -1, dtype=np.int64)
    known = ~np.isnat(moments)
    codes[known], labels = periods_of(moments[known])
    return codes, labels, "period"


def _of_categories(values: pd.Series) -> Groups:
    raw, uniques = pd.factorize(values)
    texts = [str(value) for value in uniques]
    is_blank = np.array([not text.strip() for text in texts] + [True])  # the last for code -1, a missing cell
    n = np.bincount(np.where(is_blank[raw], len(texts), raw), minlength=len(texts) + 1)[:-1]
    order = np.argsort(-n, kind="stable")[: int((n > 0).sum())]
    n_shown = len(order) if len(order) <= MAX_CATEGORIES else MAX_CATEGORIES - 1
    group_of = np.full(len(texts) + 1, n_shown, dtype=np.int64)
    group_of[order[:n_shown]] = np.arange(n_shown)
    group_of[is_blank] = n_shown + 1
    labels = [*(texts[place] for place in order[:n_shown]), OTHERS, MISSING]
    category: GroupKind = "category"
    shown = (category,) * n_shown
    return Groups(group_of[raw], tuple(labels), (*shown, "others", "missing"))


def _with_missing(codes: Ints, labels: list[str], kind: GroupKind) -> Groups:
    own: tuple[GroupKind, ...] = (kind,) * len(labels)
    return Groups(np.where(codes < 0, len(labels), codes), (*labels, MISSING), (*own, "missing"))
