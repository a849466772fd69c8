"""How long a training has waited for a better epoch, told from its validation losses alone."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Waiting:
    """How long training has waited for a better epoch: `n_dropped` times patience was over, and `epochs` since."""

    n_dropped: int
    epochs: int


def waiting(losses: Sequence[float], patience: int, *, drops: int = 0, base: int = 0) -> Waiting:
    """Return how long training has waited after epochs with these validation losses; at epoch `base` it begins anew.

    After `drops` times it goes on waiting.
    """
    return deque(waits(losses, patience, drops=drops, base=base), maxlen=1).pop() if losses else Waiting(0, 0)


def waits(losses: Sequence[float], patience: int, *, drops: int = 0, base: int = 0) -> Iterator[Waiting]:
    """Yield the same after each of the epochs."""
    best, waited, n_dropped = math.inf, 0, 0
    for epoch, loss in enumerate(losses, 1):
        waited = 0 if loss < best or epoch == base else waited + 1
        best = min(best, loss)
        if 0 < patience <= waited and n_dropped < drops:
            waited, n_dropped = 0, n_dropped + 1
        yield Waiting(n_dropped, waited)
