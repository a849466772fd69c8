"""Recognise columns by how many levels they have: none, one, hardly more than one, yes and no, or all of them texts."""

from __future__ import annotations

import numpy as np

from core.tables.understand.column import Column
from core.tables.understand.phrases import exact, percent, plural, quoted
from core.tables.understand.suggestion import Suggestion

FEW_OTHERS = 10  # rows, fewer than which teach nothing
FEW_SHARE = 0.001
MIN_ROWS = 100
TEXT_WORDS, TEXT_CHARS = 4.0, 25.0  # means over the distinct texts
TEXT_SHARE = 0.5  # of the rows that have a text of their own

BOOLEANS = tuple(
    frozenset(pair.split())
    for pair in (
        "yes no", "y n", "true false", "t f", "ja nein", "j n", "on off", "oui non", "si no", "sí no", "1 0",
        "1.0 0.0", "wahr falsch", "active inactive", "x -",
    )
)  # fmt: skip


def find_levels(column: Column) -> Suggestion | None:
    """Return that the column is empty, constant, nearly constant, or answers yes or no, if it does."""
    if not column.n_present:
        evidence = f"None of its {plural(len(column.cells), 'cell')} holds a value."
        return Suggestion(column.name, "empty", "leave_out", "sure", evidence, n_looked=column.n_sampled)
    if column.is_cut:
        return None
    n_missing = len(column.cells) - column.n_present
    if column.n_distinct == 1:
        return _constant(column, n_missing)
    if column.n_distinct == 2 and (found := _boolean(column)):
        return found
    return _nearly_constant(column, n_missing)


def find_free_text(column: Column) -> Suggestion | None:
    """Return that the cells are sentences, most of them different, if they are."""
    if not column.words or column.n_present < FEW_OTHERS or column.numbers.n > column.n_present / 2:
        return None
    texts = list(column.words)
    words = float(np.mean([len(text.split()) for text in texts]))
    chars = float(np.mean([len(text) for text in texts]))
    n_distinct = column.n_raw if column.is_cut else len(texts)
    n_rows = column.n_cells if column.is_cut else column.n_present
    if words < TEXT_WORDS - 0.5 or chars < TEXT_CHARS or n_distinct < TEXT_SHARE * n_rows:
        return None
    evidence = (
        f"It holds free text: {words:.0f} words on average, and {n_distinct:,} different texts in {n_rows:,} rows."
    )
    return Suggestion(
        column.name, "free_text", "leave_out", "sure", evidence, {}, tuple(texts[:2]), column.n_sampled
    )  # fmt: skip


def top_levels(column: Column) -> list[tuple[str, int]]:
    """Return the levels as text with their counts, the most frequent first."""
    if column.is_instant:
        counted = column.counted
        cells = [cell.isoformat(" ") for cell in counted.field("values").to_pylist()]
        levels = list(zip(cells, counted.field("counts").to_pylist(), strict=True))
    else:
        numbers = zip(map(exact, column.numbers.values.tolist()), column.numbers.counts.tolist(), strict=True)
        levels = [*numbers, *column.words.items()]
    return sorted(levels, key=lambda level: -level[1])


def _constant(column: Column, n_missing: int) -> Suggestion | None:
    value = quoted(top_levels(column)[0][0])
    if not n_missing:
        evidence = f"It is always {value}, so it tells no row from another."
        return Suggestion(column.name, "constant", "leave_out", "sure", evidence, n_looked=column.n_sampled)
    if min(n_missing, column.n_present) < FEW_OTHERS:
        evidence = f"It is always {value} or missing ({plural(n_missing, 'row')}), so it tells hardly any row apart."
        return Suggestion(column.name, "constant", "leave_out", "likely", evidence, n_looked=column.n_sampled)
    return None  # present or missing is as good as yes or no


def _nearly_constant(column: Column, n_missing: int) -> Suggestion | None:
    n = column.n_present
    few = max(FEW_OTHERS, FEW_SHARE * n)
    if n < MIN_ROWS or n_missing >= FEW_OTHERS or column.n_distinct > few:
        return None
    value, count = top_levels(column)[0]
    if n - count >= few:
        return None
    evidence = (
        f"It is {quoted(value)} in {percent(count / n)} of the rows and something else in {n - count:,}, "
        "too few to learn from."
    )
    return Suggestion(column.name, "nearly_constant", "leave_out", "likely", evidence, n_looked=column.n_sampled)


def _boolean(column: Column) -> Suggestion | None:
    levels = top_levels(column)
    if frozenset(text.lower() for text, _ in levels) not in BOOLEANS:
        return None
    parts = " and ".join(f"{quoted(text)} in {plural(count, 'row')}" for text, count in levels)
    return Suggestion(column.name, "boolean", "none", "sure", f"It is {parts}.", n_looked=column.n_sampled)
