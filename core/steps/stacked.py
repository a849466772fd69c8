"""The layers of several networks of one shape, each trained on rows of its own, in one operation for all.

Rows are float32 `(b, members, f)`: one row of each member beside those of the others, so that batch norm
takes a feature of a member for a feature of its own. What a member gets is what it would get alone, but for
the last digits of a product of matrices.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import cast

import torch
from torch import Tensor, nn

from core.dropout import MaskDrawer
from core.models import ResidualBlock
from core.steps.explicit import Chain, Layer, NormLayer, ReluLayer, ResidualLayer
from core.steps.flat import Stacked


class StackedLinear:
    """`x Wᵀ + b` with the weights of every member: W `(members, out, in)`, b `(members, out)`."""

    def __init__(self, weight: Stacked, bias: Stacked, *, is_first: bool) -> None:
        self._weight, self._by_weight = weight.values, weight.gradient
        self._bias, self._by_bias = bias.values.unsqueeze(1), bias.gradient
        self._is_first = is_first
        self._x = torch.empty(0)

    def forward(self, x: Tensor) -> Tensor:
        self._x = x.transpose(0, 1)
        return torch.baddbmm(self._bias, self._x, self._weight.mT).transpose(0, 1).contiguous()

    def backward(self, gradient: Tensor) -> Tensor:
        torch.bmm(gradient.permute(1, 2, 0), self._x, out=self._by_weight)
        torch.sum(gradient, 0, out=self._by_bias)
        if self._is_first:
            return gradient
        return torch.bmm(gradient.transpose(0, 1), self._weight).transpose(0, 1).contiguous()


class StackedNorm:
    """Batch norm over the rows of each member."""

    def __init__(self, modules: Sequence[nn.BatchNorm1d], weight: Stacked, bias: Stacked) -> None:
        self._layer = NormLayer(_as_one(modules, weight, bias))

    def forward(self, x: Tensor) -> Tensor:
        return self._layer.forward(x.flatten(1)).view_as(x)

    def backward(self, gradient: Tensor) -> Tensor:
        return self._layer.backward(gradient.flatten(1)).view_as(gradient)


class StackedDropout:
    """Dropout whose random numbers are, for every member, those of its own generator."""

    def __init__(self, p: float, generators: Sequence[torch.Generator]) -> None:
        self._p, self._generators = p, generators
        self._drawers: dict[torch.Size, MaskDrawer] = {}
        self._mask = torch.empty(0)

    def forward(self, x: Tensor) -> Tensor:
        drawer = self._drawers.get(x.shape)
        if drawer is None:
            n_of_a_member = x.numel() // x.shape[1]
            drawer = self._drawers.setdefault(x.shape, MaskDrawer(n_of_a_member, self._p, self._generators))
        self._mask = drawer.draw().view(x.shape[1], x.shape[0], x.shape[2]).transpose(0, 1)
        return x * self._mask

    def backward(self, gradient: Tensor) -> Tensor:
        return gradient.mul_(self._mask)


def stacked(models: Sequence[nn.Module], weights: Sequence[Stacked], generators: Sequence[torch.Generator]) -> Layer:
    """Return the layers of all `models`, which are of one shape, on their `weights` in the order of `parameters`."""
    return Chain(_layers(models, iter(weights), generators, is_first=True))


def _layers(
    modules: Sequence[nn.Module], weights: Iterator[Stacked], generators: Sequence[torch.Generator], *, is_first: bool
) -> list[Layer]:
    match modules[0]:
        case nn.Linear():
            return [StackedLinear(next(weights), next(weights), is_first=is_first)]
        case nn.BatchNorm1d():
            return [StackedNorm(cast("Sequence[nn.BatchNorm1d]", modules), next(weights), next(weights))]
        case nn.ReLU():
            return [ReluLayer()]
        case nn.Dropout() as dropout:
            return [StackedDropout(dropout.p, generators)]
        case ResidualBlock():
            blocks = [cast(ResidualBlock, module).block for module in modules]
            return [ResidualLayer(Chain(_layers(blocks, weights, generators, is_first=False)))]
        case _:
            layers: list[Layer] = []
            for parts in zip(*(module.children() for module in modules), strict=True):
                layers += _layers(parts, weights, generators, is_first=is_first and not layers)
            return layers


def _as_one(modules: Sequence[nn.BatchNorm1d], weight: Stacked, bias: Stacked) -> nn.BatchNorm1d:
    """Return one batch norm over the features of all; their running statistics become views of its own."""
    first = modules[0]
    one = nn.BatchNorm1d(len(modules) * first.num_features, first.eps, first.momentum)
    one.weight, one.bias = weight.in_one_row(), bias.in_one_row()
    for name in ("running_mean", "running_var", "num_batches_tracked"):
        values = torch.stack([getattr(module, name) for module in modules])
        setattr(one, name, values.view(-1))
        for module, own in zip(modules, values, strict=True):
            setattr(module, name, own)
    return one
