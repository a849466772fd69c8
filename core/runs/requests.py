"""Asking for a job: what a page hands over, checked before a process is started for it."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from pathlib import Path
from typing import Any, Self

from core.columns import check_columns, check_target_not_excluded
from core.config import check_blend, check_config, check_student, check_task_fits_mode
from core.errors import AppError, ConfigError, DataError, RunError
from core.modes import mode_words
from core.runs.datasets import read_report, table_path
from core.runs.launch import launch_worker
from core.runs.records import Dataset, Run, RunKind
from core.runs.spare import SpareWorker
from core.runs.store import Store
from core.scoring.contract import match_columns
from core.serialization import inspect_bundle
from core.types import TrainingConfig
from core.workspace import Workspace, disk_sentence, write_atomically

MODEL_NAME = "model.rowsmith"
TEACHER_NAME = "teacher.rowsmith"
SCORED_WITH_NAME = "scored_with.rowsmith"


@dataclass(frozen=True)
class _Request:
    """What the three kinds of request share: they travel to the worker as plain values."""

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for the store."""
        return {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(self).items()}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Rebuild the request from what `as_dict` gave."""
        known = {field.name for field in fields(cls)}
        return cls(**{k: tuple(v) if isinstance(v, list) else v for k, v in values.items() if k in known})


@dataclass(frozen=True)
class TrainRequest(_Request):
    """Train a network; `config` holds the fields of `TrainingConfig`."""

    config: dict[str, Any]
    excluded: tuple[str, ...] = ()
    dates: tuple[str, ...] = ()
    device: str | None = None


@dataclass(frozen=True)
class DistilRequest(_Request):
    """Train a student on the outputs of a teacher: a run's model, or a model file."""

    teacher_run: str | None
    teacher_file: str | None
    config: dict[str, Any]
    excluded: tuple[str, ...] = ()
    dates: tuple[str, ...] = ()
    device: str | None = None
    temperature: float = 2.5
    alpha: float = 0.5
    student_hidden_dim: int | None = None
    student_num_hidden_layers: int | None = None
    student_dropout: float | None = None


@dataclass(frozen=True)
class ScoreRequest(_Request):
    """Predict for a whole table with a model file; `bundle_label` is what people call that model."""

    bundle_file: str
    bundle_label: str = ""


Request = TrainRequest | DistilRequest | ScoreRequest
_REQUESTS: dict[RunKind, type[Request]] = {"train": TrainRequest, "distil": DistilRequest, "score": ScoreRequest}


def request_of(run: Run) -> Request:
    """Return what was asked for in `run`."""
    return _REQUESTS[run.kind].from_dict(run.request)


def submit(
    workspace: Workspace,
    store: Store,
    kind: RunKind,
    dataset_id: str,
    request: Request,
    name: str = "",
    token: str | None = None,
    spare: SpareWorker | None = None,
) -> Run:
    """Check the request, add its run and start its worker; a second call with the same token gives the first run.

    A `spare` that waits gets the run, which then starts at once.

    Raises an AppError in one sentence for what can be known before the work begins.
    """
    known = store.run_of_token(token) if token else None
    if known is not None:
        return known
    run, is_new = _add(workspace, store, kind, dataset_id, request, name, token)
    if is_new:
        _start(workspace, store, run, spare)
    return store.run(run.id)


def check_request(workspace: Workspace, store: Store, dataset: Dataset, request: Request) -> None:
    """Raise an AppError for whatever of the request cannot be done."""
    table_path(workspace, dataset)
    if isinstance(request, ScoreRequest):
        _check_scoring(workspace, dataset, Path(request.bundle_file))
        return
    cfg = _config(request.config)
    check_config(cfg)
    _check_columns(workspace, dataset, cfg, request.excluded, request.dates)
    if isinstance(request, DistilRequest):
        _check_distillation(cfg, request, inspect_bundle(teacher_path(workspace, store, request)).task)
    elif cfg.task != "auto":
        check_task_fits_mode(cfg.task, cfg.training_mode)


def default_name(dataset: Dataset, request: Request, now: datetime | None = None) -> str:
    """Return a run's readable name: `<table> · <mode> · 22 Nov 14:05`, in local time."""
    when = now or datetime.now().astimezone()
    return f"{dataset.name} · {_words(request)} · {when.day} {when:%b %H:%M}"


def teacher_path(workspace: Workspace, store: Store, request: DistilRequest) -> Path:
    """Return the model file to learn from."""
    if request.teacher_file:
        return Path(request.teacher_file)
    if not request.teacher_run:
        raise ConfigError("No teacher is chosen. Choose a finished run or a model file to learn from.")
    teacher = store.run(request.teacher_run)
    path = workspace.run_dir(teacher.id) / MODEL_NAME
    if not path.is_file():
        raise RunError(f"The run '{teacher.name}' has no model to learn from. Choose another teacher.")
    return path


def _add(
    workspace: Workspace,
    store: Store,
    kind: RunKind,
    dataset_id: str,
    request: Request,
    name: str,
    token: str | None,
) -> tuple[Run, bool]:
    """Add the run, with its own copy of the model it needs; tell whether it is new."""
    if type(request) is not _REQUESTS[kind]:
        raise TypeError(f"a {kind} run needs a {_REQUESTS[kind].__name__}")
    dataset = store.dataset(dataset_id)
    check_request(workspace, store, dataset, request)
    run_id = secrets.token_hex(6)
    folder = workspace.run_dir(run_id)
    is_new = False
    try:
        _copy_model(workspace, store, request, folder)
        run = store.add_run(
            run_id,
            kind=kind,
            name=name.strip() or default_name(dataset, request),
            dataset_id=dataset_id,
            request=request.as_dict(),
            epochs=dataset.n_rows if isinstance(request, ScoreRequest) else int(_config(request.config).epochs),
            token=token,
        )
        is_new = run.id == run_id
    finally:
        if not is_new:
            shutil.rmtree(folder, ignore_errors=True)
    return run, is_new


def _copy_model(workspace: Workspace, store: Store, request: Request, folder: Path) -> None:
    """Copy the model a run needs into its folder, so that deleting the original does not matter."""
    try:
        folder.mkdir(parents=True)
    except OSError as error:
        raise RunError(disk_sentence(error, folder)) from error
    if isinstance(request, ScoreRequest):
        _copy(Path(request.bundle_file), folder / SCORED_WITH_NAME)
    elif isinstance(request, DistilRequest):
        _copy(teacher_path(workspace, store, request), folder / TEACHER_NAME)


def _copy(source: Path, target: Path) -> None:
    write_atomically(target, lambda temporary: shutil.copyfile(source, temporary))


def _start(workspace: Workspace, store: Store, run: Run, spare: SpareWorker | None) -> None:
    try:
        process = launch_worker(workspace, run.id, spare)
    except AppError as error:
        store.move(run.id, ("queued",), "failed", message=error.sentence)
        raise
    store.set_process(run.id, process)


def _config(values: Mapping[str, Any]) -> TrainingConfig:
    known = {field.name for field in fields(TrainingConfig)}
    unknown = sorted(set(values) - known)
    if unknown:
        raise ConfigError(f"There is no setting {unknown[0]!r}. Choose among: {', '.join(sorted(known))}.")
    return TrainingConfig(**{"target_column": "", **values})


def _check_columns(
    workspace: Workspace, dataset: Dataset, cfg: TrainingConfig, excluded: tuple[str, ...], dates: tuple[str, ...]
) -> None:
    columns = [column.name for column in read_report(workspace, dataset).columns]
    unknown = [column for column in (*excluded, *dates) if column not in columns]
    if unknown:
        raise DataError(f"The table '{dataset.name}' has no column {unknown[0]!r}. Choose its columns again.")
    check_target_not_excluded(cfg.target_column, excluded)
    check_columns(columns, cfg.target_column, excluded, dates)


def _check_scoring(workspace: Workspace, dataset: Dataset, model_file: Path) -> None:
    schema = inspect_bundle(model_file).schema
    if schema is not None:
        match_columns(schema, [column.name for column in read_report(workspace, dataset).columns])


def _check_distillation(cfg: TrainingConfig, request: DistilRequest, teacher_task: str) -> None:
    check_blend(request.temperature, request.alpha)
    check_student(cfg.task, cfg.training_mode, teacher_task)
    given = {
        "hidden_dim": request.student_hidden_dim,
        "num_hidden_layers": request.student_num_hidden_layers,
        "dropout": request.student_dropout,
    }
    check_config(_config(asdict(cfg) | {key: value for key, value in given.items() if value is not None}))


def _words(request: Request) -> str:
    if isinstance(request, ScoreRequest):
        return "Predictions"
    mode = str(request.config.get("training_mode", "mlp_dense"))
    title = mode_words(mode).title
    return f"Distilled {title.lower()}" if isinstance(request, DistilRequest) else title
