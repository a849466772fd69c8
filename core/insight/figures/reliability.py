"""Whether probabilities are honest: of the rows said to be 70 % sure, are about 70 % right?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.insight.figures.arrays import Flags, Floats, check_lengths, equal_mass_codes
from core.insight.figures.intervals import wilson_bounds

MAX_BINS = 15
ROWS_PER_BIN = 20  # fewer bins where rows are few: the share right of a handful of rows is mostly chance


@dataclass(frozen=True)
class ReliabilityBin:
    """Rows of about the same probability: what was said, what came true, and Wilson's interval of the latter."""

    mean_probability: float
    share_right: float
    low: float
    high: float
    n: int


def reliability_bins(probabilities: Floats, right: Flags, level: float = 0.95) -> tuple[ReliabilityBin, ...]:
    """Group rows by probability `(n,)` in bins of equal mass, the lowest first: 15, or one for each 20 rows."""
    check_lengths(probabilities=probabilities, right=right)
    if not len(probabilities):
        return ()
    codes = equal_mass_codes(probabilities, max(1, min(MAX_BINS, len(probabilities) // ROWS_PER_BIN)))
    n = np.bincount(codes)
    n_right = np.bincount(codes, weights=right)
    low, high = wilson_bounds(n_right, n, level)
    columns = (np.bincount(codes, weights=probabilities) / n, n_right / n, low, high)
    rows = zip(*(column.tolist() for column in columns), n.tolist(), strict=True)
    return tuple(ReliabilityBin(*row) for row in rows)


def calibration_error(bins: Sequence[ReliabilityBin]) -> float:
    """Return the expected calibration error, 0 to 1: the gap of each bin, weighted by its rows."""
    n = sum(entry.n for entry in bins)
    return sum(entry.n * abs(entry.mean_probability - entry.share_right) for entry in bins) / n
