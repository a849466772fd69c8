"""Read the number out of a cell that says more: 12 kg, € 1.234,50, 45 %, (1,234), 1.2k."""

from __future__ import annotations

import re
from decimal import Decimal
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
_UNIT = r"[^\W\d_][^\d]{0,15}|[%‰°'\"][^\d]{0,4}"
SHARES = {"%": -2, "‰": -3}  # powers of ten
_UNITS = (
    "kg g mg µg t lb lbs oz km m cm mm µm nm mi ft in yd ha km² m² cm² m³ cm³ l ml cl dl hl gal h hr hrs min s sec ms "
    "° °C °F K km/h kmh m/s mph rpm kW kWh MW MWh Wh W V mV kV A mA Ah mAh Hz kHz MHz GHz kB KB MB GB TB Pa hPa kPa "
    "MPa bar mbar psi J kJ kcal cal N Nm dB px pt hp PS ccm ppm"
)
_CURRENCIES = (
    "$ € £ ¥ ₹ ₽ ₩ ₺ ₫ ₪ ฿ ₴ ₦ US$ A$ C$ R$ USD EUR GBP CHF JPY CNY INR SEK NOK DKK PLN CZK HUF BRL AUD CAD NZD ZAR "
    "MXN RUB TRY KRW SGD HKD kr zł Kč Fr Fr. Rs Rs."
)
UNITS = frozenset(_UNITS.split())
CURRENCIES = frozenset(_CURRENCIES.split())
_SCALES = {"k": 1e3, "K": 1e3, "M": 1e6, "Mio": 1e6, "Mio.": 1e6, "bn": 1e9, "Mrd": 1e9, "Mrd.": 1e9, "B": 1e9}


_CURRENCY = r"[A-Za-z]{1,3}\$|Rs?\.?|" + "|".join(map(re.escape, sorted(CURRENCIES, key=len, reverse=True)))


class Quantity(NamedTuple):
    """A number and what stood around it."""

    value: float
    unit: str


def read_quantity(text: str, marks: Marks = PLAIN) -> Quantity | None:
    """Return the number in a cell with its unit or currency; None where there is not exactly one.

    A percentage is a share: 45 % is 0.45, as the same cell of a workbook has it. A number in parentheses, or
    with a minus behind it, is negative, as accountants write it. k, M, Mio, bn, Mrd and B multiply; other
    letters are a unit.
    """
    match = _pattern(marks).fullmatch(text.strip())
    if match is None or (match["open"] is None) != (match["close"] is None):
        return None
    after = (match["after"] or "").strip()
    number = plain_number(match["number"], marks)
    value = float(Decimal(number).scaleb(SHARES[after]) if after in SHARES else number)
    minuses = [part for part in match.group("open", "sign", "inner_sign", "last") if part and part != "+"]
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


def number_pattern(marks: Marks) -> str:
    """Return the pattern of a number without its sign, in words that Arrow understands too."""
    decimal, whole = re.escape(marks.decimal), "[0-9]+"
    if marks.group:
        mark = GROUP_PATTERNS[marks.group]
        whole = rf"(?:[0-9]{{1,3}}(?:{mark}[0-9]{{3}})+|[0-9]+)"
        if marks.group == ",":  # in twos and a three, as in India
            whole = rf"(?:[0-9]{{1,3}}(?:{mark}[0-9]{{3}})+|[0-9]{{1,2}}(?:{mark}[0-9]{{2}})+{mark}[0-9]{{3}}|[0-9]+)"
    return rf"(?:{whole}(?:{decimal}[0-9]+)?|{decimal}[0-9]+)(?:[eE][+-]?[0-9]{{1,3}})?"


def word_key(text: str) -> str:
    """Return what the spellings of a word for missing share: -999 and -999.0, Unknown and unknown."""
    bare = text.strip().casefold()
    try:
        return repr(float(bare))
    except ValueError:
        return bare


@lru_cache(maxsize=16)
def _pattern(marks: Marks) -> re.Pattern[str]:
    number = number_pattern(marks)
    return re.compile(
        rf"(?P<open>\()?\s*(?P<sign>[+{_MINUS}])?\s*(?P<before>{_CURRENCY})?\s*(?P<inner_sign>[+{_MINUS}])?\s*"
        rf"(?P<number>{number})(?P<last>[{_MINUS}])?\s*(?P<after>{_CURRENCY}|{_UNIT})?\s*(?P<close>\))?"
    )
