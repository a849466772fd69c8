"""RealMLP (Holzmüller, Grinsztajn and Steinwart, 2024, "Better by default"): a plain network, well initialised."""

from __future__ import annotations

import math
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from core.dropout import Dropout
from core.networks.bounded import Bounded

ROWS_TO_LOOK_AT = 4_096  # by which the first weights are scaled
CORNERS = 5  # rows that a unit's bend lies between
NARROWEST = 1e-6


class Scaling(nn.Module):
    """A factor for each input, which training finds quickly: it learns at a higher rate."""

    def __init__(self, n_inputs: int) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(n_inputs))

    def forward(self, x: Tensor) -> Tensor:
        return x * self.scale


class NTKLinear(nn.Module):
    """`x W / √inputs + b` (Jacot et al., 2018), standard normal until `look_at` has seen rows: `(b, inputs)` in."""

    def __init__(self, n_inputs: int, n_outputs: int) -> None:
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.randn(n_inputs, n_outputs)), nn.Parameter(torch.zeros(n_outputs))
        self.factor = 1 / math.sqrt(n_inputs)

    def forward(self, x: Tensor) -> Tensor:
        return torch.addmm(self.bias, x, self.weight, alpha=self.factor)

    @torch.no_grad()
    def look_at(self, x: Tensor) -> None:
        """Scale the weights so that each output varies by 1 over rows `x`, and let it bend between some of them."""
        self.weight.div_((x @ self.weight * self.factor).std(dim=0, correction=0).clamp_min(NARROWEST))
        outputs = x @ self.weight * self.factor
        n_outputs = outputs.shape[1]
        corners = torch.randint(len(outputs), (CORNERS, n_outputs))
        shares = torch.empty(CORNERS, n_outputs).exponential_()
        self.bias.copy_(-(outputs.gather(0, corners) * shares / shares.sum(dim=0)).sum(dim=0))

    def extra_repr(self) -> str:
        return f"{self.weight.shape[0]}, {self.weight.shape[1]}"


class Activation(nn.Module):
    """`x + a (f(x) − x)` with a weight `a` for each unit; f is SELU for classes, Mish for numbers."""

    def __init__(self, n_units: int, *, is_smooth: bool) -> None:
        super().__init__()
        self.mix = nn.Parameter(torch.ones(n_units))
        self.is_smooth, self.function = is_smooth, functional.mish if is_smooth else functional.selu

    def forward(self, x: Tensor) -> Tensor:
        return torch.lerp(x, self.function(x), self.mix)


class RealMLP(Bounded):
    """Inputs `(b, n_inputs)` in, `(b, output_dim)` out; numbers stay within those of training.

    The simplified network of the paper (TD-S), with the dropout and the first weights of the whole one (TD).
    """

    def __init__(
        self, n_inputs: int, output_dim: int, *, hidden_dim: int, num_hidden_layers: int, dropout: float
    ) -> None:
        super().__init__(output_dim)
        self.hidden_dim, self.num_hidden_layers = hidden_dim, num_hidden_layers
        layers: list[nn.Module] = [Scaling(n_inputs)]
        for before, after in pairwise([n_inputs, *[hidden_dim] * num_hidden_layers]):
            layers += [NTKLinear(before, after), Activation(after, is_smooth=output_dim == 1)]
            layers += [Dropout(dropout)] if dropout > 0 else []
        self.net = nn.Sequential(*layers, NTKLinear(hidden_dim if num_hidden_layers else n_inputs, output_dim))

    def forward(self, z: Tensor) -> Tensor:
        outputs: Tensor = self.net(z)
        return outputs if self.training else self.bounded(outputs)

    @torch.no_grad()
    def look_at(self, z: Tensor) -> None:
        """Fit the first weights of each layer to what some of the training inputs `z` (n, inputs) become there."""
        x = z[torch.randperm(len(z))[:ROWS_TO_LOOK_AT]]
        for layer in self.net:
            if isinstance(layer, NTKLinear):
                layer.look_at(x)
            x = x if isinstance(layer, Dropout) else layer(x)
