"""Milliseconds a training step takes, beside other ways to train the same network on the same rows."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from threadpoolctl import threadpool_limits
from torch import Tensor, nn

from core.loop import Control, fit
from tests.benchmarks.competitors import COMPETITORS, RESIDENT, Loop, Plan, network
from tests.benchmarks.figures import Figure, at_most

TITLE = "Training step (5,634 rows × 46 features, 2×128 with batch norm and dropout 0.1)"
ROWS, FEATURES = 5_634, 46
EPOCHS = 2
ROUNDS = 7
PROMISES = {64: at_most(0.55), 256: at_most(0.60)}  # of ours, against the plain resident loop


@dataclass(frozen=True)
class StepTimes:
    """Median milliseconds a step over the rounds, of ours and of each competitor.

    `ratios` are ours against theirs: the medians of the ratios within each round.
    """

    ours: float
    others: Mapping[str, float]
    ratios: Mapping[str, float]


def measure(
    n_rows: int = ROWS, batch_size: int = 64, rounds: int = ROUNDS, competitors: Mapping[str, Loop] = COMPETITORS
) -> StepTimes:
    """Time ours and the competitors in turn on the same rows, network, batch size and number of epochs."""
    x, y = rows(n_rows)
    loops = {"ours": our_loop, **competitors}
    plan = Plan(batch_size, EPOCHS)
    steps = EPOCHS * -(-n_rows // batch_size)
    times = [{name: _milliseconds(loop, x, y, plan) / steps for name, loop in loops.items()} for _ in range(rounds + 1)]
    times = times[1:]  # the first round warms up
    medians = {name: statistics.median(times_[name] for times_ in times) for name in loops}
    ratios = {name: statistics.median(times_["ours"] / times_[name] for times_ in times) for name in competitors}
    return StepTimes(medians.pop("ours"), medians, ratios)


def our_loop(model: nn.Module, x: Tensor, y: Tensor, plan: Plan) -> nn.Module:
    """Train as the app does."""
    fit(model, x, [y], nn.CrossEntropyLoss(), plan.config, control=Control(should_stop=lambda: False))
    return model


def rows(n_rows: int) -> tuple[Tensor, Tensor]:
    """Return x float32 `(n_rows, FEATURES)` and y long `(n_rows,)`."""
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(n_rows, FEATURES, generator=generator)
    return x, (x[:, 0] + x[:, 1] > 0).long()


def _milliseconds(loop: Loop, x: Tensor, y: Tensor, plan: Plan) -> float:
    model = network(x.shape[1])
    started = time.perf_counter()
    loop(model, x, y, plan)
    return (time.perf_counter() - started) * 1000


@contextmanager
def threads(n: int) -> Iterator[None]:
    """Let torch, and what numpy multiplies with, use `n` threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(n)
    try:
        with threadpool_limits(n):
            yield
    finally:
        torch.set_num_threads(before)


def figures() -> Iterator[Figure]:
    """Yield ours, each competitor, and the ratios."""
    for n_threads in sorted({1, min(2, os.cpu_count() or 1)}):
        for batch_size, promise in PROMISES.items():
            with threads(n_threads):
                times = measure(batch_size=batch_size)
            where = f"{n_threads} thread{'s' if n_threads > 1 else ''}, batch {batch_size}"
            yield Figure(f"{where}: ours", times.ours, "ms a step")
            for name, ratio in times.ratios.items():
                yield Figure(
                    f"{where}: ours / {name}", ratio, "", promise if name == RESIDENT else None,
                    ratio_of=name, note=f"{times.ours:.2f} / {times.others[name]:.2f} ms",
                )  # fmt: skip
