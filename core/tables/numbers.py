"""Read the number out of a cell that says more: 12 kg, € 1.234,50, 45 %, (1,234), 1.2k."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from core.tables.cell import is_missing_text


class Marks(NamedTuple):
    """The decimal mark of numbers, and the mark between thousands (empty: none)."""

    decimal: str = "."
    group: str = ""

    @property
    def example(self) -> str:
        """Return a number written so."""
        return f"1{self.group}234{self.decimal}56"


PLAIN = Marks()
GROUP_PATTERNS = {",": ",", ".": r"\.", " ": "[ \u00a0\u2009\u202f]", "'": "['\u2019]"}
_MINUS = r"\-\u2212\u2013"
_CURRENCY = (
    r"[$€£¥₹₽₩₺₫₪฿₴₦]|[A-Za-z]{1,3}\$|USD|EUR|GBP|CHF|JPY|CNY|INR|SEK|NOK|DKK|PLN|CZK|HUF|BRL|AUD|CAD"
    r"|kr|zł|Kč|Fr\.?|Rs?\.?"
)
_UNIT = r"[^\W\d_][^\d]{0,15}|[%‰°'\"][^\d]{0,4}"
_SCALES = {"k": 1e3, "K": 1e3, "M": 1e6, "Mio": 1e6, "Mio.": 1e6, "bn": 1e9, "Mrd": 1e9, "Mrd.": 1e9, "B": 1e9}


class Quantity(NamedTuple):
    """A number and what stood around it."""

    value: float
    unit: str


def read_quantity(text: str, marks: Marks = PLAIN) -> Quantity | None:
    """Return the number in a cell with its unit or currency; None where there is not exactly one.

    A percentage keeps its number: 45 % is 45. A number in parentheses, or with a minus behind it, is
    negative, as accountants write it. k, M, Mio, bn, Mrd and B multiply; other letters are a unit.
    """
    match = _pattern(marks).fullmatch(text.strip())
    if match is None or (match["open"] is None) != (match["close"] is None):
        return None
    value = float(plain_number(match["number"], marks))
    minuses = [part for part in match.group("open", "sign", "inner_sign", "last") if part and part != "+"]
    after = (match["after"] or "").strip()
    scale = _SCALES.get(after, 1.0)
    unit = (match["before"] or "") if scale != 1.0 else (match["before"] or after)
    return Quantity((-value if minuses else value) * scale, unit.strip())


def read_number(text: str | None, marks: Marks = PLAIN) -> float | None:
    """Return the number in a cell without what stands around it, or None."""
    if text is None or is_missing_text(text):
        return None
    found = read_quantity(text, marks)
    return found.value if found is not None else None


def plain_number(text: str, marks: Marks) -> str:
    """Rewrite one number with a decimal point and no thousands marks."""
    bare = re.sub(GROUP_PATTERNS[marks.group], "", text) if marks.group else text
    return bare.replace(",", ".") if marks.decimal == "," else bare


def word_key(text: str) -> str:
    """Return what the spellings of a word for missing share: -999 and -999.0, Unknown and unknown."""
    bare = text.strip().casefold()
    try:
        return repr(float(bare))
    except ValueError:
        return bare


@lru_cache(maxsize=16)
def _pattern(marks: Marks) -> re.Pattern[str]:
    decimal, whole = re.escape(marks.decimal), "[0-9]+"
    if marks.group:
        whole = rf"(?:[0-9]{{1,3}}(?:{GROUP_PATTERNS[marks.group]}[0-9]{{3}})+|[0-9]+)"
    number = rf"{whole}(?:{decimal}[0-9]+)?(?:[eE][+-]?[0-9]{{1,3}})?|{decimal}[0-9]+"
    return re.compile(
        rf"(?P<open>\()?\s*(?P<sign>[+{_MINUS}])?\s*(?P<before>{_CURRENCY})?\s*(?P<inner_sign>[+{_MINUS}])?\s*"
        rf"(?P<number>{number})(?P<last>[{_MINUS}])?\s*(?P<after>{_UNIT})?\s*(?P<close>\))?"
    )
