"""Whether everything that a run has left can be read, agrees with itself, and is what it should be."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from core.checkpoint import read_checkpoint
from core.errors import AppError
from core.runs.checkpoints import CHECKPOINT_NAME
from core.runs.records import Run
from core.runs.requests import MODEL_NAME
from tests.faults.ground import Ground

Weights = dict[str, Any]
Curve = list[tuple[int, float, float | None]]


def flaws(ground: Ground, run_id: str) -> list[str]:
    """Return every way in which the run's record, curve or files are not sound."""
    found = [*_database_flaws(ground.home / "rowsmith.sqlite3"), *file_flaws(ground.workspace.run_dir(run_id))]
    try:
        run = ground.store.run(run_id)
        return [*found, *_record_flaws(ground, run)]
    except AppError as error:
        return [*found, f"the store says: {error.sentence}"]


def end_flaws(ground: Ground, run_id: str, weights: Weights, curve: Curve) -> list[str]:
    """Return every way in which a finished run differs from one that was never disturbed."""
    found = flaws(ground, run_id)
    if ground.store.run(run_id).state != "finished":
        return [*found, f"not finished: {ground.words(run_id)}"]
    unfinished = [path.name for path in ground.workspace.run_dir(run_id).glob(".*")]
    if unfinished:
        found.append(f"unfinished files stay: {unfinished}")
    if curve_of(ground, run_id) != curve:
        found.append(f"the curve differs: {curve_of(ground, run_id)} instead of {curve}")
    if not same(weights_of(ground, run_id), weights):
        found.append("the weights differ")
    return found


def weights_of(ground: Ground, run_id: str) -> Weights:
    """Return the weights of the run's model."""
    from core.serialization import load_bundle

    return dict(load_bundle(ground.workspace.run_dir(run_id) / MODEL_NAME).model.state_dict())


def same(left: Weights, right: Weights) -> bool:
    """Return whether two networks are the same to the last bit."""
    return left.keys() == right.keys() and all(
        left[name].numpy().tobytes() == right[name].numpy().tobytes() for name in left
    )


def curve_of(ground: Ground, run_id: str) -> Curve:
    """Return the run's curve without its times."""
    return [(point.epoch, point.train_loss, point.validation_loss) for point in ground.store.epochs(run_id)]


def _database_flaws(path: Path) -> Iterator[str]:
    try:
        connection = sqlite3.connect(path, timeout=15)
        try:
            found = [row[0] for row in connection.execute("PRAGMA integrity_check")]
            broken = connection.execute("PRAGMA foreign_key_check").fetchall()
        finally:
            connection.close()
    except sqlite3.Error as error:
        yield f"the database: {error}"
        return
    if found != ["ok"] or broken:
        yield f"the database: {found} {broken}"


def file_flaws(folder: Path) -> Iterator[str]:
    from core.serialization import load_bundle

    if (folder / CHECKPOINT_NAME).exists():
        try:
            read_checkpoint(folder / CHECKPOINT_NAME)
        except AppError as error:
            yield f"the checkpoint: {error.sentence}"
    if (folder / MODEL_NAME).exists():
        try:
            load_bundle(folder / MODEL_NAME)
        except AppError as error:
            yield f"the model: {error.sentence}"


def _record_flaws(ground: Ground, run: Run) -> Iterator[str]:
    numbers = [point.epoch for point in ground.store.epochs(run.id)]
    if numbers != list(range(1, len(numbers) + 1)):
        yield f"the curve has a gap or a double epoch: {numbers}"
    if run.epoch > len(numbers) or (run.epoch < len(numbers) and not run.is_active):  # it may have gone on meanwhile
        yield f"the run says epoch {run.epoch} and its curve has {len(numbers)}"
    if run.damage:
        yield run.damage
    if run.seconds < 0 or any(point.seconds < 0 for point in ground.store.epochs(run.id)):
        yield "a duration is negative"
    has_model = (ground.workspace.run_dir(run.id) / MODEL_NAME).exists()
    if run.state == "finished" and not (has_model and run.metrics and run.results):
        yield "it is finished without a model or its figures"
    if run.state in ("failed", "interrupted") and not run.message:
        yield f"it is {run.state} and does not say why"
