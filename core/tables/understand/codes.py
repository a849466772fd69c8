"""Recognise numbers that are names: stores, postal codes, types, months; they are categories, not amounts.

Evidence is the column's name, gaps between frequent numbers, leading zeros, and what the other columns say of
their order (`core.tables.understand.order`). A name of something measured, counted or rated speaks against it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from core.tables.understand.column import Column, Numbers
from core.tables.understand.ids import is_padded
from core.tables.understand.names import CALENDAR, NameWords, name_words
from core.tables.understand.order import Order
from core.tables.understand.phrases import exact, joined, plural
from core.tables.understand.suggestion import Confidence, Kind, Suggestion

MIN_NAMED, MIN_UNNAMED = 3, 10  # different numbers
MIN_ROWS_A_LEVEL = 2.0
ORDERED = 0.7  # from which on the other columns say that it is an order
HALF_ORDERED = 0.5
COVERED = 0.8  # of the rows must be in frequent levels, for an unnamed column
FREQUENT = 10  # rows
GAPPED = 2.0  # places a number could have, for each that there is

RANGES = ((1, 12), (0, 11), (0, 6), (1, 7), (0, 23), (1, 24), (1, 31), (1, 4), (1, 53), (0, 59))


class Candidate(NamedTuple):
    """A column whose numbers may be codes; `n_looked` is the number of rows looked at, None for all."""

    name: str
    numbers: Numbers
    n_looked: int | None = None


def find_padded(column: Column) -> Suggestion | None:
    """Return that texts are numbers with leading zeros, which mean something: 01067 is no 1067."""
    if not column.is_text or column.words or column.n_distinct < MIN_NAMED:
        return None
    if not is_padded(column.texts):
        return None
    padded = next(text for text in column.texts if text[0] == "0")
    evidence = f"It holds {plural(len(column.texts), 'number')} of one length with leading zeros, such as {padded}."
    return Suggestion(column.name, "code", "as_category", "sure", evidence, {}, (padded,), column.n_looked)


def may_be_code(column: Column) -> bool:
    """Tell whether to ask for the order of the column's numbers."""
    numbers = column.numbers
    if column.words or column.is_instant or not numbers.are_whole or len(numbers.values) < MIN_NAMED:
        return False
    if numbers.values[0] < 0 or numbers.n < MIN_ROWS_A_LEVEL * len(numbers.values):
        return False
    words = name_words(column.name)
    return _is_calendar(numbers, words) or (not words.is_quantity and (words.is_code or _is_coarse(numbers)))


def find_code(candidate: Candidate, order: Order | None) -> Suggestion | None:
    """Return that numbers which `may_be_code` are categories, given how the other columns order them."""
    words, numbers = name_words(candidate.name), candidate.numbers
    if _is_calendar(numbers, words):
        low, high = numbers.values[0], numbers.values[-1]
        evidence = (
            f"Its name and its numbers, {exact(low)} to {exact(high)}, are those of a calendar, which goes round."
        )
        return _suggest(candidate, "calendar", "maybe", evidence)
    share = order.share if order else None
    has_gaps = _has_gaps(numbers)
    confidence = _named(share, has_gaps) if words.is_code else _unnamed(numbers, order, has_gaps)
    if confidence is None:
        return None
    return _suggest(candidate, "code", confidence, _evidence(numbers, words, order, has_gaps))


def _named(share: float | None, has_gaps: bool) -> Confidence:
    if share is None:
        return "likely"
    if share >= ORDERED:
        return "maybe"
    return "sure" if share < HALF_ORDERED or has_gaps else "likely"


def _unnamed(numbers: Numbers, order: Order | None, has_gaps: bool) -> Confidence | None:
    """Return "likely" where the other columns show no order, more of it being needed where there are no gaps."""
    if order is None or order.n_levels < MIN_UNNAMED or not _is_coarse(numbers):
        return None
    doubt = (1.5 if has_gaps else 2.0) / np.sqrt(order.n_levels)
    return "likely" if order.share + doubt < HALF_ORDERED else None


def _is_coarse(numbers: Numbers) -> bool:
    """Tell whether most rows have a number that many others have too, and that is not mostly nothing (0)."""
    frequent = numbers.counts >= FREQUENT
    zeros = int(numbers.counts[numbers.values == 0].sum())
    return bool(numbers.counts[frequent].sum() >= COVERED * numbers.n) and zeros < numbers.n / 2


def _is_calendar(numbers: Numbers, words: NameWords) -> bool:
    if not words.has(CALENDAR) or words.is_quantity or words.is_code:
        return False
    low, high = numbers.values[0], numbers.values[-1]
    return any(
        first <= low and high <= last and len(numbers.values) >= COVERED * (last - first + 1) for first, last in RANGES
    )


def _has_gaps(numbers: Numbers) -> bool:
    """Tell whether between the frequent numbers most others, that would be as exact, do not occur."""
    frequent = numbers.values[numbers.counts >= FREQUENT]
    if len(frequent) < MIN_NAMED:
        return False
    between = numbers.values[(numbers.values >= frequent[0]) & (numbers.values <= frequent[-1])].astype(np.int64)
    step = _common_step(between)
    places = (between[-1] - between[0]) // step + 1
    return bool(places >= GAPPED * len(between))


def _common_step(values: NDArray[np.int64]) -> int:
    """Return the largest number that all differences are multiples of."""
    return max(1, int(np.gcd.reduce(np.diff(values))))


def _evidence(numbers: Numbers, words: NameWords, order: Order | None, has_gaps: bool) -> str:
    reasons = []
    if words.is_code:
        reasons.append("its name says so")
    if has_gaps:
        reasons.append("most numbers in between do not occur")
    if order and order.share < ORDERED:
        reasons.append(
            f"in {plural(order.n_others, 'other column')} neighbouring numbers differ "
            f"{'as' if order.share < HALF_ORDERED else 'nearly as'} much as distant ones"
        )
    low, high = exact(numbers.values[0]), exact(numbers.values[-1])
    start = f"Its {plural(len(numbers.values), 'different number')}, {low} to {high}, look like codes"
    return f"{start}: {joined(reasons)}." if reasons else f"{start}."


def _suggest(candidate: Candidate, kind: Kind, confidence: Confidence, evidence: str) -> Suggestion:
    examples = tuple(exact(value) for value in candidate.numbers.values[:3].tolist())
    return Suggestion(candidate.name, kind, "as_category", confidence, evidence, {}, examples, candidate.n_looked)
