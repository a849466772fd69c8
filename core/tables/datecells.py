"""Read one cell as the parts of a date, without deciding which part is the day.

Read are: ISO texts with or without a time and zone, YYYY/MM/DD, YYYY-MM (its first day), YYYYMMDD,
DD.MM.YYYY and its kin with either order and years of two digits (69 to 99 are 19xx), English month
names, date objects, whole numbers like 20100205 and 201002, numbers from 10,000 to 80,000, which are
spreadsheet serial days counted from 1899-12-30 (1927 to 2119), and larger ones from 1980 to 2100 as Unix
time, in seconds or milliseconds since 1970. Zones are converted to UTC.
"""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from enum import IntEnum
from functools import lru_cache
from math import isnan
from typing import Any, NamedTuple

import numpy as np

from core.tables.cell import coerce_value, is_missing_text

MAX_DATE_TEXT = 64
SERIAL_RANGE = (10_000, 80_000)
SERIAL_EPOCH = datetime(1899, 12, 30)
MONTH_RANGE = (190_001, 210_012)
UNIX_RANGE = (315_532_800, 4_102_444_800)  # seconds: 1980 to 2100
UNIX_EPOCH = datetime(1970, 1, 1)
MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october",
    "november", "december",
)  # fmt: skip


class State(IntEnum):
    """What a cell turned out to be."""

    BLANK = 0
    UNREADABLE = 1
    FIXED = 2  # a, b, c are year, month, day
    LOOSE = 3  # a, b are day and month in some order, c the full year
    SHORT = 4  # a, b, c are two-digit parts in some order


class DateCell(NamedTuple):
    """The parts of a date as written; `micros` after midnight UTC, and the mark between the parts."""

    state: State
    a: int = 0
    b: int = 0
    c: int = 0
    micros: int = 0
    mark: str = ""


BLANK = DateCell(State.BLANK)
UNREADABLE = DateCell(State.UNREADABLE)

_SPLIT = re.compile(r"(.*?\d)(?:T|,?\s+)(\d{1,2}:.*)", re.ASCII | re.IGNORECASE)
_TIME = re.compile(
    r"(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,](?P<fraction>\d{1,9}))?)?"
    r"\s*(?P<half>[ap]\.?m\.?)?\s*(?P<zone>Z|UTC|GMT|[+-]\d{2}(?::?\d{2})?)?",
    re.ASCII | re.IGNORECASE,
)
_WEEKDAY = r"(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]{0,6}\.?,?\s+)?"
_NAME = r"(?P<name>[a-z]{3,9})"
_TH = r"(?:st|nd|rd|th)?"
_LOOSE = re.compile(r"(?P<a>\d{1,2})(?P<mark>[-/. ])\s?(?P<b>\d{1,2})(?P=mark)\s?(?P<c>\d{4}|\d{2})", re.ASCII)
_FIXED = tuple(
    re.compile(pattern, re.ASCII | re.IGNORECASE)
    for pattern in (
        r"(?P<year>\d{4})(?P<mark>[-/. ])(?P<month>\d{1,2})(?P=mark)(?P<day>\d{1,2})",
        r"(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})",
        r"(?P<year>\d{4})[-/](?P<month>\d{1,2})",
        rf"{_WEEKDAY}(?P<day>\d{{1,2}}){_TH}(?:[-/]|[. ]{{0,2}}){_NAME}[-/., ]{{0,2}}(?P<year>\d{{4}}|\d{{2}})",
        rf"{_WEEKDAY}{_NAME}\.?[- ]?(?P<day>\d{{1,2}}){_TH}(?:,\s?|[- ])(?P<year>\d{{4}})",
        rf"(?P<year>\d{{4}})[-/. ]{_NAME}[-/. ](?P<day>\d{{1,2}})",
        rf"{_NAME}[-/., ]{{1,2}}(?P<year>\d{{4}})",
    )
)


def read_date_cell(cell: Any) -> DateCell:
    """Return the parts of the date in `cell`."""
    if isinstance(cell, str):
        return _read_text(cell.strip())
    if isinstance(cell, np.datetime64) and not np.isnat(cell):
        cell = cell.astype("datetime64[us]").item()
    if isinstance(cell, date) and type(cell).__name__ != "NaTType":
        return _read_object(cell)
    value = coerce_value(cell)
    if isinstance(value, (str, bool)):
        return UNREADABLE
    return BLANK if isnan(value) else _read_number(value)


def full_year(two_digits: int) -> int:
    """Return the year that two digits stand for: 69 to 99 in the 1900s, else the 2000s."""
    return two_digits + (1900 if two_digits >= 69 else 2000)


@lru_cache(maxsize=100_000)  # tables that are read in parts repeat their days in each
def _read_text(text: str) -> DateCell:
    if is_missing_text(text):
        return BLANK
    if len(text) > MAX_DATE_TEXT:
        return UNREADABLE
    split = _SPLIT.fullmatch(text)
    if split is None:
        return _read_date_text(text)
    found, micros = _read_date_text(split[1]), _micros_of(split[2])
    if found.state < State.FIXED or micros is None or found.micros:
        return UNREADABLE
    return DateCell(found.state, found.a, found.b, found.c, micros, found.mark)


@lru_cache(maxsize=100_000)  # a column of instants repeats its days
def _read_date_text(text: str) -> DateCell:
    if match := _LOOSE.fullmatch(text):
        state = State.LOOSE if len(match["c"]) == 4 else State.SHORT
        return DateCell(state, int(match["a"]), int(match["b"]), int(match["c"]), 0, match["mark"])
    for pattern in _FIXED:
        if match := pattern.fullmatch(text):
            return _read_fixed(match)
    value = coerce_value(text)
    return UNREADABLE if isinstance(value, str) else _read_number(value)


def _read_fixed(match: re.Match[str]) -> DateCell:
    parts = match.groupdict()
    month = _month_number(parts["name"]) if "name" in parts else int(parts["month"])
    year = int(parts["year"]) if len(parts["year"]) == 4 else full_year(int(parts["year"]))
    return DateCell(State.FIXED, year, month, int(parts.get("day", "1")), 0, parts.get("mark", ""))


def _month_number(name: str) -> int:
    """Return 1 to 12, or 0 for what is no English month or its abbreviation."""
    word = "sep" if name.lower() == "sept" else name.lower()
    return next((i for i, month in enumerate(MONTHS, start=1) if month.startswith(word)), 0)


@lru_cache(maxsize=100_000)
def _micros_of(text: str) -> int | None:
    """Return the microseconds from midnight UTC to a time of day, or None if it is no time."""
    match = _TIME.fullmatch(text)
    if match is None:
        return None
    hour, minute, second = (int(match[name] or 0) for name in ("hour", "minute", "second"))
    if match["half"]:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if match["half"][0] in "pP" else 0)
    if hour > 23 or minute > 59 or second > 59:
        return None
    micros = int((match["fraction"] or "0").ljust(6, "0")[:6])
    seconds = hour * 3600 + minute * 60 + second - _zone_seconds(match["zone"] or "Z")
    return seconds * 1_000_000 + micros


def _zone_seconds(zone: str) -> int:
    if zone[0] not in "+-":
        return 0
    digits = zone[1:].replace(":", "").ljust(4, "0")
    seconds = int(digits[:2]) * 3600 + int(digits[2:]) * 60
    return -seconds if zone[0] == "-" else seconds


def _read_object(value: date) -> DateCell:
    if not isinstance(value, datetime):
        return DateCell(State.FIXED, value.year, value.month, value.day)
    shift = value.utcoffset() or timedelta(0)
    time_of_day = timedelta(
        hours=value.hour, minutes=value.minute, seconds=value.second, microseconds=value.microsecond
    )
    micros = (time_of_day - shift) // timedelta(microseconds=1)
    return DateCell(State.FIXED, value.year, value.month, value.day, micros)


def _read_number(value: float) -> DateCell:
    if SERIAL_RANGE[0] <= value <= SERIAL_RANGE[1]:
        seconds_a_day = 86_400
        return _read_object(SERIAL_EPOCH + timedelta(seconds=round(value * seconds_a_day, 3)))
    if 10_000_101 <= value <= 99_991_231 and value == int(value):
        compact = int(value)
        return DateCell(State.FIXED, compact // 10_000, compact // 100 % 100, compact % 100)
    if MONTH_RANGE[0] <= value <= MONTH_RANGE[1] and value == int(value):
        return DateCell(State.FIXED, int(value) // 100, int(value) % 100, 1)
    for units_a_second in (1, 1000):
        if UNIX_RANGE[0] * units_a_second <= value <= UNIX_RANGE[1] * units_a_second:
            return _read_object(UNIX_EPOCH + timedelta(seconds=round(value / units_a_second, 3)))
    return UNREADABLE
