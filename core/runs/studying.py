"""The studies of a trained model: questions whose answers take trainings of their own."""

from __future__ import annotations

import fcntl
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.errors import RunError
from core.runs.insights import FOLDER_NAME, Question, withdraw
from core.types import TrainingConfig
from core.workspace import Workspace

if TYPE_CHECKING:
    from core.runs.insight_worker import Subject


def is_at_work(workspace: Workspace, question: Question) -> bool:
    """Return whether a process works on a question of this kind, of whatever run."""
    try:
        with (workspace.home / question.errand.lock_name).open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def is_studied(workspace: Workspace, run_id: str, question: Question) -> bool:
    """Return whether a process works on this study of a run, whoever has asked for it."""
    return _progress_file(workspace, run_id, question).is_file() and is_at_work(workspace, question)


def stop_study(workspace: Workspace, run_id: str, question: Question) -> None:
    """End the process that works on this study, and forget how far it was."""
    if is_studied(workspace, run_id, question):
        withdraw(workspace, question)
    with suppress(OSError):
        _progress_file(workspace, run_id, question).unlink()


def answer_more_data(subject: Subject) -> dict[str, Any]:
    """Train on parts of the rows. Raises RunError for a student."""
    cfg, metrics = _settings(subject), subject.run.metrics or {}
    from core.insight.more_data import more_data

    return more_data(
        subject.bundle, subject.frame, cfg, reading=subject.reading, device=_device(subject),
        seconds=metrics.get("seconds"), epochs_run=metrics.get("epochs_run"), on_progress=subject.tell,
    ).as_dict()  # fmt: skip


def answer_splits(subject: Subject) -> dict[str, Any]:
    """Train with the other kind of split, by the column that the question names. Raises RunError for a student."""
    cfg = _settings(subject)
    from core.insight.splits import splits

    return splits(
        subject.bundle, subject.frame, cfg, column=subject.order.detail or None,
        reading=subject.reading, device=_device(subject), on_progress=subject.tell,
    ).as_dict()  # fmt: skip


def _progress_file(workspace: Workspace, run_id: str, question: Question) -> Path:
    return workspace.run_dir(run_id) / FOLDER_NAME / f"{question.stem}.progress.json"


def _settings(subject: Subject) -> TrainingConfig:
    """Return the settings of the training, with as many epochs as one that was stopped by hand had."""
    if subject.run.kind != "train":
        raise RunError("A student learns from its teacher as well as from the rows. Ask this of the teacher's run.")
    epochs_run = (subject.run.metrics or {}).get("epochs_run")
    if subject.run.state == "stopped" and epochs_run:
        return replace(subject.cfg, epochs=int(epochs_run))
    return subject.cfg


def _device(subject: Subject) -> str | None:
    device = subject.run.request.get("device")
    return None if device is None else str(device)
