"""Divides rows into folds: each row is held out once, by the members of its fold."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

FOLDS = 8


def folds_of(y: Tensor, seed: int, *, in_time: bool) -> NDArray[np.intp]:
    """Return the fold of each row `(n,)`, from 0 on: classes are spread evenly over them, numbers from low to high.

    Rows `in_time` order stay together, so that a fold is a stretch of time.
    """
    n_folds = min(FOLDS, len(y))
    if in_time:
        return np.arange(len(y)) * n_folds // len(y)
    values = y.flatten().cpu().numpy()
    order = np.lexsort((np.random.default_rng(seed).random(len(values)), values))
    if y.is_floating_point():  # neighbours in size come in a random order
        order = _shuffled_within(order, n_folds, seed)
    folds = np.empty(len(values), dtype=np.intp)
    folds[order] = np.arange(len(values)) % n_folds
    return folds


def _shuffled_within(order: NDArray[np.intp], size: int, seed: int) -> NDArray[np.intp]:
    """Return positions in an order that is random within each stretch of `size` of them."""
    stretches = np.arange(len(order)) // size
    return order[np.lexsort((np.random.default_rng(seed).random(len(order)), stretches))]
