"""Says which columns of a table are spread otherwise than in training (drift), counting its rows in chunks.

The measure is the population stability index (PSI) over the deciles or categories of training: the sum of
(share now - share then) * ln(share now / share then). From 0.1 on a column has changed somewhat, from 0.25 on
much; what chance alone adds is taken off before, and a column is called changed only where a test of the two
counts says that chance does not explain it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from core.scoring.driftbins import Bin, Counted, TrainingRows, bins_of
from core.scoring.driftwords import what_changed
from core.scoring.tallies import Floats, NumberTally, TextTally
from core.tables.cell import is_number_text
from core.tables.understand.phrases import quoted
from core.types import ColumnSchema, InputSchema

Level = Literal["same", "some", "much"]
SOME, MUCH = 0.1, 0.25

_LEVELS = get_args(Level)
_SMALLEST_SHARE = 1e-3  # with a share of 0 the index would be endless
_NORMAL_QUANTILE = 3.09  # of 99.9 %: one column in a thousand is called changed by chance


@dataclass(frozen=True)
class Drift:
    """How far one column is from training: its PSI over `n` rows, and what has changed, in words."""

    column: str
    psi: float
    level: Level
    sentence: str
    n: int


class DriftCounter:
    """Counts the cells of the model's columns, and of the target where the table holds it.

    Each cell is counted once: a number with `add_numbers`, a text with `add_texts`, a missing one with either.
    `n_rows` of the training table is needed only where no column of the schema tells it; without it, the missing
    cells of a column that had some in training are not compared.
    """

    def __init__(self, schema: InputSchema, n_rows: int | None = None) -> None:
        self._rows = TrainingRows.of(schema, n_rows)
        self._columns = {column.name: _Column(column) for column in schema.by_role("feature", "date", "target")}

    def add_numbers(self, name: str, values: NDArray[np.float64]) -> None:
        """Count numbers `(n,)`, of a date column days since 1970-01-01; NaN and infinite ones are missing.

        Raises KeyError for a column that the model does not have.
        """
        self._columns[name].add_numbers(np.asarray(values, dtype=np.float64))

    def add_texts(self, name: str, texts: Sequence[str], counts: NDArray[np.int64], n_missing: int) -> None:
        """Count distinct texts of a chunk with how often each occurs `(len(texts),)`, and its missing cells.

        A text in a column of numbers or dates is missing to the model, and here; in a mixed column, one that is
        written as a number is that number. Raises KeyError for a column that the model does not have.
        """
        self._columns[name].add_texts(texts, np.asarray(counts, dtype=np.int64), n_missing)

    def result(self) -> tuple[Drift, ...]:
        """Return the drift of each column that was counted and can be compared, the most drifted first."""
        found = (_drift(column.schema, column.counted, self._rows) for column in self._columns.values())
        return tuple(sorted((drift for drift in found if drift is not None), key=_most_drifted_first))


class _Column:
    """The counts of one column so far."""

    def __init__(self, schema: ColumnSchema) -> None:
        self.schema = schema
        self._numbers = NumberTally(schema.quantiles)
        self._texts = TextTally([text for text, _ in schema.categories])
        self._n_missing = 0

    @property
    def counted(self) -> Counted:
        return Counted(self._numbers, self._texts, self._n_missing)

    def add_numbers(self, values: Floats) -> None:
        known = values[np.isfinite(values)]
        self._numbers.add(known)
        self._n_missing += len(values) - len(known)

    def add_texts(self, texts: Sequence[str], counts: NDArray[np.int64], n_missing: int) -> None:
        self._n_missing += n_missing
        if self.schema.kind in ("number", "date"):
            self._n_missing += int(counts.sum())
            return
        if self.schema.kind == "mixed":
            texts, counts = self._without_numbers(texts, counts)
        self._texts.add(texts, counts)

    def _without_numbers(
        self, texts: Sequence[str], counts: NDArray[np.int64]
    ) -> tuple[Sequence[str], NDArray[np.int64]]:
        """Count what is written as a number, and return the rest."""
        is_number = np.array([is_number_text(text) for text in texts], dtype=bool)
        numbers = np.array([float(text) for text in texts if is_number_text(text)], dtype=np.float64)
        self.add_numbers(np.repeat(numbers, counts[is_number]))
        return [text for text in texts if not is_number_text(text)], counts[~is_number]


def _most_drifted_first(drift: Drift) -> tuple[int, float]:
    return -_LEVELS.index(drift.level), -drift.psi


def _drift(column: ColumnSchema, counted: Counted, rows: TrainingRows) -> Drift | None:
    bins = bins_of(column, counted, rows)
    then, now = np.array([part.then for part in bins]), np.array([part.now for part in bins])
    if not then.sum() or not now.sum():
        return None
    parts = _psi_parts(then, now)
    psi = float(parts.sum())
    level = _level(psi, then, now)
    return Drift(column.name, psi, level, _sentence(psi, level, column, counted, bins, parts), counted.n)


def _psi_parts(then: Floats, now: Floats) -> Floats:
    """Return what each bin adds to the index."""
    share_then = np.maximum(then / then.sum(), max(_SMALLEST_SHARE, 0.5 / then.sum()))
    share_now = np.maximum(now / now.sum(), max(_SMALLEST_SHARE, 0.5 / now.sum()))
    parts: Floats = (share_now - share_then) * np.log(share_now / share_then)
    return parts


def _level(psi: float, then: Floats, now: Floats) -> Level:
    free = len(then) - 1
    if free < 1 or _difference(then, now) <= _chi_square_quantile(free):
        return "same"
    beyond_chance = psi - free * (1 / then.sum() + 1 / now.sum())
    return "much" if beyond_chance >= MUCH else "some" if beyond_chance >= SOME else "same"


def _difference(then: Floats, now: Floats) -> float:
    """Return the smaller of Pearson's chi-square and the likelihood ratio of two counts in the same bins.

    Both are about chi-square distributed where nothing has changed; with few rows in a bin, each may be too large.
    """
    counts = np.stack([then, now])
    expected = counts.sum(axis=1, keepdims=True) * counts.sum(axis=0) / counts.sum()
    pearson = ((counts - expected) ** 2 / expected).sum()
    ratio = 2 * (counts * np.log(np.where(counts > 0, counts / expected, 1.0))).sum()
    return float(min(pearson, ratio))


def _chi_square_quantile(free: int) -> float:
    """Return the 99.9 % quantile of chi-square with `free` degrees of freedom (Wilson and Hilferty)."""
    spread = 2 / (9 * free)
    return float(free * (1 - spread + _NORMAL_QUANTILE * np.sqrt(spread)) ** 3)


def _sentence(
    psi: float, level: Level, column: ColumnSchema, counted: Counted, bins: Sequence[Bin], parts: Floats
) -> str:
    if level == "same":
        return "As in training." if psi < SOME else f"Differs hardly more than chance explains in {counted.n:,} rows."
    name, what = quoted(column.name), what_changed(column, counted, bins, parts.tolist())
    if level == "some":
        return f"{name} changed somewhat (drift {psi:.2f}; some from {SOME}, much from {MUCH}): {what}."
    return f"{name} changed much (drift {psi:.2f}; much from {MUCH}): {what}."
