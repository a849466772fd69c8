"""Decide what one cell means: a number, a text or nothing.

Nothing here imports pandas, so that the reading process can use it too.
"""

from __future__ import annotations

import re
from datetime import date, time
from decimal import Decimal
from numbers import Real
from typing import Any

import numpy as np

Cell = float | int | bool | str

MISSING_WORDS = frozenset({"", "na", "n/a", "nan", "none", "null", "."})

# Python's float() takes more: 1_000, and the digits of every script.
_NUMBER = re.compile(
    r"[+-]?(?:(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[+-]?[0-9]+)?|inf|infinity|nan)", re.ASCII | re.IGNORECASE
)
_PANDAS_NOTHING = ("NAType", "NaTType")


class KeptText(str):
    """A word for nothing that was chosen to be a text of its own, such as NA for Namibia."""

    __slots__ = ()


def coerce_value(value: object) -> Cell:
    """Return a number, a trimmed text, or NaN for a missing cell.

    Booleans and numbers stay, numeric text becomes a float (`inf` too), dates become their ISO
    text and any other object its text, so that whatever comes out can be encoded.
    """
    if isinstance(value, str):
        return value if isinstance(value, KeptText) else _coerce_text(value)
    if _is_nothing(value):
        return float("nan")
    if isinstance(value, np.datetime64):
        value = value.astype("datetime64[us]")  # of nanoseconds, `item` would make an integer
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, bool):
        return value
    if isinstance(value, (Real, Decimal)):
        return _coerce_number(value)
    return _coerce_text(_text_of(value))


def is_missing_text(text: str) -> bool:
    """Tell whether `text` is one of the words for nothing."""
    return text.strip().lower() in MISSING_WORDS


def is_number_text(text: str) -> bool:
    """Tell whether the trimmed `text` is written as a number."""
    return _NUMBER.fullmatch(text) is not None


def _coerce_text(text: str) -> float | str:
    trimmed = str(text.strip())
    if trimmed.lower() in MISSING_WORDS:
        return float("nan")
    return float(trimmed) if is_number_text(trimmed) else trimmed


def _text_of(value: object) -> str:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return value.isoformat() if isinstance(value, (date, time)) else str(value)


def _coerce_number(value: Any) -> float | int:
    try:
        as_float = float(value)
    except OverflowError:  # an integer beyond what a float can hold
        return float("inf") if value > 0 else float("-inf")
    except ValueError:  # a signalling NaN
        return float("nan")
    return value if isinstance(value, (int, float)) else as_float


def _is_nothing(value: object) -> bool:
    if value is None or type(value).__name__ in _PANDAS_NOTHING:
        return True
    return isinstance(value, (np.datetime64, np.timedelta64)) and bool(np.isnat(value))
