"""Fits a calibration on held-out rows: a temperature for probabilities, and margins for ranges and label sets."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

from core.calibration import LEVELS, USUAL_LEVEL, Calibration, OutOfFold, possible

LEAST_ROWS = 20  # below, neither a temperature nor a margin means anything
LOG_TEMPERATURES = (-3.0, 3.0)

Numbers = NDArray[np.float64]


def calibrate_out_of_fold(found: OutOfFold) -> Calibration | None:
    """Return the calibration of a blend by its training rows; None for too few of them.

    A row is judged by fewer networks than the blend has, so that ranges are rather too wide than too narrow (as
    those of CV+; Barber et al., 2021). Its loss has also chosen when these networks were at their best, which is a
    choice among few.
    """
    if found.outputs.ndim == 1:
        return calibrate_numbers(found.outputs, found.y)
    return calibrate_classes(found.outputs, found.y, found.outputs, found.y)


def calibrate_classes(
    logits: Numbers, y: NDArray[np.intp], judging_logits: Numbers, judging_y: NDArray[np.intp]
) -> Calibration | None:
    """Return the calibration for logits `(n, k)` and class codes `(n,)`; None for too few rows.

    The temperature comes from the validation rows that judged the epochs, the margins from those that did not.
    """
    if len(y) < LEAST_ROWS:
        return None
    temperature = fitted_temperature(judging_logits, judging_y)
    probabilities = softmax(logits, temperature)
    return _with_margins(1 - probabilities[np.arange(len(y)), y], temperature)


def calibrate_numbers(predicted: Numbers, y: Numbers) -> Calibration | None:
    """Return the calibration for predictions and truths `(n,)` of rows that judged no epoch, in the target's unit."""
    return _with_margins(np.abs(predicted - y), 1.0) if len(y) >= LEAST_ROWS else None


def fitted_temperature(logits: Numbers, y: NDArray[np.intp]) -> float:
    """Return the temperature of the least log-loss (Guo et al. 2017), by a bounded search over its logarithm."""
    rows = np.arange(len(y))

    def loss(log_temperature: float) -> float:
        return float(-log_softmax(logits / math.exp(log_temperature), axis=1)[rows, y].mean())

    found = minimize_scalar(loss, bounds=LOG_TEMPERATURES, method="bounded")
    return math.exp(float(found.x)) if found.fun < loss(0.0) else 1.0


def softmax(logits: Numbers, temperature: float = 1.0) -> Numbers:
    """Return the probabilities `(n, k)` of logits at a temperature."""
    return np.asarray(np.exp(log_softmax(logits / temperature, axis=1)))


def margin_for(scores: Numbers, level: float) -> float | None:
    """Return the split-conformal quantile of held-out scores: rank ceil((n + 1) level); None where that is beyond n."""
    rank = math.ceil((len(scores) + 1) * level - 1e-9)
    return float(np.partition(scores, rank - 1)[rank - 1]) if 0 < rank <= len(scores) else None


def covered_numbers(predicted: Numbers, y: Numbers, margin: float) -> NDArray[np.bool_]:
    """Return which truths lie within the margin of their prediction."""
    return np.abs(predicted - y) <= margin


def covered_classes(probabilities: Numbers, y: NDArray[np.intp], margin: float) -> NDArray[np.bool_]:
    """Return which true labels are among the possible ones."""
    return possible(probabilities, margin)[np.arange(len(y)), y]


def _with_margins(scores: Numbers, temperature: float) -> Calibration | None:
    scores = np.where(np.isnan(scores), np.inf, scores)
    found = [(level, margin_for(scores, level)) for level in LEVELS]
    margins = tuple((level, margin) for level, margin in found if margin is not None and math.isfinite(margin))
    level = USUAL_LEVEL if USUAL_LEVEL in dict(margins) else (margins[-1][0] if margins else None)
    return Calibration(temperature, None, level, margins, len(scores))
