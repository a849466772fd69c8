"""The training loop that every mode and the distillation share.

Data stays resident on the device, one permutation an epoch, one forward pass a step, and nothing
waits for the device inside an epoch, unless a checkpoint is due. What is minimised is the caller's:
`batch_loss(outputs, *targets)`.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor, nn

from core.checkpoint.contents import Ending
from core.checkpoint.identity import Identity
from core.checkpoint.saver import Saver
from core.checkpoint.snapshots import go_on_from
from core.checkpoint.state import TrainingState, begin
from core.epoch import Divergence, EpochReport
from core.errors import ConfigError, TrainingError, TrainingPaused
from core.leaderboard import Leaderboard
from core.losses import BatchLoss
from core.rows import Rows
from core.steps.recipe import Recipe
from core.steps.step import Step, step_for
from core.steps.threads import only_threads, threads_for_step
from core.types import TrainingConfig

__all__ = [
    "Ask",
    "Control",
    "EpochReport",
    "LoopResult",
    "OnBoard",
    "OnEpoch",
    "end_epoch",
    "finished",
    "fit",
    "no_step_sentence",
]

SMALLEST_BATCH = 2  # batch norm needs two rows (REQ-T12)
EXPLODED = 1_000  # times what guessing and the best epoch reach
SECONDS_BETWEEN_EPOCHS = 1.0  # an epoch's end writes a checkpoint where the last one is this old
SECONDS_WITHIN_EPOCH = 30.0

OnEpoch = Callable[[EpochReport], object]
OnBoard = Callable[[Leaderboard], object]
Ask = Callable[[], bool]

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Control:
    """How a caller follows and steers a training; `should_stop` and `should_pause` are asked before each step.

    Checkpoints are written to `checkpoint_path`, and training goes on from the one in `resume_from`. `on_board` is told
    how the candidates of an automatic training stand.
    Raises ConfigError where there is a wish to pause and no path for what is paused.
    """

    on_epoch: OnEpoch | None = None
    should_stop: Ask | None = None
    should_pause: Ask | None = None
    checkpoint_path: str | Path | None = None
    resume_from: str | Path | None = None
    on_board: OnBoard | None = None

    def __post_init__(self) -> None:
        if self.should_pause is not None and self.checkpoint_path is None:
            raise ConfigError("A training that can be paused needs a checkpoint_path. Give one, or no should_pause.")


NO_CONTROL = Control()


@dataclass(frozen=True)
class LoopResult:
    """What became of a training: its curve, and which epoch had the lowest validation loss."""

    reports: tuple[EpochReport, ...]
    update_steps: int
    stopped: bool
    best_epoch: int | None  # None without a validation split
    diverged_at: int | None = None  # the epoch whose loss exploded or was no number
    earlier_seconds: float = 0.0  # of the parts before this one was resumed
    threads: int = 1  # of the CPU, that made the steps


def fit(
    model: nn.Module,
    x: Rows,
    targets: Sequence[Tensor],
    batch_loss: BatchLoss,
    cfg: TrainingConfig,
    *,
    validation_loss: Callable[[], float] | None = None,
    baseline_loss: float | None = None,
    control: Control = NO_CONTROL,
    identity: Identity | None = None,
    recipe: Recipe | None = None,
) -> LoopResult:
    """Train `model` in place on the rows `x` (n, input_dim) and leave it in `eval()`.

    Each of `targets` has n rows. A stopped training keeps the best epoch where there is a validation
    loss, else the last weights; one whose loss explodes or is no number keeps the best finite epoch.
    `identity` is what a checkpoint must have in common with this training. Without a `recipe` the optimizer is that
    of REQ-T10. Raises TrainingError (a
    ValueError) when no batch had two rows or the first epoch's loss is no number, TrainingPaused when
    a wish to pause is granted, and CheckpointError. Source: REQ-T10 to REQ-T14.
    """
    with only_threads(threads_for_step(model, min(cfg.batch_size, len(x)), torch.get_num_threads())):
        state = begin(
            model, cfg, x.device,
            has_validation=validation_loss is not None, baseline_loss=baseline_loss, recipe=recipe,
        )  # fmt: skip
        if control.resume_from is not None:
            go_on_from(control.resume_from, state, identity, len(x))
        saver = Saver(control.checkpoint_path, state, identity or Identity())
        clip_norm = recipe.clip_norm if recipe else 0.0
        step = step_for(model, state.optimizer, x, targets, batch_loss, cfg.batch_size, clip_norm)
        while state.ending is None and len(state.reports) < cfg.epochs:
            stopped = _train_epoch(state, len(x), step, control, saver)
            if state.update_steps == 0:
                raise TrainingError(no_step_sentence(stopped, len(x), cfg.batch_size))
            state.ending = end_epoch(state, stopped, validation_loss, control.on_epoch)
            saver.save_after(SECONDS_BETWEEN_EPOCHS)
        state.ending = state.ending or "finished"
        saver.save_if_possible()
        return finished(state)


def finished(state: TrainingState) -> LoopResult:
    """Leave the network as training keeps it, and return what became of it."""
    if state.divergence is not None:
        logger.warning("%s", _divergence_sentence(state.divergence, state.best.epoch, state.cfg))
    if state.divergence is not None or (state.has_validation and (state.cfg.restore_best or state.ending == "stopped")):
        state.best.restore()
    state.model.eval()
    return _result(state)


def _train_epoch(state: TrainingState, n_rows: int, step: Step, control: Control, saver: Saver) -> bool:
    """Make the steps that the epoch still has; return whether training was stopped before one of them."""
    epoch = state.enter_epoch(n_rows)
    state.model.train()
    batches = torch.split(epoch.permutation, state.cfg.batch_size)
    for batch in batches[epoch.next_batch :]:
        if control.should_stop is not None and control.should_stop():
            return True
        if control.should_pause is not None and control.should_pause():
            saver.save()
            raise TrainingPaused(_pause_sentence(state))
        saver.save_after(SECONDS_WITHIN_EPOCH)
        if len(batch) >= SMALLEST_BATCH:
            state.set_rate(epoch, len(batches))
            state.count_step(epoch, step(batch), len(batch))
        epoch.next_batch += 1
    return False


def end_epoch(
    state: TrainingState,
    stopped: bool,
    validation_loss: Callable[[], float] | None,
    on_epoch: OnEpoch | None,
) -> Ending | None:
    """Judge the epoch, and report it when it is whole; return why training ends with it, if it does."""
    train_loss = state.mean_loss()
    if not math.isfinite(train_loss) or train_loss > _largest_sound_loss(state):
        return _diverge(state, "training", train_loss)
    if stopped:
        return "stopped"
    held_out = validation_loss() if validation_loss else None
    if held_out is not None and not math.isfinite(held_out):
        return _diverge(state, "validation", held_out)
    report = state.close_epoch(train_loss, held_out)
    if on_epoch is not None:
        on_epoch(report)
    return "patience" if _patience_is_over(state) or state.wave_was_vain() else None


def _patience_is_over(state: TrainingState) -> bool:
    waited = len(state.reports) - max(state.best.epoch, state.patience_base)
    return state.has_validation and 0 < state.cfg.early_stopping_patience <= waited


def _largest_sound_loss(state: TrainingState) -> float:
    """Return the training loss above which a training has exploded; the first epoch may be as bad as it likes."""
    return EXPLODED * max(1.0, state.baseline_loss or 0.0, state.best.loss)


def _diverge(state: TrainingState, rows: Literal["training", "validation"], loss: float) -> Ending:
    """Take note of a loss that training cannot go on from. Raises TrainingError where no sound epoch came before."""
    state.divergence = Divergence(len(state.reports) + 1, rows, loss)
    state.epoch = None
    if not state.best.is_finite:
        raise TrainingError(_divergence_sentence(state.divergence, None, state.cfg))
    return "diverged"


def _result(state: TrainingState) -> LoopResult:
    return LoopResult(
        reports=tuple(state.reports),
        update_steps=state.update_steps,
        stopped=state.ending == "stopped",
        best_epoch=(state.best.epoch or None) if state.has_validation else None,
        diverged_at=state.divergence.epoch if state.divergence else None,
        earlier_seconds=state.earlier_seconds,
        threads=torch.get_num_threads(),
    )


def _pause_sentence(state: TrainingState) -> str:
    return f"Training is paused in epoch {len(state.reports) + 1:,} of {state.cfg.epochs:,}. Resume it to go on."


def _divergence_sentence(found: Divergence, kept: int | None, cfg: TrainingConfig) -> str:
    end = f"training ended there and epoch {kept:,} was kept" if kept else "training cannot go on"
    return (
        f"The {found.rows} loss became {found.loss:.4g} in epoch {found.epoch:,}, so {end}. "
        f"Lower the learning rate (it is {cfg.learning_rate:g}), or look for extreme values in the table."
    )


def no_step_sentence(stopped: bool, n_rows: int, batch_size: int) -> str:
    """Return why there is nothing to keep."""
    if stopped:
        return "Training was stopped before its first step, so there is no model to keep. Start it again."
    return (
        f"No training step was possible (update_steps == 0): every batch had fewer than 2 rows, with {n_rows} "
        f"training rows and a batch size of {batch_size}. Use at least 2 training rows and a batch size of 2 or more."
    )
