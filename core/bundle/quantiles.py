"""The deciles of a column as one text, "0.0 1.5 … 9.0", and back.

As eleven values each, those of a very wide table would be more than a manifest may hold.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from core.bundle.flaw import FlawError, shown
from core.types import N_QUANTILES

_DIGITS = 4  # behind the first of the range of the middle 80 %, where deciles are rounded
_LARGEST = 1e300  # that is rounded
_NUMBER = re.compile(r"-?[0-9]{1,20}(?:\.[0-9]{1,20})?(?:e[+-]?[0-9]{1,3})?", re.ASCII)


def quantiles_to_text(quantiles: Sequence[float], most_bytes: int) -> str:
    """Return deciles exactly, else rounded to a ten-thousandth of their middle 80 %, or nothing where neither fits."""
    if not quantiles or not all(map(math.isfinite, quantiles)):
        return ""
    text = _joined(quantiles)
    if len(text) > most_bytes:
        text = _joined(_rounded(quantiles))
    return text if len(text) <= most_bytes else ""


def quantiles_from_text(text: str) -> tuple[float, ...]:
    """Return the deciles in `text`, or raise FlawError."""
    parts = text.split(" ") if text else []
    if parts and (len(parts) != N_QUANTILES or not all(map(_NUMBER.fullmatch, parts))):
        raise FlawError(f"its schema has {shown(text)} for {N_QUANTILES} deciles")
    quantiles = tuple(map(float, parts))
    if not all(map(math.isfinite, quantiles)) or any(low > high for low, high in pairwise(quantiles)):
        raise FlawError(f"its schema has the deciles {shown(text)}, which are not finite or do not ascend")
    return quantiles


def _joined(quantiles: Sequence[float]) -> str:
    return " ".join(map(_shortest, quantiles))


def _rounded(quantiles: Sequence[float]) -> Sequence[float]:
    spread = quantiles[-2] - quantiles[1]
    if spread <= 0 or max(abs(quantiles[0]), abs(quantiles[-1])) > _LARGEST:
        return quantiles
    places = _DIGITS - math.floor(math.log10(spread))
    return [round(float(value), places) for value in quantiles]


def _shortest(value: float) -> str:
    """Return the shortest text that is this very number: 12.5, 3, 1.5e+12."""
    whole = repr(float(value)).removesuffix(".0")
    return min(whole, np.format_float_scientific(value, trim="-", exp_digits=1), key=len)
