"""Recognise columns that name the row: row numbers, and ids of every make."""

from __future__ import annotations

import re
from collections import Counter

import numpy as np

from core.tables.numbers import read_number
from core.tables.understand.column import Column
from core.tables.understand.names import NameWords, name_words
from core.tables.understand.phrases import exact, plural, quoted
from core.tables.understand.suggestion import Confidence, Suggestion

MIN_ROWS = 20
MAX_CHARS = 64
MOST_WORDS = 3  # of a text that may be an id rather than a sentence
NEARLY_ALL = 0.95
ALMOST = 0.99
LONG_NUMBER = 8  # digits; amounts that large are seldom all different and equally long
YEARS = (1700, 2200)
MOST_YEARS = 300
LOOKED = 500

_SHAPES = {
    "are unique ids (UUID)": re.compile(
        r"\{?[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}\}?", re.ASCII | re.IGNORECASE
    ),
    "are long hexadecimal numbers": re.compile(
        r"(?=.*[0-9])(?=.*[a-f])[0-9a-f]{12,}|(?=.*[0-9])(?=.*[A-F])[0-9A-F]{12,}", re.ASCII
    ),
}
_DIGITS = re.compile(r"[0-9]+", re.ASCII)
_LETTERS = re.compile(r"[^\W\d_]+")


def find_id(column: Column) -> Suggestion | None:
    """Return that the column names its rows, if it does; dates have been ruled out before."""
    n = column.n_present
    if n < MIN_ROWS or column.is_instant:
        return None
    words = name_words(column.name)
    if column.is_text and (column.words or is_padded(column.distinct[0])):
        return _id_of_texts(column, words, n)
    numbers = column.numbers
    if not numbers.are_whole or _are_years(float(numbers.values[0]), float(numbers.values[-1]), n):
        return None
    return _id_of_numbers(column, words, n)


def is_padded(texts: list[str]) -> bool:
    """Tell whether all are digits of one length, some with a leading zero: 000123."""
    return (
        len({len(text) for text in texts}) == 1
        and all(_DIGITS.fullmatch(text) for text in texts)
        and any(text[0] == "0" and len(text) > 1 for text in texts)
    )


def _id_of_numbers(column: Column, words: NameWords, n: int) -> Suggestion | None:
    values = column.numbers.values
    low, high = values[0], values[-1]
    if len(values) == n and _counts_rows(column):
        evidence = f"It counts the rows, from {exact(low)} to {exact(high)}."
        return Suggestion(column.name, "row_number", "leave_out", "sure", evidence, n_looked=column.n_sampled)
    if len(values) == n and high - low == n - 1:
        return _suggest(column, f"It holds every whole number from {exact(low)} to {exact(high)} once.")
    if len(values) == n and words.is_id:
        return _suggest(column, f"Its {n:,} numbers are all different, and its name is that of an id.")
    digits = {len(exact(value)) for value in (low, high)}
    if len(values) == n and low > 0 and digits == {len(exact(low))} and len(exact(low)) >= LONG_NUMBER:
        return _suggest(
            column, f"Its {n:,} numbers are all different and have {len(exact(low))} digits each.", "likely"
        )
    if words.is_id and len(values) >= NEARLY_ALL * n:
        return _suggest(column, f"{len(values):,} of its {n:,} numbers are different, and its name is that of an id.")
    return None


def _counts_rows(column: Column) -> bool:
    """Tell whether each cell is one more than the one above; between the blocks of a sample it may be more."""
    if column.is_text or column.cells.null_count:
        return False
    steps = np.diff(column.cells.to_numpy())
    return bool((steps == 1).mean() > ALMOST if column.n_sampled else (steps == 1).all())


def _id_of_texts(column: Column, words: NameWords, n: int) -> Suggestion | None:
    texts, n_distinct = column.texts, len(column.texts)
    if column.is_cut:
        n, n_distinct = column.n_cells, column.n_raw
    if n_distinct < NEARLY_ALL * n or max(map(len, texts)) > MAX_CHARS:
        return None
    are_different = n_distinct == n
    share = "are all different" if are_different else f"are nearly all different ({n_distinct:,} of {n:,})"
    if (are_different or words.is_id) and (shape := _shape_of(texts)):
        return _suggest(column, f"Its {n:,} texts {share} and {shape}, such as {quoted(texts[0])}.")
    if words.is_id:
        return _suggest(column, f"Its {n:,} texts {share}, and its name is that of an id.")
    if are_different and _are_names(column, texts):
        return _suggest(column, f"Its {n:,} texts are all different, so that no row tells anything about another.")
    return None


def _are_names(column: Column, texts: list[str]) -> bool:
    """Tell whether texts are words rather than numbers of some kind, which may well be all different, or sentences."""
    if not column.words or column.numbers.n > column.n_present / 2:
        return False
    shown = texts[:LOOKED]
    n_amounts = sum(not _LETTERS.search(text) or read_number(text) is not None for text in shown)
    return n_amounts <= len(shown) / 2 and bool(np.mean([len(text.split()) for text in texts]) <= MOST_WORDS)


def _shape_of(texts: list[str]) -> str:
    """Say how all the texts are made, if they are made alike."""
    for shape, pattern in _SHAPES.items():
        if all(pattern.fullmatch(text) for text in texts):
            return shape
    if is_padded(texts):
        return f"have {plural(len(texts[0]), 'digit')} with leading zeros"
    has_letters = any(_LETTERS.search(text) for text in texts[:LOOKED])
    forms = Counter(_LETTERS.sub("A", _DIGITS.sub("9", text)) for text in texts)
    form, count = forms.most_common(1)[0]
    if count < NEARLY_ALL * len(texts) or "9" not in form or " " in form:
        return ""
    if not has_letters:
        return "are made of digits in one way" if len(set(map(len, texts))) == 1 else ""
    prefixes = {match[0] for text in texts if (match := _LETTERS.match(text))}
    is_numbered = re.fullmatch("A[-_./#]?9", form) is not None and len(prefixes) == 1
    return f"are {quoted(prefixes.pop())} with a number" if is_numbered else "are made of letters and digits in one way"


def _suggest(column: Column, evidence: str, confidence: Confidence = "sure") -> Suggestion:
    return Suggestion(column.name, "id", "leave_out", confidence, evidence, n_looked=column.n_sampled)


def _are_years(low: float, high: float, n: int) -> bool:
    """Tell whether numbers that are all different may be years rather than names of rows."""
    return YEARS[0] <= low and high <= YEARS[1] and n <= MOST_YEARS
