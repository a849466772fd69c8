"""Divides rows into folds: each row is held out once, by the members of its fold."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

FOLDS = 8
STRETCHES_A_FOLD = 5  # of time, far from one another, so that the others know all times
MOST_IN_FOLD = 0.25  # of the rows, in stretches of time


def folds_of(y: Tensor, seed: int, moments: NDArray[np.float64] | None = None) -> NDArray[np.intp]:
    """Return the fold of each row `(n,)`, from 0 on: classes are spread evenly over them, numbers from low to high.

    Where rows have `moments` `(n,)`, a fold is some stretches of time: those of one moment stay together.
    """
    n_folds = min(FOLDS, len(y))
    if moments is not None:
        return stretches_of(moments) % n_folds
    values = y.flatten().cpu().numpy()
    order = np.lexsort((np.random.default_rng(seed).random(len(values)), values))
    if y.is_floating_point():  # neighbours in size come in a random order
        order = _shuffled_within(order, n_folds, seed)
    folds = np.empty(len(values), dtype=np.intp)
    folds[order] = np.arange(len(values)) % n_folds
    return folds


def are_spread(moments: NDArray[np.float64]) -> bool:
    """Return whether folds of stretches of time are of about the same size: none is empty or most of the rows."""
    n_folds = min(FOLDS, len(moments))
    counts = np.bincount(stretches_of(moments) % n_folds, minlength=n_folds)
    return bool(counts.min() > 0 and counts.max() <= MOST_IN_FOLD * len(moments))


def stretches_of(moments: NDArray[np.float64]) -> NDArray[np.intp]:
    """Return which stretch of time each row is in `(n,)`, from the earliest, 0, on; they are of like many rows."""
    n_stretches = min(FOLDS * STRETCHES_A_FOLD, len(moments))
    return np.searchsorted(np.sort(moments), moments) * n_stretches // len(moments)


def _shuffled_within(order: NDArray[np.intp], size: int, seed: int) -> NDArray[np.intp]:
    """Return positions in an order that is random within each stretch of `size` of them."""
    stretches = np.arange(len(order)) // size
    return order[np.lexsort((np.random.default_rng(seed).random(len(order)), stretches))]
