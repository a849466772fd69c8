"""Steps of the added modes' networks, written out: what autograd makes, in less time."""

import copy

import pytest
import torch
from torch import Tensor, nn

from core.losses import OverMembers
from core.networks.averaged import Averaged
from core.networks.realmlp import RealMLP
from core.networks.tabm import TabM, bins_of
from core.rows import Rows
from core.steps.recipe import Recipe
from core.steps.step import AutogradStep, ExplicitStep, Step, step_for

ROWS, NUMBERS, BINARY, WIDTH, CLASSES = 100, 3, 5, 16, 3
NAMES = ("tabm", "tabm of classes", "tabm without an embedding", "realmlp", "realmlp of classes")


def table(name: str) -> tuple[Tensor, Tensor]:
    torch.manual_seed(1)
    z = torch.cat([torch.randn(ROWS, NUMBERS), torch.randint(2, (ROWS, BINARY)).float()], dim=1)
    return z, torch.randint(CLASSES, (ROWS,)) if "classes" in name else z[:, :1].sin() + z[:, 4:5]


def network(name: str, dropout: float) -> nn.Module:
    z, _ = table(name)
    torch.manual_seed(2)
    n_outputs = CLASSES if "classes" in name else 1
    if name.startswith("realmlp"):
        model = RealMLP(z.shape[1], n_outputs, hidden_dim=WIDTH, num_hidden_layers=3, dropout=dropout)
        model.look_at(z)
        return model
    d_embedding = 0 if "without" in name else 4
    return Averaged(
        TabM(
            bins_of(z[:, :NUMBERS], 8), BINARY, n_outputs,
            k=4, hidden_dim=WIDTH, num_hidden_layers=2, dropout=dropout, d_embedding=d_embedding,
        ),
        0.9,
    )  # fmt: skip


def loss_of(name: str) -> nn.Module | OverMembers:
    hard = nn.CrossEntropyLoss() if "classes" in name else nn.MSELoss()
    return hard if name.startswith("realmlp") else OverMembers(hard)


def recipe_of(name: str) -> Recipe:
    if name.startswith("realmlp"):
        return Recipe(0.04, betas=(0.9, 0.95), weight_decay=0.02, is_decoupled=True, rates={"scale": 6.0, "mix": 0.1})
    return Recipe(2e-3, weight_decay=1e-4, clip_norm=1.0)


def trained(name: str, model: nn.Module, *, by_autograd: bool) -> tuple[Step, list[float]]:
    """Make fifty steps, the last of an epoch smaller than the others, as the loop does."""
    z, y = table(name)
    recipe = recipe_of(name)
    optimizer = recipe.optimizer(model)
    parts: tuple[Rows, list[Tensor], nn.Module | OverMembers] = (z, [y], loss_of(name))
    step: Step = (
        AutogradStep(model, optimizer, *parts, recipe.clip_norm)
        if by_autograd
        else step_for(model, optimizer, *parts, 32, recipe.clip_norm)
    )
    model.train()
    torch.manual_seed(3)
    losses = []
    for _ in range(13):
        for batch in torch.randperm(ROWS).split(32):
            losses.append(float(step(batch)))
            if isinstance(model, Averaged):
                model.follow(len(losses))
    return step, losses


@pytest.mark.parametrize("dropout", [0.0, 0.25])
@pytest.mark.parametrize("name", NAMES)
def test_fifty_written_out_steps_equal_autograds(name: str, dropout: float) -> None:
    model, expected = network(name, dropout), network(name, dropout)
    _, losses_expected = trained(name, expected, by_autograd=True)
    step, losses = trained(name, model, by_autograd=False)
    assert isinstance(step, ExplicitStep)
    assert losses == pytest.approx(losses_expected, rel=1e-4)
    assert sum(losses[-12:]) < sum(losses[:12])
    for (what, mine), theirs in zip(model.state_dict().items(), expected.state_dict().values(), strict=True):
        torch.testing.assert_close(mine, theirs, rtol=0, atol=1e-4, msg=what)


@pytest.mark.parametrize("name", NAMES)
def test_one_step_has_autograds_gradients(name: str) -> None:
    """To the last digits: over fifty steps Adam makes much of little."""
    z, y = table(name)
    model = network(name, 0.0)
    expected = copy.deepcopy(model)
    loss, batch = loss_of(name), torch.arange(32)
    for each in (model, expected):
        optimizer = Recipe(0.0).optimizer(each)
        each.train()
        if each is model:
            step_for(each, optimizer, z, [y], loss, 32)(batch)
        else:
            AutogradStep(each, optimizer, z, [y], loss)(batch)
    pairs = zip(model.named_parameters(), expected.parameters(), strict=True)
    for (what, mine), theirs in pairs:
        if mine.requires_grad:
            assert mine.grad is not None
            assert theirs.grad is not None
            torch.testing.assert_close(mine.grad, theirs.grad, rtol=1e-5, atol=1e-7, msg=what)


def test_a_network_that_somebody_watches_is_left_to_autograd() -> None:
    model = network("tabm", 0.0)
    z, y = table("tabm")
    assert isinstance(model, Averaged)
    model.live.output.register_forward_hook(lambda *_: None)
    optimizer = recipe_of("tabm").optimizer(model)
    assert isinstance(step_for(model, optimizer, z, [y], loss_of("tabm"), 32), AutogradStep)
