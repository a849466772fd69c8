"""What a network says of encoded rows, in the units that explanations speak of."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import logsumexp, softmax
from torch import Tensor

from core.calibration import calibration_of
from core.inference import choose_device, forward
from core.models import model_hidden_dim
from core.types import ModelBundle

CELLS_PER_PASS = 2_000_000  # of the widest layer: 8 MB

Numbers = NDArray[np.float64]


def outputs_of(bundle: ModelBundle, x: Tensor) -> Numbers:
    """Return the outputs for encoded rows, `(n, input_dim) -> (n, output_dim)`, in passes that need little memory.

    They are logits divided by the bundle's temperature, or numbers in the target's unit; NaN where not finite.
    """
    device = choose_device(None)
    widest = max(bundle.input_dim, model_hidden_dim(bundle.model), bundle.output_dim)
    parts = [forward(bundle.model, part, device).cpu() for part in torch.split(x, max(1, CELLS_PER_PASS // widest))]
    raw = torch.cat(parts).double().numpy() if parts else np.empty((0, bundle.output_dim))
    raw = np.where(np.isfinite(raw), raw, np.nan)
    if bundle.task == "classification":
        return np.asarray(raw / calibration_of(bundle).temperature)
    column = raw.reshape(len(raw), bundle.output_dim)
    return column if bundle.target_scaler is None else np.asarray(bundle.target_scaler.inverse_transform(column))


def probabilities(logits: Numbers) -> Numbers:
    """Return the probabilities of logits: `(n, k) -> (n, k)`."""
    return np.asarray(softmax(logits, axis=1))


def log_losses(logits: Numbers, y: NDArray[np.intp]) -> Numbers:
    """Return the log-loss of each row: logits `(n, k)` and class codes `(n,)` give `(n,)`."""
    return np.asarray(logsumexp(logits, axis=1) - logits[np.arange(len(y)), y])


def log_odds(logits: Numbers, code: int) -> Numbers:
    """Return the log-odds of one class against all others: `(n, k) -> (n,)`; zeros where there is no other."""
    if logits.shape[1] == 1:
        return np.zeros(len(logits))
    return np.asarray(logits[:, code] - logsumexp(np.delete(logits, code, axis=1), axis=1))


def n_weights(bundle: ModelBundle) -> int:
    """Return the number of weights of the network, which is about the multiplications for one row."""
    weights = bundle.model.parameters() if hasattr(bundle.model, "parameters") else ()
    total = sum(int(weight.numel()) for weight in weights)
    return max(bundle.input_dim, total, 1)


def class_name(bundle: ModelBundle, code: int) -> str:
    """Return the name of a class."""
    return str(code) if bundle.class_names is None else str(bundle.class_names[code])
