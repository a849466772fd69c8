"""How an added mode's optimizer and rate behave, against plain loops with PyTorch's own optimizer."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator
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

CFG = TrainingConfig("y", epochs=12, batch_size=16, early_stopping_patience=2, restore_best=True)
# Falls twice: after epochs 4 and 8; the best are 2 and 6, and after 10 patience is over.
LOSSES = [5.0, 3.0, 4.0, 4.0, 3.5, 2.0, 2.5, 2.5, 2.5, 2.5, 9.0, 9.0]
FALLING = Recipe(learning_rate=0.01, clip_norm=1.0, drops=2, drop=0.5)


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


def test_the_rate_follows_the_curve_and_how_often_it_has_fallen() -> None:
    recipe = Recipe(learning_rate=0.01, drop=0.3, curve=lambda done: 1 - done)
    assert recipe.factor(0.25, 0) == 0.75
    assert recipe.factor(0.25, 2) == pytest.approx(0.75 * 0.09)
    assert Recipe(learning_rate=0.01).factor(0.9, 2) == 1.0


def test_a_curve_is_followed_step_by_step(model: Scaled, rows: tuple[Tensor, Tensor]) -> None:
    shares: list[float] = []

    def curve(done: float) -> float:
        shares.append(done)
        return 1 - done

    cfg = TrainingConfig("y", epochs=3, batch_size=10)
    result = fit(model, rows[0], (rows[1],), squared, cfg, recipe=Recipe(learning_rate=0.01, curve=curve))
    assert shares == [step / 12 for step in range(12)]
    assert [report.learning_rate for report in result.reports] == pytest.approx(
        [0.01 * (1 - last / 12) for last in (3, 7, 11)]
    )


class Judge:
    """Gives the losses of `LOSSES`, one an epoch, and keeps the weights that the epochs ended with."""

    def __init__(self, model: nn.Module, first: int = 0) -> None:
        self.model, self.losses, self.weights = model, iter(LOSSES[first:]), list[Tensor]()

    def __call__(self) -> float:
        self.weights.append(nn.utils.parameters_to_vector(self.model.parameters()).detach().clone())
        return next(self.losses)


def train(model: nn.Module, rows: tuple[Tensor, Tensor], judge: Callable[[], float], **control: Any) -> LoopResult:
    torch.manual_seed(7)
    return fit(
        model, rows[0], (rows[1],), squared, CFG,
        validation_loss=judge, recipe=FALLING, control=Control(**control),
    )  # fmt: skip


def test_the_rate_falls_where_patience_is_over_and_training_goes_on_from_the_best_epoch(
    model: Scaled, rows: tuple[Tensor, Tensor]
) -> None:
    judge = Judge(model)
    began: dict[int, Tensor] = {}
    asked: Iterator[int] = iter(range(10_000))

    def look() -> bool:
        began[next(asked)] = nn.utils.parameters_to_vector(model.parameters()).detach().clone()
        return False

    result = train(model, rows, judge, should_stop=look)
    steps = math.ceil(len(rows[0]) / CFG.batch_size)
    assert [report.learning_rate for report in result.reports] == [0.01] * 4 + [0.005] * 4 + [0.0025] * 2
    assert result.best_epoch == 6
    assert torch.equal(began[4 * steps], judge.weights[1])  # the fifth epoch begins as the second ended
    assert torch.equal(began[8 * steps], judge.weights[5])
    assert torch.equal(began[3 * steps], judge.weights[2])  # and the fourth as the third did
    assert torch.equal(nn.utils.parameters_to_vector(model.parameters()), judge.weights[5])


@pytest.mark.parametrize("step", [14, 15, 16, 20, 25])
def test_a_training_whose_rate_has_fallen_goes_on_to_the_last_bit(
    model: Scaled, rows: tuple[Tensor, Tensor], tmp_path: Path, step: int
) -> None:
    """Three steps an epoch: the pauses are in the epochs around both falls."""
    other, path = copy.deepcopy(model), tmp_path / "run.safetensors"
    whole = train(model, rows, Judge(model))
    asked = iter(range(10_000))
    with pytest.raises(TrainingPaused):
        train(other, rows, Judge(other), should_pause=lambda: next(asked) == step, checkpoint_path=path)
    resumed = Scaled()
    rest = train(resumed, rows, Judge(resumed, first=step // 3), resume_from=path)
    for (name, mine), theirs in zip(resumed.state_dict().items(), model.state_dict().values(), strict=True):
        assert torch.equal(mine, theirs), name
    assert [report.train_loss for report in rest.reports] == [report.train_loss for report in whole.reports]
    assert rest.best_epoch == whole.best_epoch


def test_without_a_recipe_the_optimizer_is_the_specified_one(model: Scaled) -> None:
    """REQ-T10."""
    state = begin(model, CFG, torch.device("cpu"))
    [group] = state.optimizer.param_groups
    assert (group["lr"], group["weight_decay"], group["betas"]) == (1e-3, 1e-4, (0.9, 0.999))
    assert state.rate == 1.0
