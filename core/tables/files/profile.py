"""Look at one column of a table that was read: its kind, range, shape and peculiarities."""

from __future__ import annotations

import re
from collections.abc import Sequence
from math import isfinite
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from core.tables.cell import coerce_value
from core.tables.datecells import State, read_date_cell
from core.tables.report import ColumnProfile

BINS = 20
MAX_EXAMPLES = 5
MAX_EXAMPLE_CHARS = 80
DATE_SAMPLE = 500
MIN_DATE_SHARE = 0.9
MIN_ID_ROWS = 20
MAX_ID_CHARS = 64
COMPACT_DATES = (19_000_101, 21_001_231)

_ID_NAME = re.compile(r"(?:^|[_\s.-])(?:id|ids|key|index|uuid|guid|nr|no)$|(?:Id|ID|Key)$|^unnamed", re.IGNORECASE)
_ID_SUFFIX = re.compile(r"(?:[a-z]Id|[a-z]ID|PID)$")


def profile_column(name: str, column: pa.ChunkedArray) -> ColumnProfile:
    """Return the profile of `column`, whose type is one that the readers give."""
    if pa.types.is_string(column.type):
        return _profile_texts(name, column)
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
    is_whole = pa.types.is_integer(column.type)
    distinct = pc.unique(present)
    return ColumnProfile(
        name, "number", n_missing, len(distinct), float(numbers.min()), float(numbers.max()),
        _examples([str(cell) for cell in distinct[:MAX_EXAMPLES].to_pylist()]), _bins(numbers),
        looks_like_date=is_whole and _are_compact_dates(numbers, len(distinct)),
        looks_like_id=is_whole and _are_ids(name, numbers, len(distinct)),
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


def _profile_texts(name: str, column: pa.ChunkedArray) -> ColumnProfile:
    counted = pc.value_counts(column.drop_null())
    cells, counts = counted.field("values").to_pylist(), counted.field("counts").to_numpy()
    meanings = [coerce_value(cell) for cell in cells]
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
        looks_like_date=bool(texts) and _are_date_texts(list(texts)),
        looks_like_id=_are_id_texts(name, texts, n_present, n_distinct),
        missing_words=words,
    )


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


def _are_compact_dates(numbers: NDArray[np.float64], n_distinct: int) -> bool:
    """Tell whether all are like 20100205, by the calendar."""
    if n_distinct < 2 or numbers.min() < COMPACT_DATES[0] or numbers.max() > COMPACT_DATES[1]:
        return False
    compact = np.unique(numbers).astype(np.int64)
    month, day = compact // 100 % 100, compact % 100
    return bool(((month >= 1) & (month <= 12) & (day >= 1) & (day <= 31)).all())


def _are_date_texts(texts: list[str]) -> bool:
    sample = texts[:DATE_SAMPLE]
    read = sum(read_date_cell(text).state >= State.FIXED for text in sample)
    return read >= MIN_DATE_SHARE * len(sample)


def _has_id_name(name: str) -> bool:
    return bool(_ID_NAME.search(name) or _ID_SUFFIX.search(name))


def _are_ids(name: str, numbers: NDArray[np.float64], n_distinct: int) -> bool:
    """Tell whether whole numbers are all different, and are counted up or named like an id."""
    if n_distinct < len(numbers) or n_distinct < MIN_ID_ROWS:
        return False
    counted_up = numbers.max() - numbers.min() == len(numbers) - 1
    return bool(counted_up or _has_id_name(name))


def _are_id_texts(name: str, texts: dict[str, int], n_present: int, n_distinct: int) -> bool:
    """Tell whether short texts are all different, or nearly so under the name of an id."""
    if n_present < MIN_ID_ROWS or not texts or max(map(len, texts)) > MAX_ID_CHARS:
        return False
    needed = 0.95 * n_present if _has_id_name(name) else n_present
    return n_distinct >= needed and not _are_date_texts(list(texts))
