"""Several networks that predict together: their weighted mean."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from core.networks.fronted import Fronted, build_fronted, shape_of
from core.networks.shape import BlendShape

SMALLEST_SHARE = 1e-30  # of a probability, so that its logarithm is finite


class Blend(nn.Module):
    """Encoded rows float32 `(b, input_dim)` in, the members' mean `(b, output_dim)` out, weighted by `share`.

    Of classes the mean is that of the probabilities, given as logarithms. The shares add up to 1.
    """

    share: Tensor

    def __init__(self, members: Sequence[Fronted], shares: Sequence[float]) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)
        self.register_buffer("share", torch.tensor(list(shares), dtype=torch.float32))

    def forward(self, x: Tensor) -> Tensor:
        return blended([member(x) for member in self.members], self.share)


def blended(outputs: Sequence[Tensor], shares: Tensor) -> Tensor:
    """Return the weighted mean of members' outputs, each `(n, outputs)`: of numbers, or of classes' probabilities."""
    stacked = torch.stack(list(outputs))  # (members, n, outputs)
    if stacked.shape[2] == 1:
        return (shares[:, None, None] * stacked).sum(dim=0)
    logarithms = shares.clamp_min(SMALLEST_SHARE).log()[:, None, None]
    return torch.logsumexp(torch.log_softmax(stacked, dim=2) + logarithms, dim=0)


def build_blend(shape: BlendShape, output_dim: int, hidden_dim: int, num_hidden_layers: int, dropout: float) -> Blend:
    """Build the network of a model of mode `auto`, with nothing in it yet; torch's random state stays as it is."""
    members = [build_fronted(each, output_dim, hidden_dim, num_hidden_layers, dropout) for each in shape.members]
    return Blend(members, [1 / len(members)] * len(members))


def blend_shape_of(network: Blend) -> BlendShape:
    """Return the sizes of a blend, from which `build_blend` builds one like it."""
    return BlendShape(tuple(shape_of(member) for member in network.members if isinstance(member, Fronted)))
