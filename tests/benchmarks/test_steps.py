"""A training step stays quicker than a plain loop's, on equal terms; `make bench` prints by how much."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from tests.benchmarks.competitors import COMPETITORS, LOADER, SKLEARN, Plan, loader_loop, network
from tests.benchmarks.steps import measure, our_loop, rows


def test_a_step_is_quicker_than_a_plain_loop_with_a_data_loader() -> None:
    assert measure(n_rows=2_000, rounds=3, competitors={LOADER: loader_loop}).ratios[LOADER] < 0.95


@pytest.mark.parametrize("name", ["ours", *COMPETITORS])
def test_every_way_of_training_learns_in_the_epochs_it_is_given(name: str) -> None:
    (x, y), model = rows(1_000), network(46)
    trained = {"ours": our_loop, **COMPETITORS}[name](model, x, y, Plan(batch_size=64, epochs=5))
    if name == SKLEARN:
        assert trained.n_iter_ == 5  # type: ignore[attr-defined]
        found = trained.predict(x.numpy())  # type: ignore[attr-defined]
    else:
        normalized = [part for part in model.modules() if isinstance(part, nn.BatchNorm1d)]
        assert {int(part.num_batches_tracked) for part in normalized} == {5 * 16}
        with torch.no_grad():
            found = model.eval()(x).argmax(dim=1).numpy()
    assert np.mean(found == y.numpy()) > 0.9
