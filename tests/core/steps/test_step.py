"""The quick ways to make a step, against autograd and PyTorch's own Adam, bit by bit."""

from __future__ import annotations

import copy
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from core.losses import blended_loss, soft_criterion
from core.models import build_model
from core.steps.adam import FusedUpdate, quick_update
from core.steps.explicit import explicit
from core.steps.flat import flatten_parameters
from core.steps.gradient import with_gradient
from core.steps.step import AutogradStep, ExplicitStep, Step, step_for

ROWS, FEATURES, CLASSES = 96, 7, 3
MODES = ("mlp_dense", "linear_glm_baseline", "tabresnet")


def network(mode: str = "mlp_dense", dropout: float = 0.0, outputs: int = CLASSES) -> nn.Module:
    torch.manual_seed(3)
    return build_model(FEATURES, outputs, mode, 16, 2, dropout).train()


def rows() -> tuple[Tensor, Tensor]:
    torch.manual_seed(4)
    return torch.randn(ROWS, FEATURES), torch.randint(CLASSES, (ROWS,))


def adam(parameters: list[nn.Parameter]) -> torch.optim.Adam:
    return torch.optim.Adam(parameters, lr=1e-2, weight_decay=1e-4, fused=True)


def plainly(model: nn.Module, x: Tensor, y: Tensor) -> None:
    """The loop of a tutorial."""
    optimizer = adam(list(model.parameters()))
    for batch in batches():
        optimizer.zero_grad()
        functional.cross_entropy(model(x[batch]), y[batch]).backward()
        optimizer.step()


def make(step: Step) -> None:
    for batch in batches():
        step(batch)


def batches(n: int = 50, size: int = 32) -> list[Tensor]:
    generator = torch.Generator().manual_seed(5)
    return [torch.randperm(ROWS, generator=generator)[: size if k % 5 else size - 9] for k in range(n)]


@pytest.mark.parametrize("dropout", [0.0, 0.2])
@pytest.mark.parametrize("mode", MODES)
def test_fifty_explicit_steps_equal_autograds_to_the_last_bit(mode: str, dropout: float) -> None:
    """Same seed, same masks: the widths are multiples of the four numbers cut from one draw."""
    model, expected = network(mode, dropout), network(mode, dropout)
    x, y = rows()
    loss = nn.CrossEntropyLoss()
    torch.manual_seed(6)
    make(AutogradStep(expected, adam([flatten_parameters(expected)]), x, [y], loss))
    torch.manual_seed(6)
    step = step_for(model, adam([flatten_parameters(model)]), x, [y], loss, 32)
    assert isinstance(step, ExplicitStep)
    make(step)
    for (name, mine), theirs in zip(model.state_dict().items(), expected.state_dict().values(), strict=True):
        assert torch.equal(mine, theirs), name


@pytest.mark.parametrize("mode", MODES)
def test_fifty_steps_equal_those_of_a_plain_loop(mode: str) -> None:
    """The last digit can differ: a vector of weights is worked on in other pieces where it is longer."""
    model, expected = network(mode), network(mode)
    x, y = rows()
    plainly(expected, x, y)
    make(step_for(model, adam([flatten_parameters(model)]), x, [y], nn.CrossEntropyLoss(), 32))
    for mine, theirs in zip(model.state_dict().values(), expected.state_dict().values(), strict=True):
        torch.testing.assert_close(mine, theirs, rtol=0, atol=1e-5)


def test_a_step_returns_the_loss_before_it() -> None:
    x, y = rows()
    model = network()
    expected = functional.cross_entropy(copy.deepcopy(model)(x), y)
    step = step_for(model, adam([flatten_parameters(model)]), x, [y], nn.CrossEntropyLoss(), 32)
    loss = step(torch.arange(ROWS))
    assert torch.equal(loss, expected.detach())
    assert not loss.requires_grad


LOSSES: dict[str, tuple[Callable[..., Tensor], int]] = {
    "cross entropy": (nn.CrossEntropyLoss(), CLASSES),
    "weighted": (nn.CrossEntropyLoss(weight=torch.tensor([0.2, 1.0, 3.0])), CLASSES),
    "smoothed": (nn.CrossEntropyLoss(label_smoothing=0.05), CLASSES),
    "sum": (nn.CrossEntropyLoss(reduction="sum"), CLASSES),
    "squared": (nn.MSELoss(), 1),
    "squared sum": (nn.MSELoss(reduction="sum"), 1),
    "blended": (blended_loss(nn.CrossEntropyLoss(), soft_criterion(2.0), 0.5), CLASSES),
}


@pytest.mark.parametrize("name", LOSSES)
def test_every_loss_has_autograds_gradient(name: str) -> None:
    loss, n_outputs = LOSSES[name]
    torch.manual_seed(7)
    outputs = torch.randn(20, n_outputs)
    y = torch.randn(20, 1) if n_outputs == 1 else torch.randint(n_outputs, (20,))
    targets = [y, torch.softmax(torch.randn(20, n_outputs), 1)] if name == "blended" else [y]
    leaf = outputs.clone().requires_grad_()
    expected = loss(leaf, *targets)
    expected.backward()
    with torch.no_grad():
        value, gradient = with_gradient(loss)(outputs, *targets)
    assert leaf.grad is not None
    assert torch.equal(value, expected.detach())
    assert torch.equal(gradient, leaf.grad)


def test_a_network_that_is_watched_or_not_ours_goes_autograds_way() -> None:
    watched = network()
    watched.register_forward_hook(lambda *_: None)
    deep = network()
    deep.net[0].register_full_backward_hook(lambda *_: None)  # type: ignore[index,union-attr]
    other = nn.Sequential(nn.Linear(FEATURES, CLASSES))
    for model in (watched, deep, other):
        flatten_parameters(model)
        assert explicit(model) is None
    model = network()
    flatten_parameters(model)
    handle = nn.modules.module.register_module_forward_pre_hook(lambda *_: None)
    assert explicit(model) is None
    handle.remove()
    assert explicit(model) is not None


def test_flat_weights_are_the_networks_own() -> None:
    model = network()
    before = [parameter.detach().clone() for parameter in model.parameters()]
    flat = flatten_parameters(model)
    assert flat.shape == (sum(parameter.numel() for parameter in before),)
    for parameter, expected in zip(model.parameters(), before, strict=True):
        assert torch.equal(parameter, expected)
    with torch.no_grad():
        flat.zero_()
    assert all(not parameter.any() for parameter in model.parameters())
    model(torch.randn(8, FEATURES)).sum().backward()
    assert flat.grad is not None
    assert flat.grad.any()


def test_a_network_with_nothing_to_train_has_an_empty_row_of_weights() -> None:
    frozen = nn.Linear(2, 1).requires_grad_(requires_grad=False)
    assert flatten_parameters(frozen).numel() == 0


def test_another_optimizer_makes_its_own_steps() -> None:
    """A subclass may have a `step` of its own, and several parameters are its own affair."""

    class Counting(torch.optim.Adam):
        pass

    flat = nn.Parameter(torch.ones(3))
    subclass, several = Counting([flat]), torch.optim.Adam([flat, nn.Parameter(torch.ones(2))])
    assert quick_update(subclass) == subclass.step
    assert quick_update(several) == several.step
    assert isinstance(quick_update(torch.optim.Adam([flat], fused=True)), FusedUpdate)
