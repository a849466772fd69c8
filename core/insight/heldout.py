"""The rows of a training as it saw them: those that trained, that judged its epochs, and that were kept aside."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.data import (
    drop_rows_without_target,
    judging_rows,
    label_texts,
    number_target,
    split_rows,
    train_and_test_rows,
)
from core.tables.options import AUTOMATIC, ReadOptions
from core.tables.schema import target_of
from core.tables.timeline import split_by_time, timeline_of
from core.types import ModelBundle, TrainingConfig

Positions = NDArray[np.intp]


@dataclass(frozen=True)
class HeldOut:
    """The usable rows of a table, and which of them did what.

    `rows` are as the table has them, all columns; `places` their positions in the table, from 0; `y` class codes
    or numbers `(n,)`. `train`, `validation` and `test` are positions in `rows`.
    """

    rows: pd.DataFrame
    places: Positions
    y: NDArray[Any]
    train: Positions
    validation: Positions
    test: Positions

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


def held_out(
    bundle: ModelBundle, frame: pd.DataFrame, cfg: TrainingConfig, reading: ReadOptions = AUTOMATIC
) -> HeldOut:
    """Repeat the split of the training that made `bundle` from `frame` with `cfg`.

    Raises DataError (a ValueError) where the table is not the one it was trained on.
    """
    y_raw = target_of(frame, cfg.target_column, bundle.schema).tolist()
    usable, target = drop_rows_without_target(frame, y_raw, bundle.task)
    places = np.asarray(target.index, dtype=np.intp)
    y = _encoded(bundle, target, cfg.target_column)
    timeline = timeline_of(frame, cfg.time_column, bundle.schema, reading)
    order = None if timeline is None else timeline.order[places]
    train, test = train_and_test_rows(y, bundle.task, cfg, order)
    validation = train[:0]
    if cfg.validation_size:
        inner, judging = _validation_split(y[train], bundle.task, cfg, None if order is None else order[train])
        train, validation = train[inner], train[judging]
    return HeldOut(usable, places, y, train, validation, test)


def _encoded(bundle: ModelBundle, target: pd.Series, name: str) -> NDArray[Any]:
    if bundle.task == "classification":
        return np.asarray(bundle.label_encoder.transform(label_texts(target)), dtype=np.intp)
    return number_target(target, name)


def _validation_split(
    y: NDArray[Any], task: str, cfg: TrainingConfig, order: NDArray[np.float64] | None
) -> tuple[Positions, Positions]:
    if order is None:
        return split_rows(y, task, cfg.validation_size, cfg.random_seed)
    return split_by_time(order, cfg.validation_size, cfg.time_column or "order")
