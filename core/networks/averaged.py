"""A network that learns, and the running mean of its weights, which is what predicts."""

from __future__ import annotations

import copy
from typing import Generic, TypeVar

import torch
from torch import Tensor, nn

WARM_UP = 9  # steps in which the mean forgets what came first sooner

Network = TypeVar("Network", bound=nn.Module)


class Averaged(nn.Module, Generic[Network]):
    """In training the `live` network; else `mean`, whose weights are an exponential moving average of the live ones.

    After n steps the mean keeps min(`decay`, n / (n + 9)) of itself (Polyak and Juditsky, 1992; Morales-Brotons et al.,
    2024). Buffers are those that the network began with.
    """

    def __init__(self, network: Network, decay: float) -> None:
        super().__init__()
        self.live, self.mean = network, copy.deepcopy(network).requires_grad_(False)
        self._decay = decay

    @property
    def n_products(self) -> int:
        """Return how many products a row takes in training."""
        weights = sum(weight.numel() for weight in self.live.parameters())
        return int(getattr(self.live, "n_products", weights))

    def forward(self, x: Tensor) -> Tensor:
        outputs: Tensor = self.live(x) if self.training else self.mean(x)
        return outputs

    @torch.no_grad()
    def follow(self, n_steps: int) -> None:
        """Move the mean on towards the live weights after step number `n_steps`."""
        keep = min(self._decay, n_steps / (n_steps + WARM_UP))
        torch._foreach_lerp_(list(self.mean.parameters()), [p.detach() for p in self.live.parameters()], 1 - keep)
