"""scikit-learn's own network, fitted without torch."""

from __future__ import annotations

import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier


def fit_mlp(x: np.ndarray, y: np.ndarray, batch_size: int, epochs: int) -> MLPClassifier:
    """Fit two layers of 128 with Adam, for just so many epochs."""
    model = MLPClassifier(
        hidden_layer_sizes=(128, 128),
        solver="adam",
        alpha=1e-4,
        learning_rate_init=1e-3,
        batch_size=batch_size,
        max_iter=epochs,
        tol=0.0,
        n_iter_no_change=epochs + 1,
        random_state=0,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # it ends after the epochs that were asked for
        return model.fit(x, y)
