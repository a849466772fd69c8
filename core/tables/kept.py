"""Keep words for nothing as texts where that was chosen: NA is Namibia in a column of countries."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from core.tables.cell import KeptText, coerce_value, is_missing_text
from core.tables.numbers import word_key

Coerce = Callable[[Any], Any]


def keeping(words: Collection[str]) -> Coerce:
    """Return what reads a cell as `coerce_value` does, but one of `words` as a text."""
    keys = {word_key(word) for word in words}
    if not keys:
        return coerce_value

    def coerce(cell: Any) -> Any:
        return KeptText(cell.strip()) if _is_word(cell) and word_key(cell) in keys else coerce_value(cell)

    return coerce


def _is_word(cell: Any) -> bool:
    return isinstance(cell, str) and bool(cell.strip()) and is_missing_text(cell)
