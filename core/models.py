"""The networks: float32 `(batch, input_dim)` in, `(batch, output_dim)` out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from core.dropout import Dropout
from core.errors import ConfigError
from core.networks.blend import Blend, blend_shape_of, build_blend
from core.networks.fronted import Fronted, build_fronted, shape_of
from core.networks.realmlp import RealMLP
from core.networks.shape import AddedShape, BlendShape
from core.networks.tabm import TabM
from core.settled import REALMLP_DEEPER, REALMLP_WIDER
from core.types import SPECIFIED_MODES, TIMED_MODE, TrainingConfig


class MLP(nn.Module):
    """Blocks of linear, batch norm, ReLU and dropout, then a linear head."""

    def __init__(self, input_dim: int, output_dim: int, hidden_dim: int, num_hidden_layers: int, dropout: float):
        super().__init__()
        layers: list[nn.Module] = []
        width = input_dim
        for _ in range(max(1, num_hidden_layers)):
            layers += [nn.Linear(width, hidden_dim), nn.BatchNorm1d(hidden_dim), nn.ReLU()]
            if dropout > 0:
                layers.append(Dropout(dropout))
            width = hidden_dim
        self.net = nn.Sequential(*layers, nn.Linear(width, output_dim))

    def forward(self, x: Tensor) -> Tensor:
        return self.net(x)  # type: ignore[no-any-return]


class LinearBaseline(nn.Module):
    """One linear layer: logistic or linear regression."""

    def __init__(self, input_dim: int, output_dim: int):
        super().__init__()
        self.linear = nn.Linear(input_dim, output_dim)

    def forward(self, x: Tensor) -> Tensor:
        return self.linear(x)  # type: ignore[no-any-return]


class ResidualBlock(nn.Module):
    """Two linear layers with batch norm, added to their input (He et al., 2016)."""

    def __init__(self, hidden_dim: int, dropout: float):
        super().__init__()
        self.block = nn.Sequential(
            nn.Linear(hidden_dim, hidden_dim),
            nn.BatchNorm1d(hidden_dim),
            nn.ReLU(),
            Dropout(dropout) if dropout > 0 else nn.Identity(),
            nn.Linear(hidden_dim, hidden_dim),
            nn.BatchNorm1d(hidden_dim),
        )

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(self.block(x) + x)


class TabResNet(nn.Module):
    """A residual network for tables: a linear stem, residual blocks, a linear head."""

    def __init__(self, input_dim: int, output_dim: int, hidden_dim: int, num_hidden_layers: int, dropout: float):
        super().__init__()
        self.stem = nn.Sequential(nn.Linear(input_dim, hidden_dim), nn.BatchNorm1d(hidden_dim), nn.ReLU())
        self.blocks = nn.Sequential(*(ResidualBlock(hidden_dim, dropout) for _ in range(max(1, num_hidden_layers))))
        self.head = nn.Linear(hidden_dim, output_dim)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.blocks(self.stem(x)))  # type: ignore[no-any-return]


def build_model(
    input_dim: int,
    output_dim: int,
    training_mode: str,
    hidden_dim: int,
    num_hidden_layers: int,
    dropout: float,
) -> nn.Module:
    """Build the untrained network of a specified `training_mode`.

    Raises ConfigError (a ValueError) for any other. Source: REQ-T08.
    """
    if training_mode not in SPECIFIED_MODES:
        raise ConfigError(
            f"Training mode {training_mode!r} is unknown, or its network follows from the table that it is trained on. "
            f"Choose one of: {', '.join(SPECIFIED_MODES)}."
        )
    model: nn.Module
    if training_mode == "linear_glm_baseline":
        model = LinearBaseline(input_dim, output_dim)
    elif training_mode == "tabresnet":
        model = TabResNet(input_dim, output_dim, hidden_dim, num_hidden_layers, dropout)
    else:
        model = MLP(input_dim, output_dim, hidden_dim, num_hidden_layers, dropout)
    return model


def build_network(config: Mapping[str, Any]) -> nn.Module:
    """Build an untrained network from what `model_config` gave."""
    settings = dict(config)
    shape = settings.pop("shape", None)
    if shape is None:
        return build_model(**settings)
    sizes = [settings[name] for name in ("output_dim", "hidden_dim", "num_hidden_layers", "dropout")]
    if settings["training_mode"] == TIMED_MODE:
        return build_blend(BlendShape.from_dict(shape), *sizes)
    return build_fronted(AddedShape.from_dict(shape), *sizes)


def model_config(
    input_dim: int, output_dim: int, cfg: TrainingConfig, model: nn.Module | None = None
) -> dict[str, Any]:
    """Return the arguments of `build_network` for a network trained under `cfg`, as a bundle keeps them.

    Those of a specified mode are the arguments of `build_model`; for an added mode the trained `model` is needed.
    """
    found = added_shape(model)
    shape = {} if found is None else {"shape": found.as_dict()}
    return {
        "input_dim": input_dim,
        "output_dim": output_dim,
        "training_mode": cfg.training_mode,
        "hidden_dim": cfg.hidden_dim,
        "num_hidden_layers": max(1, cfg.num_hidden_layers) if shape else cfg.num_hidden_layers,
        "dropout": cfg.dropout,
        **shape,
    }


def added_shape(model: object) -> AddedShape | BlendShape | None:
    """Return the sizes of an added mode's network that its settings do not say; None for any other network."""
    if isinstance(model, Blend):
        return blend_shape_of(model)
    return shape_of(model) if isinstance(model, Fronted) else None


def compute_class_weights(y: Tensor, output_dim: int, device: torch.device | str) -> Tensor:
    """Weight each class by `n / (classes × max(1, count))`; `y` is long `(n,)`, the result `(output_dim,)`."""
    y = torch.as_tensor(y)
    counts = torch.bincount(y.cpu(), minlength=output_dim).clamp(min=1)
    return (y.numel() / (output_dim * counts.to(torch.float32))).to(device)


def model_training_mode(model: nn.Module) -> str:
    """Return the mode family of a live network; the modes that share the MLP read as `mlp_dense`."""
    if isinstance(model, Blend):
        return TIMED_MODE
    if isinstance(model, Fronted):
        return shape_of(model).family
    if isinstance(model, LinearBaseline):
        return "linear_glm_baseline"
    return "tabresnet" if isinstance(model, TabResNet) else "mlp_dense"


def model_hidden_dim(model: nn.Module, default: int = 128) -> int:
    """Return the width of a live network's hidden layers, `default` where it has none; of a RealMLP, TabM's."""
    body = _body(model)
    if isinstance(body, RealMLP):
        return body.hidden_dim // REALMLP_WIDER
    first = next((m for m in body.modules() if isinstance(m, nn.Linear)), None)
    if first is None or isinstance(body, LinearBaseline):
        return default
    return first.out_features


def model_num_hidden_layers(model: nn.Module, default: int = 1) -> int:
    """Return the depth of a live network: MLP blocks, or residual blocks; `default` where it has none."""
    body = _body(model)
    if isinstance(body, LinearBaseline):
        return default
    if isinstance(body, RealMLP):
        return body.num_hidden_layers - REALMLP_DEEPER
    if isinstance(body, TabM):
        return len(body.backbone.blocks)
    if isinstance(body, TabResNet):
        return len(body.blocks)
    return max(1, sum(isinstance(m, nn.Linear) for m in body.modules()) - 1)


def model_dropout(model: nn.Module, default: float = 0.0) -> float:
    """Return the dropout share of a live network, `default` where it has none."""
    body = _body(model)
    return next((m.p for m in body.modules() if isinstance(m, nn.Dropout)), default)


def _body(model: nn.Module) -> nn.Module:
    """Return what is behind the front of an added network, of the first one in a blend; any other as it is."""
    first = model.members[0] if isinstance(model, Blend) else model
    return first.body if isinstance(first, Fronted) else first
