"""Training steps that are recorded once as a CUDA graph and then replayed, without a launch per operation.

A step of a small network is some fifty kernels of a few microseconds, so that launching them takes longer
than they do. What a step needs from outside is one tensor, the indices of its rows, in a place that stays.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

import torch
from torch import Tensor

EAGER_STEPS = 3  # before recording, so that what libraries set up once is set up (PyTorch notes, CUDA graphs)

Replay = Callable[[], Tensor]  # makes a step; its loss stands where that of the step before stood
Record = Callable[[Replay], Replay]

logger = logging.getLogger(__name__)


def record_cuda_graph(step: Replay) -> Replay:
    """Record what `step` launches, without doing it; return what does it. Raises RuntimeError where that fails."""
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        loss = step()

    def replay() -> Tensor:
        graph.replay()
        return loss

    return replay


class GraphedStep:
    """Makes steps like `eager`; those of a full batch are replayed as soon as a few were made one by one.

    All of them are steps of the training, so that the result is that of `eager` to the accuracy of the
    device. Where recording fails, `eager` makes the rest, and the log says why.
    """

    def __init__(self, eager: Callable[[Tensor], Tensor], batch_size: int, record: Record = record_cuda_graph) -> None:
        self._eager, self._batch_size, self._record = eager, batch_size, record
        self._eager_steps_left = EAGER_STEPS
        self._rows = torch.empty(0, dtype=torch.long)
        self._replay: Replay | None = None

    def __call__(self, batch: Tensor) -> Tensor:
        if len(batch) != self._batch_size:
            return self._eager(batch)
        if self._eager_steps_left:
            return self._step_aside(batch)
        if self._replay is None:
            self._replay = self._recorded(batch)
        self._rows.copy_(batch)
        return self._replay()

    def _step_aside(self, batch: Tensor) -> Tensor:
        """Make an eager step on a stream of its own, as recording will."""
        self._eager_steps_left -= 1
        if batch.device.type != "cuda":
            return self._eager(batch)
        now = torch.cuda.current_stream(batch.device)
        aside = torch.cuda.Stream(batch.device)  # type: ignore[no-untyped-call]
        aside.wait_stream(now)
        with torch.cuda.stream(aside):
            loss = self._eager(batch)
        now.wait_stream(aside)
        return loss

    def _recorded(self, batch: Tensor) -> Replay:
        self._rows = batch.clone()
        try:
            return self._record(lambda: self._eager(self._rows))
        except RuntimeError as error:
            logger.warning("Training goes on without a CUDA graph, step by step and slower: %s", error)
            return lambda: self._eager(self._rows)
