"""Count words as missing that were chosen to be, such as ? or -999."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import pandas as pd

from core.tables.distinct import distinct_cells
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


def _key(cell: object) -> str:
    return word_key(cell if isinstance(cell, str) else str(cell))
