"""RealMLP-TD-S (Holzmüller, Grinsztajn and Steinwart, 2024, "Better by default"): a plain network, well initialised."""

from __future__ import annotations

import math
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from core.networks.bounded import Bounded


class Scaling(nn.Module):
    """A factor for each input, which training finds quickly: it learns at a higher rate."""

    def __init__(self, n_inputs: int) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(n_inputs))

    def forward(self, x: Tensor) -> Tensor:
        return x * self.scale


class NTKLinear(nn.Module):
    """`x W / √inputs + b` with standard normal W and b (Jacot et al., 2018), or with none yet: float32 `(b, f)`."""

    def __init__(self, n_inputs: int, n_outputs: int, *, zero: bool = False) -> None:
        super().__init__()
        make = torch.zeros if zero else torch.randn
        self.weight, self.bias = nn.Parameter(make(n_inputs, n_outputs)), nn.Parameter(make(n_outputs))
        self._factor = 1 / math.sqrt(n_inputs)

    def forward(self, x: Tensor) -> Tensor:
        return torch.addmm(self.bias, x, self.weight, alpha=self._factor)

    def extra_repr(self) -> str:
        return f"{self.weight.shape[0]}, {self.weight.shape[1]}"


class Activation(nn.Module):
    """`x + a (f(x) − x)` with a weight `a` for each unit; f is SELU for classes, Mish for numbers."""

    def __init__(self, n_units: int, *, is_smooth: bool) -> None:
        super().__init__()
        self.mix = nn.Parameter(torch.ones(n_units))
        self._function = functional.mish if is_smooth else functional.selu

    def forward(self, x: Tensor) -> Tensor:
        return torch.lerp(x, self._function(x), self.mix)


class RealMLP(Bounded):
    """Inputs `(b, n_inputs)` in, `(b, output_dim)` out; numbers stay within those of training."""

    def __init__(
        self, n_inputs: int, output_dim: int, *, hidden_dim: int, num_hidden_layers: int, dropout: float
    ) -> None:
        super().__init__(output_dim)
        layers: list[nn.Module] = [Scaling(n_inputs)]
        widths = [n_inputs, *[hidden_dim] * num_hidden_layers]
        for before, after in pairwise(widths):
            layers += [NTKLinear(before, after), Activation(after, is_smooth=output_dim == 1)]
        self.net = nn.Sequential(*layers, NTKLinear(widths[-1], output_dim, zero=True))

    def forward(self, z: Tensor) -> Tensor:
        outputs: Tensor = self.net(z)
        return outputs if self.training else self.bounded(outputs)


def coslog4(done: float) -> float:
    """Return the rate after the share `done` of the training, of the largest: four waves, each longer than the last."""
    return 0.5 * (1 - math.cos(2 * math.pi * math.log2(1 + 15 * done)))
