"""Decide what kind of question a target column asks."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from core.errors import DataError
from core.tables.coerce import coerce_column
from core.tables.report import ColumnProfile
from core.types import TaskType

FEW_VALUES = 20
FEW_SHARE = 0.05


def task_of_column(column: ColumnProfile, n_rows: int) -> TaskType:
    """Return what `infer_task` makes of a column of `n_rows` cells, from its profile alone.

    Raises DataError where the column holds no value.
    """
    present = n_rows - column.n_missing
    if present < 1:
        raise DataError(f"The target column '{column.name}' holds no value in its {n_rows:,} rows. Choose another.")
    if column.kind != "number":
        return "classification"
    return "classification" if column.n_distinct <= max(FEW_VALUES, FEW_SHARE * present) else "regression"


def infer_task(y: Iterable[Any]) -> TaskType:
    """Return "classification" for any text, or for few distinct numbers, else "regression".

    Few is at most 20, or 5 % of the rows that have a value. Missing and infinite cells are left
    out; true and false are two numbers. Raises DataError when nothing is left.
    """
    values = coerce_column(y if isinstance(y, pd.Series) else pd.Series(list(y), dtype=object)).values
    present = values[values.notna() & ~values.isin([np.inf, -np.inf])]
    if present.empty:
        raise DataError(f"The target column holds no value in its {len(values)} rows. Choose another target.")
    if present.dtype == object:
        return "classification"
    few = max(FEW_VALUES, FEW_SHARE * len(present))
    return "classification" if present.nunique() <= few else "regression"
