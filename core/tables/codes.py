"""Read columns of codes, such as store numbers, as categories: each cell becomes the text of its code.

1, 1.0, "1", "1.0" and True are the code "1". A text that says no number, or not exactly that number,
stays as it is written: 007, +1, 1e5, INF, an id of 20 digits. Missing cells, and numbers that are
infinite, are missing. The text of a code is its own code, so that reading twice changes nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from decimal import Decimal
from functools import partial
from math import isfinite, isnan
from typing import Any, cast

import numpy as np
import pandas as pd
from pandas.api.types import is_complex_dtype, is_numeric_dtype

from core.tables.coerce import coerce_column, coerce_frame, coerce_value, meaning_of
from core.tables.distinct import distinct_cells
from core.tables.stored import AnyTable, StoredTable

# As the reader of files takes a text for a number, but for exponents.
_PLAIN_NUMBER = re.compile(r"-?(?:(?:0|[1-9][0-9]*)(?:\.[0-9]*)?|\.[0-9]+)", re.ASCII)


def code_text(cell: Any, coerce: Callable[[Any], Any] = coerce_value) -> str | float:
    """Return the text of the code in a cell, or NaN where `coerce` finds nothing in it."""
    meaning = coerce_value(coerce(cell))
    if isinstance(meaning, str):
        return meaning
    if isinstance(cell, str) and not isnan(meaning) and not _is_exactly(cell.strip(), float(meaning)):
        return str(cell.strip())
    return _number_text(meaning) if isfinite(meaning) else float("nan")


def code_column(values: pd.Series, coerce: Callable[[Any], Any] = coerce_value) -> pd.Series:
    """Return each cell's code text, or NaN, with the index kept; objects, but float64 where all is missing."""
    distinct = distinct_cells(values)
    codes = [code_text(cell, coerce) for cell in distinct.cells]
    dtype = object if any(isinstance(code, str) for code in codes) else np.float64
    lookup = np.array(codes, dtype=dtype)
    return pd.Series(lookup[distinct.codes], index=values.index, name=values.name, dtype=dtype)


def category_column(values: pd.Series, *, are_codes: bool, coerce: Callable[[Any], Any] = coerce_value) -> pd.Series:
    """Return a column coerced, or read as codes, that holds texts as categories: their codes take little memory."""
    dtype = values.dtype
    if not are_codes and coerce is coerce_value and is_numeric_dtype(dtype) and not is_complex_dtype(dtype):
        return coerce_column(values).values
    distinct = distinct_cells(values)
    read = partial(code_text, coerce=coerce) if are_codes else partial(meaning_of, coerce=coerce)
    meanings = [read(cell) for cell in distinct.cells]
    if not any(isinstance(meaning, str) for meaning in meanings):
        return pd.Series(np.array(meanings, dtype=np.float64)[distinct.codes], index=values.index, name=values.name)
    places = {meaning: at for at, meaning in enumerate(dict.fromkeys(filter(_is_something, meanings)))}
    lookup = np.array([places.get(meaning, -1) for meaning in meanings], dtype=np.int32)
    categories = pd.Index(list(places), dtype=object)  # else a kept text would be any text
    cells = pd.Categorical.from_codes(lookup[distinct.codes], categories=categories)
    return pd.Series(cells, index=values.index, name=values.name)


def coerce_features(
    frame: AnyTable, categorical: Collection[str], coerce: Callable[[Any], Any] = coerce_value
) -> AnyTable:
    """Return `frame` coerced as `coerce_frame` does, but the columns in `categorical` as code texts.

    The texts of a stored table stay categories.
    """
    if isinstance(frame, StoredTable):
        return cast(
            AnyTable,
            frame.through(
                lambda name, values: [(name, category_column(values, are_codes=name in categorical, coerce=coerce))]
            ),
        )
    return cast(AnyTable, _coerced_frame(frame, categorical, coerce))


def _coerced_frame(frame: pd.DataFrame, categorical: Collection[str], coerce: Callable[[Any], Any]) -> pd.DataFrame:
    if not categorical:
        return coerce_frame(frame, coerce)
    columns = [_coerced(frame.iloc[:, i], str(name) in categorical, coerce) for i, name in enumerate(frame.columns)]
    result = pd.DataFrame(dict(enumerate(columns)), index=frame.index)
    result.columns = frame.columns
    return result


def _coerced(values: pd.Series, is_categorical: bool, coerce: Callable[[Any], Any]) -> pd.Series:
    return code_column(values, coerce) if is_categorical else coerce_column(values, coerce).values


def _is_something(meaning: str | float) -> bool:
    return isinstance(meaning, str) or not isnan(meaning)


def _is_exactly(text: str, number: float) -> bool:
    """Tell whether `text` is a usual way to write just this number."""
    return _PLAIN_NUMBER.fullmatch(text) is not None and Decimal(repr(number)) == Decimal(text)


def _number_text(number: float) -> str:
    whole = int(number)
    return str(whole) if whole == number else repr(float(number))
