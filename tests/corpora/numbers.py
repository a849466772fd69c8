"""What number a text names, under any marks: an independent reading of what people write."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation

_SPACES = re.compile("[\u00a0\u2009\u202f ]")
_APOSTROPHES = re.compile("['\u2019]")
_AROUND = re.compile(r"^[^\d(+\-.,\u2212]*|[^\d).,%\-]*$")


def numbers_in(text: str) -> set[float]:
    """Return every number that `text` names under some marks, units and signs around it taken off."""
    text = text.strip().replace("\u2212", "-")
    found = {number for plain in _spellings(text) if (number := _number(plain)) is not None}
    bare = _AROUND.sub("", text)
    share = 100 if bare.endswith("%") else 1
    bare = bare.rstrip("% ")
    if bare.startswith("(") and bare.endswith(")"):
        bare = f"-{bare[1:-1]}"
    if bare.endswith("-"):
        bare = f"-{bare[:-1]}"
    return found | {number / share for plain in _spellings(bare) if (number := _number(plain)) is not None}


def _spellings(text: str) -> set[str]:
    """Return `text` with a point before its decimals and no other marks, as each notation would have it."""
    plain = _APOSTROPHES.sub("", _SPACES.sub("", text))
    return {text, plain, plain.replace(",", ""), plain.replace(".", "").replace(",", ".")}


def _number(text: str) -> float | None:
    try:
        return float(Decimal(text))
    except InvalidOperation:
        return None
