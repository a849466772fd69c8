"""What is known of one epoch of a training. It does not know torch, so that a page can read it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class EpochReport:
    """What `on_epoch` gets after each epoch; `seconds` is what this epoch took.

    `baseline_loss` is what guessing reaches on the rows that the curve judges: the validation rows, else
    the training rows. None where the curve is of a loss that also follows a teacher.
    """

    epoch: int
    epochs: int
    train_loss: float
    validation_loss: float | None
    learning_rate: float
    seconds: float
    baseline_loss: float | None = None


@dataclass(frozen=True)
class Divergence:
    """The epoch whose loss became infinite, no number, or far too large."""

    epoch: int
    rows: Literal["training", "validation"]  # the ones it is the loss of
    loss: float
