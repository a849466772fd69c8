"""What each figure of an evaluation means, in one line, and how it is written."""

from __future__ import annotations

from collections.abc import Sequence

from pages.shared.evaluation import Document
from pages.shared.text import number, percent
from pages.shared.verdict import explained

_OF_CLASSES = (
    ("accuracy", "Accuracy", percent, "Share of the test rows that are right."),
    ("balanced_accuracy", "Balanced accuracy", percent,
     "Share found of each class, averaged over the classes: a rare one counts as much as a frequent one."),
    ("f1", "F1", percent,
     "High only where most of each class is found and most calls are right; averaged over the classes."),
    ("roc_auc", "ROC AUC", percent,
     "How often a row of the class gets a higher probability than another row; 50 % is chance."),
    ("average_precision", "Average precision", percent,
     "Share of the calls that are right, averaged over all thresholds; chance gives the share of the class."),
    ("log_loss", "Log-loss", number,
     "How far the true classes come as a surprise. 0 is perfect; sure mistakes cost most."),
    ("brier", "Brier score", number, "Mean squared gap between probabilities and what came true. 0 is perfect."),
    ("ece", "Calibration error", percent,
     "ECE: how far probabilities are from the share that comes true, on average. 0 % is perfect."),
)  # fmt: skip
_OF_NUMBERS = (
    ("mae", "Mean absolute error", number, "How far off a prediction is on average, in the unit of the target."),
    ("rmse", "RMSE", number, "Root of the mean squared error: like the mean error, but large errors count more."),
    ("median_absolute_error", "Median error", number, "Half of the predictions are closer than this."),
    ("r2", "R²", explained, "Share of the variation that is explained. 100 % is perfect, 0 % is guessing the mean."),
    ("mape", "MAPE", percent, "How far off a prediction is on average, in percent of the true value."),
    ("bias", "Mean error", number, "Predicted minus actual on average: above 0, predictions are too high."),
    ("share_within_10_percent", "Within 10 %", percent, "Share of the predictions at most 10 % off the truth."),
)  # fmt: skip


def class_tiles(document: Document) -> list[tuple[str, str, str]]:
    """Return label, value and help of the figures of a classifier."""
    return _tiles(document, _OF_CLASSES)


def number_tiles(document: Document) -> list[tuple[str, str, str]]:
    """Return label, value and help of the figures of predicted numbers."""
    return _tiles(document, _OF_NUMBERS)


def reasons(document: Document) -> list[str]:
    """Return why figures are missing, each reason once with the figures it stands for."""
    names = {name: label for name, label, *_ in (*_OF_CLASSES, *_OF_NUMBERS)}
    by_reason: dict[str, list[str]] = {}
    for name, reason in document["figures"]["undefined"].items():
        if name in names:
            by_reason.setdefault(reason, []).append(names[name])
    return [f"{', '.join(labels)}: {reason}" for reason, labels in by_reason.items()]


def _tiles(document: Document, figures: Sequence[tuple]) -> list[tuple[str, str, str]]:  # type: ignore[type-arg]
    found, why = document["figures"], document["figures"]["undefined"]
    return [
        (label, write(found[name]), f"{help_text} {why.get(name, '')}".strip())
        for name, label, write, help_text in figures
    ]
