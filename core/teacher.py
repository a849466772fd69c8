"""The tree teacher: a random forest whose out-of-bag predictions a network learns from (REQ-T09)."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse
from sklearn import ensemble
from torch import Tensor

from core.losses import soften_probabilities
from core.rows import EncodedRows, Rows

N_TREES = 120
MAX_DEPTH = {"classification": 8, "regression": 10}
TEMPERATURE = 2.0
HARD_SHARE = 0.5


def tree_soft_targets(x: Rows, y: Tensor, task: str, n_outputs: int, random_seed: int) -> Tensor:
    """Fit the forest and return what the network shall match on the rows `x`.

    `x` is float32 `(n, f)`, and stays sparse where it is. Classification: `softmax(log p / T)`, `(n, classes)`;
    regression: the forest's predictions in scaled units, `(n, 1)`.
    """
    features, target = sparse_matrix(x) if isinstance(x, EncodedRows) else x.cpu().numpy(), y.cpu().numpy()
    if task == "regression":
        forest = ensemble.RandomForestRegressor(**_settings(task, random_seed))
        _fit(forest, features, target.ravel())
        outputs = _out_of_bag(forest, forest.oob_prediction_, features, forest.predict).reshape(-1, 1)
        return torch.as_tensor(outputs, dtype=torch.float32).to(x.device)
    forest = ensemble.RandomForestClassifier(**_settings(task, random_seed))
    _fit(forest, features, target)
    known = _out_of_bag(forest, forest.oob_decision_function_, features, forest.predict_proba)
    probabilities = np.zeros((len(x), n_outputs))
    probabilities[:, forest.classes_] = known
    return soften_probabilities(torch.as_tensor(probabilities, dtype=torch.float32), TEMPERATURE).to(x.device)


def sparse_matrix(x: EncodedRows) -> sparse.csr_matrix:
    """Return rows `(n, f)` for trees: where a text is absent its feature is 0, which they cannot tell from its value.

    A tree compares the values of one feature with each other, and no more than their order counts.
    """
    storage, places = x.storage.to("cpu"), x.places.cpu().long()
    at, value = storage.code_at, storage.code_value - storage.absent[storage.code_at]
    codes = storage.codes[places].long()
    indices = torch.cat([storage.number_at.expand(len(x), -1), at[codes]], dim=1)
    values = torch.cat([storage.numbers[places], value[codes]], dim=1)
    starts = np.arange(len(x) + 1) * indices.shape[1]
    matrix = sparse.csr_matrix((values.flatten().numpy(), indices.flatten().int().numpy(), starts), tuple(x.shape))
    matrix.eliminate_zeros()
    matrix.sort_indices()
    return matrix


def _settings(task: str, random_seed: int) -> dict[str, Any]:
    return {
        "n_estimators": N_TREES,
        "max_depth": MAX_DEPTH[task],
        "random_state": random_seed,
        "oob_score": True,
        "n_jobs": -1,
    }


def _fit(forest: Any, features: Any, target: NDArray[Any]) -> None:
    with warnings.catch_warnings():
        # Of rows without an out-of-bag score, which `_out_of_bag` mends, and of as many classes as rows.
        warnings.simplefilter("ignore", UserWarning)
        forest.fit(features, target)


def _out_of_bag(forest: Any, outputs: NDArray[Any], features: Any, predict: Any) -> NDArray[Any]:
    """Replace the rows that every tree was trained on, which only a tiny table has, by plain predictions."""
    always_in_bag = np.ones(features.shape[0], dtype=bool)
    for samples in forest.estimators_samples_:
        in_bag = np.zeros(features.shape[0], dtype=bool)
        in_bag[samples] = True
        always_in_bag &= in_bag
    if always_in_bag.any():
        outputs = outputs.copy()
        forest.n_jobs = 1  # several threads would add up the trees in any order
        outputs[always_in_bag] = predict(features[always_in_bag])
    return outputs
