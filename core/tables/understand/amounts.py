"""Recognise texts that are numbers with a unit, a currency or brackets: 12 kg, € 1.234,50, 45 %, (1,234), 1.2k."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import pyarrow as pa

from core.tables.files.marks import MarksFound, find_marks
from core.tables.numbers import PLAIN, Marks, Quantity, read_quantity
from core.tables.understand.column import Column
from core.tables.understand.missing import is_nothing_word
from core.tables.understand.names import vocabulary
from core.tables.understand.phrases import percent, quoted
from core.tables.understand.suggestion import Suggestion

SHARE = 0.9  # of the rows that must be amounts, and of the amounts that must have one unit
MIN_NUMBERS = 5  # different ones
MIN_ODD_NUMBERS = 8  # where the unit is no known one
MOST_UNITS = 4

_NUMBER = re.compile(r"[0-9](?:[0-9.,]|['’ \u00a0\u2009\u202f](?=[0-9]{3}))*", re.ASCII)
_UNITS = vocabulary(
    "% ‰ ° kg g mg µg t lb lbs oz km m cm mm µm mi mile ft feet in inch yd l ml cl dl gal h hr hour min mins minute s "
    "sec second ms d day week wk month mo year yr °c °f c f kw kwh mwh wh w mw v mv a ma hz khz mhz ghz kb mb gb tb px "
    "pc pcs stk stück st tag tage jahr jahre monat monate woche wochen stunde stunden std bar mbar pa hpa kpa psi mph "
    "km/h kmh m/s rpm m² m2 m³ m3 sqft sqm ha qm cbm hp bhp ps cc nm kmpl mpg kcal cal kj person people room bed piece "
    "unit item pt point step eur usd chf gbp jpy cny inr sek nok dkk pln czk kr € $ £ ¥ ₹ a$ c$ us$ r$ rs fr"
)


def find_amounts(column: Column) -> Suggestion | None:
    """Return that the column holds numbers with something about them, if it does."""
    if not column.words:
        return None
    found = amount_marks(column.words)
    marks = found.could_be[0] if found.could_be else PLAIN
    amounts = _Amounts(column, {text: read for text in column.words if (read := read_quantity(text, marks))})
    nothing = sum(count for text, count in column.words.items() if is_nothing_word(text))
    if not amounts.read or amounts.n_rows + column.numbers.n < SHARE * (column.n_present - nothing):
        return None
    if len({read.value for read in amounts.read.values()}) < (MIN_NUMBERS if amounts.is_known else MIN_ODD_NUMBERS):
        return None
    is_mixed = amounts.n_usual < SHARE * amounts.n_rows
    if is_mixed and not amounts.are_all_known:
        return None
    is_doubtful = bool(found.could_be) and not found.is_certain
    return _suggest(column, amounts, marks, is_mixed, is_doubtful)


def amount_marks(texts: Iterable[str]) -> MarksFound:
    """Return how the numbers inside the texts are marked, with what stands around them taken off."""
    parts = {match[0].rstrip(".,'’ ") for text in texts if (match := _NUMBER.search(text))}
    return find_marks(pa.array(sorted(parts), pa.string()))


@dataclass(frozen=True)
class _Amounts:
    """The texts of a column that are amounts, with what was read of each."""

    column: Column
    read: dict[str, Quantity]

    @property
    def n_rows(self) -> int:
        """Return how many rows hold an amount."""
        return sum(self.column.words[text] for text in self.read)

    @property
    def units(self) -> Counter[str]:
        """Return the units with their rows."""
        units = Counter[str]()
        for text, read in self.read.items():
            units[_singular(read.unit)] += self.column.words[text]
        return units

    @property
    def usual(self) -> str:
        """Return the most frequent unit."""
        return self.units.most_common(1)[0][0]

    @property
    def n_usual(self) -> int:
        """Return the rows with the most frequent unit."""
        return self.units[self.usual]

    @property
    def is_known(self) -> bool:
        """Tell whether the most frequent unit is one, or there is none but a sign or a scale."""
        return not self.usual or self.usual.lower() in _UNITS

    @property
    def are_all_known(self) -> bool:
        """Tell whether there are a few units and all of them are."""
        return len(self.units) <= MOST_UNITS and all(unit.lower() in _UNITS for unit in self.units)


def _suggest(column: Column, amounts: _Amounts, marks: Marks, is_mixed: bool, is_doubtful: bool) -> Suggestion:
    unread = [text for text in column.words if text not in amounts.read]
    share = (amounts.n_rows + column.numbers.n) / column.n_present
    evidence = f"{percent(share)} of its cells are numbers with something about them, such as {quoted(_first(amounts))}"
    if is_mixed:
        units = ", ".join(f"{quoted(unit)} {count:,} times" for unit, count in amounts.units.most_common() if unit)
        evidence += f", in different units ({units}), which cannot be compared as they stand."
    elif is_doubtful:
        evidence += "; whether its comma or point parts thousands or decimals cannot be told."
    else:
        evidence += f"; not a number is {quoted(unread[0])}." if unread else "."
    details = {
        "unit": amounts.usual,
        "decimal": marks.decimal,
        "thousands": marks.group,
        "ambiguous": is_doubtful,
        "share": share,
        "unread": unread[:5],
    }
    return Suggestion(
        column.name, "amount", "none" if is_mixed or is_doubtful else "as_number",
        "likely" if is_mixed or is_doubtful or not amounts.is_known else "sure",
        evidence, details, tuple(amounts.read)[:3], column.n_looked,
    )  # fmt: skip


def _first(amounts: _Amounts) -> str:
    return next(iter(amounts.read))


def _singular(unit: str) -> str:
    """Return a unit without its plural and its final stop."""
    name = unit.strip().rstrip(".")
    is_plural = len(name) > 3 and name.endswith("s") and name.lower()[:-1] in _UNITS
    return name[:-1] if is_plural else name
