"""Dropout whose random numbers are cheap on a CPU, where drawing them is a third of a training step."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

CHANCES = 1 << 16  # a unit's fate is one of so many equally likely numbers
LEAST_INT64, LEAST_INT16 = -(1 << 63), -(1 << 15)
INT16_PER_INT64 = 4


class Dropout(nn.Dropout):
    """`nn.Dropout`, with the mask of `dropout_mask` on a CPU."""

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or self.p == 0 or x.device.type != "cpu":
            return super().forward(x)
        return x * dropout_mask(x.shape, self.p)


def dropout_mask(shape: Sequence[int], p: float) -> Tensor:
    """Return float32 of `shape`: 0 with probability `p`, to the nearest 1/65,536, else what keeps the mean.

    Four numbers of 16 bits are cut from each of 64 that torch's generator draws: a quarter of the time of
    `bernoulli_` (Srivastava et al., 2014, for dropout itself).
    """
    return MaskDrawer(math.prod(shape), p).draw().view(*shape)


class MaskDrawer:
    """Draws masks for `n` units with dropout `p` into the same memory over and over.

    With `generators` there are `n` units for each of them, which that one draws: (generators, n), else (n,).
    """

    def __init__(self, n: int, p: float, generators: Sequence[torch.Generator | None] = ()) -> None:
        dropped = min(round(p * CHANCES), CHANCES - 1)
        self._generators = generators or (None,)
        drawn = torch.empty(len(self._generators), -(-n // INT16_PER_INT64), dtype=torch.int64)
        self._draws = tuple(zip(drawn, self._generators, strict=True))
        self._numbers = drawn.view(torch.int16)[:, :n]
        self._least_kept, self._scale = LEAST_INT16 + dropped, CHANCES / (CHANCES - dropped)
        self._mask = torch.empty(len(self._generators), n)

    def draw(self) -> Tensor:
        """Return the next mask, in the memory of the one before."""
        for drawn, generator in self._draws:
            drawn.random_(LEAST_INT64, None, generator=generator)
        return torch.ge(self._numbers, self._least_kept, out=self._mask).mul_(self._scale)
