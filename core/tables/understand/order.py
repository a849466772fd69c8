"""Tell by the other columns whether the numbers of a column are in an order, or only names.

A number that measures something changes little when it goes up by one step, and what depends on it changes little
with it: the means of another column go smoothly from level to level. The means of a code jump. So for every other
column whose means differ between the levels by more than chance, it is asked how much of the difference is left
between neighbours (von Neumann's ratio, corrected for the noise of the means).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.tables.understand.sample import Floats, Sample, SampledColumn

MIN_LEVEL_ROWS = 10
MIN_LEVELS = 6
MOST_LEVELS = 200  # the most frequent ones
MOST_OTHERS = 60
SURE_SIGNAL = 5.0  # standard deviations above chance
MIN_EFFECT = 0.005  # of the other column's variance
TOP_LEVELS = 2
MOST_TEXT_LEVELS = 50


@dataclass(frozen=True)
class Order:
    """How ordered the levels are: 1 where neighbours are alike, 0 where they are as unlike as any two levels.

    `n_levels` were compared, by `n_others` columns that depend on them.
    """

    share: float
    n_levels: int
    n_others: int


def judge_order(column: SampledColumn, others: Floats) -> Order | None:
    """Return how the levels of `column` are ordered, by the columns of `others` (n, m); None where nothing shows it."""
    kept = _frequent_levels(column)
    if len(kept) < MIN_LEVELS:
        return None
    place = np.full(column.n_levels + 1, -1)
    place[kept] = np.arange(len(kept))
    codes = place[column.codes]
    effects, shares = [], []
    for values in others.T:
        found = _ordered_share(codes, values, len(kept))
        if found is not None:
            effects.append(found[0])
            shares.append(found[1])
    if not effects:
        return None
    return Order(float(np.average(shares, weights=effects)), len(kept), len(effects))


def other_values(sample: Sample) -> tuple[list[str], Floats]:
    """Return columns to compare with, and the name of the column that each is from: `(n, m)`.

    Numbers are as ranks, so that a few large ones do not decide, and texts as their most frequent levels.
    """
    names: list[str] = []
    values: list[Floats] = []
    for column in sample.values():
        for found in _as_values(column):
            if len(values) < MOST_OTHERS:
                names.append(column.name)
                values.append(found)
    n = len(next(iter(sample.values())).codes) if sample else 0
    return names, np.stack(values, axis=1) if values else np.zeros((n, 0))


def _as_values(column: SampledColumn) -> list[Floats]:
    if column.is_number and column.n_levels > 1:
        ranks = (np.cumsum(column.counts) - column.counts / 2) / max(1, column.n_present)
        return [np.append(ranks, np.nan)[column.codes]]
    if 1 < column.n_levels <= MOST_TEXT_LEVELS:
        top = np.argsort(-column.counts)[:TOP_LEVELS]
        return [(column.codes == level).astype(np.float64) for level in top]
    return []


def _frequent_levels(column: SampledColumn) -> NDArray[np.int64]:
    """Return the levels with enough rows, in rising order of their numbers."""
    frequent = np.flatnonzero(column.counts >= MIN_LEVEL_ROWS)
    if len(frequent) > MOST_LEVELS:
        frequent = np.sort(frequent[np.argsort(-column.counts[frequent], kind="stable")[:MOST_LEVELS]])
    return frequent[np.argsort(np.array([column.levels[level] for level in frequent], dtype=np.float64))]


def _ordered_share(codes: NDArray[np.int64], values: Floats, n_levels: int) -> tuple[float, float] | None:
    """Return how much of the variance lies between the levels, and how ordered it is; None where it is chance."""
    rows = (codes >= 0) & ~np.isnan(values)
    codes, values = codes[rows], values[rows]
    counts = np.bincount(codes, minlength=n_levels).astype(np.float64)
    if (counts < 2).any():
        return None
    means = np.bincount(codes, weights=values, minlength=n_levels) / counts
    total = float(values.var()) * len(values)
    within = total - float((counts * (means - values.mean()) ** 2).sum())
    if total <= 0:
        return None
    variance = max(within, 1e-12 * total) / max(1, len(values) - n_levels)
    f = (total - within) / (n_levels - 1) / variance
    effect = (total - within - (n_levels - 1) * variance) / total
    if f < 1 + SURE_SIGNAL * np.sqrt(2 / (n_levels - 1)) or effect < MIN_EFFECT:
        return None
    noise = variance / counts
    spread = float(means.var(ddof=1)) - float(noise.mean())
    between_neighbours = float(((means[1:] - means[:-1]) ** 2).mean() - (noise[1:] + noise[:-1]).mean()) / 2
    if spread <= 0:
        return None
    return effect, float(np.clip(1 - between_neighbours / spread, -1, 1))
