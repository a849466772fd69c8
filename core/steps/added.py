"""Backpropagation written out for the networks of the added modes, as `core.steps.explicit` has it for the others."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from rtdl_num_embeddings import PiecewiseLinearEmbeddings
from tabm import LinearEnsemble
from torch import Tensor, nn

from core.dropout import Dropout
from core.networks.averaged import Averaged
from core.networks.realmlp import Activation, NTKLinear, RealMLP, Scaling
from core.networks.tabm import TabM
from core.steps.explicit import Chain, DropoutLayer, Layer, is_watched, layers_of
from core.steps.flat import gradient_of

_aten = torch.ops.aten
SELU = (1.6732632423543772, 1.0507009873554805, 1.0)  # Klambauer et al., 2017, as PyTorch has it
_OF_INPUT = False  # the gradient of SELU is taken at what went in


class ScalingLayer:
    """A factor for each input of a network; it comes first, so that the gradient by its input is of no use."""

    def __init__(self, module: Scaling) -> None:
        self._scale, self._by_scale = module.scale.detach(), gradient_of(module.scale)
        self._x = torch.empty(0)

    def forward(self, x: Tensor) -> Tensor:
        self._x = x
        return x * self._scale

    def backward(self, gradient: Tensor) -> Tensor:
        torch.sum(gradient * self._x, 0, out=self._by_scale)
        return gradient


class NTKLayer:
    """`x W / √inputs + b`."""

    def __init__(self, module: NTKLinear) -> None:
        self._weight, self._bias, self._factor = module.weight.detach(), module.bias.detach(), module.factor
        self._by_weight, self._by_bias = gradient_of(module.weight), gradient_of(module.bias)
        self._x = torch.empty(0)

    def forward(self, x: Tensor) -> Tensor:
        self._x = x
        return torch.addmm(self._bias, x, self._weight, alpha=self._factor)

    def backward(self, gradient: Tensor) -> Tensor:
        torch.mm(self._x.t(), gradient, out=self._by_weight).mul_(self._factor)
        torch.sum(gradient, 0, out=self._by_bias)
        return torch.mm(gradient, self._weight.t()).mul_(self._factor)


class ActivationLayer:
    """`x + a (f(x) − x)`."""

    def __init__(self, module: Activation) -> None:
        self._mix, self._by_mix = module.mix.detach(), gradient_of(module.mix)
        self._is_smooth, self._function = module.is_smooth, module.function
        self._x = self._bent = torch.empty(0)

    def forward(self, x: Tensor) -> Tensor:
        self._x, self._bent = x, self._function(x)
        return torch.lerp(x, self._bent, self._mix)

    def backward(self, gradient: Tensor) -> Tensor:
        torch.sum(self._bent.sub_(self._x).mul_(gradient), 0, out=self._by_mix)
        mixed = gradient * self._mix
        by_input = self._back(mixed)
        return by_input.add_(gradient).sub_(mixed)

    def _back(self, gradient: Tensor) -> Tensor:
        if self._is_smooth:
            return _aten.mish_backward.default(gradient, self._x)  # type: ignore[no-any-return]
        return _aten.elu_backward.default(gradient, *SELU, _OF_INPUT, self._x)  # type: ignore[no-any-return]


class EmbeddingLayer:
    """Numbers `(b, n)` in, their piecewise-linear embeddings `(b, n, d)` out."""

    def __init__(self, module: PiecewiseLinearEmbeddings) -> None:
        line, steps = module.linear0, module.linear
        self._encode = module.impl
        self._slope, self._bias, self._weight = line.weight.detach(), line.bias.detach(), steps.weight.detach()
        self._by_slope, self._by_bias = gradient_of(line.weight), gradient_of(line.bias)
        self._by_weight = gradient_of(steps.weight)
        self._x = self._encoded = torch.empty(0)

    def forward(self, x: Tensor) -> Tensor:
        self._x, self._encoded = x.unsqueeze(2), self._encode(x).transpose(0, 1)
        line = torch.addcmul(self._bias, self._slope, self._x)
        return line.add_(torch.bmm(self._encoded, self._weight).transpose(0, 1))

    def backward(self, gradient: Tensor) -> Tensor:
        torch.bmm(self._encoded.mT, gradient.transpose(0, 1), out=self._by_weight)
        torch.sum(gradient * self._x, 0, out=self._by_slope)
        torch.sum(gradient, 0, out=self._by_bias)
        return gradient


class EnsembleLayer:
    """`(b, k, f)` in, `(b, k, outputs)` out, with weights of each of the k networks' own."""

    def __init__(self, module: LinearEnsemble) -> None:
        self._weight, self._bias = module.weight.detach(), module.bias.detach()
        self._by_weight, self._by_bias = gradient_of(module.weight), gradient_of(module.bias)
        self._x = torch.empty(0)

    def forward(self, x: Tensor) -> Tensor:
        self._x = x.transpose(0, 1)
        outputs: Tensor = torch.bmm(self._x, self._weight).transpose(0, 1) + self._bias
        return outputs

    def backward(self, gradient: Tensor) -> Tensor:
        by_member = gradient.transpose(0, 1)
        torch.bmm(self._x.mT, by_member, out=self._by_weight)
        torch.sum(gradient, 0, out=self._by_bias)
        return torch.bmm(by_member, self._weight.mT).transpose(0, 1).contiguous()


class TabMLayers:
    """All of a TabM: embedding, each network's scale of the inputs, the shared layers, each network's output."""

    def __init__(self, module: TabM) -> None:
        scale = module.backbone.affine.weight
        self._embedding = EmbeddingLayer(module.embedding) if module.embedding is not None else None
        self._n_numbers, self._n_embedded = module.n_numbers, module.n_numbers * module.d_embedding
        self._scale, self._by_scale = scale.detach(), gradient_of(scale)
        self._shared = layers_of(module.backbone.blocks, is_first=False)
        self._output = EnsembleLayer(module.output)
        self._z = torch.empty(0)

    def forward(self, z: Tensor) -> Tensor:
        if self._embedding is not None:
            numbers, binary = z[:, : self._n_numbers], z[:, self._n_numbers :]
            z = torch.cat([self._embedding.forward(numbers).flatten(1), binary], dim=1)
        self._z = z.unsqueeze(1)
        scaled = self._z * self._scale
        return self._output.forward(self._shared.forward(scaled.flatten(0, 1)).view(*scaled.shape[:2], -1))

    def backward(self, gradient: Tensor) -> Tensor:
        by_shared = self._shared.backward(self._output.backward(gradient).flatten(0, 1))
        by_scaled = by_shared.view(*gradient.shape[:2], -1)
        torch.sum(by_scaled * self._z, 0, out=self._by_scale)
        if self._embedding is None:
            return gradient
        embedded = slice(0, self._n_embedded)
        by_embedding = (by_scaled[:, :, embedded] * self._scale[:, embedded]).sum(1)
        return self._embedding.backward(by_embedding.view(len(gradient), self._n_numbers, -1))


def explicit_added(model: nn.Module) -> Layer | None:
    """Return the layers of a flattened network of an added mode; None for any other, or one that somebody watches."""
    network = model.live if type(model) is Averaged else model
    if is_watched(model):
        return None
    if type(network) is TabM:
        return TabMLayers(network)
    return Chain(_realmlp_layers(network.net)) if type(network) is RealMLP else None


def _realmlp_layers(modules: nn.Sequential) -> Sequence[Layer]:
    layers: list[Layer] = []
    for module in modules:
        match module:
            case Scaling():
                layers.append(ScalingLayer(module))
            case NTKLinear():
                layers.append(NTKLayer(module))
            case Activation():
                layers.append(ActivationLayer(module))
            case Dropout():
                layers.append(DropoutLayer(module))
    return layers
