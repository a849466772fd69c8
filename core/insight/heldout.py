"""The rows of a training as it saw them: those that trained, that judged its epochs, and that were kept aside."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.data import judging_rows, label_text, number_target, split_rows, train_and_test_rows, usable_target
from core.settled import settled
from core.tables.distinct import distinct_cells
from core.tables.options import AUTOMATIC, ReadOptions
from core.tables.schema import target_of
from core.tables.stored import Table
from core.tables.timeline import split_by_time, timeline_of
from core.types import ADDED_MODES, ModelBundle, TrainingConfig

Positions = NDArray[np.intp]


@dataclass(frozen=True)
class HeldOut:
    """The usable rows of a table, and which of them did what.

    `places` are their positions in the table, from 0; `y` class codes or numbers `(n,)`. `train`, `validation` and
    `test` are positions among the usable rows.
    """

    table: Table
    places: Positions
    y: NDArray[Any]
    train: Positions
    validation: Positions
    test: Positions

    @cached_property
    def rows(self) -> pd.DataFrame:
        """Return the usable rows as the table has them, all columns."""
        return self.some(np.arange(len(self.places)))

    def some(self, positions: Positions) -> pd.DataFrame:
        """Return some of the usable rows, in the order of their positions."""
        return self.table.take(self.places[positions]).reset_index(drop=True)

    @property
    def judging(self) -> Positions:
        """Return the validation rows that judged the epochs."""
        return self.validation[judging_rows(len(self.validation))]

    @property
    def calibrating(self) -> Positions:
        """Return the validation rows that judged no epoch; all of them where they are too few to be divided."""
        left = ~judging_rows(len(self.validation))
        return self.validation[left] if left.any() else self.validation

    @property
    def fitted(self) -> Positions:
        """Return the rows that a training may look at: all but those for the test."""
        return np.concatenate([self.train, self.validation])


def held_out(bundle: ModelBundle, frame: Table, cfg: TrainingConfig, reading: ReadOptions = AUTOMATIC) -> HeldOut:
    """Repeat the split of the training that made `bundle` from `frame` with `cfg`.

    Raises DataError (a ValueError) where the table is not the one it was trained on.
    """
    target = usable_target(target_of(frame, cfg.target_column, bundle.schema), bundle.task, len(frame))
    places = np.asarray(target.index, dtype=np.intp)
    y = _encoded(bundle, target, cfg.target_column)
    timeline = timeline_of(frame, cfg.time_column, bundle.schema, reading)
    order = None if timeline is None else timeline.order[places]
    train, test = train_and_test_rows(y, bundle.task, cfg, order)
    if cfg.training_mode in ADDED_MODES:
        cfg = settled(cfg, len(train))
    validation = train[:0]
    if cfg.validation_size:
        inner, judging = _validation_split(y[train], bundle.task, cfg, None if order is None else order[train])
        train, validation = train[inner], train[judging]
    return HeldOut(frame, places, y, train, validation, test)


def _encoded(bundle: ModelBundle, target: pd.Series, name: str) -> NDArray[Any]:
    if bundle.task == "classification":
        distinct = distinct_cells(target)
        classes = bundle.label_encoder.transform([label_text(cell) for cell in distinct.cells])
        return np.asarray(classes, dtype=np.intp)[distinct.codes]
    return number_target(target, name)


def _validation_split(
    y: NDArray[Any], task: str, cfg: TrainingConfig, order: NDArray[np.float64] | None
) -> tuple[Positions, Positions]:
    if order is None:
        return split_rows(y, task, cfg.validation_size, cfg.random_seed)
    return split_by_time(order, cfg.validation_size, cfg.time_column or "order")
