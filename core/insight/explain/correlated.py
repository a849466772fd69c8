"""Columns that say much the same, so that importance is shared between them.

Numbers and dates are compared by Spearman's correlation, texts by Cramér's V with Bergsma's correction (2013), a text
and a number by the correlation ratio of the number's ranks, corrected for the number of levels (Kelley 1935).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from core.insight.explain.results import Correlated, CorrelatedPair
from core.insight.explain.sample import Sample, thinned
from core.insight.explain.values import ColumnValues, column_values
from core.tables.understand.phrases import joined

STRONG = 0.8
MAX_ROWS, LEAST_ROWS = 1_000, 20
LEAST_COUNT = 5  # rows of a level that counts by itself
MAX_LEVELS, MAX_LEVELS_IN_ALL = 50, 3_000
MOST_PAIRS, NAMES_SHOWN = 50, 4

Numbers = NDArray[np.float64]
Measure = Literal["Spearman", "Cramér's V", "correlation ratio"]


@dataclass(frozen=True)
class _Levels:
    """Columns of texts as indicators `(n, all levels)`; `starts` are where each column's begin."""

    names: list[str]
    indicators: Numbers
    starts: NDArray[np.intp]
    counts: NDArray[np.intp]  # levels of each column


def correlated_columns(sample: Sample, *, seed: int = 0) -> Correlated:
    """Return the input columns that are strongly correlated in a sample: at least 0.8 of 1."""
    rows = thinned(sample, MAX_ROWS, seed)
    if len(rows) < LEAST_ROWS:
        return Correlated()
    values = {name: column_values(rows, name) for name, group in rows.groups.items() if len(group)}
    numeric = {name: column.numbers for name, column in values.items() if column.kind != "category"}
    texts = _levels_of({name: column for name, column in values.items() if column.kind == "category"}, len(rows))
    ranks, is_known = _ranks(list(numeric.values()), len(rows))
    names = list(numeric)
    pairs = [
        *_pairs(names, names, spearman(ranks, is_known), "Spearman", is_square=True),
        *_pairs(texts.names, texts.names, _cramers_v(texts), "Cramér's V", is_square=True),
        *_pairs(texts.names, names, _correlation_ratio(texts, ranks, is_known), "correlation ratio", is_square=False),
    ]
    groups = _connected(pairs, list(values))
    strongest = sorted(pairs, key=lambda pair: -pair.strength)[:MOST_PAIRS]
    return Correlated(tuple(strongest), groups, tuple(note_on(group, pairs) for group in groups))


def note_on(names: tuple[str, ...], pairs: list[CorrelatedPair]) -> str:
    """Return the sentence about columns that hang together, whether each with all others or only in a chain."""
    n_pairs = sum(pair.first in names for pair in pairs)
    do = "say much the same" if n_pairs == len(names) * (len(names) - 1) // 2 else "overlap strongly"
    return f"{joined(names[:NAMES_SHOWN], len(names) - NAMES_SHOWN)} {do}: importance is shared between them."


def spearman(ranks: Numbers, is_known: NDArray[np.bool_]) -> Numbers:
    """Return the correlations `(m, m)` of ranks `(n, m)` over the rows known of both; NaN where that means nothing.

    Where no cell is empty, that is Spearman's; else the ranks are those among all of a column.
    """
    known = is_known.astype(np.float64)
    n_rows = known.T @ known
    sums, squares, products = ranks.T @ known, (ranks**2).T @ known, ranks.T @ ranks
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = squares - sums**2 / n_rows
        result = (products - sums * sums.T / n_rows) / np.sqrt(spread * spread.T)
    is_usable = (n_rows >= LEAST_ROWS) & (spread > 1e-9) & (spread.T > 1e-9)
    return np.where(is_usable, result, np.nan)


def _ranks(columns: list[Numbers], n_rows: int) -> tuple[Numbers, NDArray[np.bool_]]:
    """Return the ranks within each column, centred and to unit scale, 0 where a cell is empty: `(n, m)` each."""
    ranks, is_known = np.zeros((n_rows, len(columns))), np.zeros((n_rows, len(columns)), dtype=bool)
    for at, numbers in enumerate(columns):
        known = np.isfinite(numbers)
        is_known[:, at] = known
        if known.any():
            found = rankdata(numbers[known])
            ranks[known, at] = (found - found.mean()) / len(found)
    return ranks, is_known


def _levels_of(columns: dict[str, ColumnValues], n_rows: int) -> _Levels:
    """Return the levels of at least 5 rows of each column as indicators, the rest of its rows as one more."""
    most = min(MAX_LEVELS, max(2, MAX_LEVELS_IN_ALL // max(1, len(columns))))
    kept: dict[str, Numbers] = {}
    for name, column in columns.items():
        shown = [code for code in range(min(most, len(column.levels))) if (column.codes == code).sum() >= LEAST_COUNT]
        of_level = column.codes[:, None] == np.array(shown, dtype=np.intp)
        rest = ~of_level.any(axis=1, keepdims=True)
        indicators = np.concatenate([of_level, rest], axis=1)[:, [True] * len(shown) + [bool(rest.any())]]
        if indicators.shape[1] > 1:
            kept[name] = indicators.astype(np.float64)
    counts = np.array([indicators.shape[1] for indicators in kept.values()], dtype=np.intp)
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]]).astype(np.intp) if kept else counts
    return _Levels(list(kept), np.concatenate([np.empty((n_rows, 0)), *kept.values()], axis=1), starts, counts)


def _cramers_v(texts: _Levels) -> Numbers:
    """Return the bias-corrected Cramér's V of each pair of columns `(m, m)`."""
    if not texts.names:
        return np.empty((0, 0))
    n_rows = len(texts.indicators)
    shares = texts.indicators.mean(axis=0)
    joint = texts.indicators.T @ texts.indicators / n_rows
    terms = joint**2 / np.outer(shares, shares)
    phi2 = np.add.reduceat(np.add.reduceat(terms, texts.starts, axis=0), texts.starts, axis=1) - 1
    free = texts.counts.astype(np.float64) - 1
    phi2 = np.maximum(0, phi2 - np.outer(free, free) / (n_rows - 1))
    corrected = free - free**2 / (n_rows - 1)
    return np.asarray(np.sqrt(phi2 / np.minimum.outer(corrected, corrected)))


def _correlation_ratio(texts: _Levels, ranks: Numbers, is_known: NDArray[np.bool_]) -> Numbers:
    """Return how much of each number's ranks the levels of each text explain, as a root: `(texts, numbers)`."""
    if not texts.names or not ranks.shape[1]:
        return np.empty((len(texts.names), ranks.shape[1]))
    known = is_known.astype(np.float64)
    counts, sums = texts.indicators.T @ known, texts.indicators.T @ ranks  # (all levels, numbers)
    n_rows = known.sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        of_levels = np.where(counts > 0, sums**2 / counts, 0.0)
        between = np.add.reduceat(of_levels, texts.starts, axis=0) - ranks.sum(axis=0) ** 2 / n_rows
        n_levels = np.add.reduceat(counts > 0, texts.starts, axis=0, dtype=np.intp)
        in_all = (ranks**2).sum(axis=0)
        unexplained = (1 - between / in_all) * (n_rows - 1) / (n_rows - n_levels)
    is_usable = (n_rows >= LEAST_ROWS) & (in_all > 1e-9) & (n_levels > 1) & (n_rows > n_levels)
    return np.where(is_usable, np.sqrt(np.clip(1 - unexplained, 0, 1)), np.nan)


def _pairs(
    firsts: list[str], seconds: list[str], strengths: Numbers, measure: Measure, *, is_square: bool
) -> list[CorrelatedPair]:
    is_strong = np.abs(strengths) >= STRONG  # NaN is not
    rows, columns = np.nonzero(np.triu(is_strong, 1) if is_square else is_strong)
    return [
        CorrelatedPair(firsts[i], seconds[j], min(1.0, abs(float(strengths[i, j]))), measure)
        for i, j in zip(rows.tolist(), columns.tolist(), strict=True)
    ]


def _connected(pairs: list[CorrelatedPair], order: list[str]) -> tuple[tuple[str, ...], ...]:
    """Return the columns that pairs connect, in the file's order."""
    group_of: dict[str, set[str]] = {}
    for pair in pairs:
        first, second = (group_of.setdefault(name, {name}) for name in (pair.first, pair.second))
        if first is not second:
            first |= second
            group_of |= dict.fromkeys(second, first)
    found = {id(group): group for group in group_of.values()}
    place = {name: at for at, name in enumerate(order)}
    groups = [tuple(sorted(group, key=place.__getitem__)) for group in found.values()]
    return tuple(sorted(groups, key=lambda group: place[group[0]]))
