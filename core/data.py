"""Prepares a table for training: which rows train and test, and every array the network sees."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from sklearn.feature_extraction import DictVectorizer
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import LabelEncoder, StandardScaler
from torch import Tensor

from core.columns import check_categorical, check_time_column
from core.encoder import fit_encoder
from core.encoding import scaled
from core.errors import DataError
from core.rows import Rows, take
from core.tables.codes import coerce_features
from core.tables.coerce import CoercedColumn, coerce_column
from core.tables.distinct import distinct_cells
from core.tables.stored import StoredTable, Table
from core.tables.timeline import split_by_time, timeline_of
from core.types import ADDED_MODES, TrainingConfig

CALIBRATION_STEP, LEAST_TO_DIVIDE = 3, 60

logger = logging.getLogger(__name__)


class PreparedTensors(NamedTuple):
    """What a training needs, in the order of the contract."""

    x_train: Rows  # float32 (n_train, input_dim); a tensor unless that would be large
    x_test: Rows  # float32 (n_test, input_dim)
    y_train: Tensor  # long (n_train,), or float32 (n_train, 1) in scaled units
    y_test: Tensor
    vectorizer: DictVectorizer
    scaler: StandardScaler
    feature_medians: NDArray[np.float64]  # (input_dim,)
    label_encoder: LabelEncoder | None
    target_scaler: StandardScaler | None
    input_dim: int
    output_dim: int
    class_names: list[str] | None


class Targets(NamedTuple):
    """The target of the usable rows, encoded: class indices `(n,)`, or numbers `(n, 1)`."""

    values: NDArray[Any]
    label_encoder: LabelEncoder | None


def prepare_tensors(
    x_rows: Table | Sequence[Mapping[str, Any]],
    y_raw: Sequence[Any] | pd.Series,
    task: str,
    cfg: TrainingConfig,
    *,
    order: NDArray[np.float64] | None = None,
) -> PreparedTensors:
    """Split, encode, impute and scale; everything is fitted on the training rows only.

    `x_rows` is a frame, a stored table or a list of dicts without the target; rows without a target are dropped
    and counted in the log. With `cfg.time_column`, `order` (n_rows,) says when each row is, NaN where
    that is not known; where it is not given, it is read from that column of `x_rows`. Then training rows
    and test rows come in time order, as `core.tables.timeline.split_by_time` has it.
    x is a tensor, or `core.rows.EncodedRows` where a tensor would be large.
    Raises DataError (a ValueError) when fewer than two rows are usable, a number target holds text or
    a column of `cfg` is not there. Source: REQ-T06.
    """
    table = as_table(x_rows)
    times = _times_of(table, cfg, order)
    y = usable_target(y_raw, task, len(table))
    if not len(table.columns):
        raise DataError("The table has no column to learn from beside the target. Add at least one.")
    check_categorical(list(table.columns), cfg.target_column, cfg.categorical_columns)
    features = coerce_features(table, cfg.categorical_columns)
    targets = encode_target(y, task, cfg.target_column)
    places, kept = y.index.to_numpy(), None if len(y) == len(table) else _mask(y.index.to_numpy(), len(table))
    train, test = train_and_test_rows(targets.values, task, cfg, None if times is None else times[places])

    encoder = fit_encoder(features, places[train])
    if cfg.training_mode in ADDED_MODES:
        encoder = encoder.with_gaps_marked()
    x = encoder.encode(features, kept)

    target_scaler = StandardScaler().fit(targets.values[train]) if task == "regression" else None
    class_names = targets.label_encoder.classes_.tolist() if targets.label_encoder is not None else None
    return PreparedTensors(
        take(x, train),
        take(x, test),
        target_tensor(targets.values[train], task, target_scaler),
        target_tensor(targets.values[test], task, target_scaler),
        encoder.vectorizer,
        encoder.scaler,
        encoder.medians,
        targets.label_encoder,
        target_scaler,
        x.shape[1],
        len(class_names) if class_names is not None else 1,
        class_names,
    )


def as_frame(x_rows: pd.DataFrame | Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Return rows as a frame with text column names; a cell that a row lacks is missing."""
    frame = x_rows if isinstance(x_rows, pd.DataFrame) else _frame_of_dicts(x_rows)
    return frame.set_axis([str(column) for column in frame.columns], axis=1)


def as_table(x_rows: Table | Sequence[Mapping[str, Any]]) -> Table:
    """Return a stored table as it is, and any other rows as a frame."""
    return x_rows if isinstance(x_rows, StoredTable) else as_frame(x_rows)


def drop_rows_without_target(
    frame: pd.DataFrame, y_raw: Sequence[Any] | pd.Series, task: str
) -> tuple[pd.DataFrame, pd.Series]:
    """Drop the rows whose target is missing, and raise DataError where fewer than two are left."""
    y = usable_target(y_raw, task, len(frame))
    return frame.take(y.index.to_numpy()).reset_index(drop=True), y


def usable_target(y_raw: Sequence[Any] | pd.Series, task: str, n_rows: int) -> pd.Series:
    """Return the target of the rows that have one, under their positions in a table of `n_rows`.

    The others are counted in the log. Raises DataError where fewer than two are left.
    """
    y = _as_series(y_raw)
    if len(y) != n_rows:
        raise DataError(f"The table has {n_rows} rows and the target {len(y)} values. Give one value a row.")
    coerced = coerce_column(y)
    present = _is_present(coerced, task)
    n_dropped = int((~present).sum())
    if n_dropped:
        words = "".join(f", {count} of them written {word!r}" for word, count in coerced.missing_words.items())
        logger.warning("%d of %d rows have no target%s, and are left out.", n_dropped, len(y), words)
    if int(present.sum()) < 2:
        raise DataError(
            f"Only {int(present.sum())} of {len(y)} rows can be used, and training needs at least 2. "
            "Add rows, or fill in the target column."
        )
    return y[present.to_numpy()]


def has_target(y_raw: Sequence[Any] | pd.Series, task: str) -> NDArray[np.bool_]:
    """Return which rows `drop_rows_without_target` keeps: bool (n,)."""
    return _is_present(coerce_column(_as_series(y_raw)), task).to_numpy()


def encode_target(y: pd.Series, task: str, target: str) -> Targets:
    """Encode the target: labels as class indices `(n,)`, numbers as float64 `(n, 1)`.

    The index of `y` is the row's position in the table, which the error names.
    """
    if task == "classification":
        distinct = distinct_cells(y)
        encoder = LabelEncoder()
        classes = encoder.fit_transform([label_text(cell) for cell in distinct.cells])
        return Targets(classes[distinct.codes], encoder)
    return Targets(number_target(y, target).reshape(-1, 1), None)


def label_text(label: Any) -> str:
    """Return a label as trimmed text."""
    return str(label).strip()


def number_target(y: pd.Series, target: str) -> NDArray[np.float64]:
    """Return a number target as float64 `(n,)`; raise DataError, with the first culprit, where it holds text."""
    values = coerce_column(y).values
    texts = values[[isinstance(value, str) for value in values]] if values.dtype == object else values[:0]
    if len(texts):
        raise DataError(
            f"Column {target!r} holds {len(texts):,} values that are not numbers, the first in row "
            f"{texts.index[0] + 1}: {texts.iloc[0]!r}. Choose classification (categories), or clean the column."
        )
    return values.to_numpy(np.float64)


def train_and_test_rows(
    y: NDArray[Any], task: str, cfg: TrainingConfig, order: NDArray[np.float64] | None
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Split the positions of the usable rows into train and test: at random, or by time where there is an order.

    By time, the rows whose time is not known (NaN) train the network, and are counted in the log.
    """
    if order is None:
        return split_rows(y, task, cfg.test_size, cfg.random_seed)
    column, n_unknown = cfg.time_column or "order", int(np.isnan(order).sum())
    if n_unknown:
        logger.warning(
            "%d of %d rows have no readable time in column %r, and count as earlier than all others.",
            n_unknown,
            len(order),
            column,
        )
    return split_by_time(order, cfg.test_size, column)


def split_rows(
    y: NDArray[Any], task: str, test_size: float, random_seed: int
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Split row positions into train and test, stratified for classification where that is possible."""
    labels = _stratification(y, test_size) if task == "classification" else None
    try:
        train, test = train_test_split(
            np.arange(len(y)), test_size=test_size, random_state=random_seed, stratify=labels
        )
    except ValueError as error:
        raise DataError(
            f"A share of {test_size:g} of {len(y):,} usable rows cannot be kept aside. "
            "Add rows, or choose another share."
        ) from error
    return train, test


def judging_rows(n_rows: int) -> NDArray[np.bool_]:
    """Return which of `n_rows` validation rows judge the epochs `(n_rows,)`.

    Every third, where they are enough, is left for calibration: rows that have chosen the epoch would
    promise too narrow ranges.
    """
    positions = np.arange(n_rows)
    judges: NDArray[np.bool_] = positions % CALIBRATION_STEP != CALIBRATION_STEP - 1
    return judges | (n_rows < LEAST_TO_DIVIDE)


def _mask(places: NDArray[np.intp], n_rows: int) -> NDArray[np.bool_]:
    mask = np.zeros(n_rows, dtype=bool)
    mask[places] = True
    return mask


def scaled_tensor(scaler: Any, matrix: NDArray[np.float64]) -> Tensor:
    """Return float32 `(n, f)`, scaled in float64."""
    return torch.as_tensor(scaled(scaler, matrix), dtype=torch.float32)


def target_tensor(values: NDArray[Any], task: str, target_scaler: Any) -> Tensor:
    """Return class indices as long `(n,)`, or numbers, scaled where there is a scaler, as float32 `(n, 1)`."""
    if task == "classification":
        return torch.tensor(values, dtype=torch.long)
    return torch.tensor(values if target_scaler is None else target_scaler.transform(values), dtype=torch.float32)


def _times_of(frame: Table, cfg: TrainingConfig, order: NDArray[Any] | None) -> NDArray[np.float64] | None:
    """Return when each row is: as given, else as the time column says, else None."""
    if order is None:
        check_time_column(list(frame.columns), cfg.target_column, cfg.time_column)
        timeline = timeline_of(frame, cfg.time_column)
        return None if timeline is None else timeline.order
    if len(order) != len(frame):
        raise DataError(f"The table has {len(frame)} rows and the order {len(order)} values. Give one value a row.")
    return np.asarray(order, dtype=np.float64)


def _as_series(y_raw: Sequence[Any] | pd.Series) -> pd.Series:
    if isinstance(y_raw, pd.Series):
        return y_raw.reset_index(drop=True)
    return pd.Series(y_raw.tolist() if hasattr(y_raw, "tolist") else list(y_raw), dtype=object)


def _is_present(target: CoercedColumn, task: str) -> pd.Series:
    present: pd.Series = target.values.notna()
    if task == "regression":
        present &= ~target.values.isin([np.inf, -np.inf])
    return present


def _frame_of_dicts(rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    columns = dict.fromkeys(key for row in rows for key in row)
    cells = {key: pd.Series([row.get(key) for row in rows], dtype=object) for key in columns}
    return pd.DataFrame(cells, index=range(len(rows)))


def _stratification(y: NDArray[Any], test_size: float) -> NDArray[Any] | None:
    counts = np.unique(y, return_counts=True)[1]
    if len(counts) < 2:
        return None
    n_test = int(np.ceil(test_size * len(y)))
    if counts.min() < 2 or min(n_test, len(y) - n_test) < len(counts):
        logger.warning(
            "Of %d rows, the rarest of %d categories has only %d. The rows kept aside were drawn without regard "
            "to categories (the split is not stratified).",
            len(y),
            len(counts),
            counts.min(),
        )
        return None
    return y
