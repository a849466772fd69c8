"""The networks have the layers of their contract."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from core.dropout import Dropout
from core.errors import ConfigError
from core.models import (
    MLP,
    LinearBaseline,
    TabResNet,
    build_model,
    compute_class_weights,
    model_dropout,
    model_hidden_dim,
    model_num_hidden_layers,
    model_training_mode,
)
from core.types import SPECIFIED_MODES


def test_an_mlp_is_blocks_of_linear_norm_relu_dropout_and_a_head() -> None:
    """REQ-T08."""
    model = build_model(7, 3, "mlp_dense", 16, 2, 0.1)
    assert isinstance(model, MLP)
    block = [nn.Linear, nn.BatchNorm1d, nn.ReLU, Dropout]
    assert [type(layer) for layer in model.net] == [*block, *block, nn.Linear]
    assert not [m for m in build_model(7, 3, "mlp_dense", 16, 2, 0.0).modules() if isinstance(m, nn.Dropout)]
    assert model_num_hidden_layers(build_model(7, 3, "mlp_dense", 16, 0, 0.0)) == 1


def test_a_residual_block_adds_its_input() -> None:
    model = build_model(7, 3, "tabresnet", 16, 2, 0.1)
    assert isinstance(model, TabResNet)
    block = model.blocks[0].eval()
    for parameter in block.parameters():
        nn.init.zeros_(parameter)
    x = torch.randn(4, 16)
    torch.testing.assert_close(block(x), torch.relu(x))


@pytest.mark.parametrize("mode", SPECIFIED_MODES)
def test_every_specified_mode_maps_rows_to_outputs(mode: str) -> None:
    """REQ-T08."""
    model = build_model(7, 3, mode, 16, 2, 0.1)
    assert model(torch.randn(5, 7)).shape == (5, 3)
    if mode not in ("linear_glm_baseline", "tabresnet"):
        assert isinstance(model, MLP)


@pytest.mark.parametrize("mode", ["magic", "tabm"])
def test_a_mode_that_needs_no_table_is_asked_for_with_the_known_ones(mode: str) -> None:
    with pytest.raises(ConfigError, match=rf"'{mode}' is unknown, or .*mlp_dense.*tree_teacher_distillation\.$"):
        build_model(7, 3, mode, 16, 2, 0.1)


def test_class_weights_are_n_over_classes_times_count() -> None:
    """REQ-T09: the weights of imbalance_aware; a class without rows counts as one."""
    weights = compute_class_weights(torch.tensor([0, 0, 0, 2]), 3, "cpu")
    torch.testing.assert_close(weights, torch.tensor([4 / 9, 4 / 3, 4 / 3]))


@pytest.mark.parametrize(("mode", "layers"), [("mlp_dense", 3), ("tabresnet", 2)])
def test_the_shape_is_read_off_a_live_network(mode: str, layers: int) -> None:
    model = build_model(7, 3, mode, 24, layers, 0.25)
    read = (model_training_mode(model), model_hidden_dim(model), model_num_hidden_layers(model), model_dropout(model))
    assert read == (mode, 24, layers, 0.25)


def test_a_linear_network_has_no_hidden_layers_to_read() -> None:
    model = build_model(7, 3, "linear_glm_baseline", 24, 3, 0.25)
    assert isinstance(model, LinearBaseline)
    assert model_training_mode(model) == "linear_glm_baseline"
    assert model_dropout(model) == 0.0
