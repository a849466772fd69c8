"""The training loop that every mode and the distillation share.

Data stays resident on the device, one permutation an epoch, one forward pass a step, and nothing
waits for the device inside an epoch. What is minimised is the caller's: `batch_loss(outputs, *targets)`.
"""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from core.errors import TrainingError
from core.losses import BatchLoss
from core.types import TrainingConfig

WEIGHT_DECAY = 1e-4
SMALLEST_BATCH = 2  # batch norm needs two rows (REQ-T12)


@dataclass(frozen=True)
class EpochReport:
    """What `on_epoch` gets after each epoch; `seconds` is what this epoch took."""

    epoch: int
    epochs: int
    train_loss: float
    validation_loss: float | None
    learning_rate: float
    seconds: float


OnEpoch = Callable[[EpochReport], object]
ShouldStop = Callable[[], bool]


@dataclass(frozen=True)
class LoopResult:
    """What became of a training: its curve, and which epoch had the lowest validation loss."""

    reports: tuple[EpochReport, ...]
    update_steps: int
    stopped: bool
    best_epoch: int | None  # None without a validation split


@dataclass
class _Best:
    """The best epoch so far by validation loss, with its weights."""

    epoch: int = 0
    loss: float = math.inf
    state: dict[str, Any] | None = None

    def update(self, report: EpochReport, model: nn.Module) -> None:
        if report.validation_loss is not None and report.validation_loss < self.loss:
            self.epoch, self.loss = report.epoch, report.validation_loss
            self.state = copy.deepcopy(model.state_dict())


def fit(
    model: nn.Module,
    x: Tensor,
    targets: Sequence[Tensor],
    batch_loss: BatchLoss,
    cfg: TrainingConfig,
    *,
    validation_loss: Callable[[], float] | None = None,
    on_epoch: OnEpoch | None = None,
    should_stop: ShouldStop | None = None,
) -> LoopResult:
    """Train `model` in place on `x` (n, input_dim) and leave it in `eval()`.

    Each of `targets` has n rows. `should_stop` is asked before each step; a stopped training keeps
    the best epoch where there is a validation loss, else the last weights. Raises TrainingError (a
    ValueError) when no batch had two rows or the loss is no longer a number.
    Source: REQ-T10 to REQ-T14.
    """
    optimizer = torch.optim.Adam(model.parameters(), lr=cfg.learning_rate, weight_decay=WEIGHT_DECAY, fused=True)
    reports: list[EpochReport] = []
    best, update_steps, stopped = _Best(), 0, False
    for epoch in range(1, cfg.epochs + 1):
        started = time.perf_counter()
        model.train()
        train_loss, steps, stopped = _train_epoch(model, optimizer, x, targets, batch_loss, cfg, should_stop)
        update_steps += steps
        if stopped or not steps:
            break
        loss = _finite(train_loss, epoch, cfg)
        held_out = validation_loss() if validation_loss else None
        seconds = time.perf_counter() - started
        reports.append(EpochReport(epoch, cfg.epochs, loss, held_out, cfg.learning_rate, seconds))
        best.update(reports[-1], model)
        if on_epoch is not None:
            on_epoch(reports[-1])
        if _patience_is_over(best, epoch, cfg):
            break
    if update_steps == 0:
        raise TrainingError(_no_step_sentence(stopped, len(x), cfg.batch_size))
    if best.state is not None and (cfg.restore_best or stopped):
        model.load_state_dict(best.state)
    model.eval()
    return LoopResult(tuple(reports), update_steps, stopped, best.epoch or None)


def _train_epoch(
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    x: Tensor,
    targets: Sequence[Tensor],
    batch_loss: BatchLoss,
    cfg: TrainingConfig,
    should_stop: ShouldStop | None,
) -> tuple[Tensor, int, bool]:
    """Go once through the rows; return the mean loss (a tensor), the steps made and whether it was stopped."""
    total, rows, steps = torch.zeros((), device=x.device), 0, 0
    for batch in torch.split(torch.randperm(len(x), device=x.device), cfg.batch_size):
        if should_stop is not None and should_stop():
            return total / max(1, rows), steps, True
        if len(batch) < SMALLEST_BATCH:
            continue
        outputs = model(x[batch])
        loss = batch_loss(outputs, *(target[batch] for target in targets))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        total += loss.detach() * len(batch)
        rows += len(batch)
        steps += 1
    return total / max(1, rows), steps, False


def _finite(train_loss: Tensor, epoch: int, cfg: TrainingConfig) -> float:
    loss = float(train_loss)
    if not math.isfinite(loss):
        raise TrainingError(
            f"The training loss became {loss} in epoch {epoch}, so training cannot go on. "
            f"Lower the learning rate (it is {cfg.learning_rate:g}), or look for extreme values in the table."
        )
    return loss


def _patience_is_over(best: _Best, epoch: int, cfg: TrainingConfig) -> bool:
    return best.epoch > 0 and 0 < cfg.early_stopping_patience <= epoch - best.epoch


def _no_step_sentence(stopped: bool, n_rows: int, batch_size: int) -> str:
    if stopped:
        return "Training was stopped before its first step, so there is no model to keep. Start it again."
    return (
        f"No training step was possible (update_steps == 0): every batch had fewer than 2 rows, with {n_rows} "
        f"training rows and a batch size of {batch_size}. Use at least 2 training rows and a batch size of 2 or more."
    )
