"""Checkpoints: the file from which a training goes on as if nothing had been.

What is imported here needs no torch. `state`, `snapshots`, `saver` and `random_states` do.
"""

from core.checkpoint.contents import Checkpoint, CheckpointSummary
from core.checkpoint.file import checkpoint_summary, read_checkpoint, write_checkpoint
from core.checkpoint.identity import Identity

__all__ = [
    "Checkpoint",
    "CheckpointSummary",
    "Identity",
    "checkpoint_summary",
    "read_checkpoint",
    "write_checkpoint",
]
