"""The checkpoint in a run's folder: whether there is one, and what going on from it means."""

from __future__ import annotations

from pathlib import Path

from core.checkpoint import CheckpointSummary, checkpoint_summary
from core.errors import CheckpointError
from core.runs.board import is_timed
from core.runs.records import Run
from core.workspace import Workspace

CHECKPOINT_NAME = "checkpoint.safetensors"
ASIDE_NAME = "checkpoint.damaged"


def summary_of(folder: Path) -> CheckpointSummary | None:
    """Return how far the checkpoint in a run's folder is; None without one. Raises CheckpointError."""
    path = folder / CHECKPOINT_NAME
    return checkpoint_summary(path) if path.exists() else None


def resume_words(workspace: Workspace, run: Run) -> str:
    """Say in one sentence what Resume would do with a run that rests."""
    try:
        summary = summary_of(workspace.run_dir(run.id))
    except CheckpointError:
        return "Its checkpoint is damaged, so Resume begins again."
    if summary is None:
        return "Resume begins again."
    if is_timed(run):
        kept = f"No network of the {summary.epoch:,} is lost: " if summary.epoch else ""
        return f"{kept}Resume goes on with the rest of its time."
    return f"Nothing up to epoch {summary.epoch:,} is lost: Resume goes on from there."


def set_aside(folder: Path) -> None:
    """Rename a checkpoint that cannot be read, so that the next attempt begins again."""
    path = folder / CHECKPOINT_NAME
    if path.exists():
        path.replace(folder / ASIDE_NAME)
