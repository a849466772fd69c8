"""A learning rate that rises and falls in waves, each twice as long as the one before; at the end of each it is 0."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

FIRST_WAVE = 8.0  # epochs, about: a table that a network soon knows by heart has its best one in the first wave or two
LEAST_GAIN = 0.01  # of the loss, that a wave must bring so that the next one, of twice its time, is worth beginning
# From the fifth on, whose next takes 256 epochs: on six tables the sixth doubled the time for 0.995 of the error
# (tests/benchmarks/RESULTS.md).
LONG_WAVE, LEAST_GAIN_OF_LONG = 5, 0.1
LEAST_EPOCHS = 4  # in a wave, so that it is judged
REALMLP_WAVES = 4  # Holzmüller et al. (2024)
ROUNDING = 1e-9  # of a wave


@dataclass(frozen=True)
class Waves:
    """So many waves from the beginning of a training to its end (`coslog4` of Holzmüller et al., 2024, has four).

    Where a wave ends, the network is one that could be kept; the next one looks further (Loshchilov and Hutter, 2017).
    """

    count: int

    def rate(self, done: float) -> float:
        """Return the rate when the share `done` of the training is over, as a share of the largest."""
        return 0.5 * (1 - math.cos(2 * math.pi * self._at(done)))

    def over(self, done: float) -> int:
        """Return how many waves have ended when the share `done` of the training is over."""
        return math.floor(self._at(done) + ROUNDING)

    def ends_between(self, before: float, now: float) -> bool:
        """Return whether a wave has ended while the share of the training that is over grew from `before` to `now`."""
        return self.over(now) > self.over(before)

    def are_vain(self, dones: Sequence[float], losses: Sequence[float]) -> bool:
        """Return whether the last epoch ended a wave that brought too little, which is never the first or a short one.

        Of each epoch so far these are the share of the training that was over at its end, and its validation loss.
        """
        if len(dones) < 2 or not self.ends_between(*dones[-2:]) or self.over(dones[-1]) < 2:
            return False
        over = [self.over(done) for done in dones]
        began = 1 + next(at for at, waves in enumerate(over) if waves >= over[-1] - 1)
        if len(losses) - began < LEAST_EPOCHS:
            return False
        return min(losses[began:]) > (1 - least_gain(over[-1])) * min(losses[:began])

    def _at(self, done: float) -> float:
        return math.log2(1 + (2**self.count - 1) * done)


def least_gain(number: int) -> float:
    """Return which share of the loss the wave of a number, from 1 on, must bring so that the next one is begun."""
    return LEAST_GAIN if number < LONG_WAVE else LEAST_GAIN_OF_LONG


def waves_of(family: str, epochs: int) -> Waves:
    """Return those of a network of a kind, `tabm` or `realmlp`, that is trained for so many epochs at most.

    RealMLP has four; TabM as many as there is room for where the first one takes about eight epochs.
    """
    return Waves(REALMLP_WAVES if family == "realmlp" else max(1, round(math.log2(epochs / FIRST_WAVE + 1))))
