"""How a network's outputs become honest probabilities, decisions and ranges; fitted on held-out rows.

Nothing here imports torch. Fitting is `core.calibrate`; this is what travels in the bundle.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

LEVELS = (0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 0.98, 0.99)
USUAL_LEVEL = 0.9
POSITIVE_CLASS = 1  # of two: the second, in the order of the class names

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Calibration:
    """What a bundle knows beside its network.

    Logits are divided by `temperature` before the softmax (Guo et al. 2017). With two classes, the
    second is predicted from `threshold` on, where one is set; else the likelier one is. `margins` holds for
    each level of coverage how far from the prediction the truth lies at most in that share of cases (split
    conformal, Lei et al. 2018), in the target's unit; for classes, how far below 1 the probability of a label
    may be that is counted as possible (Sadinle et al. 2019). `level` is the one that predictions use, None
    for none. `n_rows` is the number of held-out rows behind it.
    """

    temperature: float = 1.0
    threshold: float | None = None
    level: float | None = None
    margins: tuple[tuple[float, float], ...] = field(default=())
    n_rows: int = 0

    @property
    def margin(self) -> float | None:
        """Return the margin of the chosen level, or None where there is none."""
        return None if self.level is None else dict(self.margins).get(self.level)


UNCALIBRATED = Calibration()


@dataclass(frozen=True)
class OutOfFold:
    """What the networks of a blend say of rows that they have not learned from, each of them by those that have not.

    `outputs` are logits `(n, classes)`, or numbers `(n,)` in the target's unit; `y` class codes or numbers `(n,)`.
    """

    outputs: Numbers
    y: NDArray[Any]


def calibration_of(bundle: Any) -> Calibration:
    """Return the bundle's calibration; a bundle made by hand may have none, or lack the field."""
    found = getattr(bundle, "calibration", None)
    return found if isinstance(found, Calibration) else UNCALIBRATED


def decided(probabilities: Numbers, calibration: Calibration) -> NDArray[np.intp]:
    """Return the predicted class of each row `(n,)`: the likeliest, or by the threshold where there is one."""
    if calibration.threshold is None or probabilities.shape[1] != POSITIVE_CLASS + 1:
        return np.asarray(probabilities.argmax(axis=1), dtype=np.intp)
    return (probabilities[:, POSITIVE_CLASS] >= calibration.threshold).astype(np.intp)


def possible(probabilities: Numbers, margin: float) -> NDArray[np.bool_]:
    """Return which labels are possible at a margin, `(n, k)`; the likeliest always is."""
    is_possible = 1 - probabilities <= margin  # as margins are made
    is_possible[np.arange(len(probabilities)), probabilities.argmax(axis=1)] = True
    return is_possible


def flaw_of(calibration: Calibration) -> str | None:
    """Return what is wrong with a calibration that nobody vouches for, or None."""
    if not 1e-3 <= calibration.temperature <= 1e3:
        return f"its temperature is {calibration.temperature:g}, not from 0.001 to 1,000"
    if calibration.threshold is not None and not 0 <= calibration.threshold <= 1:
        return f"its threshold is {calibration.threshold:g}, not from 0 to 1"
    if not all(0 < level < 1 and 0 <= margin < np.inf for level, margin in calibration.margins):
        return "a level is not between 0 and 1, or a margin is below 0"
    if any(low >= high for low, high in pairwise(level for level, _ in calibration.margins)):
        return "its levels do not ascend"
    if calibration.level is not None and calibration.margin is None:
        return f"it has no margin for its level {calibration.level:g}"
    return None
