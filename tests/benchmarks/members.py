"""Milliseconds a step of several networks takes, together and one by one."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator

import torch
from torch import nn

from core.loop import fit
from core.members import Member, fit_members
from core.types import TrainingConfig
from tests.benchmarks.competitors import network
from tests.benchmarks.figures import Figure
from tests.benchmarks.steps import FEATURES, ROWS, rows, threads

TITLE = "Members in one step (5,634 rows × 46 features, 2×128, one thread)"
SIZES, BATCHES = (2, 8, 32), (32, 64, 256)
ROUNDS = 5


def measure(n_members: int, batch_size: int, rounds: int = ROUNDS, n_rows: int = ROWS) -> tuple[float, float, float]:
    """Return milliseconds a step of all together, of all one by one, and the median of the paired ratios."""
    x, y = rows(n_rows)
    cfg, loss, everyone = (
        TrainingConfig("y", epochs=1, batch_size=batch_size),
        nn.CrossEntropyLoss(),
        torch.arange(n_rows),
    )

    def together(models: list[nn.Module]) -> None:
        fit_members([Member(model, everyone, torch.Generator()) for model in models], x, [y], loss, cfg)

    def one_by_one(models: list[nn.Module]) -> None:
        for model in models:
            fit(model, x, [y], loss, cfg)

    steps = -(-n_rows // batch_size)
    times = [(_seconds(together, n_members), _seconds(one_by_one, n_members)) for _ in range(rounds + 1)][1:]
    mine, theirs = (1_000 / steps * statistics.median(column) for column in zip(*times, strict=True))
    return mine, theirs, statistics.median(a / b for a, b in times)


def figures() -> Iterator[Figure]:
    """Yield the ratio for each number of members and batch."""
    with threads(1):
        for batch_size in BATCHES:
            for n_members in SIZES:
                mine, theirs, ratio = measure(n_members, batch_size)
                name = f"{n_members} members, batch {batch_size}"
                yield Figure(f"{name}: a step of all together", mine, "ms")
                yield Figure(f"{name}: one by one", theirs, "ms")
                yield Figure(f"{name}: together / one by one", ratio, "", ratio_of="one by one")


def _seconds(train: Callable[[list[nn.Module]], None], n_members: int) -> float:
    models = [network(FEATURES) for _ in range(n_members)]
    started = time.perf_counter()
    train(models)
    return time.perf_counter() - started
