"""How counts, shares, numbers and somebody else's words are written in a sentence."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

MOST_LETTERS = 40


def plural(value: int, noun: str, many: str | None = None) -> str:
    """Write a number with its noun: 1 row, 2,400 rows."""
    return f"{value:,} {noun if value == 1 else many or noun + 's'}"


def verb(n: int, one: str, many: str) -> str:
    """Return the verb that goes with so many things."""
    return one if n == 1 else many


def percent(share: float) -> str:
    """Write a share as a percentage with one decimal, never 0.0 % or 100.0 % where it is not quite that."""
    if 0 < share < 0.0005:
        return "under 0.1 %"
    if 0.9995 <= share < 1:
        return "over 99.9 %"
    return f"{100 * share:.1f} %"


def number(value: float) -> str:
    """Write a number with four significant digits, whole ones to a million in full."""
    if value == int(value) and abs(value) < 1e6:
        return f"{value:.0f}"
    if not 1e-4 <= abs(value) < 1e15:
        return f"{value:.3e}"
    digits = 3 - math.floor(math.log10(abs(value)))
    rounded = round(value, digits)
    text = f"{rounded:,.{max(0, digits)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def exact(value: float) -> str:
    """Write a number in full, as a cell would hold it."""
    return f"{value:.0f}" if value == int(value) and abs(value) <= 2**53 else repr(float(value))


def quoted(text: str) -> str:
    """Write a cell in quotes on one line, cut where it is long."""
    line = " ".join(text.split()) if text.strip() else text
    return f"'{line}'" if len(line) <= MOST_LETTERS else f"'{line[: MOST_LETTERS - 1]}…'"


def listed(names: Sequence[str], most: int = 4) -> str:
    """Write names in quotes as a list: 'a', 'b' and 'c', or 'a', 'b' and 7 more."""
    return joined([quoted(name) for name in names[:most]], len(names) - most)


def joined(parts: Iterable[str], n_more: int = 0) -> str:
    """Write parts as a list that ends in "and"."""
    *first, last = [*parts, *([f"{n_more:,} more"] if n_more > 0 else [])]
    return f"{', '.join(first)} and {last}" if first else last


def capital(sentence: str) -> str:
    """Write the first letter large."""
    return sentence[:1].upper() + sentence[1:]
