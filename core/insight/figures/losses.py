"""What each row costs a model of numbers."""

from __future__ import annotations

import numpy as np

from core.insight.figures.arrays import Floats


def absolute_errors(y: Floats, predicted: Floats) -> Floats:
    """Return how far each prediction is off `(n,)`, in the target's unit; infinitely where it is no finite number."""
    with np.errstate(over="ignore", invalid="ignore"):
        errors = np.abs(predicted - y)
    return np.nan_to_num(np.asarray(errors, dtype=np.float64), nan=np.inf, posinf=np.inf)
