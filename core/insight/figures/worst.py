"""The rows on which a model is most wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.insight.figures.arrays import Floats, Ints, check_lengths, finite_or_none
from core.insight.figures.classification import most_probable

K = 50


@dataclass(frozen=True)
class WorstNumber:
    """A row far off: its position among the rows given, and predicted minus actual in the target's unit.

    `predicted` and `error` are None where they are no finite numbers; such rows are the worst of all.
    """

    position: int
    actual: float
    predicted: float | None
    error: float | None


@dataclass(frozen=True)
class WorstClass:
    """A row whose true class was thought unlikely; probabilities are None where they are no numbers."""

    position: int
    true: str
    predicted: str
    probability_of_true: float | None
    probability_of_predicted: float | None


def worst_numbers(y: Floats, predicted: Floats, k: int = K) -> tuple[WorstNumber, ...]:
    """Return the `k` rows `(n,)` of the largest absolute error, the worst first and earlier rows before equal ones."""
    check_lengths(y=y, predicted=predicted)
    with np.errstate(over="ignore", invalid="ignore"):
        errors = predicted - y
    sizes = np.where(np.isnan(errors), np.inf, np.abs(errors))
    worst = np.argsort(-sizes, kind="stable")[:k].tolist()
    return tuple(
        WorstNumber(row, float(y[row]), finite_or_none(predicted[row]), finite_or_none(errors[row])) for row in worst
    )


def worst_classes(
    y: Ints,
    probabilities: Floats,
    class_names: Sequence[str],
    k: int = K,
    *,
    predicted: Ints | None = None,
) -> tuple[WorstClass, ...]:
    """Return the `k` rows whose true class has the lowest probability, the worst first.

    `predicted` `(n,)` holds the class codes decided on where that is not the most probable class.
    """
    check_lengths(y=y, probabilities=probabilities)
    of_truth = probabilities[np.arange(len(y)), y]
    worst = np.argsort(np.where(np.isnan(of_truth), -np.inf, of_truth), kind="stable")[:k]
    decided = most_probable(probabilities[worst]) if predicted is None else predicted[worst]
    rows = zip(worst.tolist(), y[worst].tolist(), decided.tolist(), strict=True)
    return tuple(
        WorstClass(
            position=row,
            true=str(class_names[true]),
            predicted=str(class_names[taken]),
            probability_of_true=finite_or_none(probabilities[row, true]),
            probability_of_predicted=finite_or_none(probabilities[row, taken]),
        )
        for row, true, taken in rows
    )
