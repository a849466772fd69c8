"""Permutation importance of each column of the user's table (Breiman 2001; Fisher, Rudin and Dominici 2019).

All features of a column are shuffled together, which is what shuffling the raw column does. Of more than 40 columns
each is shuffled once among some of the rows, and then the 40 most important ones closely. A large network is asked
about fewer rows, so that either takes a few seconds; the intervals tell what that costs.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from core.calibration import calibration_of, decided
from core.insight.explain.outputs import log_losses, n_weights, outputs_of, probabilities
from core.insight.explain.results import ColumnImportance, Importance, finite
from core.insight.explain.sample import Sample, thinned
from core.insight.explain.steps import Steps
from core.types import ModelBundle

MOST_CLOSELY = 40
MOST_ROUGH_ROWS, FEWEST_ROUGH_ROWS, FEWEST_ROWS = 1_000, 100, 300
FEWEST_REPEATS, MOST_REPEATS = 5, 10
WORK = 3e10  # multiplications: two seconds or so on one core
LEAST_ROWS = 20  # below, an interval means nothing
Z_95 = 1.959964

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class _Losses:
    """How wrong the predictions for some rows are: `total`, and what each row adds to it, `rows` (n,).

    For numbers, the RMSE is not a mean: a row's part is its first derivative with respect to the row's weight.
    """

    total: float
    rows: Numbers
    accuracy: float | None


@dataclass
class _Tally:
    """What was found when one column was shuffled, repeat by repeat."""

    increases: list[float] = field(default_factory=list)
    drops: list[float] = field(default_factory=list)
    by_row: Numbers | float = 0.0


def permutation_importance(
    sample: Sample, *, seed: int = 0, n_repeats: int | None = None, steps: Steps | None = None
) -> Importance:
    """Return how much worse the predictions for a sample become when each column is shuffled.

    Stopped early, it holds what was found until then. The sample must have its `y`.
    """
    steps = steps or Steps(n_steps(sample, n_repeats))
    repeats = n_repeats or repeats_for(sample)
    columns, rng = list(sample.groups), np.random.default_rng(seed)
    found: list[ColumnImportance] = []
    if len(columns) > MOST_CLOSELY:
        rough = int(np.clip(_affordable_rows(sample, len(columns)), FEWEST_ROUGH_ROWS, MOST_ROUGH_ROWS))
        found = _ranked(_measured(thinned(sample, rough, seed), columns, 1, rng, steps))
        columns = [entry.column for entry in found[:MOST_CLOSELY]]
    sample = thinned(sample, max(FEWEST_ROWS, _affordable_rows(sample, len(columns) * repeats)), seed)
    closely = _measured(sample, columns, repeats, rng, steps)
    names = {entry.column for entry in closely}
    base = _losses(sample.bundle, outputs_of(sample.bundle, sample.x), _truth(sample))
    return Importance(
        "log-loss" if sample.bundle.task == "classification" else "RMSE",
        finite(base.total),
        base.accuracy,
        len(sample),
        tuple(_ranked([*closely, *(entry for entry in found if entry.column not in names)])),
    )


def repeats_for(sample: Sample) -> int:
    """Return how often each column is shuffled: 10 times, or fewer where there are many rows; 5 at least."""
    n_close = min(len(sample.groups), MOST_CLOSELY)
    affordable = _affordable_rows(sample, n_close) // max(1, len(sample))
    return max(FEWEST_REPEATS, min(MOST_REPEATS, affordable))


def n_steps(sample: Sample, n_repeats: int | None = None) -> int:
    """Return how many times a column will be shuffled in all."""
    n_columns = len(sample.groups)
    n_rough = n_columns if n_columns > MOST_CLOSELY else 0
    return n_rough + min(n_columns, MOST_CLOSELY) * (n_repeats or repeats_for(sample))


def _affordable_rows(sample: Sample, n_shuffles: int) -> int:
    """Return how many rows the network can be asked about, so many times."""
    return int(WORK / (max(1, n_shuffles) * n_weights(sample.bundle)))


def _measured(
    sample: Sample, columns: list[str], n_repeats: int, rng: np.random.Generator, steps: Steps
) -> list[ColumnImportance]:
    """Shuffle each column `n_repeats` times, all of them once before any twice."""
    y, x = _truth(sample), sample.x.clone()
    base = _losses(sample.bundle, outputs_of(sample.bundle, x), y)
    tallies = {name: _Tally() for name in columns}
    for _ in range(n_repeats):
        for name, tally in tallies.items():
            if not steps.may_go_on():
                break
            group, order = sample.groups[name], rng.permutation(len(sample))
            if not _varies(sample.x[:, group]):
                _add(tally, base, base, order)
            else:
                x[:, group] = sample.x[:, group][order]
                _add(tally, base, _losses(sample.bundle, outputs_of(sample.bundle, x), y), order)
                x[:, group] = sample.x[:, group]
            steps.made()
    return [_result(name, tally) for name, tally in tallies.items() if tally.increases]


def _varies(cells: torch.Tensor) -> bool:
    return cells.numel() > 0 and bool((cells != cells[:1]).any())


def _add(tally: _Tally, base: _Losses, shuffled: _Losses, order: NDArray[np.intp]) -> None:
    """Count one shuffle, where row i got the cells of row `order[i]`.

    A row has a part in the loss of two rows: its own, and the one that got its cells (Hájek's projection).
    """
    if base.accuracy is not None and shuffled.accuracy is not None:
        tally.drops.append(base.accuracy - shuffled.accuracy)
    tally.increases.append(shuffled.total - base.total)
    added = shuffled.rows - base.rows
    tally.by_row = tally.by_row + (added + added[np.argsort(order)])


def _result(name: str, tally: _Tally) -> ColumnImportance:
    n_repeats = len(tally.increases)
    mean = finite(float(np.mean(tally.increases)))
    low, high = (None, None) if mean is None else _interval(mean, np.asarray(tally.by_row) / n_repeats)
    return ColumnImportance(
        name, mean, _deviation(tally.increases), low, high,
        low is not None and high is not None and (low > 0 or high < 0),
        finite(float(np.mean(tally.drops))) if tally.drops else None, _deviation(tally.drops), n_repeats,
    )  # fmt: skip


def _deviation(values: list[float]) -> float | None:
    if len(values) < 2 or not np.isfinite(values).all():
        return None
    with np.errstate(over="ignore"):
        return finite(float(np.std(values)))


def _interval(mean: float, by_row: Numbers) -> tuple[float | None, float | None]:
    """Return the 95 % interval from how the rows' parts differ: for the draw of rows and of shuffles alike."""
    if len(by_row) < LEAST_ROWS or not np.isfinite(by_row).all():
        return None, None
    with np.errstate(over="ignore"):
        half = Z_95 * float(np.std(by_row, ddof=1)) / np.sqrt(len(by_row))
    return finite(mean - half), finite(mean + half)


def _ranked(entries: list[ColumnImportance]) -> list[ColumnImportance]:
    return sorted(entries, key=lambda entry: (entry.mean is None, -(entry.mean or 0.0)))


def _truth(sample: Sample) -> NDArray[Any]:
    if sample.y is None:
        raise ValueError("importance needs the true values of the rows")
    return sample.y


def _losses(bundle: ModelBundle, outputs: Numbers, y: NDArray[Any]) -> _Losses:
    if not len(y):
        return _Losses(float("nan"), np.empty(0), None)
    if bundle.task != "classification":
        return _squared(outputs[:, 0] - y)
    codes = y.astype(np.intp)
    rows = log_losses(outputs, codes)
    right = decided(probabilities(outputs), calibration_of(bundle)) == codes
    return _Losses(float(rows.mean()), rows, float(right.mean()))


def _squared(errors: Numbers) -> _Losses:
    """Return the RMSE; errors are divided by the largest, because a huge one has no finite square."""
    largest = float(np.abs(errors).max())
    if largest == 0 or not np.isfinite(largest):
        return _Losses(largest, np.zeros(len(errors)) + largest, None)
    squares = (errors / largest) ** 2
    rmse = float(np.sqrt(squares.mean()))
    return _Losses(rmse * largest, (squares - squares.mean()) / (2 * rmse) * largest, None)
