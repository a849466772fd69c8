"""From raw rows to decoded predictions and probabilities: the one path that every prediction takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from sklearn.feature_extraction import DictVectorizer
from torch import Tensor

from core.data import as_frame
from core.encoding import encode_frame, impute, numeric_features
from core.errors import ConfigError
from core.inference import choose_device, forward
from core.tables.coerce import coerce_frame, coerce_value
from core.tables.dates import expand_date_columns
from core.types import ModelBundle

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
    return probabilities_of(predict_outputs(bundle, rows, device))


def predict_outputs(
    bundle: ModelBundle, rows: Rows, device: str | torch.device | None = None, coerce: Coerce = coerce_value
) -> Tensor:
    """Return the network's outputs `(n_rows, output_dim)` on the CPU: logits, or scaled numbers.

    Source: REQ-T18, REQ-T19. The rows are left as they are (INV-T04).
    """
    x = features_of(bundle, rows, coerce)
    return forward(bundle.model, x, choose_device(device)).cpu()


def probabilities_of(outputs: Tensor) -> NDArray[np.float64]:
    """Return the softmax of logits `(n, n_classes)`."""
    return torch.softmax(outputs.double(), dim=1).numpy()


def decode_outputs(bundle: ModelBundle, outputs: Tensor) -> list[Any]:
    """Return labels, or numbers in the target's unit. Source: REQ-T20, REQ-T21.

    Without a label encoder the class indices are returned; without a target scaler the outputs.
    """
    if bundle.task == "classification":
        indices = outputs.argmax(dim=1).numpy()
        encoder = bundle.label_encoder
        return list((indices if encoder is None else encoder.inverse_transform(indices)).tolist())
    if bundle.target_scaler is None:
        return list(outputs.squeeze(1).tolist())
    return list(bundle.target_scaler.inverse_transform(outputs.double().numpy()).squeeze(1).tolist())


def features_of(bundle: ModelBundle, rows: Rows, coerce: Coerce = coerce_value) -> Tensor:
    """Return the scaled features of raw rows: float32 `(n_rows, input_dim)`."""
    frame = coerce_frame(_with_dates_expanded(bundle, _known_cells(bundle, as_frame(rows))), coerce)
    matrix = impute(_encode(bundle.vectorizer, frame), bundle.feature_medians)
    scaled = matrix if bundle.scaler is None else bundle.scaler.transform(matrix)
    return torch.as_tensor(np.asarray(scaled), dtype=torch.float32)


def _known_cells(bundle: ModelBundle, frame: pd.DataFrame) -> pd.DataFrame:
    """Keep the columns the model learned from; one that the rows lack becomes a column of missing cells."""
    if bundle.schema is not None:
        return frame.reindex(columns=list(bundle.schema.feature_columns))
    if not isinstance(bundle.vectorizer, DictVectorizer):
        return frame
    lacking = [name for name in numeric_features(bundle.vectorizer) if name not in frame.columns]
    return frame.reindex(columns=[*frame.columns, *lacking])


def _with_dates_expanded(bundle: ModelBundle, frame: pd.DataFrame) -> pd.DataFrame:
    if bundle.schema is None:
        return frame
    formats = {c.name: c.date_format for c in bundle.schema.by_role("date") if c.date_format is not None}
    return expand_date_columns(frame, list(formats), formats)


def _encode(vectorizer: Any, frame: pd.DataFrame) -> NDArray[np.float64]:
    """Encode a coerced frame; any other vectorizer than scikit-learn's own is given one dict a row."""
    if isinstance(vectorizer, DictVectorizer):
        return encode_frame(vectorizer, frame)
    matrix = vectorizer.transform(frame.to_dict("records"))
    return np.array(matrix.toarray() if hasattr(matrix, "toarray") else matrix, dtype=np.float64)
