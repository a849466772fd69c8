"""Documents of evaluations made from a few arrays, without a training."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd

from core.calibration import possible
from core.insight.evaluation import Coverage, Evaluation, Side
from core.insight.figures.bootstrap import mean_interval, paired_difference
from core.insight.figures.classification import classification_figures
from core.insight.figures.confusion import confusion_matrix
from core.insight.figures.curves import class_curves
from core.insight.figures.intervals import wilson_bounds
from core.insight.figures.regression import regression_figures
from core.insight.figures.reliability import reliability_bins
from core.insight.figures.segments import error_by_segment, rank_columns
from core.insight.figures.thresholds import ThresholdTable
from core.insight.figures.worst import worst_classes, worst_numbers

MARGINS = ((0.8, 0.6), (0.9, 0.7))
TITLES = {
    "network": "This network",
    "guess": "Always guessing the same",
    "linear": "Linear model",
    "boosting": "Gradient-boosted trees",
}


def classes(n: int, names: Sequence[str], seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return class codes `(n,)` and probabilities `(n, k)` that know something of them."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, len(names), n)
    logits = rng.normal(size=(n, len(names)))
    logits[np.arange(n), y] += 1.5
    shares = np.exp(logits)
    return y, shares / shares.sum(axis=1, keepdims=True)


def document_of_classes(
    y: np.ndarray,
    probabilities: np.ndarray,
    names: Sequence[str],
    *,
    target: str = "churn",
    column: str = "contract",
    is_calibrated: bool = True,
    others: dict[str, np.ndarray] | None = None,
) -> dict[str, Any]:
    """Return what is stored for a classifier; `others` are the 0-or-1 losses of simpler ways."""
    decided = probabilities.argmax(axis=1)
    losses = (decided != y).astype(np.float64)
    frame = pd.DataFrame({column: np.where(np.arange(len(y)) % 3 == 0, "<i>a</i> $x$", "b")})
    covered = [possible(probabilities, margin)[np.arange(len(y)), y] for _, margin in MARGINS]
    table = ThresholdTable.of(y == 1, probabilities[:, 1]).as_dict()
    shown = names[1:] if len(names) == 2 else names[:30]
    right = probabilities.argmax(axis=1) == y
    scores = (probabilities[:, 1], y == 1) if len(names) == 2 else (probabilities.max(axis=1), right)
    evaluation = Evaluation(
        task="classification", target=target, class_names=tuple(names), n_test=len(y),
        n_validation=len(y) if is_calibrated else 0,
        sides=_sides(losses, others or {}, are_classes=True),
        figures=asdict(classification_figures(y, probabilities, names)),
        calibration={"temperature": 1.2, "margins": MARGINS} if is_calibrated else None,
        coverage=tuple(_coverage(*m, c, 1.5) for m, c in zip(MARGINS, covered, strict=True)) if is_calibrated else (),
        before={"reliability": [asdict(b) for b in reliability_bins(*scores)], "ece": 0.25},
        confusion=asdict(confusion_matrix(y, decided, names)),
        curves=tuple(asdict(class_curves(y, probabilities, names, name)) for name in shown),
        thresholds=None if len(names) != 2 else
        {"positive": names[1], "on_validation": table if is_calibrated else None, "on_test": table},
        segments=_segments(frame, losses),
        worst=tuple(
            {**asdict(row), "row": row.position + 1, "cells": {"Row": "7", column: "x", target: "t"}}
            for row in worst_classes(y, probabilities, names, 5)
        ),
    )  # fmt: skip
    return stored(evaluation)


def document_of_numbers(
    y: np.ndarray, predicted: np.ndarray, *, target: str = "price", others: dict[str, np.ndarray] | None = None
) -> dict[str, Any]:
    """Return what is stored for a model of a number; `others` are the absolute errors of simpler ways."""
    with np.errstate(invalid="ignore"):
        losses = np.nan_to_num(np.abs(predicted - y), nan=np.inf, posinf=np.inf)
    frame = pd.DataFrame({"size": np.arange(len(y), dtype=np.float64)})
    evaluation = Evaluation(
        task="regression", target=target, class_names=(), n_test=len(y), n_validation=20,
        sides=_sides(losses, others or {}, are_classes=False),
        figures=asdict(regression_figures(y, predicted)),
        calibration={"temperature": 1.0, "margins": MARGINS},
        coverage=tuple(_coverage(level, margin, losses <= margin, None) for level, margin in MARGINS),
        segments=_segments(frame, losses),
        worst=tuple(
            {**asdict(row), "row": row.position + 1, "cells": {"size": "1"}} for row in worst_numbers(y, predicted, 5)
        ),
    )  # fmt: skip
    return stored(evaluation)


def stored(evaluation: Evaluation) -> dict[str, Any]:
    """Return a document as it comes back from its file."""
    document: dict[str, Any] = json.loads(json.dumps(evaluation.as_dict(), allow_nan=False))
    return document


def _sides(losses: np.ndarray, others: dict[str, np.ndarray], *, are_classes: bool) -> tuple[Side, ...]:
    found = []
    for name, own in {"network": losses, **others}.items():
        main = mean_interval(1 - own if are_classes else own)
        difference = None if name == "network" else paired_difference(losses, own)
        found.append(Side(name, TITLES[name], main, {"f1": 0.5, "rmse": 2.5, "r2": -0.0001}, 0.25, 100, "", difference))
    return tuple(found)


def _segments(frame: pd.DataFrame, losses: np.ndarray) -> tuple[dict[str, Any], ...]:
    return tuple(
        {**asdict(s), "segments": [asdict(e) for e in error_by_segment(frame[s.column], losses)]}
        for s in rank_columns(frame, losses)
    )


def _coverage(level: float, margin: float, covered: np.ndarray, labels: float | None) -> Coverage:
    low, high = wilson_bounds(int(covered.sum()), len(covered))
    return Coverage(level, margin, float(covered.mean()), float(low), float(high), labels)
