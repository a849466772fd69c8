"""What stands around every number of a column alike: a unit, a currency, a percent sign, an accountant's brackets."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from core.tables.files.names import columns_notice
from core.tables.numbers import CURRENCIES, SHARES, UNITS
from core.tables.report import Notice

LOOKED = 20  # texts that are looked at first
MAX_CHARS = 64
FORMULA = '="'

_MINUS = "[-\u2212\u2013]"
_BLANKS = "[ \t\u00a0\u2009\u202f]*"
_SIGNED = "^\\(|[-\u2212\u2013]$|^[\u2212\u2013]"
_AROUND = re.compile(
    rf"\(?{_BLANKS}{_MINUS}?{_BLANKS}(?P<before>[^-\d\s.,()\u2212\u2013]*\.?){_BLANKS}{_MINUS}?{_BLANKS}"
    rf"(?:[0-9](?:[0-9.,'\u2019 \u00a0\u2009\u202f]*[0-9])?|[.,][0-9]+){_BLANKS}{_MINUS}?{_BLANKS}"
    r"(?P<after>[^-\d\s.,'()\u2212\u2013\u2019][^\s()]*)?\s*\)?"
)
_IN_FORMULA = '^="([^"]*)"$'


@dataclass(frozen=True)
class Wrapping:
    """What is taken off each cell: a unit before or behind the number, and signs; or all but the text of a formula.

    A number with a `unit` of % or ‰ is a share of one.
    """

    unit: str = ""

    @property
    def is_formula(self) -> bool:
        """Tell whether cells are texts that Excel keeps by a formula, as in ="007"."""
        return self.unit == FORMULA

    @property
    def power(self) -> int:
        """Return the power of ten by which the number has to be multiplied."""
        return SHARES.get(self.unit, 0)


def find_wrapping(texts: pa.Array) -> Wrapping | None:
    """Return what stands around the numbers in all of the trimmed texts alike; None where there is nothing so.

    Units are only those that are known; brackets and a minus behind are signs only where some cells have none.
    """
    head = texts.slice(0, LOOKED).to_pylist()
    if not head:
        return None
    if all(text.startswith(FORMULA) for text in head):
        return Wrapping(FORMULA) if _all_match(texts, _IN_FORMULA) else None
    unit = _unit_of(head)
    if unit is None or (len(unit) == 1 and unit.isalpha() and _any_match(texts, f"[0-9]{unit}")):
        return None  # a letter at a digit may be more than a unit: 1990s, 3A
    if unit and not pc.all(pc.match_substring(texts, unit)).as_py():
        return None
    if not unit and not _any_match(texts, _SIGNED):
        return None
    is_always_signed = _all_match(texts, r"^\(.*\)$") or _all_match(texts, f"[0-9]{_BLANKS}{_MINUS}$")
    return None if is_always_signed else Wrapping(unit)


def _unit_of(texts: Sequence[str]) -> str | None:
    """Return the known unit that all of the texts have, an empty one for none at all, else None."""
    units: set[str | None] = set()
    for text in texts:
        match = _AROUND.fullmatch(text) if len(text) <= MAX_CHARS else None
        before, after = match.group("before", "after") if match else (None, None)
        is_known = match and (not before or before in CURRENCIES or before in SHARES) and not (before and after)
        units.add((before or after or "") if is_known else None)
    unit = units.pop()
    return unit if not units and (not unit or unit in UNITS | CURRENCIES | SHARES.keys()) else None


def unwrapped(texts: pa.Array, wrapping: Wrapping) -> pa.Array:
    """Return the cells with the number, or the text, alone; cells without a digit stay."""
    bare = pc.utf8_trim_whitespace(texts)
    if wrapping.is_formula:
        return pc.replace_substring_regex(bare, _IN_FORMULA, r"\1")
    bare = pc.replace_substring_regex(bare, r"^\((.*)\)$", r"-\1")
    if wrapping.unit:
        unit = "".join(rf"\x{{{ord(letter):x}}}" for letter in wrapping.unit)
        bare = pc.replace_substring_regex(bare, rf"^({_MINUS}?){_BLANKS}{unit}{_BLANKS}", r"\1")
        bare = pc.replace_substring_regex(bare, rf"{_BLANKS}{unit}$", "")
    bare = pc.replace_substring_regex(bare, rf"^(.*[0-9]){_BLANKS}{_MINUS}$", r"-\1")
    bare = pc.replace_substring_regex(bare, rf"^{_MINUS}{_BLANKS}", "-")
    return pc.if_else(pc.match_substring_regex(texts, "[0-9]"), bare, texts)


def wrapping_notices(columns: Sequence[tuple[str, Wrapping]]) -> tuple[Notice, ...]:
    """Say what was taken off the cells of columns, with the names of the columns."""
    notices: tuple[Notice, ...] = ()
    for wrapping in dict.fromkeys(wrapping for _, wrapping in columns):
        notices += columns_notice(_said(wrapping), [name for name, own in columns if own == wrapping])
    return notices


def _said(wrapping: Wrapping) -> str:
    if wrapping.is_formula:
        return 'Texts written like ="007" were taken out of their formula'
    if wrapping.power:
        return f"Numbers with {wrapping.unit} were read as shares of one, 1 {wrapping.unit} as {10**wrapping.power}"
    if wrapping.unit:
        return f"Numbers with the unit {wrapping.unit} were read without it"
    return "Numbers in parentheses, or with a minus sign behind or a printed one, were read as negative"


def _all_match(texts: pa.Array, pattern: str) -> bool:
    return bool(pc.all(pc.match_substring_regex(texts, pattern)).as_py())


def _any_match(texts: pa.Array, pattern: str) -> bool:
    return bool(pc.any(pc.match_substring_regex(texts, pattern)).as_py())
