"""Milliseconds a training step takes, beside a plain PyTorch loop with a DataLoader and default Adam."""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from core.loop import Control, fit
from core.models import build_model
from core.types import TrainingConfig

EPOCHS = 2
ROUNDS = 5


@dataclass(frozen=True)
class StepTimes:
    """Median milliseconds a step over the rounds; `ratio` is the median of the paired ratios."""

    batch_size: int
    ours: float
    plain: float
    ratio: float


def measure(n_rows: int = 5_634, n_features: int = 46, batch_size: int = 64, rounds: int = ROUNDS) -> StepTimes:
    """Time both loops in turn on the same rows, network, batch size and number of epochs."""
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(n_rows, n_features, generator=generator)
    y = (x[:, 0] + x[:, 1] > 0).long()
    steps = EPOCHS * -(-n_rows // batch_size)
    ours, plain = [], []
    for _ in range(rounds + 1):
        ours.append(_milliseconds(_our_loop, x, y, batch_size) / steps)
        plain.append(_milliseconds(_plain_loop, x, y, batch_size) / steps)
    ours, plain = ours[1:], plain[1:]  # the first round warms up
    ratio = statistics.median(a / b for a, b in zip(ours, plain, strict=True))
    return StepTimes(batch_size, statistics.median(ours), statistics.median(plain), ratio)


def _milliseconds(loop: object, x: Tensor, y: Tensor, batch_size: int) -> float:
    torch.manual_seed(0)
    model = build_model(x.shape[1], 2, "mlp_dense", 128, 2, 0.1)
    started = time.perf_counter()
    loop(model, x, y, batch_size)  # type: ignore[operator]
    return (time.perf_counter() - started) * 1000


def _our_loop(model: nn.Module, x: Tensor, y: Tensor, batch_size: int) -> None:
    cfg = TrainingConfig("y", epochs=EPOCHS, batch_size=batch_size)
    fit(model, x, [y], nn.CrossEntropyLoss(), cfg, control=Control(should_stop=lambda: False))


def _plain_loop(model: nn.Module, x: Tensor, y: Tensor, batch_size: int) -> None:
    loader = DataLoader(TensorDataset(x, y), batch_size=batch_size, shuffle=True)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, weight_decay=1e-4)
    criterion = nn.CrossEntropyLoss()
    model.train()
    for _ in range(EPOCHS):
        for x_batch, y_batch in loader:
            optimizer.zero_grad()
            loss = criterion(model(x_batch), y_batch)
            loss.backward()
            optimizer.step()
