"""How well one column alone tells the target, on rows that were not used to learn it.

Numbers go through a shallow decision tree, texts and numbers with few levels through the mean of each level.
Everything is computed from the rows and the sum of the target in each fold and each bin of the column; a bin is
a level, or where there are very many numbers, a range of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from core.tables.understand.sample import SampledColumn

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

FOLDS = 3
DEPTH = 4
MOST_BINS = 512
MIN_LEAF, MIN_LEAF_SHARE = 5, 0.005
PRIOR_ROWS = 5.0  # by which the mean of a level is drawn towards the mean of all
ROWS_A_LEVEL = 5.0  # below which the levels of a number are not looked at one by one
MOST_CLASSES = 30
MIN_CLASS_ROWS = 10


@dataclass(frozen=True)
class Answers:
    """The target of some rows: numbers (n, 1), or for each of the larger classes whether it is the one (n, k).

    `rows` are the positions, among the sampled rows, of those whose target is known.
    """

    rows: Ints
    values: Floats
    is_classification: bool

    @classmethod
    def of(cls, target: SampledColumn, is_classification: bool) -> Answers:
        """Return the answers in `target`; of many classes only the larger ones, of two only one."""
        if not is_classification:
            rows = np.flatnonzero(~np.isnan(target.numbers))
            numbers = target.numbers[rows].reshape(-1, 1)
            return cls(rows, numbers - numbers.mean() if len(rows) else numbers, False)
        rows = np.flatnonzero(target.codes >= 0)
        classes = np.argsort(-target.counts, kind="stable")[:MOST_CLASSES]
        classes = classes[target.counts[classes] >= MIN_CLASS_ROWS]
        if len(classes) == 2 and target.n_levels == 2:
            classes = classes[1:]
        return cls(rows, (target.codes[rows][:, None] == classes[None, :]).astype(np.float64), True)

    @cached_property
    def folds(self) -> Ints:
        """Return the fold of each row, drawn at random but always alike: `(n,)`."""
        return np.random.default_rng(0).permutation(len(self.rows)) % FOLDS

    @property
    def are_usable(self) -> bool:
        """Tell whether there is anything to tell apart."""
        return self.values.shape[1] > 0 and len(self.rows) >= 10 * FOLDS and bool((self.values.std(axis=0) > 0).any())


def score_column(column: SampledColumn, answers: Answers) -> float:
    """Return how well the column alone tells the answers.

    That is the area under the curve (ROC), averaged over the classes: 0.5 is guessing; or the share of the
    variance that is explained: 0 is guessing. 1 is always right.
    """
    codes = column.codes[answers.rows]
    scores = []
    if column.n_texts or column.n_levels * ROWS_A_LEVEL <= len(codes):
        levels = _Bins.of(np.where(codes < 0, column.n_levels, codes), column.n_levels + 1, answers)
        scores.append(levels.score(_level_means(levels)))
    if column.n_texts < column.n_levels:
        scores.append(score_numbers(column.numbers[answers.rows], answers))
    return max(scores, default=0.0)


def score_numbers(values: Floats, answers: Answers) -> float:
    """Return how well `values`, one for each of the answers' rows, tell the answers by a shallow tree or a line."""
    known = ~np.isnan(values)
    ranges, n_ranges = _ranges(values[known])
    codes = np.full(len(values), n_ranges)
    codes[known] = ranges
    bins = _Bins.of(codes, n_ranges + 1, answers)
    tree = bins.score(_tree_means(bins))
    return tree if answers.is_classification else max(tree, _line_score(values, answers))


@dataclass(frozen=True)
class _Bins:
    """Rows (folds, bins) and sums of the answers (folds, bins, k); `squares` is the sum of all their squares."""

    rows: Floats
    sums: Floats
    squares: float
    is_classification: bool

    @classmethod
    def of(cls, codes: Ints, n_bins: int, answers: Answers) -> _Bins:
        """Add up the answers of the rows in each bin, given for each row by `codes`."""
        places = answers.folds * n_bins + codes
        shape, size = (FOLDS, n_bins), FOLDS * n_bins
        rows = np.bincount(places, minlength=size).astype(np.float64).reshape(shape)
        sums = [np.bincount(places, weights=y, minlength=size).reshape(shape) for y in answers.values.T]
        squares = float((answers.values**2).sum())
        return cls(rows, np.stack(sums, axis=2), squares, answers.is_classification)

    def learned(self, fold: int) -> tuple[Floats, Floats]:
        """Return rows (bins,) and sums (bins, k) of all the other folds."""
        return self.rows.sum(axis=0) - self.rows[fold], self.sums.sum(axis=0) - self.sums[fold]

    def score(self, means: Floats) -> float:
        """Return how good it is to predict `means` (folds, bins, k) for the rows in each fold and bin."""
        if not self.is_classification:
            error = self.squares - 2 * float((means * self.sums).sum()) + float((self.rows[..., None] * means**2).sum())
            return 1 - error / self.squares if self.squares > 0 else 0.0
        n_classes = self.sums.shape[2]
        flat, inside = means.reshape(-1, n_classes), self.sums.reshape(-1, n_classes)
        outside = self.rows.reshape(-1, 1) - inside
        return float(np.mean([_area(flat[:, i], inside[:, i], outside[:, i]) for i in range(n_classes)]))


def _level_means(bins: _Bins) -> Floats:
    """Return the mean of each level in the other folds, drawn towards the mean of all."""
    means = np.empty_like(bins.sums)
    for fold in range(FOLDS):
        rows, sums = bins.learned(fold)
        prior = sums.sum(axis=0) / max(1.0, rows.sum())
        means[fold] = (sums + PRIOR_ROWS * prior) / (rows[:, None] + PRIOR_ROWS)
    return means


def _tree_means(bins: _Bins) -> Floats:
    """Return the mean of the leaf that each bin falls in; the last bin, which holds no number, is its own leaf."""
    means = np.empty_like(bins.sums)
    for fold in range(FOLDS):
        rows, sums = bins.learned(fold)
        edges = [0, *_cuts(rows[:-1], sums[:-1]), len(rows) - 1, len(rows)]
        overall = sums.sum(axis=0) / max(1.0, rows.sum())
        for first, after in pairwise(edges):
            n = rows[first:after].sum()
            means[fold, first:after] = sums[first:after].sum(axis=0) / n if n else overall
    return means


def _cuts(rows: Floats, sums: Floats) -> list[int]:
    """Return the bins at which a tree of a few levels begins another leaf, rising."""
    rows = np.concatenate([[0.0], np.cumsum(rows)])
    sums = np.vstack([np.zeros(sums.shape[1]), np.cumsum(sums, axis=0)])
    sums -= rows[:, None] * (sums[-1] / max(1.0, rows[-1]))
    min_leaf = max(MIN_LEAF, MIN_LEAF_SHARE * rows[-1])
    cuts: list[int] = []
    segments = [(0, len(rows) - 1, DEPTH)]
    while segments:
        first, after, depth = segments.pop()
        places = np.arange(first + 1, after)
        left, right = rows[places] - rows[first], rows[after] - rows[places]
        places = places[(left >= min_leaf) & (right >= min_leaf)]
        if depth == 0 or not len(places):
            continue
        low, high = sums[places] - sums[first], sums[after] - sums[places]
        gain = (low**2).sum(axis=1) / (rows[places] - rows[first])
        gain += (high**2).sum(axis=1) / (rows[after] - rows[places])
        place = int(places[int(gain.argmax())])
        cuts.append(place)
        segments += [(first, place, depth - 1), (place, after, depth - 1)]
    return sorted(cuts)


def _ranges(values: Floats) -> tuple[Ints, int]:
    """Return the bin of each number, rising with it: its level, or a range with about as many rows as the others."""
    levels, codes, counts = np.unique(values, return_inverse=True, return_counts=True)
    if len(levels) <= MOST_BINS:
        return codes, len(levels)
    places = (np.cumsum(counts) - counts) * MOST_BINS // len(values)
    return places[codes], MOST_BINS


def _line_score(values: Floats, answers: Answers) -> float:
    """Return the share of variance that a straight line explains, where nearly all rows have a number."""
    rows = ~np.isnan(values)
    y = answers.values[rows, 0]
    with np.errstate(all="ignore"):
        share = float(np.corrcoef(values[rows], y)[0, 1] ** 2 * (y**2).sum() / (answers.values**2).sum())
    return share if np.isfinite(share) else 0.0


def _area(scores: Floats, inside: Floats, outside: Floats) -> float:
    """Return the probability that a row inside the class has the higher score than one outside; ties count half."""
    _, places = np.unique(scores, return_inverse=True)
    n_inside, n_outside = np.bincount(places, weights=inside), np.bincount(places, weights=outside)
    pairs = float(n_inside.sum() * n_outside.sum())
    below = np.cumsum(n_outside) - n_outside
    return float((n_inside * (below + n_outside / 2)).sum() / pairs) if pairs else 0.5
