"""Recognise columns of dates, and tell which order of day and month the cells themselves show."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray

from core.tables.datecells import DateCell, State, read_date_cell
from core.tables.understand.column import Column
from core.tables.understand.names import DATE, TIME, name_words
from core.tables.understand.phrases import exact, plural, quoted
from core.tables.understand.suggestion import Suggestion

SHARE = 0.9  # of the distinct texts that must be dates
FIRST_LOOK = 500
MOST_NUMBERS = 0.1  # of the rows, beside dates that are texts
MIN_DISTINCT = 2
COMPACT = (19_000_101, 21_001_231)
YEAR_MONTHS = (190_001, 210_012)
SERIAL_DAYS = (20_000, 60_000)  # 1954 to 2064
UNIX_SECONDS = (631_152_000, 2_145_916_800)  # 1990 to 2038
UNIX_DIGITS = 13  # of milliseconds, which little else has

_TIME = re.compile(r"([01]?\d|2[0-3]):[0-5]\d(:[0-5]\d([.,]\d+)?)?(\s*[ap]\.?m\.?)?", re.ASCII | re.IGNORECASE)
_CLOCK = re.compile(r"\d:\d\d", re.ASCII)

_FIRST = {"day_first": "day", "month_first": "month", "year_first": "year"}

Order = Literal["day_first", "month_first", "year_first"]


def find_date(column: Column, chosen: Order | None = None) -> Suggestion | None:
    """Return that the column holds dates, times or something that can be made one, if it does.

    `chosen` is the order of the parts that somebody chose, if so.
    """
    if column.n_distinct < MIN_DISTINCT:
        return None
    if column.is_instant:
        return _instants(column)
    if column.words and column.numbers.n <= MOST_NUMBERS * column.n_present:
        return _date_texts(column, chosen)
    if column.numbers.are_whole and not column.words:
        return _date_numbers(column)
    return None


def is_date(column: Column) -> bool:
    """Tell whether the cells are dates that a training can read, without asking in which order they are."""
    if column.is_instant:
        return True
    if column.words and column.numbers.n <= MOST_NUMBERS * column.n_present:
        texts = list(column.words)
        return all(
            sum(_is_date(read_date_cell(text)) for text in part) >= SHARE * len(part)
            for part in (texts[:FIRST_LOOK], texts)
        )
    found = find_date(column)
    return found is not None and found.advice == "as_date" and found.is_firm


def unreadable_share(levels: Sequence[float | str]) -> float:
    """Return the share of the levels of a column that are no date, whatever the order of their parts."""
    return sum(not _is_date(read_date_cell(level)) for level in levels) / max(1, len(levels))


def _instants(column: Column) -> Suggestion:
    low, high = (edge(column.cells).as_py().date().isoformat() for edge in (pc.min, pc.max))
    evidence = f"Its cells are dates, from {low} to {high}."
    return _suggest(column, evidence, order="year_first", n_looked=column.n_sampled)


def _date_texts(column: Column, chosen: Order | None) -> Suggestion | None:
    texts = list(column.words)
    first = [_is_date(read_date_cell(text)) for text in texts[:FIRST_LOOK]]
    if sum(first) < SHARE * len(first):
        return _times(column, texts)
    dates = _DateTexts(tuple(texts), tuple(read_date_cell(text) for text in texts))
    if sum(map(_is_date, dates.cells)) < SHARE * len(texts):
        return None
    order, reason, ambiguous = _order_of(column, dates)
    if chosen is not None:
        order, reason, ambiguous = chosen, f"the {_FIRST[chosen]} comes first, as was chosen", False
    unreadable = dates.unreadable(order)
    if unreadable:
        reason += f"; {plural(len(unreadable), 'text')} such as {quoted(unreadable[0])} cannot be read so"
    return _suggest(
        column,
        f"Its texts are dates such as {quoted(texts[0])}: {reason}.",
        "likely" if ambiguous else "sure",
        order=order,
        ambiguous=ambiguous,
        has_time=any(_CLOCK.search(text) for text in texts[:FIRST_LOOK]),
        unreadable=len(unreadable),
        examples=tuple(texts[:3]),
    )


@dataclass(frozen=True)
class _DateTexts:
    """The distinct texts of a column with the parts that were read of each."""

    texts: tuple[str, ...]
    cells: tuple[DateCell, ...]

    def showing(self, order: Order) -> list[str]:
        """Return the texts with a full year that only this order of day and month can read."""
        return [
            text
            for text, cell in zip(self.texts, self.cells, strict=True)
            if cell.state == State.LOOSE and (cell.a > 12 >= cell.b if order == "day_first" else cell.b > 12 >= cell.a)
        ]

    def unreadable(self, order: Order) -> list[str]:
        """Return the texts that are no date when day and month stand in this order."""
        other: Order = "month_first" if order == "day_first" else "day_first"
        bad = {text for text, cell in zip(self.texts, self.cells, strict=True) if not _is_date(cell)}
        misfits = set(self.showing(other)) if order != "year_first" else set()
        return [text for text in self.texts if text in bad | misfits]


def _is_date(cell: DateCell) -> bool:
    """Tell whether the parts can be a day, in one order at least."""
    if cell.state == State.FIXED:
        return 1 <= cell.b <= 12 and 1 <= cell.c <= 31
    if cell.state == State.LOOSE:
        return 1 <= min(cell.a, cell.b) <= 12 and 1 <= max(cell.a, cell.b) <= 31
    return cell.state == State.SHORT


def _order_of(column: Column, dates: _DateTexts) -> tuple[Order, str, bool]:
    """Return the order, what shows it, and whether another one would do as well."""
    states = {cell.state for cell in dates.cells}
    if not states & {State.LOOSE, State.SHORT}:
        return "year_first", "each can be read in one way only", False
    day, month = dates.showing("day_first"), dates.showing("month_first")
    if State.SHORT not in states and len(day) != len(month):
        order: Order = "day_first" if len(day) > len(month) else "month_first"
        shown = day[0] if order == "day_first" else month[0]
        return order, f"{quoted(shown)} shows that the {_FIRST[order]} comes first", False
    order = _order_by_all(column)
    if State.SHORT in states:
        return order, f"the years have two digits, and the {_FIRST[order]} is taken to come first", not (day or month)
    return order, f"day and month could be either way round, and the {_FIRST[order]} is taken to come first", True


def _order_by_all(column: Column) -> Order:
    """Return the order that a training would choose, from all the rows."""
    import pandas as pd

    from core.tables.dates import infer_date_format

    return infer_date_format(pd.Series(column.cells.to_pylist(), dtype=object)).order


def _times(column: Column, texts: Sequence[str]) -> Suggestion | None:
    if sum(_TIME.fullmatch(text) is not None for text in texts) < SHARE * len(texts):
        return None
    evidence = f"Its texts are times of day without a date, such as {quoted(texts[0])}."
    return Suggestion(column.name, "time", "none", "sure", evidence, {}, tuple(texts[:3]), column.n_looked)


def _date_numbers(column: Column) -> Suggestion | None:
    values = column.numbers.values
    low, high, words = values[0], values[-1], name_words(column.name)
    if COMPACT[0] <= low and high <= COMPACT[1] and _are_days(values.astype(np.int64)):
        evidence = f"Its numbers are days of the calendar written together, such as {exact(low)}."
        return _suggest(column, evidence, order="year_first")
    if YEAR_MONTHS[0] <= low and high <= YEAR_MONTHS[1] and _are_months(values.astype(np.int64)):
        evidence = f"Its numbers are years and months written together, such as {exact(low)}."
        return _of_numbers(column, "year_month", "likely", evidence)
    if words.has(DATE) and SERIAL_DAYS[0] <= low and high <= SERIAL_DAYS[1]:
        evidence = f"Its name is that of a date, and its numbers are days as Excel counts them, such as {exact(low)}."
        return _suggest(column, evidence, "likely", order="year_first")
    return _unix_times(column, float(low), float(high), words.has(TIME))


def _unix_times(column: Column, low: float, high: float, named: bool) -> Suggestion | None:
    unit, divisor = ("ms", 1000) if low >= 10 ** (UNIX_DIGITS - 2) else ("s", 1)
    if not (UNIX_SECONDS[0] * divisor <= low and high <= UNIX_SECONDS[1] * divisor) or not (named or unit == "ms"):
        return None
    days = [str(np.datetime64(int(edge // divisor), "s").astype("datetime64[D]")) for edge in (low, high)]
    what = "milliseconds" if unit == "ms" else "seconds"
    evidence = f"Its numbers are {what} since 1970 (Unix time), from {days[0]} to {days[1]}."
    return _of_numbers(column, "unix_time", "sure" if named else "likely", evidence, unit=unit)


def _are_days(compact: NDArray[np.int64]) -> bool:
    """Tell whether all are like 20100205, by the calendar."""
    month, day = compact // 100 % 100, compact % 100
    if not ((month >= 1) & (month <= 12) & (day >= 1) & (day <= 31)).all():
        return False
    months = (compact // 10_000 * 12 + month - 1 - 1970 * 12).astype("datetime64[M]")
    return bool(((months.astype("datetime64[D]") + (day - 1)).astype("datetime64[M]") == months).all())


def _are_months(compact: NDArray[np.int64]) -> bool:
    """Tell whether all are like 201002, next to each other rather than strewn, and not just a few of them."""
    month, year = compact % 100, compact // 100
    if not ((month >= 1) & (month <= 12)).all() or len(compact) < 3:
        return False
    places = year * 12 + month
    return bool(places[-1] - places[0] < 4 * len(compact))


def _of_numbers(
    column: Column, kind: Literal["year_month", "unix_time"], confidence: Literal["sure", "likely"], evidence: str,
    **details: str,
) -> Suggestion:  # fmt: skip
    examples = tuple(exact(value) for value in column.numbers.values[:3])
    return Suggestion(column.name, kind, "as_date", confidence, evidence, details, examples, column.n_sampled)


def _suggest(
    column: Column, evidence: str, confidence: Literal["sure", "likely"] = "sure", *, order: Order,
    ambiguous: bool = False, has_time: bool = False, unreadable: int = 0, examples: tuple[str, ...] = (),
    n_looked: int | None = None,
) -> Suggestion:  # fmt: skip
    details = {"order": order, "ambiguous": ambiguous, "has_time": has_time, "unreadable": unreadable}
    return Suggestion(column.name, "date", "as_date", confidence, evidence, details, examples, n_looked)
