"""Effect curves: partial dependence (Friedman 2001) and single rows (Goldstein et al. 2015) of any column.

`core.scoring.effects` does the same for the one row of the form, over the range of training.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.calibration import POSITIVE_CLASS
from core.errors import DataError
from core.insight.explain.outputs import class_name, outputs_of, probabilities
from core.insight.explain.results import EffectCurve, ValueKind, finite
from core.insight.explain.sample import Sample, thinned
from core.insight.explain.values import ColumnValues, column_values
from core.scoring.predict import features_of
from core.tables.understand.phrases import listed, quoted

MAX_ROWS, MAX_LINES = 300, 30
MAX_POINTS, MAX_LEVELS, MAX_BINS, MAX_CLASSES = 25, 15, 20, 6
LINES_OF_MANY_CLASSES = 10
INSIDE = (0.01, 0.99)
OTHERS = "other values"

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class _Grid:
    """Where a curve has its points: `cells` as a table holds them, and what is counted beneath."""

    kind: ValueKind
    cells: list[float | str | np.datetime64 | None]
    values: tuple[float | str | None, ...]
    counts: tuple[int, ...]
    edges: tuple[float | str, ...] = ()
    n_outside: int = 0
    n_empty: int = 0
    others: NDArray[np.intp] | None = None  # the rows with none of the values
    n_others: int = 0


def effect_curve(sample: Sample, column: str, *, classes: Sequence[int] | None = None, seed: int = 0) -> EffectCurve:
    """Return the average prediction for at most 300 rows of a sample as `column` varies, and 30 single rows.

    Numbers and dates go through quantiles of the sample's, from the 1 to the 99 % one; categories through the 15
    most frequent ones. Of two classes the second is shown, of more the 6 likeliest or those in `classes`.
    Raises DataError (a ValueError) for a column that the model does not learn from.
    """
    if column not in sample.groups:
        raise DataError(
            f"The model learned nothing from a column {quoted(column)}. It learned from {listed(list(sample.groups))}."
        )
    grid = _grid(column_values(sample, column))
    rows = thinned(sample, MAX_ROWS, seed)
    shown = _shown(rows, classes)
    outputs = _outputs(rows, column, grid, _blocks(sample, column, grid, len(rows), seed), shown)
    lines = _spread_out(len(rows), MAX_LINES if len(shown) == 1 else LINES_OF_MANY_CLASSES)
    is_class = sample.bundle.task == "classification"
    return EffectCurve(
        column,
        grid.kind,
        (*grid.values, *((OTHERS,) if grid.others is not None else ())),
        tuple(class_name(sample.bundle, code) if is_class else sample.bundle.target_column for code in shown),
        tuple(_plain(means) for means in (outputs.mean(axis=0).T if len(rows) else np.empty((len(shown), 0)))),
        tuple(tuple(_plain(outputs[row, :, at]) for row in lines) for at in range(len(shown))),
        tuple(rows.places[lines].tolist()),
        (*grid.counts, *((len(grid.others),) if grid.others is not None else ())),
        grid.edges,
        grid.n_outside,
        grid.n_empty,
        len(rows),
        len(grid.values) if grid.others is not None else None,
        grid.n_others,
    )


def _shown(rows: Sample, classes: Sequence[int] | None) -> list[int]:
    """Return which outputs are shown: the target's number, or classes in their own order."""
    if rows.bundle.task != "classification":
        return [0]
    if classes is not None:
        return list(classes)
    if rows.bundle.output_dim == POSITIVE_CLASS + 1:
        return [POSITIVE_CLASS]
    shares = probabilities(outputs_of(rows.bundle, rows.x)).sum(axis=0)
    return sorted(np.argsort(-shares, kind="stable")[:MAX_CLASSES].tolist())


def _blocks(sample: Sample, column: str, grid: _Grid, n_rows: int, seed: int) -> list[Tensor]:
    """Return the column's features at each point, `(1, f)`; at the other values a drawn one for each row, `(n, f)`."""
    group = sample.groups[column]
    blocks: list[Tensor] = []
    if grid.cells:
        cells = pd.Series(grid.cells, dtype=object if grid.kind == "category" else None)
        blocks += torch.split(features_of(sample.bundle, pd.DataFrame({column: cells}))[:, group], 1)
    if grid.others is not None:
        drawn = np.random.default_rng(seed).choice(grid.others, n_rows)
        blocks.append(sample.x[:, group][drawn])
    return blocks


def _outputs(rows: Sample, column: str, grid: _Grid, blocks: list[Tensor], shown: list[int]) -> Numbers:
    """Return the shown outputs of each row at each point: `(n, points, shown)`."""
    result = np.empty((len(rows), len(blocks), len(shown)))
    x = rows.x.clone()
    for point, block in enumerate(blocks):
        x[:, rows.groups[column]] = block
        found = outputs_of(rows.bundle, x)
        result[:, point] = (probabilities(found) if rows.bundle.task == "classification" else found)[:, shown]
    return result


def _grid(values: ColumnValues) -> _Grid:
    if values.kind == "category":
        return _grid_of_levels(values)
    known = values.numbers[np.isfinite(values.numbers)]
    n_empty = len(values.numbers) - len(known)
    if not len(known):
        return _Grid(values.kind, [], (), (), n_empty=n_empty)
    if values.kind == "number":
        points = _points(known)
        numbers = points.tolist()
        return _with_counts(_Grid("number", [*numbers], (*numbers,), (), n_empty=n_empty), points, known)
    days = _points(np.floor(known))
    times, dates = [_time(day) for day in days.tolist()], tuple(_day(day) for day in days.tolist())
    grid = _with_counts(_Grid("date", [*times], dates, (), n_empty=n_empty), days, np.floor(known))
    return replace(grid, edges=tuple(_moment(float(edge)) for edge in grid.edges))


def _points(known: Numbers) -> Numbers:
    """Return all values from the 1 to the 99 % quantile, or at most 25 of them, about equally many rows apart."""
    low, high = np.quantile(known, INSIDE, method="nearest")
    inside = np.unique(known[(known >= low) & (known <= high)])
    if len(inside) <= MAX_POINTS:
        return np.asarray(inside)
    return np.unique(np.quantile(known, np.linspace(*INSIDE, MAX_POINTS), method="nearest"))


def _with_counts(grid: _Grid, points: Numbers, known: Numbers) -> _Grid:
    n_bins = max(1, min(MAX_BINS, len(points)))
    inside = known[(known >= points[0]) & (known <= points[-1])]
    counts, edges = np.histogram(inside, bins=n_bins if points[0] < points[-1] else 1, range=(points[0], points[-1]))
    return replace(grid, counts=tuple(counts.tolist()), edges=tuple(edges.tolist()), n_outside=len(known) - len(inside))


def _grid_of_levels(values: ColumnValues) -> _Grid:
    n_shown = len(values.levels) if len(values.levels) <= MAX_LEVELS + 1 else MAX_LEVELS
    counts = np.bincount(values.codes[values.codes >= 0], minlength=len(values.levels))[:n_shown].tolist()
    n_empty = int((values.codes < 0).sum())
    shown: list[str | None] = [*values.levels[:n_shown], *([None] if n_empty else [])]
    others = np.flatnonzero(values.codes >= n_shown)
    return _Grid(
        "category", [*shown], tuple(shown), (*counts, *([n_empty] if n_empty else [])), n_empty=n_empty,
        others=others if len(others) else None, n_others=len(values.levels) - n_shown,
    )  # fmt: skip


def _time(day: float) -> np.datetime64:
    return np.datetime64(int(day) * 86_400_000_000, "us")


def _day(day: float) -> str:
    return str(np.datetime64(int(day), "D"))


def _moment(day: float) -> str:
    return str(np.datetime64(round(day * 86_400), "s"))


def _spread_out(n_rows: int, most: int) -> NDArray[np.intp]:
    return np.unique(np.linspace(0, max(0, n_rows - 1), min(most, n_rows)).astype(np.intp))


def _plain(values: Numbers) -> tuple[float | None, ...]:
    return tuple(finite(value) for value in values.tolist())
