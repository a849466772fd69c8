"""The handful of rows that are worth a look: the typical one, and those where the model is most wrong or most sure."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from core.calibration import calibration_of, decided
from core.insight.explain.outputs import log_losses, outputs_of, probabilities
from core.insight.explain.sample import Sample

Numbers = NDArray[np.float64]


def interesting_rows(sample: Sample) -> dict[int, str]:
    """Return positions in the sample with the reason for each, no row twice; rows without finite outputs never."""
    outputs = outputs_of(sample.bundle, sample.x)
    is_usable = np.isfinite(outputs).all(axis=1)
    typical = ("the most typical row", -_distance(sample))
    ranked = _of_classes(sample, outputs) if sample.bundle.task == "classification" else _of_numbers(sample, outputs)
    found: dict[int, str] = {}
    for why, scores in (typical, *ranked):
        usable = np.where(is_usable & np.isfinite(scores), scores, -np.inf)
        usable[list(found)] = -np.inf
        if len(usable) and usable.max() > -np.inf:
            found[int(usable.argmax())] = why
    return found


def _distance(sample: Sample) -> Numbers:
    """Return how far each row is from the middle of all, in standard deviations of the features."""
    x = sample.x.numpy().clip(-10, 10)
    return np.asarray(((x - x.mean(axis=0)) ** 2).sum(axis=1), dtype=np.float64) if len(x) else np.empty(0)


def _of_classes(sample: Sample, outputs: Numbers) -> list[tuple[str, Numbers]]:
    shares = probabilities(outputs)
    sureness = shares.max(axis=1)
    if sample.y is None:
        return [("the surest prediction", sureness), ("the least sure prediction", -sureness)]
    y = sample.y.astype(np.intp)
    is_right = decided(shares, calibration_of(sample.bundle)) == y
    return [
        ("the surest prediction that is wrong", np.where(is_right, -np.inf, log_losses(outputs, y))),
        ("the surest prediction that is right", np.where(is_right, sureness, -np.inf)),
        ("the least sure prediction", -sureness),
    ]


def _of_numbers(sample: Sample, outputs: Numbers) -> list[tuple[str, Numbers]]:
    predicted = outputs[:, 0]
    worst = [] if sample.y is None else [("the largest error", np.abs(predicted - sample.y))]
    return [*worst, ("the highest prediction", predicted), ("the lowest prediction", -predicted)]
