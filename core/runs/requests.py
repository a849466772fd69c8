"""Asking for a job: what a page hands over, checked before a process is started for it."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Self

from core.columns import as_names, check_columns, check_target_not_excluded
from core.config import check_blend, check_config, check_student, check_task_fits_mode
from core.errors import AppError, ConfigError, DataError, DiskError, RunError
from core.modes import mode_words
from core.runs.board import is_timed
from core.runs.checkpoints import CHECKPOINT_NAME, summary_of
from core.runs.datasets import read_report, table_path
from core.runs.preflight.estimate import stop_probe
from core.runs.preflight.memory import check_memory
from core.runs.records import Dataset, Run, RunKind
from core.runs.store import Store
from core.runs.summon import ensure
from core.scoring.contract import check_match, match_columns
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
        return {key: _turned(value, tuple, list) for key, value in asdict(self).items()}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Rebuild the request from what `as_dict` gave."""
        known = {field.name for field in fields(cls)}
        return cls(**{key: _turned(value, list, tuple) for key, value in values.items() if key in known})


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
    """Predict for a whole table with a model file; `bundle_label` is what people call that model.

    `renames` names the table's column for some of the model's; `excel` asks for a workbook too.
    """

    bundle_file: str
    bundle_label: str = ""
    renames: dict[str, str] = field(default_factory=dict)
    excel: bool = True


def _turned(value: Any, old: type, new: type) -> Any:
    """Return a value of a request, or its settings, with lists for tuples or the other way round."""
    if isinstance(value, dict):
        return {key: _turned(item, old, new) for key, item in value.items()}
    return new(value) if isinstance(value, old) else value


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
) -> Run:
    """Check the request, queue its run and call the supervisor to it; return the run.

    A second call with the same token gives the first run, and so does one that asks for the very
    same while that is queued or at work.

    Raises an AppError in one sentence for what can be known before the work begins.
    """
    known = store.run_of_token(token) if token else None
    if known is not None:
        return known
    return _handed_over(workspace, store, _add(workspace, store, kind, dataset_id, request, name, token))


def resume(workspace: Workspace, store: Store, run_id: str, *, keep_best: bool = False) -> Run:
    """Let a paused or interrupted run go on from its checkpoint, or only keep what it has reached."""
    return _handed_over(workspace, store, store.resume(run_id, keep_best=keep_best))


def continue_run(workspace: Workspace, store: Store, run_id: str, more_epochs: int, token: str | None = None) -> Run:
    """Train an ended run for `more_epochs` more, as a run of its own that begins where that one ended.

    Raises RunError where the ended run has left no checkpoint, or trains by its time, and ConfigError for a number out
    of bounds.
    """
    parent = store.run(run_id)
    if is_timed(parent):
        raise RunError(
            f"The run '{parent.name}' trains for a given time, not for epochs. Train it again with more time."
        )
    summary = summary_of(workspace.run_dir(parent.id))
    if parent.is_active or summary is None:
        raise RunError(f"The run '{parent.name}' has left no checkpoint to go on from. Train it again.")
    config = parent.request["config"] | {"epochs": summary.epoch + more_epochs}
    if more_epochs < 1:
        raise ConfigError(f"{more_epochs:,} more epochs were asked for. Choose 1 or more.")
    request = request_of(replace(parent, request=parent.request | {"config": config}))
    if isinstance(request, DistilRequest):  # the teacher may have been deleted; the run has its own copy
        own_copy = workspace.run_dir(parent.id) / TEACHER_NAME
        request = replace(request, teacher_run=None, teacher_file=str(own_copy))
    check_config(_config(config))
    name = f"{parent.name} · {more_epochs:,} more"
    return _handed_over(
        workspace, store, _add(workspace, store, parent.kind, parent.dataset_id, request, name, token, parent)
    )


def check_request(workspace: Workspace, store: Store, dataset: Dataset, request: Request) -> None:
    """Raise an AppError for whatever of the request cannot be done."""
    table_path(workspace, dataset)
    if isinstance(request, ScoreRequest):
        _check_scoring(workspace, dataset, request)
        return
    cfg = _config(request.config)
    check_config(cfg)
    _check_columns(workspace, dataset, cfg, request)
    if isinstance(request, DistilRequest):
        _check_distillation(cfg, request, inspect_bundle(teacher_path(workspace, store, request)).task)
        return
    if cfg.task != "auto":
        check_task_fits_mode(cfg.task, cfg.training_mode)
    check_memory(workspace, dataset, request)


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


def _handed_over(workspace: Workspace, store: Store, run: Run) -> Run:
    """Call the supervisor to a queued run; where none can come, the run rests until it is resumed."""
    stop_probe(workspace)
    try:
        ensure(workspace)
    except AppError as error:
        store.move(run.id, ("queued",), "interrupted", message=error.sentence)
        raise
    return run


def _add(
    workspace: Workspace,
    store: Store,
    kind: RunKind,
    dataset_id: str,
    request: Request,
    name: str,
    token: str | None,
    parent: Run | None = None,
) -> Run:
    """Add the run with its own copies of the files it needs, or return the one that does the same already."""
    if type(request) is not _REQUESTS[kind]:
        raise TypeError(f"a {kind} run needs a {_REQUESTS[kind].__name__}")
    dataset = store.dataset(dataset_id)
    check_request(workspace, store, dataset, request)
    run_id = secrets.token_hex(6)
    folder = workspace.run_dir(run_id)
    run = None
    try:
        _copy_files(workspace, store, request, parent, folder)
        run = store.add_run(
            run_id,
            kind=kind,
            name=name.strip() or default_name(dataset, request),
            dataset_id=dataset_id,
            request=request.as_dict(),
            epochs=dataset.n_rows if isinstance(request, ScoreRequest) else int(_config(request.config).epochs),
            token=token,
            parent_run=parent.id if parent else None,
        )
    finally:
        if run is None or run.id != run_id:
            shutil.rmtree(folder, ignore_errors=True)
    return run


def _copy_files(workspace: Workspace, store: Store, request: Request, parent: Run | None, folder: Path) -> None:
    """Copy what a run needs into its folder, so that deleting the original does not matter."""
    try:
        folder.mkdir(parents=True)
    except OSError as error:
        raise DiskError(disk_sentence(error, folder)) from error
    if isinstance(request, ScoreRequest):
        _copy(Path(request.bundle_file), folder / SCORED_WITH_NAME)
    elif isinstance(request, DistilRequest):
        _copy(teacher_path(workspace, store, request), folder / TEACHER_NAME)
    if parent is not None:
        _copy(workspace.run_dir(parent.id) / CHECKPOINT_NAME, folder / CHECKPOINT_NAME)


def _copy(source: Path, target: Path) -> None:
    write_atomically(target, lambda temporary: shutil.copyfile(source, temporary))


def _config(values: Mapping[str, Any]) -> TrainingConfig:
    known = {field.name for field in fields(TrainingConfig)}
    unknown = sorted(set(values) - known)
    if unknown:
        raise ConfigError(f"There is no setting {unknown[0]!r}. Choose among: {', '.join(sorted(known))}.")
    return TrainingConfig(**{"target_column": "", **values})


def _check_columns(
    workspace: Workspace, dataset: Dataset, cfg: TrainingConfig, request: TrainRequest | DistilRequest
) -> None:
    columns, excluded, dates = _column_names(workspace, dataset), request.excluded, request.dates
    unknown = [column for column in (*excluded, *dates) if column not in columns]
    if unknown:
        raise DataError(f"The table '{dataset.name}' has no column {unknown[0]!r}. Choose its columns again.")
    check_target_not_excluded(cfg.target_column, excluded)
    codes = () if isinstance(request, DistilRequest) else as_names(cfg.categorical_columns)  # a teacher has its own
    check_columns(columns, cfg.target_column, excluded, dates, codes, cfg.time_column)


def _check_scoring(workspace: Workspace, dataset: Dataset, request: ScoreRequest) -> None:
    schema = inspect_bundle(Path(request.bundle_file)).schema
    if schema is None:
        raise DataError("This model file does not say which columns it needs. Predict with the run that made it.")
    check_match(match_columns(schema, _column_names(workspace, dataset), request.renames))


def _column_names(workspace: Workspace, dataset: Dataset) -> list[str]:
    return [column.name for column in read_report(workspace, dataset).columns]


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
