"""Recognise cells that say "nothing" in a word or a number of their own: unknown, ?, -999, 1900-01-01."""

from __future__ import annotations

import re
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from core.tables.cell import KeptText
from core.tables.understand.column import Column, Numbers
from core.tables.understand.names import name_words, vocabulary
from core.tables.understand.phrases import exact, joined, number, percent, plural, quoted
from core.tables.understand.suggestion import Confidence, Suggestion

MIN_DISTINCT = 10  # other numbers, before one of them can stand out
MIN_ROWS = 3
MIN_SHARE = 0.001
NUMBER_SHARE = 0.8  # of the cells, before the others are spoilers
FREE_SHARE = 0.95
MOST_SPOILERS = 12
FAR = 1.0  # in units of the range that half the others lie in
VERY_FAR = 3.0  # in units of the range of all the others
NEIGHBOURS = 5
PILE = 2.0  # how many times more frequent than its neighbours
SENTINEL_DAYS = ("1900-01-01", "1970-01-01", "1899-12-30", "1899-12-31", "1753-01-01", "0001-01-01", "9999-12-31",
                 "2099-12-31", "2999-12-31", "1800-01-01")  # fmt: skip
FAR_DAYS = 1_000

_SYMBOLS = re.compile(r"[-–—?*_/\\.#~ ]{1,4}|\?+|x{3,}", re.IGNORECASE)
_EXCEL_ERROR = re.compile(r"#(?:N/?A|REF!|DIV/0!|VALUE!|NAME\?|NUM!|NULL!|NV|WERT!|BEZUG!)", re.IGNORECASE)
_CENSORED = re.compile(r"[<>≤≥]=?\s*\d+(?:[.,]\d+)?\s*\+?|\d+(?:[.,]\d+)?\s*\+", re.ASCII)
_ROUND = re.compile(r"-?(?:9{2,}|8{2,}|7{3,}|1|9)|-[1-9]0+")
_NOTHING = vocabulary(
    "n.a. n.a n/a. na. n.v. n.v k.a. k.a keine keine_angabe unbekannt fehlt leer offen unknown unknwon unkown unk "
    "missing not_available not_applicable not_known not_specified not_stated not_provided not_reported not_given "
    "unspecified undefined unavailable nil void blank empty (blank) (empty) (null) (missing) (none) <na> <null> "
    "<none> <unknown> nan. tbd tba t.b.d. pending no_data no_value no_answer no_response keine_daten nicht_verfügbar "
    "nicht_bekannt ohne_angabe sin_datos desconocido inconnu sconosciuto \\n"
)
_VAGUE = vocabulary("unknown unbekannt keine offen pending tbd tba blank empty unspecified not_applicable unk")


def is_nothing_word(text: str) -> bool:
    """Tell whether a text is a word or a sign for nothing that the reader does not take for one, nor is to keep."""
    if isinstance(text, KeptText):
        return False
    word = "_".join(text.lower().split())
    return word in _NOTHING or bool(_SYMBOLS.fullmatch(text) or _EXCEL_ERROR.fullmatch(text))


def find_missing(column: Column) -> Suggestion | None:
    """Return that some cells stand for nothing, if they seem to."""
    if column.is_instant:
        return _sentinel_day(column)
    if column.numbers.n > NUMBER_SHARE * column.n_present and column.words:
        return _spoilers(column)
    return _words(column) if column.words else _sentinel(column)


def _words(column: Column) -> Suggestion | None:
    """Return the words for nothing in a column of texts."""
    found = {word: count for word, count in column.words.items() if is_nothing_word(word)}
    rows = sum(found.values())
    if not found or rows == column.n_present:  # a mark: x or nothing
        return None
    vague = all("_".join(word.lower().split()) in _VAGUE or word.strip("*#~/\\_") == "" for word in found)
    evidence = (
        f"{_counted(found)} stand{'s' if len(found) == 1 else ''} for a missing value in "
        f"{percent(rows / column.n_present)} of the rows, it seems."
    )
    return _suggest(column, "maybe" if vague else "likely", evidence, found)


def _spoilers(column: Column) -> Suggestion | None:
    """Return the few words between numbers that keep a column from being one of numbers."""
    spoilers = {word: count for word, count in column.words.items() if not isinstance(word, KeptText)}
    if not spoilers:
        return None
    known = {word: count for word, count in spoilers.items() if is_nothing_word(word) or _CENSORED.fullmatch(word)}
    n_numbers, rows = column.numbers.n, sum(spoilers.values())
    is_known = len(known) == len(spoilers)
    if len(spoilers) > MOST_SPOILERS or (not is_known and n_numbers < FREE_SHARE * column.n_present):
        return None
    if len(column.numbers.values) < MIN_DISTINCT and not is_known:
        return None
    evidence = (
        f"{percent(n_numbers / column.n_present)} of its cells are numbers; {_counted(spoilers)} "
        f"{'is' if len(spoilers) == 1 else 'are'} not, and keep{'s' if len(spoilers) == 1 else ''} it from being "
        "used as a number."
    )
    return Suggestion(
        column.name, "number_words", "missing_words", "sure" if is_known else "likely", evidence,
        {"words": list(spoilers), "counts": [int(count) for count in spoilers.values()], "rows": rows},
        tuple(spoilers)[:5], column.n_looked,
    )  # fmt: skip


def _sentinel(column: Column) -> Suggestion | None:
    """Return the number at one end that stands for nothing: frequent, and far from or unlike the rest."""
    numbers = column.numbers
    if len(numbers.values) <= MIN_DISTINCT:
        return None
    for place in (0, -1):
        value, count = float(numbers.values[place]), int(numbers.counts[place])
        if count < max(MIN_ROWS, MIN_SHARE * numbers.n):
            continue
        if reason := _stands_out(numbers.without(value), value, count, name_words(column.name).is_code):
            confidence, words = reason
            evidence = f"{exact(value)} is in {plural(count, 'row')} ({percent(count / numbers.n)}), {words}."
            return _suggest(column, confidence, evidence, {exact(value): count})
    return None


def _stands_out(others: Numbers, value: float, count: int, is_code: bool) -> tuple[Confidence, str] | None:
    low, high = float(others.values[0]), float(others.values[-1])
    gap = low - value if value < low else value - high
    middle = _middle_range(others)
    is_round = _ROUND.fullmatch(exact(value)) is not None
    rest = f"all other values are between {number(low)} and {number(high)}"
    near = others.counts[:NEIGHBOURS] if value < low else others.counts[::-1][:NEIGHBOURS]
    if not _is_piled(count, near, gap) and not (is_round and gap > FAR * (high - low)):
        return None
    if value < 0 <= low:
        return ("sure" if is_round and value < -9 else "likely"), f"where {rest}"
    if is_code or gap <= FAR * middle or (value == 0 and count > others.n):
        return None
    if value == 0:
        return "maybe", f"where {rest}"
    if is_round and abs(value) > 9:
        is_impossible = value < 0 and gap > FAR * (high - low)
        return "sure" if is_impossible else "likely", f"far from the rest: {rest}"
    return ("maybe", f"far from the rest: {rest}") if gap > VERY_FAR * (high - low) else None


def _is_piled(count: int, near: NDArray[np.int64], gap: float) -> bool:
    """Tell whether a value is more frequent than its neighbours, and than the next one where that is one step away."""
    usual = float(near.mean())
    next_one = float(near[0]) if gap <= 1 else 0.0
    return count >= PILE * max(usual, next_one) and count > usual + 5 * np.sqrt(usual)


def _middle_range(others: Numbers) -> float:
    """Return the range of the middle half of the rows, or of the distinct values where most rows are alike."""
    by_rows = others.quantile(0.75) - others.quantile(0.25)
    by_values = float(np.subtract(*np.quantile(others.values, (0.75, 0.25))))
    return by_rows if by_rows > 0 else by_values


def _sentinel_day(column: Column) -> Suggestion | None:
    days = column.cells.drop_null().to_numpy().astype("datetime64[D]")
    if not len(days):
        return None
    values, counts = np.unique(days, return_counts=True)
    for place, next_place in ((0, 1), (-1, -2)):
        day, count = str(values[place]), int(counts[place])
        if day not in SENTINEL_DAYS or len(values) < MIN_ROWS or count < max(MIN_ROWS, MIN_SHARE * len(days)):
            continue
        if abs((values[next_place] - values[place]).astype(int)) >= FAR_DAYS:
            evidence = (
                f"{day} is in {plural(count, 'row')} ({percent(count / len(days))}), and the next date is "
                f"{values[next_place]}."
            )
            word = datetime.fromisoformat(day).isoformat(" ")
            return _suggest(column, "sure", evidence, {word: count})
    return None


def _counted(words: dict[str, int]) -> str:
    """Write words with the rows that hold each."""
    most = sorted(words.items(), key=lambda item: -item[1])[:4]
    return joined([f"{quoted(word)} ({plural(count, 'row')})" for word, count in most], len(words) - len(most))


def _suggest(column: Column, confidence: Confidence, evidence: str, words: dict[str, int]) -> Suggestion:
    details = {"words": list(words), "counts": [int(count) for count in words.values()]}
    return Suggestion(
        column.name, "hidden_missing", "missing_words", confidence, evidence, details, tuple(words)[:5],
        column.n_looked,
    )  # fmt: skip
