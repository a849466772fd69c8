"""What a model would predict for one row if one of its columns held something else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from core.calibration import calibration_of
from core.errors import DataError
from core.inference import choose_device, forward
from core.scoring.form import Value, days_after, form_columns, is_whole, number_in, span_around, value_of
from core.scoring.predict import decode_outputs, features_of, probabilities_of, schema_of
from core.tables.understand.phrases import listed, quoted
from core.types import ColumnSchema, ModelBundle

N_POINTS = 41
MAX_CATEGORIES = 30

EffectKind = Literal["number", "category", "date"]


@dataclass(frozen=True)
class Effect:
    """The predictions for one row while one column varies.

    `values` are numbers or times in ascending order, or categories, the most frequent first; an empty cell
    (None) stands last. `outputs` are `(n, 1)` in the target's unit, or `(n, n_classes)` probabilities.
    """

    column: str
    kind: EffectKind
    values: tuple[Value, ...]
    outputs: NDArray[np.float64]
    own: int  # where the row's own value stands

    @property
    def prediction(self) -> NDArray[np.float64]:
        """Return the outputs for the row as it is: `(1,)` or `(n_classes,)`."""
        own: NDArray[np.float64] = self.outputs[self.own]
        return own


def effect_of(bundle: ModelBundle, row: Mapping[str, Any], column: str, n_points: int = N_POINTS) -> Effect:
    """Return what `bundle` predicts for the raw cells of `row` as only `column` varies.

    A number goes through the range of training in `n_points` steps, a category through the most frequent
    ones, a date through the span of training, or a year around it where that span is not known. The row's
    own value is one of them, and predicted exactly as `predict_rows` does.
    Raises DataError (a ValueError) for a column that the model does not learn from.
    """
    known = _known_column(bundle, column)
    kind, own = _own_value(known, row.get(column))
    values = _values(known, kind, own, n_points)
    at = values.index(own)
    rows = [{**row, column: value} for value in values]
    rows[at] = dict(row)
    x = features_of(bundle, rows)
    device = choose_device(None)
    outputs = forward(bundle.model, x, device).cpu()
    outputs[at] = forward(bundle.model, x[at : at + 1], device).cpu()[0]  # alone: rounding depends on the batch
    return Effect(column, kind, tuple(values), _decoded(bundle, outputs), at)


def _known_column(bundle: ModelBundle, name: str) -> ColumnSchema:
    schema = schema_of(bundle)
    columns = () if schema is None else form_columns(schema)
    for column in columns:
        if column.name == name:
            return column
    known = listed([column.name for column in columns]) if columns else "columns that the model does not name"
    raise DataError(f"The model learned nothing from a column {quoted(name)}. It learned from {known}.")


def _own_value(column: ColumnSchema, cell: Any) -> tuple[EffectKind, Value]:
    """Return how a column varies, and the row's own value on that scale."""
    own = value_of(column, cell)
    if column.role == "date":
        return "date", own
    number = number_in(column, own)
    return ("number", number) if column.kind == "number" or number is not None else ("category", own)


def _values(column: ColumnSchema, kind: EffectKind, own: Value, n_points: int) -> list[Value]:
    """Return the values that a column goes through, the row's own among them and an empty one last."""
    if kind == "category":
        return _categories(column, own)
    steps = _numbers(column, n_points) if kind == "number" else _times(column, own, n_points)
    known: set[Any] = {*steps, own} - {None}
    return [*sorted(known), *([None] if own is None else [])]


def _categories(column: ColumnSchema, own: Value) -> list[Value]:
    known: list[Value] = [text for text, _ in column.categories[:MAX_CATEGORIES]]
    return known if own in known else [*known[: MAX_CATEGORIES - 1], own]


def _numbers(column: ColumnSchema, n_points: int) -> list[float]:
    if column.minimum is None or column.maximum is None:
        return []
    shares = np.linspace(0.0, 1.0, n_points)
    steps = column.minimum * (1 - shares) + column.maximum * shares
    steps[-1] = column.maximum
    return [float(step) for step in (np.round(steps) if is_whole(column) else steps)]


def _times(column: ColumnSchema, own: Value, n_points: int) -> list[datetime]:
    """Return days of the span, at the time of day that the row has."""
    moment = own if isinstance(own, datetime) else None
    first, last = span_around(column, moment)
    n_days = (last.date() - first.date()).days
    at_start = first if moment is None else datetime.combine(first.date(), moment.time())
    return [days_after(at_start, round(share * n_days)) for share in np.linspace(0.0, 1.0, n_points)]


def _decoded(bundle: ModelBundle, outputs: Tensor) -> NDArray[np.float64]:
    if bundle.task == "classification":
        return probabilities_of(outputs, calibration_of(bundle))
    return np.asarray(decode_outputs(bundle, outputs), dtype=np.float64).reshape(-1, 1)
