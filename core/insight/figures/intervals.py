"""Intervals in closed form: quantiles of the normal and the t distribution, and the interval of a share.

Pages use these, and scipy takes long to import: numpy and the standard library only.
"""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike

from core.insight.figures.arrays import Floats


def normal_quantile(level: float) -> float:
    """Return how many standard errors an interval of `level` (0 to 1) reaches to each side: 1.96 at 0.95."""
    return NormalDist().inv_cdf(0.5 + level / 2)


def t_quantile(level: float, degrees: ArrayLike) -> Floats:
    """Return the same of Student's t with `degrees` of freedom, by the expansion of Cornish and Fisher.

    Right to one percent from 5 degrees on at levels up to 0.999 (Abramowitz and Stegun, 26.7.5).
    """
    z, nu = normal_quantile(level), np.asarray(degrees, dtype=np.float64)
    first = (z**3 + z) / 4
    second = (5 * z**5 + 16 * z**3 + 3 * z) / 96
    third = (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384
    fourth = (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160
    return np.asarray(z + first / nu + second / nu**2 + third / nu**3 + fourth / nu**4, dtype=np.float64)


def wilson_bounds(n_hits: ArrayLike, n: ArrayLike, level: float = 0.95) -> tuple[Floats, Floats]:
    """Return Wilson's interval of the shares `n_hits / n`, which stays within 0 and 1 and works for few rows.

    Source: Wilson 1927, without continuity correction. Each `n` is 1 or more.
    """
    hits, rows = np.asarray(n_hits, dtype=np.float64), np.asarray(n, dtype=np.float64)
    z2 = normal_quantile(level) ** 2
    middle = (hits + z2 / 2) / (rows + z2)
    reach = np.sqrt(z2) / (rows + z2) * np.sqrt(hits * (rows - hits) / rows + z2 / 4)
    low, high = np.maximum(middle - reach, 0.0), np.minimum(middle + reach, 1.0)
    return np.where(hits == 0, 0.0, low), np.where(hits == rows, 1.0, high)
