"""A network that predicts no number beyond those it was trained on."""

from __future__ import annotations

import torch
from torch import Tensor, nn

ANY_NUMBER = 1e30


class Bounded(nn.Module):
    """A network with bounds for each of its outputs, which bind nothing until `stay_within` has set them."""

    lowest: Tensor
    highest: Tensor

    def __init__(self, output_dim: int) -> None:
        super().__init__()
        self.register_buffer("lowest", torch.full((output_dim,), -ANY_NUMBER))
        self.register_buffer("highest", torch.full((output_dim,), ANY_NUMBER))

    def stay_within(self, y: Tensor) -> None:
        """Predict no number beyond those of the training rows `y` (n, 1)."""
        self.lowest.copy_(y.amin(dim=0))
        self.highest.copy_(y.amax(dim=0))

    def bounded(self, outputs: Tensor) -> Tensor:
        """Return outputs `(b, output_dim)` within the bounds."""
        return outputs.clamp(self.lowest, self.highest)
