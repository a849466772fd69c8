"""The running mean of the weights, against a computation by hand."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from core.loop import fit
from core.networks.averaged import Averaged
from core.steps.recipe import Recipe
from core.types import TrainingConfig


def test_the_mean_follows_the_live_weights() -> None:
    network = nn.Linear(3, 2)
    averaged, by_hand = Averaged(network, 0.6), network.weight.detach().clone()
    for step in range(1, 30):
        with torch.no_grad():
            network.weight.add_(torch.randn(2, 3))
        averaged.follow(step)
        keep = min(0.6, step / (step + 9))
        by_hand = keep * by_hand + (1 - keep) * network.weight.detach()
        torch.testing.assert_close(averaged.mean.weight, by_hand)


def test_what_learns_is_the_live_network_and_what_predicts_the_mean() -> None:
    averaged = Averaged(nn.Linear(3, 1), 0.9)
    x = torch.randn(5, 3)
    with torch.no_grad():
        averaged.mean.weight.zero_()
    assert torch.equal(averaged.train()(x), averaged.live(x))
    assert torch.equal(averaged.eval()(x), averaged.mean(x))
    assert [name for name, weight in averaged.named_parameters() if weight.requires_grad] == [
        "live.weight",
        "live.bias",
    ]


@pytest.mark.parametrize("n_epochs", [1, 3])
def test_a_training_follows_after_every_step_and_judges_the_mean(n_epochs: int) -> None:
    torch.manual_seed(0)
    x = torch.randn(40, 3)
    y = x.sum(dim=1, keepdim=True)
    averaged = Averaged(nn.Linear(3, 1), 0.9)
    seen: list[torch.Tensor] = []
    followed = averaged.follow

    def follow(n_steps: int) -> None:
        followed(n_steps)
        seen.append(averaged.live.weight.detach().clone())

    averaged.follow = follow  # type: ignore[method-assign]
    began = averaged.mean.weight.clone()

    def judged() -> float:
        averaged.eval()
        return float((averaged(x) - y).square().mean())

    cfg = TrainingConfig("y", epochs=n_epochs, batch_size=16)
    losses = fit(
        averaged, x, (y,), lambda outputs, targets: (outputs - targets).square().mean(), cfg,
        validation_loss=judged, recipe=Recipe(learning_rate=0.01),
    ).reports  # fmt: skip
    assert len(seen) == 3 * n_epochs
    for step, weight in enumerate(seen, 1):
        keep = min(0.9, step / (step + 9))
        began = keep * began + (1 - keep) * weight
    torch.testing.assert_close(averaged.mean.weight, began)
    assert losses[-1].validation_loss == pytest.approx(judged())
