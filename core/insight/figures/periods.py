"""Dates in a few periods of the calendar."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from core.insight.figures.arrays import Ints

MAX_PERIODS = 8
MONTHS = (1, 3, 6, 12, 24, 60, 120, 240, 600, 1_200, 2_400, 6_000, 12_000, 120_000)
MANY = 3  # fewer periods of a month than this are counted in days


def periods_of(days: NDArray[np.datetime64]) -> tuple[Ints, list[str]]:
    """Return the period of each of `days` `(n,)` and what each is called, in order of time.

    Months, quarters, halves or years: the shortest of which 8 span the dates; days where all lie within two
    months.
    """
    if not len(days):
        return np.zeros(0, dtype=np.int64), []
    months = days.astype("datetime64[M]").astype(np.int64)  # since January 1970
    if months.max() - months.min() + 1 < MANY:
        return _of_days(days.astype("datetime64[D]").astype(np.int64))
    length = next(length for length in MONTHS if _span(months // length) <= MAX_PERIODS or length == MONTHS[-1])
    return _numbered(months // length, lambda period: _month_label(period * length, length))


def _of_days(days: Ints) -> tuple[Ints, list[str]]:
    first = int(days.min())
    length = -(-_span(days) // MAX_PERIODS)
    return _numbered((days - first) // length, lambda period: _day_label(first + period * length, length))


def _span(periods: Ints) -> int:
    return int(periods.max() - periods.min()) + 1


def _numbered(periods: Ints, label: Callable[[int], str]) -> tuple[Ints, list[str]]:
    """Number the periods from 0 and name them, those without a row too."""
    first = int(periods.min())
    return periods - first, [label(first + place) for place in range(_span(periods))]


def _month_label(month: int, length: int) -> str:
    year, place = 1970 + month // 12, month % 12
    if length == 1:
        return f"{year}-{place + 1:02d}"
    if length == 3:
        return f"{year} quarter {place // 3 + 1}"
    if length == 6:
        return f"{year} {'second' if place else 'first'} half"
    return f"{year}" if length == 12 else f"{year} to {year + length // 12 - 1}"


def _day_label(day: int, length: int) -> str:
    first, last = np.datetime64(day, "D"), np.datetime64(day + length - 1, "D")
    return f"{first}" if length == 1 else f"{first} to {last}"
