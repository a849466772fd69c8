"""A network that predicts no number beyond those it was trained on."""

from __future__ import annotations

import torch
from torch import Tensor, nn

ANY_NUMBER = 1e30
LEAST_DEVIATION = 1e-6


class Bounded(nn.Module):
    """A network with bounds for each of its outputs, which bind nothing until `stay_within` has set them.

    One `on_log` learns the logarithm of a number rather than the number: `learn_log` says which one.
    """

    lowest: Tensor
    highest: Tensor
    log: Tensor  # (3,): the number whose logarithm would be without end, and mean and deviation of the logarithms

    def __init__(self, output_dim: int, *, on_log: bool = False) -> None:
        super().__init__()
        self.on_log = on_log
        if on_log:
            self.register_buffer("log", torch.tensor([0.0, 0.0, 1.0]))
        self.register_buffer("lowest", torch.full((output_dim,), -ANY_NUMBER))
        self.register_buffer("highest", torch.full((output_dim,), ANY_NUMBER))

    def stay_within(self, y: Tensor) -> None:
        """Predict no number beyond those of the training rows `y` (n, 1)."""
        self.lowest.copy_(y.amin(dim=0))
        self.highest.copy_(y.amax(dim=0))

    def learn_log(self, y: Tensor, zero: float) -> None:
        """Learn how far above `zero` numbers are, as a logarithm, by training rows `y` (n, 1), all of them above it."""
        logarithms = (y.double() - zero).log()
        deviation = logarithms.std(correction=0).clamp_min(LEAST_DEVIATION)
        self.log.copy_(torch.stack([torch.tensor(zero), logarithms.mean(), deviation]))

    def learned(self, y: Tensor) -> Tensor:
        """Return what the network is to put out in training for targets `y` (n, 1)."""
        if not self.on_log:
            return y
        zero, mean, deviation = self.log
        learned: Tensor = ((y - zero).log() - mean) / deviation
        return learned

    def bounded(self, outputs: Tensor) -> Tensor:
        """Return outputs `(b, output_dim)` as numbers within the bounds."""
        if self.on_log:
            zero, mean, deviation = self.log
            outputs = zero + (mean + deviation * outputs).exp()
        return outputs.clamp(self.lowest, self.highest)
