"""One thread for small steps, more for large ones, the same for the same size."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from core.loop import Control, fit
from core.models import build_model
from core.steps.threads import only_threads, threads_for_step
from core.types import TrainingConfig


@pytest.mark.parametrize(
    ("width", "batch", "available", "expected"),
    [(128, 64, 2, 1), (128, 1_024, 2, 2), (512, 64, 2, 2), (512, 1_024, 16, 16), (512, 1_024, 1, 1), (8, 2, 16, 1)],
)
def test_threads_go_by_the_size_of_a_step(width: int, batch: int, available: int, expected: int) -> None:
    assert threads_for_step(build_model(46, 2, "mlp_dense", width, 2, 0.1), batch, available) == expected


def test_threads_are_given_back() -> None:
    before = torch.get_num_threads()
    with only_threads(before + 1):
        assert torch.get_num_threads() == before + 1
    assert torch.get_num_threads() == before


def test_a_training_of_a_small_network_uses_one_thread() -> None:
    seen: list[int] = []
    x = torch.randn(64, 5)
    with only_threads(2):
        result = fit(
            build_model(5, 2, "mlp_dense", 8, 1, 0.0), x, [(x[:, 0] > 0).long()], nn.CrossEntropyLoss(),
            TrainingConfig("y", epochs=1), control=Control(on_epoch=lambda _: seen.append(torch.get_num_threads())),
        )  # fmt: skip
        assert torch.get_num_threads() == 2
    assert seen == [1]
    assert result.threads == 1
