"""Backpropagation written out for the layers of `core.models`.

The operations are those that autograd would call, in the same order, so that weights are equal to the last
bit; only its bookkeeping is left out, which on a CPU takes as long as the arithmetic of a small network.
Rows are float32 `(b, f)`. A layer's `backward` takes the gradient of the loss by its output, writes the
gradients of its parameters where `core.steps.flat` keeps them, and returns the gradient by its input.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, cast

import torch
from torch import Tensor, nn
from torch.nn.modules.module import _has_any_global_hook as has_any_global_hook

from core.dropout import Dropout, MaskDrawer
from core.models import MLP, LinearBaseline, ResidualBlock, TabResNet
from core.steps.flat import gradient_of

_batch_norm_backward = torch.ops.aten.native_batch_norm_backward.default
_threshold_backward = torch.ops.aten.threshold_backward.default
FAMILIES = (MLP, LinearBaseline, TabResNet)
_ALL = [True, True, True]  # the gradients of batch norm by input, weight and bias


class Layer(Protocol):
    """One part of a network, between a forward pass and the backward pass that follows it."""

    def forward(self, x: Tensor) -> Tensor: ...
    def backward(self, gradient: Tensor) -> Tensor: ...


class LinearLayer:
    """`x Wᵀ + b`. The first layer of a network has no use for the gradient by its input."""

    def __init__(self, module: nn.Linear, *, is_first: bool) -> None:
        self._weight, self._bias, self._is_first = module.weight.detach(), module.bias.detach(), is_first
        self._by_weight, self._by_bias = gradient_of(module.weight), gradient_of(module.bias)
        self._transposed = self._weight.t()
        self._x = torch.empty(0)

    def forward(self, x: Tensor) -> Tensor:
        self._x = x
        return torch.addmm(self._bias, x, self._transposed)

    def backward(self, gradient: Tensor) -> Tensor:
        torch.mm(gradient.t(), self._x, out=self._by_weight)
        torch.sum(gradient, 0, out=self._by_bias)
        return gradient if self._is_first else torch.mm(gradient, self._weight)


class NormLayer:
    """Batch norm with the statistics of the batch (Ioffe and Szegedy, 2015)."""

    def __init__(self, module: nn.BatchNorm1d) -> None:
        self._weight, self._bias = module.weight.detach(), module.bias.detach()
        self._by_weight, self._by_bias = gradient_of(module.weight), gradient_of(module.bias)
        self._running, self._count = (module.running_mean, module.running_var), cast(Tensor, module.num_batches_tracked)
        self._momentum, self._eps = cast(float, module.momentum), module.eps
        self._seen: tuple[Tensor, ...] = ()  # input, mean, 1 / deviation

    def forward(self, x: Tensor) -> Tensor:
        self._count.add_(1)
        y, *statistics = torch.native_batch_norm(
            x, self._weight, self._bias, *self._running, True, self._momentum, self._eps
        )
        self._seen = (x, *statistics)
        return y

    def backward(self, gradient: Tensor) -> Tensor:
        x, *statistics = self._seen
        by_input, by_weight, by_bias = _batch_norm_backward(
            gradient, x, self._weight, *self._running, *statistics, True, self._eps, _ALL
        )
        self._by_weight.copy_(by_weight)
        self._by_bias.copy_(by_bias)
        return by_input  # type: ignore[no-any-return]


class ReluLayer:
    """`max(x, 0)`, in place."""

    def __init__(self) -> None:
        self._y = torch.empty(0)

    def forward(self, x: Tensor) -> Tensor:
        self._y = x.relu_()
        return self._y

    def backward(self, gradient: Tensor) -> Tensor:
        return _threshold_backward(gradient, self._y, 0)  # type: ignore[no-any-return]


class DropoutLayer:
    """A unit in so many is silenced, and the others are made up for it."""

    def __init__(self, module: Dropout, generator: torch.Generator | None = None) -> None:
        self._p, self._generator = module.p, generator
        self._drawers: dict[torch.Size, MaskDrawer] = {}  # a training has two sizes of batches at most
        self._mask = torch.empty(0)

    def forward(self, x: Tensor) -> Tensor:
        drawer = self._drawers.get(x.shape)
        if drawer is None:
            drawer = self._drawers.setdefault(x.shape, MaskDrawer(x.numel(), self._p, [self._generator]))
        self._mask = drawer.draw().view(x.shape)
        return x * self._mask

    def backward(self, gradient: Tensor) -> Tensor:
        return gradient.mul_(self._mask)


class ResidualLayer:
    """`relu(inner(x) + x)`."""

    def __init__(self, inner: Layer) -> None:
        self._inner, self._relu = inner, ReluLayer()

    def forward(self, x: Tensor) -> Tensor:
        return self._relu.forward(self._inner.forward(x).add_(x))

    def backward(self, gradient: Tensor) -> Tensor:
        gradient = self._relu.backward(gradient)
        return self._inner.backward(gradient) + gradient


class Chain:
    """Layers behind one another."""

    def __init__(self, layers: Sequence[Layer]) -> None:
        self._layers = layers

    def forward(self, x: Tensor) -> Tensor:
        for layer in self._layers:
            x = layer.forward(x)
        return x

    def backward(self, gradient: Tensor) -> Tensor:
        for layer in reversed(self._layers):
            gradient = layer.backward(gradient)
        return gradient


def explicit(model: nn.Module) -> Layer | None:
    """Return the layers of a flattened network of ours; None for any other, or one that somebody watches."""
    return None if type(model) not in FAMILIES or is_watched(model) else layers_of(model)


def layers_of(model: nn.Module, generator: torch.Generator | None = None, *, is_first: bool = True) -> Layer:
    """Return the layers of a flattened network of one of the `FAMILIES`, or of a part that `is_first` or not in one.

    `generator` draws its masks.
    """
    return Chain(_layers(model, generator, is_first=is_first))


def is_watched(model: nn.Module) -> bool:
    """Tell whether somebody has a hook in the network, which is called by autograd's way only."""
    hooks = [
        (part._forward_hooks, part._forward_pre_hooks, part._backward_hooks, part._backward_pre_hooks)
        for part in model.modules()
    ]
    return bool(has_any_global_hook()) or any(map(any, hooks))  # type: ignore[no-untyped-call]


def _layers(module: nn.Module, generator: torch.Generator | None, *, is_first: bool) -> list[Layer]:
    match module:
        case nn.Linear():
            return [LinearLayer(module, is_first=is_first)]
        case nn.BatchNorm1d():
            return [NormLayer(module)]
        case nn.ReLU():
            return [ReluLayer()]
        case Dropout():
            return [DropoutLayer(module, generator)]
        case ResidualBlock():
            return [ResidualLayer(Chain(_layers(module.block, generator, is_first=False)))]
        case _:  # a sequence, or a network whose parts follow one another; nothing for an identity
            layers: list[Layer] = []
            for child in module.children():
                layers += _layers(child, generator, is_first=is_first and not layers)
            return layers
