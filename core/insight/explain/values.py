"""What the cells of a column mean to a model: numbers, days or categories."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.insight.explain.results import ValueKind
from core.insight.explain.sample import Sample
from core.scoring.cells import read_column
from core.scoring.predict import schema_of
from core.tables.coerce import coerce_column

_MICROSECONDS_A_DAY = 86_400e6


@dataclass(frozen=True)
class ColumnValues:
    """The cells of one column.

    `numbers` (n,) are numbers, or days since 1970-01-01, NaN where there is none. Of categories, `codes[i]` is the
    place of row i's in `levels`, the most frequent first, -1 for an empty cell.
    """

    kind: ValueKind
    numbers: NDArray[np.float64]
    codes: NDArray[np.intp]
    levels: tuple[str, ...] = ()


def column_values(sample: Sample, name: str) -> ColumnValues:
    """Return what the column `name` of the sample's rows means; a column that the rows lack is empty.

    In a column of numbers and texts, what most cells hold decides.
    """
    cells = sample.frame[name] if name in sample.frame.columns else pd.Series([None] * len(sample), dtype=object)
    values = _read(sample, name, cells)
    if pd.api.types.is_datetime64_any_dtype(values.dtype):
        days = values.astype("datetime64[us]").to_numpy().astype(np.int64) / _MICROSECONDS_A_DAY
        return _numbers("date", np.where(values.isna(), np.nan, days))
    if pd.api.types.is_numeric_dtype(values.dtype):
        return _numbers("number", values.to_numpy(np.float64))
    meanings = values.tolist()
    numbers = np.array([np.nan if isinstance(cell, str) else float(cell) for cell in meanings])
    n_texts = sum(isinstance(cell, str) for cell in meanings)
    if np.isfinite(numbers).sum() > n_texts:
        return _numbers("number", numbers)
    return _categories(meanings)


def _read(sample: Sample, name: str, cells: pd.Series) -> pd.Series:
    schema = schema_of(sample.bundle)
    known = {} if schema is None else {column.name: column for column in schema.columns}
    if name in known:
        return read_column(known[name], cells).values
    return coerce_column(cells.reset_index(drop=True)).values


def _numbers(kind: ValueKind, numbers: NDArray[np.float64]) -> ColumnValues:
    return ColumnValues(kind, np.where(np.isfinite(numbers), numbers, np.nan), np.full(len(numbers), -1))


def _categories(meanings: list[Any]) -> ColumnValues:
    texts = [_text(cell) for cell in meanings]
    counts = Counter(text for text in texts if text is not None)
    levels = [text for text, _ in counts.most_common()]  # of equally many rows, the first to come
    place = {text: at for at, text in enumerate(levels)}
    codes = np.array([-1 if text is None else place[text] for text in texts], dtype=np.intp)
    return ColumnValues("category", np.full(len(texts), np.nan), codes, tuple(levels))


def _text(cell: Any) -> str | None:
    if isinstance(cell, str):
        return cell
    return f"{float(cell):.15g}" if np.isfinite(float(cell)) else None
