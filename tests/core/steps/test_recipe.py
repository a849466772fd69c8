"""How an added mode's optimizer and rate behave, against plain loops with PyTorch's own optimizer."""

from __future__ import annotations

import copy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from core.checkpoint.state import begin
from core.errors import TrainingPaused
from core.loop import Control, LoopResult, fit
from core.steps.adam import FusedUpdate, quick_update
from core.steps.recipe import Recipe
from core.steps.step import AutogradStep
from core.types import TrainingConfig
from core.waves import Waves

CFG = TrainingConfig("y", epochs=4, batch_size=16)


class Scaled(nn.Module):
    """A network with a parameter beside its layers."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(4))
        self.net = nn.Sequential(nn.Linear(4, 16), nn.LayerNorm(16), nn.ReLU(), nn.Linear(16, 1))

    def forward(self, x: Tensor) -> Tensor:
        return self.net(x * self.scale)  # type: ignore[no-any-return]


@pytest.fixture
def model() -> Scaled:
    torch.manual_seed(0)
    return Scaled()


@pytest.fixture
def rows() -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(40, 4, generator=generator)
    return x, x.sum(dim=1, keepdim=True) ** 2


def squared(outputs: Tensor, y: Tensor) -> Tensor:
    return (outputs - y).square().mean()


def test_weights_move_as_under_an_adam_with_a_group_for_each_kind(model: Scaled, rows: tuple[Tensor, Tensor]) -> None:
    recipe = Recipe(
        learning_rate=0.02, betas=(0.9, 0.95), weight_decay=0.05, clip_norm=0.5, rates={"scale": 6.0, "bias": 0.1}
    )
    x, y = rows
    theirs = copy.deepcopy(model)
    optimizer = recipe.optimizer(model)
    step = AutogradStep(model, optimizer, x, (y,), squared, clip_norm=recipe.clip_norm)
    linear = [theirs.net[0], theirs.net[3]]
    biases = [*(layer.bias for layer in linear), theirs.net[1].bias]
    plain = torch.optim.Adam(
        [
            {"params": [layer.weight for layer in linear], "weight_decay": 0.05, "lr": 0.02},
            {"params": [theirs.net[1].weight], "lr": 0.02},
            {"params": biases, "lr": 0.002},
            {"params": [theirs.scale], "lr": 0.12},
        ],
        betas=(0.9, 0.95),
    )
    for number in range(50):
        batch = torch.arange(8) + number % 5 * 8
        factor = 0.5 if number >= 30 else 1.0
        recipe.set_rate(optimizer, factor)
        step(batch)
        plain.zero_grad()
        squared(theirs(x[batch]), y[batch]).backward()
        nn.utils.clip_grad_norm_(theirs.parameters(), 0.5)
        for group, rate in zip(plain.param_groups, (0.02, 0.02, 0.002, 0.12), strict=True):
            group["lr"] = factor * rate
        plain.step()
    for (name, mine), other in zip(model.named_parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(mine, other, rtol=1e-5, atol=1e-5, msg=name)


def test_only_the_weights_of_linear_layers_decay(model: Scaled) -> None:
    optimizer = Recipe(learning_rate=0.01, weight_decay=0.1).optimizer(model)
    sizes = {group["weight_decay"]: group["params"][0].numel() for group in optimizer.param_groups}
    assert sizes == {0.1: 4 * 16 + 16, 0.0: 4 + 16 + 2 * 16 + 1}
    assert isinstance(quick_update(optimizer), FusedUpdate)


def test_waves_are_followed_step_by_step(model: Scaled, rows: tuple[Tensor, Tensor]) -> None:
    cfg, waves = TrainingConfig("y", epochs=3, batch_size=10), Waves(2)
    result = fit(model, rows[0], (rows[1],), squared, cfg, recipe=Recipe(learning_rate=0.01, waves=waves))
    assert [report.learning_rate for report in result.reports] == pytest.approx(
        [0.01 * waves.rate(last / 12) for last in (3, 7, 11)]
    )


def test_a_clock_ahead_of_the_epochs_moves_the_rate_on() -> None:
    waves = Waves(1)
    recipe = Recipe(learning_rate=0.01, waves=waves, clock=lambda: 0.5)
    assert recipe.factor(0.0) == waves.rate(0.5)
    assert recipe.factor(0.75) == waves.rate(0.75)
    assert replace(recipe, clock=lambda: 7.0).factor(0.0) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize(("waves", "epochs_run"), [(Waves(3), 12), (None, 28)])
def test_a_training_ends_with_a_wave_that_brought_too_little(
    waves: Waves | None, epochs_run: int, model: Scaled, rows: tuple[Tensor, Tensor]
) -> None:
    """28 epochs are waves of 4, 8 and 16; the second is the first that can be in vain."""
    cfg = TrainingConfig("y", epochs=28, batch_size=10)
    losses = iter([1.0, 2.0, 0.995] + [3.0] * 25)
    result = fit(
        model, rows[0], (rows[1],), squared, cfg,
        validation_loss=lambda: next(losses), recipe=Recipe(learning_rate=0.01, waves=waves),
    )  # fmt: skip
    assert len(result.reports) == epochs_run
    assert result.best_epoch == 3


@pytest.mark.parametrize("step", [3, 4, 8])
def test_a_training_whose_rate_has_waves_goes_on_to_the_last_bit(
    model: Scaled, rows: tuple[Tensor, Tensor], tmp_path: Path, step: int
) -> None:
    """Three steps an epoch: the pauses are between two epochs, and within one."""
    other, path = copy.deepcopy(model), tmp_path / "run.safetensors"
    whole = train(model, rows)
    asked = iter(range(10_000))
    with pytest.raises(TrainingPaused):
        train(other, rows, should_pause=lambda: next(asked) == step, checkpoint_path=path)
    resumed = Scaled()
    rest = train(resumed, rows, resume_from=path)
    for (name, mine), theirs in zip(resumed.state_dict().items(), model.state_dict().values(), strict=True):
        assert torch.equal(mine, theirs), name
    assert [report.train_loss for report in rest.reports] == [report.train_loss for report in whole.reports]


def train(model: nn.Module, rows: tuple[Tensor, Tensor], **control: Any) -> LoopResult:
    torch.manual_seed(7)
    recipe = Recipe(learning_rate=0.01, clip_norm=1.0, waves=Waves(2))
    return fit(model, rows[0], (rows[1],), squared, CFG, recipe=recipe, control=Control(**control))


def test_without_a_recipe_the_optimizer_is_the_specified_one(model: Scaled) -> None:
    """REQ-T10."""
    state = begin(model, CFG, torch.device("cpu"))
    [group] = state.optimizer.param_groups
    assert (group["lr"], group["weight_decay"], group["betas"]) == (1e-3, 1e-4, (0.9, 0.999))
    assert state.rate == 1.0
