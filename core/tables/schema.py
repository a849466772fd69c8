"""Describe the columns of a training table, so that later rows can be compared with them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.tables.blanks import keep_words
from core.tables.codes import category_column
from core.tables.dates import infer_date_format, parse_dates
from core.tables.options import AUTOMATIC, UNCHOSEN, ColumnOptions, DateOrder, ReadOptions
from core.tables.stored import Table
from core.types import N_QUANTILES, ColumnRole, ColumnSchema, InputSchema

MAX_CATEGORIES = 1_000
MICROS_PER_DAY = 86_400_000_000


def describe_inputs(
    frame: Table,
    target: str,
    excluded: Collection[str],
    dates: Collection[str],
    categorical: Collection[str] = (),
    reading: ReadOptions = AUTOMATIC,
) -> InputSchema:
    """Return the role, kind, range, deciles or categories of every column of `frame`, in its order.

    A column with several roles counts as the target first, then as excluded, then as a date. A feature
    in `categorical` is described by its codes. Missing cells include the words for nothing, infinite
    numbers and unreadable dates. `reading` says what was chosen about dates, words for missing and words to keep.
    """

    def role_of(name: str) -> ColumnRole:
        if name == target:
            return "target"
        if name in excluded:
            return "excluded"
        return "date" if name in dates else "feature"

    columns = (
        describe_column(values, name, role_of(name), is_categorical=name in categorical, own=reading.of_column(name))
        for name, values in ((str(name), values) for name, values in frame.items())
    )
    return InputSchema(tuple(columns))


def describe_column(
    values: pd.Series,
    name: str,
    role: ColumnRole,
    *,
    is_categorical: bool = False,
    own: ColumnOptions = UNCHOSEN,
) -> ColumnSchema:
    """Return what there is to know of one column in its `role`; only a feature can be of codes."""
    described = _describe(keep_words(values, own.kept_words), name, role, is_categorical, own)
    if not own.missing_words and not own.kept_words:
        return described
    return replace(described, missing_words=own.missing_words, kept_words=own.kept_words)


def target_of(frame: Table, target: str, schema: InputSchema | None) -> pd.Series:
    """Return the target's cells, with the words as texts that a model of this `schema` keeps."""
    known = () if schema is None else schema.by_role("target")
    return keep_words(frame[target], next((column.kept_words for column in known if column.name == target), ()))


def deciles(numbers: NDArray[np.float64]) -> tuple[float, ...]:
    """Return the 0, 10, … 100 % quantiles of finite numbers, interpolated; nothing where there are none."""
    if not len(numbers):
        return ()
    shares = np.arange(N_QUANTILES) / (N_QUANTILES - 1)
    with np.errstate(over="ignore", invalid="ignore"):  # between -1e308 and 1e308 lies more than a float holds
        found = np.quantile(numbers, shares)
    if not np.isfinite(found).all():
        found = np.quantile(numbers, shares, method="lower")
    return tuple(np.maximum.accumulate(found).tolist())


def days_of(dates: pd.Series) -> NDArray[np.float64]:
    """Return dates as days since 1970-01-01, the time of day as a fraction; NaN where there is none."""
    micros = dates.to_numpy(dtype="datetime64[us]")
    return np.where(np.isnat(micros), np.nan, micros.astype(np.int64) / MICROS_PER_DAY)


def _describe(values: pd.Series, name: str, role: ColumnRole, is_categorical: bool, own: ColumnOptions) -> ColumnSchema:
    if role == "date":
        return _describe_dates(values, name, own.date_order)
    is_code = role == "feature" and is_categorical
    cells = category_column(values, are_codes=is_code)
    described = _describe_texts if isinstance(cells.dtype, pd.CategoricalDtype) else _describe_numbers
    return replace(described(cells, name, role), is_categorical=is_code)


def _describe_dates(values: pd.Series, name: str, order: DateOrder | None) -> ColumnSchema:
    date_format = infer_date_format(values, order)
    dates, _ = parse_dates(values, date_format)
    n_missing, n_distinct = int(dates.isna().sum()), int(dates.nunique())
    quantiles = deciles(days_of(dates.dropna()))
    return ColumnSchema(name, "date", "date", n_missing, n_distinct, date_format=date_format, quantiles=quantiles)


def _describe_numbers(cells: pd.Series, name: str, role: ColumnRole) -> ColumnSchema:
    numbers = cells.to_numpy()
    numbers = numbers[np.isfinite(numbers)]
    n_missing = len(cells) - len(numbers)
    if not len(numbers):
        return ColumnSchema(name, role, "empty", n_missing)
    numbers.sort()  # a copy already
    n_distinct = 1 + int(np.count_nonzero(numbers[1:] != numbers[:-1]))
    return ColumnSchema(
        name, role, "number", n_missing, n_distinct, float(numbers[0]), float(numbers[-1]), float(np.median(numbers)),
        quantiles=() if role == "excluded" else deciles(numbers),
    )  # fmt: skip


def _describe_texts(cells: pd.Series, name: str, role: ColumnRole) -> ColumnSchema:
    """Describe categories, which are texts, numbers between them, and missing cells."""
    codes = np.asarray(cells.cat.codes)
    counts = np.bincount(codes[codes >= 0], minlength=len(cells.cat.categories)).tolist()
    counted = list(zip(cells.cat.categories, counts, strict=True))
    texts = [(cell, count) for cell, count in counted if isinstance(cell, str)]
    finite = [(cell, count) for cell, count in counted if not isinstance(cell, str) and np.isfinite(cell)]
    numbers = np.repeat([cell for cell, _ in finite], [count for _, count in finite])
    n_missing = len(cells) - sum(count for _, count in texts) - len(numbers)
    n_distinct = len(texts) + len(finite)
    ordered = sorted(texts, key=lambda item: (-item[1], item[0]))
    categories = tuple((str(text), count) for text, count in ordered[:MAX_CATEGORIES])
    cut = len(ordered) > MAX_CATEGORIES
    if not len(numbers):
        return ColumnSchema(name, role, "text", n_missing, n_distinct, categories=categories, categories_cut=cut)
    return ColumnSchema(
        name, role, "mixed", n_missing, n_distinct, float(numbers.min()), float(numbers.max()),
        float(np.median(numbers)), categories, cut, quantiles=deciles(numbers) if role == "feature" else (),
    )  # fmt: skip
