"""Divides rows into folds: each row is held out once, by the members of its fold."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

FOLDS = 8
MOST_IN_FOLD = 0.25  # of the rows, in a stretch of time


def folds_of(y: Tensor, seed: int, moments: NDArray[np.float64] | None = None) -> NDArray[np.intp]:
    """Return the fold of each row `(n,)`, from 0 on: classes are spread evenly over them, numbers from low to high.

    Where rows have `moments` `(n,)`, a fold is a stretch of time: those of one moment stay together.
    """
    n_folds = min(FOLDS, len(y))
    if moments is not None:
        return _stretches(moments)
    values = y.flatten().cpu().numpy()
    order = np.lexsort((np.random.default_rng(seed).random(len(values)), values))
    if y.is_floating_point():  # neighbours in size come in a random order
        order = _shuffled_within(order, n_folds, seed)
    folds = np.empty(len(values), dtype=np.intp)
    folds[order] = np.arange(len(values)) % n_folds
    return folds


def are_spread(moments: NDArray[np.float64]) -> bool:
    """Return whether stretches of time are folds of about the same size, so that none is empty or most of the rows."""
    n_folds = min(FOLDS, len(moments))
    counts = np.bincount(_stretches(moments), minlength=n_folds)
    return bool(counts.min() > 0 and counts.max() <= MOST_IN_FOLD * len(moments))


def _stretches(moments: NDArray[np.float64]) -> NDArray[np.intp]:
    return np.searchsorted(np.sort(moments), moments) * min(FOLDS, len(moments)) // len(moments)


def _shuffled_within(order: NDArray[np.intp], size: int, seed: int) -> NDArray[np.intp]:
    """Return positions in an order that is random within each stretch of `size` of them."""
    stretches = np.arange(len(order)) // size
    return order[np.lexsort((np.random.default_rng(seed).random(len(order)), stretches))]
