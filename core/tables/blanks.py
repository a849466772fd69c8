"""Count words as missing that were chosen to be, such as ? or -999, and keep those that were chosen to be texts."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import pandas as pd

from core.tables.cell import KeptText
from core.tables.distinct import distinct_cells
from core.tables.kept import keeping
from core.tables.numbers import word_key


def without_words(values: pd.Series, words: Collection[str]) -> pd.Series:
    """Return `values` with the cells missing that say one of `words`; -999 and -999.0 say the same.

    The index is kept, and the very column returned where it holds none of them.
    """
    keys = {word_key(word) for word in words}
    if not keys:
        return values
    distinct = distinct_cells(values)
    is_word = np.array([_key(cell) in keys for cell in distinct.cells], dtype=bool)
    return values.mask(is_word[distinct.codes]) if is_word.any() else values


def keep_words(values: pd.Series, words: Collection[str]) -> pd.Series:
    """Return `values` with the cells that say one of `words` as texts that `coerce_value` takes for no missing ones.

    The index is kept, and the very column returned where it holds none of them.
    """
    if not words or not _can_hold_texts(values):
        return values
    coerce, distinct = keeping(words), distinct_cells(values)
    meanings = [coerce(cell) if isinstance(cell, str) else None for cell in distinct.cells]
    kept = [code for code, meaning in enumerate(meanings) if isinstance(meaning, KeptText)]
    if not kept:
        return values
    cells = values.to_numpy(dtype=object, copy=True)
    for code in kept:
        cells[distinct.codes == code] = meanings[code]
    return pd.Series(cells, index=values.index, name=values.name, dtype=object)


def as_chosen(values: pd.Series, missing: Collection[str], kept: Collection[str]) -> pd.Series:
    """Return `values` with the words in `missing` missing, and those in `kept` as texts."""
    return keep_words(without_words(values, missing), kept)


def _can_hold_texts(values: pd.Series) -> bool:
    return values.dtype == object or isinstance(values.dtype, (pd.StringDtype, pd.CategoricalDtype))


def _key(cell: object) -> str:
    return word_key(cell if isinstance(cell, str) else str(cell))
