"""RealMLP: its first weights, its layers against the same ones by hand, and what it predicts beyond training."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn
from torch.nn import functional

from core.networks.realmlp import NTKLinear, RealMLP


@pytest.fixture
def network() -> RealMLP:
    torch.manual_seed(0)
    return RealMLP(5, 3, hidden_dim=16, num_hidden_layers=2, dropout=0.0)


def linear_layers(network: RealMLP) -> list[NTKLinear]:
    return [layer for layer in network.net if isinstance(layer, NTKLinear)]


@pytest.mark.parametrize(("n_outputs", "function"), [(3, functional.selu), (1, functional.mish)])
def test_its_outputs_are_those_of_the_formulas(n_outputs: int, function: object) -> None:
    torch.manual_seed(1)
    network = RealMLP(5, n_outputs, hidden_dim=16, num_hidden_layers=2, dropout=0.0)
    x = torch.randn(7, 5)
    network.look_at(x)
    h = x
    *hidden, last = linear_layers(network)
    for layer in hidden:
        h = function(h @ layer.weight / math.sqrt(h.shape[1]) + layer.bias)  # type: ignore[operator]
    by_hand = h @ last.weight / 4 + last.bias
    torch.testing.assert_close(network(x), by_hand)


def test_the_mix_and_the_scale_are_weights_of_their_own(network: RealMLP) -> None:
    names = {name.rpartition(".")[2] for name, _ in network.named_parameters()}
    assert names == {"scale", "mix", "weight", "bias"}
    x = torch.randn(4, 5)
    before = network(x)
    with torch.no_grad():
        network.net[0].scale.mul_(2.0)
    doubled = network(x)
    with torch.no_grad():
        network.net[0].scale.fill_(1.0)
    torch.testing.assert_close(network(2 * x), doubled)
    torch.testing.assert_close(network(x), before)
    with torch.no_grad():
        for layer in network.net:
            if hasattr(layer, "mix"):
                layer.mix.zero_()
    first, second, last = (layer.weight / math.sqrt(len(layer.weight)) for layer in linear_layers(network))
    torch.testing.assert_close(network(x), x @ first @ second @ last)  # without a bend, and the biases still 0


def test_outputs_of_each_layer_vary_by_1_and_bend_among_the_rows(network: RealMLP) -> None:
    x = 50 + 9 * torch.randn(500, 5)
    network.look_at(x)
    h = network.net[0](x)
    for layer in network.net[1:]:
        before, h = h, layer(h)
        if isinstance(layer, NTKLinear):
            assert torch.allclose(h.std(dim=0, correction=0), torch.ones(h.shape[1]), atol=1e-3)
            assert ((h > 0).float().mean(dim=0) > 0).all()
            assert ((h < 0).float().mean(dim=0) > 0).all()
            assert before.shape[1] == len(layer.weight)


def test_an_input_that_never_varies_gives_finite_weights() -> None:
    network = RealMLP(2, 1, hidden_dim=8, num_hidden_layers=1, dropout=0.1)
    network.look_at(torch.ones(6, 2))
    assert all(bool(torch.isfinite(weight).all()) for weight in network.parameters())
    assert torch.isfinite(network(torch.ones(1, 2))).all()


def test_numbers_stay_within_those_of_training() -> None:
    network = RealMLP(2, 1, hidden_dim=8, num_hidden_layers=1, dropout=0.0).eval()
    network.stay_within(torch.tensor([[-0.5], [0.25]]))
    x = 1e3 * torch.randn(50, 2)
    free = network.train()(x)
    assert free.abs().max() > 1
    torch.testing.assert_close(network.eval()(x), free.clamp(-0.5, 0.25))


def test_dropout_is_where_the_network_has_units(network: RealMLP) -> None:
    with_dropout = RealMLP(5, 3, hidden_dim=16, num_hidden_layers=2, dropout=0.2)
    assert sum(isinstance(layer, nn.Dropout) for layer in with_dropout.net) == 2
    assert not any(isinstance(layer, nn.Dropout) for layer in network.net)
