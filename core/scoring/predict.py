"""From raw rows to decoded predictions and probabilities: the one path that every prediction takes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from sklearn.feature_extraction import DictVectorizer
from sklearn.preprocessing import StandardScaler
from torch import Tensor

from core import rows as encoded
from core.calibration import UNCALIBRATED, Calibration, calibration_of, decided
from core.data import as_frame, scaled_tensor
from core.encoder import Encoder
from core.encoding import encode_frame, impute, numeric_features
from core.errors import ConfigError
from core.inference import choose_device, forward
from core.tables.blanks import as_chosen
from core.tables.codes import coerce_features
from core.tables.coerce import coerce_value
from core.tables.dates import expand_date_columns
from core.types import InputSchema, ModelBundle

Rows = pd.DataFrame | Sequence[Mapping[str, Any]]
Coerce = Callable[[Any], Any]


def predict_proba_rows(
    bundle: ModelBundle, rows: Rows, device: str | torch.device | None = None
) -> NDArray[np.float64]:
    """Return the class probabilities `(n_rows, n_classes)` in the order of `bundle.class_names`.

    Raises ConfigError (a ValueError) for a regression bundle, which has no classes.
    """
    if bundle.task != "classification":
        raise ConfigError("This model predicts a number, so it has no class probabilities. Use predict_rows.")
    if len(rows) == 0:
        return np.empty((0, bundle.output_dim))
    return probabilities_of(predict_outputs(bundle, rows, device), calibration_of(bundle))


def predict_outputs(
    bundle: ModelBundle, rows: Rows, device: str | torch.device | None = None, coerce: Coerce = coerce_value
) -> Tensor:
    """Return the network's outputs `(n_rows, output_dim)` on the CPU: logits, or scaled numbers.

    Source: REQ-T18, REQ-T19. The rows are left as they are (INV-T04).
    """
    x = encoded_rows(bundle, known_frame(bundle, rows, coerce))
    return forward(bundle.model, x, choose_device(device)).cpu()


def probabilities_of(outputs: Tensor, calibration: Calibration = UNCALIBRATED) -> NDArray[np.float64]:
    """Return the softmax of logits `(n, n_classes)` at the calibration's temperature."""
    return torch.softmax(outputs.double() / calibration.temperature, dim=1).numpy()


def decisions_of(bundle: ModelBundle, outputs: Tensor) -> NDArray[np.intp]:
    """Return the predicted class of each row `(n,)`: the likeliest, unless the bundle has a threshold."""
    calibration = calibration_of(bundle)
    if calibration.threshold is None:
        return np.asarray(outputs.argmax(dim=1).numpy(), dtype=np.intp)
    return decided(probabilities_of(outputs, calibration), calibration)


def labels_of(bundle: ModelBundle, classes: NDArray[np.intp]) -> list[Any]:
    """Return the labels of class indices `(n,)`; without a label encoder the indices themselves."""
    encoder = bundle.label_encoder
    return list(np.asarray(classes if encoder is None else encoder.inverse_transform(classes)).tolist())


def decode_outputs(bundle: ModelBundle, outputs: Tensor) -> list[Any]:
    """Return labels, or numbers in the target's unit. Source: REQ-T20, REQ-T21.

    Without a label encoder the class indices are returned; without a target scaler the outputs.
    """
    if bundle.task == "classification":
        return labels_of(bundle, decisions_of(bundle, outputs))
    if bundle.target_scaler is None:
        return list((outputs.squeeze(1) if outputs.ndim == 2 else outputs).tolist())
    return list(np.asarray(bundle.target_scaler.inverse_transform(outputs.double().numpy())).squeeze(1).tolist())


def features_of(
    bundle: ModelBundle, rows: Rows, coerce: Coerce = coerce_value, *, categorical: Collection[str] = ()
) -> Tensor:
    """Return the scaled features of raw rows: float32 `(n_rows, input_dim)`.

    The bundle's schema says which columns are codes; `categorical` does for a bundle that has none.
    """
    return encoded_rows(bundle, known_frame(bundle, rows, coerce, categorical=categorical))[:]


def known_frame(
    bundle: ModelBundle, rows: Rows, coerce: Coerce = coerce_value, *, categorical: Collection[str] = ()
) -> pd.DataFrame:
    """Return what the model knows of raw rows, before encoding: columns of numbers and of texts, dates expanded."""
    schema = schema_of(bundle)
    frame = as_frame(rows)
    if schema is not None:
        known = _with_dates_expanded(schema, frame)
        frame = _known_cells(schema, coerce_features(known, schema.categorical_columns, coerce))
    else:
        frame = coerce_features(_with_lacking_columns(bundle, frame), categorical, coerce)
    return frame


def encoded_rows(bundle: ModelBundle, frame: pd.DataFrame) -> encoded.Rows:
    """Return the scaled features of rows that are coerced already, their dates expanded: `(n_rows, input_dim)`.

    They are a tensor, unless that would be large.
    """
    medians, vectorizer, scaler = bundle.feature_medians, bundle.vectorizer, bundle.scaler
    if _is_plain_dict_vectorizer(vectorizer) and type(scaler) is StandardScaler and medians is not None:
        encoder = Encoder(vectorizer, scaler, np.asarray(medians, dtype=np.float64))
        if encoder.medians.shape == scaler.scale_.shape:
            return encoder.encode(frame)
    return scaled_tensor(scaler, impute(_encode(vectorizer, frame), medians))


def schema_of(bundle: ModelBundle) -> InputSchema | None:
    """Return the bundle's schema; a bundle made by hand may have none, or be a stand-in without the field."""
    schema = getattr(bundle, "schema", None)
    return schema if isinstance(schema, InputSchema) else None


def _with_dates_expanded(schema: InputSchema, frame: pd.DataFrame) -> pd.DataFrame:
    """Keep the columns the model learned from, with its dates read as in training; what is lacking is missing."""
    known = frame.reindex(columns=list(schema.feature_columns))
    for column in schema.by_role("feature", "date"):
        if column.missing_words or column.kept_words:
            known[column.name] = as_chosen(known[column.name], column.missing_words, column.kept_words)
    return expand_date_columns(known, list(schema.date_formats), schema.date_formats)


def _known_cells(schema: InputSchema, frame: pd.DataFrame) -> pd.DataFrame:
    """Count as missing what the network cannot know, as an unreadable date is.

    That is a text where training had numbers, a number where it had texts, and anything where it had nothing.
    """
    for column in schema.by_role("feature"):
        if column.kind == "empty":
            frame[column.name] = np.full(len(frame), np.nan)
        if column.kind == "text" and frame[column.name].dtype != object:
            frame[column.name] = np.full(len(frame), np.nan)
        elif column.kind == "text":
            values = frame[column.name]
            frame[column.name] = values.where(np.array([isinstance(cell, str) for cell in values], dtype=bool))
        if column.kind == "number" and frame[column.name].dtype == object:
            frame[column.name] = pd.to_numeric(frame[column.name], errors="coerce").astype(np.float64)
    return frame


def _with_lacking_columns(bundle: ModelBundle, frame: pd.DataFrame) -> pd.DataFrame:
    """Add a column of missing cells for each number the model learned from that no row has."""
    if not _is_plain_dict_vectorizer(bundle.vectorizer):
        return frame
    lacking = [name for name in numeric_features(bundle.vectorizer) if name not in frame.columns]
    return frame.reindex(columns=[*frame.columns, *lacking])


def _is_plain_dict_vectorizer(vectorizer: Any) -> bool:
    """Return whether `encode_frame` may stand in for the vectorizer's own `transform`."""
    return type(vectorizer) is DictVectorizer and "transform" not in vars(vectorizer)


def _encode(vectorizer: Any, frame: pd.DataFrame) -> NDArray[np.float64]:
    """Encode a coerced frame; any other vectorizer than scikit-learn's own is given one dict a row."""
    if _is_plain_dict_vectorizer(vectorizer):
        return encode_frame(vectorizer, frame)
    matrix = vectorizer.transform(frame.to_dict("records"))
    return np.array(matrix.toarray() if hasattr(matrix, "toarray") else matrix, dtype=np.float64)
