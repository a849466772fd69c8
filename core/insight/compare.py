"""Compares up to three runs by what their evaluations left: settings, figures, and the test rows they share.

A row counts only where it was kept aside for the test in both runs: neither has learned from it. Imports neither
torch nor scikit-learn.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from itertools import combinations
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from core.insight.evaluation import probabilities_in
from core.insight.figures.bootstrap import N_RESAMPLES, PairedDifference, paired_difference, paired_rmse_difference
from core.insight.figures.losses import absolute_errors

MOST_RUNS = 3
FEWEST_COMMON = 20  # rows; below, nothing is said of who is better
ALPHA = 0.05  # the chance that any of the verdicts is wrong
MOST_DRAWN = 12_000_000  # rows drawn for one interval, unless one draw of the usual many takes more

Floats = NDArray[np.float64]
Positions = NDArray[np.intp]
Obstacle = Literal["", "not evaluated", "different tables", "different targets", "too few common rows"]


@dataclass(frozen=True)
class Contender:
    """A run to compare: its settings in words, and what its evaluation left.

    Without `document` and `rows` there is none, and `trouble` says why. `rows` are those test rows that neither the
    run nor a teacher of it has learned from; `n_test` counts all its test rows.
    """

    id: str
    name: str
    dataset_id: str
    settings: Mapping[str, str]
    document: Mapping[str, Any] | None = None
    rows: pa.Table | None = None
    trouble: str = ""
    note: str = ""

    @property
    def task(self) -> str:
        """Return the task of the model, empty where it is not known."""
        return "" if self.document is None else str(self.document["task"])

    @property
    def target(self) -> str:
        """Return the column that is predicted, empty where it is not known."""
        return "" if self.document is None else str(self.document["target"])

    @property
    def n_test(self) -> int:
        """Return how many test rows the run has."""
        return 0 if self.document is None else int(self.document["n_test"])

    @property
    def numbers(self) -> NDArray[np.int64]:
        """Return the numbers in the table, from 1, of the rows that count `(n,)`."""
        return np.array([], np.int64) if self.rows is None else self.rows["row"].to_numpy().astype(np.int64)


@dataclass(frozen=True)
class Pair:
    """Two of the contenders, by their places, on the test rows that both have.

    `main` is the difference of the share that is wrong, or of the mean absolute error: the first's minus the
    second's, below 0 where the first is better. `second_look` is that of the Brier score of the probabilities,
    or of the RMSE. Both are None where an `obstacle` is. `n_disagree` counts the common rows on which
    they predict different labels, or different numbers.
    """

    first: int
    second: int
    n_common: int = 0
    n_disagree: int = 0
    main: PairedDifference | None = None
    second_look: PairedDifference | None = None
    obstacle: Obstacle = ""


@dataclass(frozen=True)
class Setting:
    """A setting that is not the same in all runs: its value in each, in words."""

    label: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class Comparison:
    """What comparing runs gave. `level` is that of each interval: with three pairs, all hold together at 95 %.

    `on_common` is the share right, or the mean absolute error, of each run on the `n_common` rows common to all;
    empty where an obstacle lies between any two.
    """

    level: float
    settings: tuple[Setting, ...]
    pairs: tuple[Pair, ...]
    n_common: int
    has_same_rows: bool
    on_common: tuple[float, ...] = ()


def compare(contenders: Sequence[Contender], seed: int = 0) -> Comparison:
    """Compare two or three runs, each with each."""
    places = list(combinations(range(len(contenders)), 2))
    level = 1 - ALPHA / max(1, len(places))
    pairs = tuple(
        replace(_pair(contenders[first], contenders[second], level, len(places), seed), first=first, second=second)
        for first, second in places
    )
    common = common_numbers(contenders)
    is_clear = bool(pairs) and all(pair.obstacle in ("", "too few common rows") for pair in pairs)
    return Comparison(
        level=level,
        settings=differing(contenders),
        pairs=pairs,
        n_common=len(common),
        has_same_rows=all(len(contender.numbers) == len(common) == contender.n_test for contender in contenders),
        on_common=tuple(_figure_on(contender, common) for contender in contenders) if is_clear and len(common) else (),
    )


def differing(contenders: Sequence[Contender]) -> tuple[Setting, ...]:
    """Return the settings whose values are not the same in all runs, in their usual order."""
    labels = dict.fromkeys(label for contender in contenders for label in contender.settings)
    found = (Setting(label, tuple(one.settings.get(label, "–") for one in contenders)) for label in labels)
    return tuple(setting for setting in found if len(set(setting.values)) > 1)


def common_numbers(contenders: Sequence[Contender]) -> NDArray[np.int64]:
    """Return the numbers of the rows that count for each run `(n,)`, ascending; none across tables."""
    if len({contender.dataset_id for contender in contenders}) != 1:
        return np.array([], np.int64)
    return reduce(_common, [contender.numbers for contender in contenders])


def losses_of(contender: Contender, at: Positions) -> Floats:
    """Return 1 where the label is wrong, or the absolute error `(n,)`, of rows given by their positions."""
    if contender.rows is None:
        raise ValueError("this run was not evaluated")
    rows = contender.rows.take(pa.array(at))
    if contender.task == "classification":
        return np.asarray(pc.not_equal(rows["truth"], rows["prediction"]).to_numpy(), dtype=np.float64)
    return absolute_errors(rows["truth"].to_numpy(), rows["prediction"].to_numpy())


def brier_of(contender: Contender, at: Positions) -> Floats | None:
    """Return each row's squared distance of the probabilities from the truth `(n,)`; None without them.

    From 0 to 2, and as usual half of that for two classes.
    """
    shares = None if contender.rows is None else probabilities_in(contender.rows)
    if shares is None or contender.rows is None or contender.document is None:
        return None
    names = pa.array(contender.document["class_names"], pa.string())
    codes = pc.index_in(contender.rows["truth"], value_set=names).to_numpy(zero_copy_only=False)[at]
    if not np.isfinite(codes.astype(np.float64)).all():
        return None
    shares = shares[at]
    of_truth = shares[np.arange(len(at)), codes.astype(np.intp)]
    distances = np.asarray((shares**2).sum(axis=1) - 2 * of_truth + 1, dtype=np.float64)
    return distances / 2 if shares.shape[1] == 2 else distances


def _pair(first: Contender, second: Contender, level: float, n_pairs: int, seed: int) -> Pair:
    if first.rows is None or second.rows is None:
        return Pair(0, 0, obstacle="not evaluated")
    if (first.task, first.target) != (second.task, second.target):
        return Pair(0, 0, obstacle="different targets")
    if first.dataset_id != second.dataset_id:
        return Pair(0, 0, obstacle="different tables")
    common, at_first, at_second = np.intersect1d(first.numbers, second.numbers, assume_unique=True, return_indices=True)
    n_disagree = _disagreeing(first.rows, second.rows, at_first, at_second)
    if len(common) < FEWEST_COMMON:
        return Pair(0, 0, len(common), n_disagree, obstacle="too few common rows")
    n_resamples = max(N_RESAMPLES, min(n_pairs * N_RESAMPLES, MOST_DRAWN // len(common)))
    how: dict[str, Any] = {"level": level, "n_resamples": n_resamples, "seed": seed}
    losses = losses_of(first, at_first), losses_of(second, at_second)
    return Pair(
        0,
        0,
        len(common),
        n_disagree,
        main=paired_difference(*losses, **how),
        second_look=_second_look(first, second, at_first, at_second, losses, how),
    )


def _common(a: NDArray[np.int64], b: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.intersect1d(a, b, assume_unique=True)


def _second_look(
    first: Contender,
    second: Contender,
    at_first: Positions,
    at_second: Positions,
    losses: tuple[Floats, Floats],
    how: Mapping[str, Any],
) -> PairedDifference | None:
    if first.task == "regression":
        return paired_rmse_difference(*losses, **how)
    a, b = brier_of(first, at_first), brier_of(second, at_second)
    return None if a is None or b is None else paired_difference(a, b, **how)


def _disagreeing(first: pa.Table, second: pa.Table, at_first: Positions, at_second: Positions) -> int:
    one = first["prediction"].take(pa.array(at_first))
    other = second["prediction"].take(pa.array(at_second))
    return int(pc.sum(pc.not_equal(one, other)).as_py() or 0)


def _figure_on(contender: Contender, common: NDArray[np.int64]) -> float:
    """Return the share right, or the mean absolute error, on rows by their numbers."""
    at = np.flatnonzero(np.isin(contender.numbers, common))
    mean = float(losses_of(contender, at).mean())
    return 1 - mean if contender.task == "classification" else mean
