"""How far the area under a ROC curve could be off by the chance of which rows were tested."""

from __future__ import annotations

import numpy as np

from core.insight.figures.arrays import Flags, Floats, check_lengths
from core.insight.figures.bootstrap import Interval
from core.insight.figures.intervals import normal_quantile

UNRANKED = "All test rows are of one class, so there is nothing to tell apart."
NOT_FINITE = "Some probabilities are not finite numbers, so there is no figure."
PERFECT = "Every pair of rows is ranked alike, which says nothing of how much the figure varies."


def auc_interval(positive: Flags, scores: Floats, level: float = 0.95) -> Interval:
    """Return the area under the ROC curve, 0 to 1, with its interval, in one sort of each class.

    The standard error is DeLong's (1988), the interval that of the log-odds, which stays within 0 and 1.
    """
    check_lengths(positive=positive, scores=scores)
    n = len(scores)
    if not np.isfinite(scores).all():
        return Interval(None, None, None, level, n, reason=NOT_FINITE)
    of_class, others = np.sort(scores[positive]), np.sort(scores[~positive])
    if not (len(of_class) and len(others)):
        return Interval(None, None, None, level, n, reason=UNRANKED)
    above, below = _share_below(of_class, others), _share_below(others, of_class)
    area = float(above.mean())
    variance = _variance_of_mean(above) + _variance_of_mean(below)
    if not 0 < area < 1 or variance == 0:
        return Interval(area, None, None, level, n, reason=PERFECT)
    log_odds = np.log(area / (1 - area))
    reach = normal_quantile(level) * variance**0.5 / (area * (1 - area))
    low, high = 1 / (1 + np.exp([reach - log_odds, -reach - log_odds]))
    return Interval(area, float(low), float(high), level, n, "delong")


def _share_below(scores: Floats, others: Floats) -> Floats:
    """Return for each score the share of the sorted `others` below it, equal ones counting half."""
    below, up_to = np.searchsorted(others, scores, "left"), np.searchsorted(others, scores, "right")
    return np.asarray((below + up_to) / (2 * len(others)), dtype=np.float64)


def _variance_of_mean(values: Floats) -> float:
    return float(values.var(ddof=1)) / len(values) if len(values) > 1 else 0.0
