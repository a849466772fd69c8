"""Writes the checkpoints of one training, no more often than is worth its time."""

from __future__ import annotations

import logging
import time
from pathlib import Path

from core.checkpoint.file import write_checkpoint
from core.checkpoint.identity import Identity
from core.checkpoint.snapshots import take_snapshot
from core.checkpoint.state import TrainingState
from core.errors import RunError

COST_RATIO = 20  # times what the last checkpoint took must pass before the next

logger = logging.getLogger(__name__)


class Saver:
    """Knows when the last checkpoint was written and what it cost; without a path it does nothing."""

    def __init__(self, path: str | Path | None, state: TrainingState, identity: Identity) -> None:
        self._path = None if path is None else Path(path)
        self._state = state
        self._identity = identity
        self._cost = 0.0
        self._last = time.perf_counter()
        self._refusal = ""

    def save(self) -> None:
        """Write a checkpoint now. Raises RunError when the disk refuses; the one before stays."""
        if self._path is None:
            return
        started = time.perf_counter()
        write_checkpoint(self._path, take_snapshot(self._state, self._identity))
        self._last = time.perf_counter()
        self._cost = self._last - started

    def save_after(self, seconds: float) -> None:
        """Write a checkpoint where the last one is `seconds` old and was worth its time."""
        if time.perf_counter() - self._last >= max(seconds, COST_RATIO * self._cost):
            self.save_if_possible()

    def save_if_possible(self) -> None:
        """Write a checkpoint; a disk that refuses is warned of, and does not end a training."""
        try:
            self.save()
        except RunError as error:
            self._last = time.perf_counter()
            if error.sentence != self._refusal:
                logger.warning("A checkpoint could not be written, and training went on. %s", error.sentence)
            self._refusal = error.sentence
