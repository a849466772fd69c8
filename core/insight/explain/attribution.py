"""Why this row: Shapley values of the columns of the user's table (Štrumbelj and Kononenko 2014).

From each background row, the columns are set to the row's one after the other, in a drawn order and in its reverse
(antithetic, Mitchell et al. 2022); what the output gains at a column is the column's. The gains of one way add up to
the difference between its ends, so that the attribution is exactly additive. Captum's `ShapleyValueSampling` sums in
float32, knows no reversed orders and brings matplotlib; shap brings numba and llvmlite.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.calibration import POSITIVE_CLASS
from core.errors import DataError
from core.insight.explain.outputs import class_name, log_odds, outputs_of, probabilities
from core.insight.explain.results import Attribution, Contribution
from core.insight.explain.sample import Sample, thinned
from core.scoring.form import figure
from core.types import ModelBundle

BACKGROUND_ROWS, BACKGROUND_ROWS_WIDE, WIDE = 100, 50, 100  # wide: more columns than this
CELLS_PER_ROW = 60_000_000  # that the network goes through to explain one row, where each order comes once
MOST_ROUNDS = 20
CELLS_PER_PASS = 4_000_000
MOST_LETTERS = 40

Numbers = NDArray[np.float64]
Read = Callable[[Tensor], Numbers]  # encoded rows (n, input_dim) -> what is explained, (n, quantities)


def attribute(sample: Sample, at: int, background: Sample, *, why: str = "", seed: int = 0) -> Attribution:
    """Return what each column of the sample's row `at` adds to the average prediction for the background rows.

    Of two classes the second is explained, of more the predicted one. At most 100 background rows are used, 50 of
    a table with more than 100 columns. Raises DataError (a ValueError) without a background row, or where the
    network's outputs are not finite.
    """
    bundle, x = sample.bundle, sample.x[at]
    if not len(background):
        raise DataError("Without rows to compare with, no row can be explained. Give at least one.")
    rows = thinned(background, BACKGROUND_ROWS if len(sample.groups) <= WIDE else BACKGROUND_ROWS_WIDE, seed)
    code = _explained_class(bundle, x)
    values, base, output = shapley_values(_reader(bundle, code), x, rows.x, sample.groups, seed=seed)
    if not all(np.isfinite(part).all() for part in (values, base, output)):
        raise DataError("The model's output for this row is not a finite number, so it cannot be explained.")
    is_class = code is not None
    contributions = [
        Contribution(name, cell_text(sample.frame, at, name), float(value[-1]), float(value[0]) if is_class else None)
        for name, value in zip(sample.groups, values, strict=True)
    ]
    return Attribution(
        row=int(sample.places[at]),
        why=why,
        target=bundle.target_column,
        outcome=None if code is None else class_name(bundle, code),
        truth=None if sample.y is None else _truth(bundle, sample.y[at]),
        base=float(base[-1]),
        output=float(output[-1]),
        base_log_odds=float(base[0]) if is_class else None,
        output_log_odds=float(output[0]) if is_class else None,
        contributions=tuple(sorted(contributions, key=lambda part: -abs(part.effect))),
        n_background=len(rows),
    )


def shapley_values(
    read: Read, x: Tensor, background: Tensor, groups: dict[str, NDArray[np.intp]], *, seed: int = 0
) -> tuple[Numbers, Numbers, Numbers]:
    """Return the values `(groups, q)`, the base `(q,)` and the output `(q,)` of the q quantities that `read` gives.

    The values of all groups and the base sum to the output. `x` is `(input_dim,)`, `background` `(b, input_dim)`.
    """
    start, end = read(background), read(x[None])[0]
    differs = [bool((background[:, group] != x[group]).any()) for group in groups.values()]
    values = np.zeros((len(groups), len(end)))
    if any(differs):
        moving = [group for group, is_other in zip(groups.values(), differs, strict=True) if is_other]
        values[differs] = _mean_gains(read, x, background, moving, start, end, seed)
    return values, start.mean(axis=0), end


def cell_text(frame: pd.DataFrame, at: int, column: str) -> str:
    """Return a cell as a sentence holds it."""
    cell = frame[column].iloc[at] if column in frame.columns else None
    if cell is None or pd.isna(cell) or str(cell).strip() == "":
        return "empty"
    if isinstance(cell, (float, np.floating)):
        return figure(float(cell))
    text = " ".join(str(cell).removesuffix(" 00:00:00").split())
    return text if len(text) <= MOST_LETTERS else f"{text[: MOST_LETTERS - 1]}…"


def _explained_class(bundle: ModelBundle, x: Tensor) -> int | None:
    if bundle.task != "classification":
        return None
    if bundle.output_dim == POSITIVE_CLASS + 1:
        return POSITIVE_CLASS
    return int(outputs_of(bundle, x[None])[0].argmax())


def _reader(bundle: ModelBundle, code: int | None) -> Read:
    """Return what gives a class's log-odds and probability `(n, 2)`, or a number in the target's unit `(n, 1)`."""

    def read(x: Tensor) -> Numbers:
        outputs = outputs_of(bundle, x)
        if code is None:
            return outputs[:, :1]
        return np.stack([log_odds(outputs, code), probabilities(outputs)[:, code]], axis=1)

    return read


def _mean_gains(
    read: Read, x: Tensor, background: Tensor, groups: list[NDArray[np.intp]], start: Numbers, end: Numbers, seed: int
) -> Numbers:
    """Return the average gain at each group over all background rows, with several orders each: `(groups, q)`."""
    owner = torch.full((len(x),), -1)
    for number, group in enumerate(groups):
        owner[group] = number
    per_walk = (len(groups) + 1) * len(x)
    n_rounds = max(1, min(MOST_ROUNDS, CELLS_PER_ROW // (2 * len(background) * per_walk)))
    walkers = np.repeat(np.arange(len(background)), n_rounds)
    rng, total = np.random.default_rng(seed), np.zeros((len(groups), len(end)))
    for part in np.array_split(walkers, -(-2 * len(walkers) * per_walk // CELLS_PER_PASS)):
        if not len(part):
            continue
        ranks = rng.permuted(np.tile(np.arange(len(groups)), (len(part), 1)), axis=1)
        both = np.concatenate([ranks, len(groups) - 1 - ranks])
        twice = np.concatenate([part, part])
        total += _gains(read, x, background[twice], owner, both, start[twice], end).sum(axis=0)
    return total / (2 * len(walkers))


def _gains(
    read: Read, x: Tensor, background: Tensor, owner: Tensor, ranks: NDArray[np.intp], start: Numbers, end: Numbers
) -> Numbers:
    """Return the gains of w ways from background rows to `x`: `(w, g, q)`; `ranks[i, g]` is when group g is set."""
    n_ways, n_groups = ranks.shape
    turn = torch.from_numpy(ranks)[:, owner.clamp(min=0)]
    turn[:, owner < 0] = n_groups  # the same in all rows
    is_set = turn[:, None, :] < torch.arange(n_groups + 1)[None, :, None]  # (w, g + 1, input_dim)
    mixed = torch.where(is_set, x, background[:, None, :])
    outputs = read(mixed.reshape(-1, len(x))).reshape(n_ways, n_groups + 1, -1)
    outputs[:, 0], outputs[:, -1] = start, end  # the ends as they are, whatever the batch's rounding
    return np.take_along_axis(np.diff(outputs, axis=1), ranks[:, :, None], axis=1)


def _truth(bundle: ModelBundle, value: Any) -> str | float:
    return class_name(bundle, int(value)) if bundle.task == "classification" else float(value)
