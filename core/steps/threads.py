"""How many threads a training step is worth."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn

# Measured with two, for widths of 64 to 512, batches of 32 to 1,024 and 10 to 300 features: below 15 million
# operations a step, handing parts to a second thread takes longer than it saves; from 70 million on it saves a
# third. Between them it saves little on an idle machine and costs much where other programs use a core.
OPERATIONS_A_THREAD = 35_000_000
OPERATIONS_A_WEIGHT = 6  # a row's product and sum: forward, and backward by weight and by input


def threads_for_step(model: nn.Module, batch_size: int, available: int) -> int:
    """Return how many of the `available` threads a step is quickest with; the same size, the same answer.

    So a training that is done again adds up in the same order, and ends with the same weights.
    """
    return max(1, min(available, step_operations(model, batch_size) // OPERATIONS_A_THREAD))


def step_operations(model: nn.Module, batch_size: int) -> int:
    """Return about how many products and sums a step on a full batch takes.

    A network in which a weight is used more than once for a row says so as its `n_products`.
    """
    n_products = getattr(model, "n_products", None) or sum(weight.numel() for weight in model.parameters())
    return OPERATIONS_A_WEIGHT * batch_size * int(n_products)


@contextmanager
def only_threads(n: int) -> Iterator[None]:
    """Let torch use `n` threads for a while."""
    before = torch.get_num_threads()
    torch.set_num_threads(n)
    try:
        yield
    finally:
        torch.set_num_threads(before)
