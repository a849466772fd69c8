"""The test rows on which runs disagree: what each predicts there, and how sure it is. Imports no torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from core.insight.compare import Contender, common_numbers
from core.insight.evaluation import probabilities_in

MOST_ROWS = 50

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Said:
    """What one run predicts for a row, and the probability it gives that label, None where there is none."""

    prediction: str | float
    probability: float | None


@dataclass(frozen=True)
class Row:
    """A row, by its number in the table from 1, with the truth and what each run says, in their order."""

    number: int
    truth: str | float
    said: tuple[Said, ...]


@dataclass(frozen=True)
class Disagreement:
    """Where runs disagree among the rows common to all: how many rows of them, and those that differ most.

    `typical` and `largest` are the median and the largest spread of their numbers, None for labels.
    """

    n_common: int
    n_rows: int
    rows: tuple[Row, ...]
    typical: float | None = None
    largest: float | None = None


def disagreement(contenders: Sequence[Contender], most: int = MOST_ROWS) -> Disagreement:
    """Return the rows on which runs of one table and target differ, those that differ most first.

    Labels that differ come with the surest runs first, numbers with the largest spread first.
    """
    numbers = common_numbers(contenders)
    found = [_on(contender, numbers) for contender in contenders]
    predictions = [rows["prediction"] for rows in found]
    differs = np.zeros(len(numbers), bool)
    for prediction in predictions[1:]:
        differs |= pc.not_equal(predictions[0], prediction).to_numpy(zero_copy_only=False)
    sure = [_sureness(contender, rows) for contender, rows in zip(contenders, found, strict=True)]
    shown = np.flatnonzero(differs)
    apart = _apart(predictions, sure, contenders[0].task)
    typical, largest = (None, None) if contenders[0].task == "classification" else _spread(apart)
    shown = shown[np.argsort(-apart[shown], kind="stable")][:most]
    rows = tuple(_row(place, int(numbers[place]), found, sure) for place in shown.tolist())
    return Disagreement(len(numbers), int(differs.sum()), rows, typical, largest)


def _on(contender: Contender, numbers: NDArray[np.int64]) -> pa.Table:
    """Return the rows of these numbers, in the order of the numbers."""
    if contender.rows is None:
        raise ValueError("this run was not evaluated")
    at = np.intersect1d(contender.numbers, numbers, assume_unique=True, return_indices=True)[1]
    return contender.rows.take(pa.array(at))


def _sureness(contender: Contender, rows: pa.Table) -> Floats | None:
    """Return the probability that each row's predicted label gets `(n,)`, None where none are kept."""
    shares = probabilities_in(rows)
    if shares is None or contender.document is None:
        return None
    names = pa.array(contender.document["class_names"], pa.string())
    codes = pc.index_in(rows["prediction"], value_set=names).to_numpy(zero_copy_only=False).astype(np.intp)
    return np.asarray(shares[np.arange(len(codes)), codes], dtype=np.float64)


def _apart(predictions: Sequence[pa.ChunkedArray], sure: Sequence[Floats | None], task: str) -> Floats:
    """Return how far apart the runs are on each row: the spread of the numbers, or how sure all are together."""
    if task == "classification":
        known = [shares for shares in sure if shares is not None]
        return np.sum(known, axis=0) if known else np.zeros(len(predictions[0]))
    numbers = np.stack([prediction.to_numpy().astype(np.float64) for prediction in predictions])
    with np.errstate(over="ignore", invalid="ignore"):
        spread = numbers.max(axis=0) - numbers.min(axis=0)
    return np.asarray(np.nan_to_num(spread, nan=np.inf, posinf=np.inf), dtype=np.float64)


def _spread(apart: Floats) -> tuple[float | None, float | None]:
    """Return the median and the largest, each None where it is no finite number."""
    if not len(apart):
        return None, None
    found = float(np.median(apart)), float(apart.max())
    typical, largest = (value if np.isfinite(value) else None for value in found)
    return typical, largest


def _row(place: int, number: int, found: Sequence[pa.Table], sure: Sequence[Floats | None]) -> Row:
    said = [
        Said(rows["prediction"][place].as_py(), None if shares is None else float(shares[place]))
        for rows, shares in zip(found, sure, strict=True)
    ]
    return Row(number, found[0]["truth"][place].as_py(), tuple(said))
