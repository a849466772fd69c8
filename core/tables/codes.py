"""Read columns of codes, such as store numbers, as categories: each cell becomes the text of its code.

1, 1.0, "1", "1.0" and True are the code "1". A text that says no number, or not exactly that number,
stays as it is written: 007, +1, 1e5, INF, an id of 20 digits. Missing cells, and numbers that are
infinite, are missing. The text of a code is its own code, so that reading twice changes nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from decimal import Decimal
from math import isfinite, isnan
from typing import Any

import numpy as np
import pandas as pd

from core.tables.coerce import coerce_column, coerce_frame, coerce_value
from core.tables.distinct import distinct_cells

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


def coerce_features(
    frame: pd.DataFrame, categorical: Collection[str], coerce: Callable[[Any], Any] = coerce_value
) -> pd.DataFrame:
    """Return `frame` coerced as `coerce_frame` does, but the columns in `categorical` as code texts."""
    if not categorical:
        return coerce_frame(frame, coerce)
    columns = [_coerced(frame.iloc[:, i], str(name) in categorical, coerce) for i, name in enumerate(frame.columns)]
    result = pd.DataFrame(dict(enumerate(columns)), index=frame.index)
    result.columns = frame.columns
    return result


def _coerced(values: pd.Series, is_categorical: bool, coerce: Callable[[Any], Any]) -> pd.Series:
    return code_column(values, coerce) if is_categorical else coerce_column(values, coerce).values


def _is_exactly(text: str, number: float) -> bool:
    """Tell whether `text` is a usual way to write just this number."""
    return _PLAIN_NUMBER.fullmatch(text) is not None and Decimal(repr(number)) == Decimal(text)


def _number_text(number: float) -> str:
    whole = int(number)
    return str(whole) if whole == number else repr(float(number))
