"""What a checkpoint holds: one moment of a training, as plain values and numpy arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from numpy.typing import NDArray

from core.checkpoint.identity import Identity
from core.epoch import Divergence, EpochReport
from core.types import setting_of

MAX_EPOCHS = int(setting_of("epochs").maximum)
ARRAYS: dict[str, tuple[str, int]] = {  # the type of each array, and how many columns it has
    "model": ("F32", 1),
    "model_counts": ("I64", 1),
    "best": ("F32", 1),
    "best_counts": ("I64", 1),
    "adam_step": ("F32", 1),
    "adam_mean": ("F32", 1),
    "adam_square": ("F32", 1),
    "permutation": ("I64", 1),
    "loss_total": ("F32", 1),
    "curve": ("F64", 3),  # training loss, validation loss or NaN, seconds
    "random_torch": ("U8", 1),
    "random_cuda": ("U8", 1),
    "random_numpy": ("U32", 1),
    "random_python": ("U32", 1),
}

Ending = Literal["finished", "stopped", "patience", "diverged"]


@dataclass(frozen=True)
class Position:
    """How far the epoch in work is; `started` is how many seconds of training lay before it."""

    next_batch: int
    rows: int
    started: float


@dataclass(frozen=True)
class RandomRest:
    """What numpy's and Python's generators hold beside their arrays."""

    numpy_position: int
    numpy_has_gauss: int
    numpy_gauss: float
    python_gauss: float | None


@dataclass(frozen=True)
class Checkpoint:
    """One moment of a training. `ending` says why it ended; None while it could go on by itself.

    `epochs` and `patience` are what was asked for, `patience_base` is the epoch from which patience
    counts at the earliest, and `best_epoch` is 0 before the first epoch is whole.
    """

    identity: Identity
    epochs: int
    patience: int
    patience_base: int
    learning_rate: float
    update_steps: int
    best_epoch: int
    best_loss: float | None
    baseline_loss: float | None
    has_validation: bool
    position: Position | None
    ending: Ending | None
    divergence: Divergence | None
    elapsed_seconds: float
    threads: int
    device: str
    random: RandomRest
    arrays: Mapping[str, NDArray[Any]]

    @property
    def ended(self) -> bool:
        """Return whether training had ended, by itself or because it was stopped."""
        return self.ending is not None

    @property
    def reports(self) -> tuple[EpochReport, ...]:
        """Return the epochs that are whole."""
        return _reports(self, self.arrays["curve"])


@dataclass(frozen=True)
class CheckpointSummary:
    """What a page tells of a checkpoint; `epoch` is the last that is whole, of `epochs` asked for."""

    epoch: int
    epochs: int
    reports: tuple[EpochReport, ...]
    ended: bool
    threads: int
    device: str
    elapsed_seconds: float


def _reports(checkpoint: Checkpoint, curve: NDArray[Any]) -> tuple[EpochReport, ...]:
    return tuple(
        EpochReport(
            epoch=epoch,
            epochs=checkpoint.epochs,
            train_loss=train,
            validation_loss=validation if checkpoint.has_validation else None,
            learning_rate=checkpoint.learning_rate,
            seconds=seconds,
            baseline_loss=checkpoint.baseline_loss,
        )
        for epoch, (train, validation, seconds) in enumerate(curve.tolist(), start=1)
    )
