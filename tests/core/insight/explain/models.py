"""Small models that explanations are tested with: linear ones by hand, whose explanation is known, and trained ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from sklearn.preprocessing import StandardScaler

from core.encoding import fit_vectorizer
from core.trainer import train_model_from_file
from core.types import ModelBundle, TrainingConfig


class Function(torch.nn.Module):
    """A network that is any function of its inputs."""

    def __init__(self, function: Callable[[torch.Tensor], torch.Tensor]) -> None:
        super().__init__()
        self.function = function

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.function(x)


def model_of(
    table: pd.DataFrame,
    function: Callable[[torch.Tensor], torch.Tensor],
    *,
    class_names: Sequence[str] = (),
    target_scaler: Any = None,
) -> ModelBundle:
    """Return a bundle of a coerced table's columns whose inputs are as they are, mean 0 and scale 1."""
    vectorizer = fit_vectorizer(table)
    n_inputs = len(vectorizer.vocabulary_)
    scaler = StandardScaler().fit(np.array([[-1.0] * n_inputs, [1.0] * n_inputs]))
    return ModelBundle(
        model=Function(function),
        task="classification" if class_names else "regression",
        vectorizer=vectorizer,
        scaler=scaler,
        feature_medians=np.zeros(n_inputs),
        label_encoder=None,
        target_scaler=target_scaler,
        target_column="y",
        input_dim=n_inputs,
        output_dim=len(class_names) or 1,
        class_names=list(class_names) or None,
    )


def linear_model(table: pd.DataFrame, weights: Sequence[float], **kw: Any) -> ModelBundle:
    """Return a bundle that predicts the weighted sum of number columns, whose names must ascend."""
    coefficients = torch.tensor(list(weights), dtype=torch.float32)
    return model_of(table, lambda x: (x * coefficients).sum(dim=1, keepdim=True), **kw)


def numbers(n_rows: int, n_columns: int, seed: int = 0) -> pd.DataFrame:
    """Return a table of normal numbers in columns c000, c001, …"""
    cells = np.random.default_rng(seed).normal(size=(n_rows, n_columns)).astype(np.float32).astype(np.float64)
    return pd.DataFrame(cells, columns=[f"c{i:03d}" for i in range(n_columns)])


def trained(frame: pd.DataFrame, folder: Path, cfg: TrainingConfig, **kw: Any) -> ModelBundle:
    """Train on a frame, by way of a file."""
    path = folder / "table.csv"
    frame.to_csv(path, index=False)
    return train_model_from_file(path, cfg, **kw)[0]


def codes_of(bundle: ModelBundle, labels: pd.Series) -> NDArray[np.intp]:
    return np.asarray(bundle.label_encoder.transform(labels.astype(str)), dtype=np.intp)
