"""Look at one column of a table that was read: its kind, range, shape and peculiarities."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from core.tables.cell import coerce_value
from core.tables.kept import Coerce
from core.tables.report import ColumnProfile
from core.tables.understand.column import Column
from core.tables.understand.dates import is_date
from core.tables.understand.ids import find_id

BINS = 20
MAX_EXAMPLES = 5
MAX_EXAMPLE_CHARS = 80


def profile_column(name: str, column: pa.ChunkedArray, coerce: Coerce = coerce_value) -> ColumnProfile:
    """Return the profile of `column`, whose type is one that the readers give; `coerce` says what its texts mean."""
    if pa.types.is_string(column.type):
        return _profile_texts(name, column, coerce)
    if pa.types.is_timestamp(column.type):
        return _profile_dates(name, column)
    return _profile_numbers(name, column)


def _profile_numbers(name: str, column: pa.ChunkedArray) -> ColumnProfile:
    present = column.drop_null()
    numbers = present.cast(pa.float64(), safe=False).to_numpy()
    numbers = numbers[np.isfinite(numbers)]
    n_missing = len(column) - len(numbers)
    if not len(numbers):
        return ColumnProfile(name, "empty", n_missing, 0)
    distinct, looks = pc.unique(present), _looks(name, column)
    return ColumnProfile(
        name, "number", n_missing, len(distinct), float(numbers.min()), float(numbers.max()),
        _examples([str(cell) for cell in distinct[:MAX_EXAMPLES].to_pylist()]), _bins(numbers),
        looks_like_date=looks.date, looks_like_id=looks.id,
    )  # fmt: skip


def _profile_dates(name: str, column: pa.ChunkedArray) -> ColumnProfile:
    present = column.drop_null()
    if not len(present):
        return ColumnProfile(name, "empty", len(column), 0)
    distinct = pc.unique(present)
    low, high = (edge.as_py().isoformat() for edge in (pc.min(present), pc.max(present)))
    micros = present.cast(pa.int64()).to_numpy().astype(np.float64)
    return ColumnProfile(
        name, "date", len(column) - len(present), len(distinct), low, high,
        _examples([cell.isoformat(" ") for cell in distinct[:MAX_EXAMPLES].to_pylist()]), _bins(micros),
        looks_like_date=True,
    )  # fmt: skip


def _profile_texts(name: str, column: pa.ChunkedArray, coerce: Coerce) -> ColumnProfile:
    counted = pc.value_counts(column.drop_null())
    cells, counts = counted.field("values").to_pylist(), counted.field("counts").to_numpy()
    meanings = [coerce(cell) for cell in cells]
    is_text = np.array([isinstance(meaning, str) for meaning in meanings], dtype=bool)
    numbers = np.array([np.nan if isinstance(meaning, str) else float(meaning) for meaning in meanings])
    is_number = np.isfinite(numbers)
    n_present = int(counts[is_text | is_number].sum())
    n_missing = len(column) - n_present
    words = _missing_words(cells, meanings, counts)
    if not n_present:
        return ColumnProfile(name, "empty", n_missing, 0, missing_words=words)
    texts: dict[str, int] = {}
    for meaning, count in zip(meanings, counts.tolist(), strict=True):
        if isinstance(meaning, str):
            texts[meaning] = texts.get(meaning, 0) + count
    spread = np.repeat(numbers[is_number], counts[is_number])
    n_distinct = len(texts) + len(np.unique(spread))
    looks = _looks(name, column, coerce)
    present = [cell for cell, here in zip(cells, is_text | is_number, strict=True) if here]
    return ColumnProfile(
        name,
        "mixed" if texts and len(spread) else "text" if texts else "number",
        n_missing,
        n_distinct,
        float(spread.min()) if len(spread) else None,
        float(spread.max()) if len(spread) else None,
        _examples(present[:MAX_EXAMPLES]),
        _bins(spread) if not texts else tuple(sorted(texts.values(), reverse=True)[:BINS]),
        missing_words=words,
        looks_like_date=looks.date,
        looks_like_id=looks.id,
    )


class _Looks(NamedTuple):
    date: bool
    id: bool


def _looks(name: str, cells: pa.ChunkedArray, coerce: Coerce = coerce_value) -> _Looks:
    """Return whether the column looks like a date, or else like an id."""
    column = Column(name, cells, coerce=coerce)
    looks_like_date = is_date(column)
    return _Looks(looks_like_date, not looks_like_date and find_id(column) is not None)


def _missing_words(cells: list[str], meanings: list[Any], counts: NDArray[np.int64]) -> dict[str, int]:
    words: dict[str, int] = {}
    for cell, meaning, count in zip(cells, meanings, counts.tolist(), strict=True):
        if not isinstance(meaning, str) and not isfinite(meaning):
            words[cell.strip()] = words.get(cell.strip(), 0) + count
    return words


def _examples(cells: Sequence[str]) -> tuple[str, ...]:
    return tuple(cell[:MAX_EXAMPLE_CHARS] for cell in cells)


def _bins(numbers: NDArray[np.float64]) -> tuple[int, ...]:
    low, high = float(numbers.min()), float(numbers.max())
    if low == high or not isfinite(high - low):
        return (len(numbers),)
    places = np.clip((numbers - low) / (high - low) * BINS, 0, BINS - 1).astype(np.int64)
    return tuple(np.bincount(places, minlength=BINS).tolist())
