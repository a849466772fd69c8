"""The three jobs a worker does. Each imports what it needs when it is called, for torch takes its time."""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil

from core.errors import AppError, RunError
from core.runs.board import is_timed
from core.runs.checkpoints import CHECKPOINT_NAME, summary_of
from core.runs.datasets import original_of, read_report, table_path
from core.runs.launch import THREAD_VARIABLES, threads_of_blend
from core.runs.preflight.memory import check_memory
from core.runs.records import LEADERBOARD, Epoch, Run
from core.runs.reporter import EpochFigures, Reporter
from core.runs.requests import (
    SCORED_WITH_NAME,
    TEACHER_NAME,
    DistilRequest,
    ScoreRequest,
    TrainRequest,
    request_of,
)
from core.runs.store import Store
from core.steps.quickstart import defer_compiler
from core.types import Metrics, ModelBundle, TrainingConfig
from core.workspace import Workspace

PREDICTIONS_NAME = "predictions"
POLITENESS = 10  # of a blend, which uses the processor of the pages too: they go first

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Job:
    """What a worker has in hand."""

    run: Run
    workspace: Workspace
    store: Store
    reporter: Reporter

    @property
    def folder(self) -> Path:
        """Return the run's own folder."""
        return self.workspace.run_dir(self.run.id)

    @property
    def table(self) -> Path:
        """Return the table to work on. Raises RunError when it is gone."""
        return table_path(self.workspace, self.store.dataset(self.run.dataset_id))


@dataclass(frozen=True)
class Outcome:
    """What a job leaves in the store; its files lie in the run's folder already."""

    metrics: dict[str, Any] | None
    results: dict[str, Any]


def do(job: Job) -> Outcome:
    """Do the job that was asked for."""
    _prepare_torch()
    request = request_of(job.run)
    if isinstance(request, TrainRequest):
        return _train(job, request)
    if isinstance(request, DistilRequest):
        return _distil(job, request)
    return _score(job, request)


def import_torch() -> None:
    """Import what the jobs need, which takes longer than a small training."""
    _prepare_torch()
    import core.insight.evaluate
    import core.scoring.files
    import core.trainer  # noqa: F401


def _train(job: Job, request: TrainRequest) -> Outcome:
    from core.serialization import save_bundle
    from core.trainer import train_model_from_file

    dataset = job.store.dataset(job.run.dataset_id)
    check_memory(job.workspace, dataset, request, held_bytes=psutil.Process().memory_info().rss)
    if is_timed(job.run):
        _use_all_processors()
    with _notices() as notices:
        bundle, metrics = train_model_from_file(
            job.table,
            TrainingConfig(**request.config),
            exclude_columns=request.excluded,
            date_columns=request.dates,
            device=request.device,
            on_epoch=job.reporter.on_epoch,
            on_board=job.reporter.on_board,
            should_stop=job.reporter.should_stop,
            should_pause=job.reporter.should_pause,
            checkpoint_path=job.folder / CHECKPOINT_NAME,
            resume_from=_taken_up(job),
            reading=read_report(job.workspace, dataset).options,
        )
    path = save_bundle(bundle, job.folder, metrics)
    notices += _evaluate(job, bundle, path, metrics)
    board = {} if metrics.leaderboard is None else {LEADERBOARD: dict(metrics.leaderboard)}
    return Outcome(asdict(metrics), _model_figures(bundle, path) | board | {"notices": notices})


def _distil(job: Job, request: DistilRequest) -> Outcome:
    from core.distill import distill_model_from_file
    from core.runs.compare import compare_models
    from core.serialization import load_bundle, save_bundle

    teacher_path = job.folder / TEACHER_NAME
    teacher = load_bundle(teacher_path)
    cfg = TrainingConfig(**request.config)
    with _notices() as notices:
        student, metrics = distill_model_from_file(
            job.table,
            cfg,
            teacher_bundle=teacher,
            exclude_columns=request.excluded,
            date_columns=request.dates,
            device=request.device,
            temperature=request.temperature,
            alpha=request.alpha,
            student_hidden_dim=request.student_hidden_dim,
            student_num_hidden_layers=request.student_num_hidden_layers,
            student_dropout=request.student_dropout,
            on_epoch=job.reporter.on_epoch,
            should_stop=job.reporter.should_stop,
            should_pause=job.reporter.should_pause,
            checkpoint_path=job.folder / CHECKPOINT_NAME,
            resume_from=_taken_up(job),
            reading=read_report(job.workspace, job.store.dataset(job.run.dataset_id)).options,
        )
    path = save_bundle(student, job.folder, metrics)
    notices += _evaluate(job, student, path, metrics)
    compared = compare_models(teacher, teacher_path, student, path, job.table, cfg)
    return Outcome(asdict(metrics), _model_figures(student, path) | compared | {"notices": notices})


def _evaluate(job: Job, bundle: ModelBundle, path: Path, metrics: Metrics) -> list[str]:
    """Evaluate a model that is saved already, and give it its calibration; return what is to be said.

    Whatever goes wrong here, the model is there.
    """
    from core.insight.evaluate import evaluate, save_evaluated
    from core.tables.read import is_large, load_large_file, load_tabular_file

    load = load_large_file if is_large(job.table) else load_tabular_file
    reading = read_report(job.workspace, job.store.dataset(job.run.dataset_id)).options
    was_stopped = job.reporter.is_stopped
    try:
        found = evaluate(
            bundle, load(job.table), TrainingConfig(**job.run.request["config"]), metrics,
            reading=reading, on_step=job.reporter.now_doing,
            should_stop=lambda: job.reporter.is_stopped and not was_stopped,
        )  # fmt: skip
        save_evaluated(path, found)
    except AppError as error:
        return [f"The model was not evaluated: {error.sentence}"]
    except Exception:
        logger.exception("The model could not be evaluated.")
        return ["The model was not evaluated, because of an error that the log names. Its predictions work."]
    return []


def _score(job: Job, request: ScoreRequest) -> Outcome:
    import torch

    from core.scoring.files import score_rows
    from core.scoring.rows import rows_of_file
    from core.scoring.write import MAX_SHEET_ROWS
    from core.serialization import load_bundle

    logger.info("model: %s", request.bundle_label or request.bundle_file)
    bundle = load_bundle(job.folder / SCORED_WITH_NAME)
    dataset = job.store.dataset(job.run.dataset_id)
    suffixes = [".csv", ".parquet"]
    if request.excel and dataset.n_rows < MAX_SHEET_ROWS:
        suffixes.append(".xlsx")
    with (
        _notices() as notices,
        rows_of_file(
            original_of(job.workspace, dataset), read_report(job.workspace, dataset).options,
            scratch_in=job.folder, known=job.table,
        ) as rows,
    ):  # fmt: skip
        scored = score_rows(
            bundle, rows, [job.folder / f"{PREDICTIONS_NAME}{suffix}" for suffix in suffixes],
            renames=request.renames, n_threads=torch.get_num_threads(),
            on_rows=job.reporter.on_rows, should_stop=job.reporter.should_stop,
        )  # fmt: skip
    if job.reporter.is_stopped:
        raise RunError("Stopped before every row had its prediction, so no file was written.")
    if request.excel and ".xlsx" not in suffixes:
        notices.append(f"A workbook holds {MAX_SHEET_ROWS:,} rows, too few for these. Take the CSV file.")
    scoring = scored.scoring
    return Outcome(
        None,
        {
            "rows": scored.n_rows,
            "added": list(scored.added),
            "contract": scoring.contract.as_dict(),
            "drifts": [asdict(drift) for drift in scoring.drifts],
            "truth": None if scoring.truth is None else asdict(scoring.truth),
            "is_training_table": bundle.record is not None and bundle.record.data_fingerprint == _sha256(job.table),
            "notes": [*scored.notices, *notices],
        },
    )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _taken_up(job: Job) -> Path | None:
    """Return the checkpoint to go on from, with its curve and its number of threads taken up; None without one."""
    summary = summary_of(job.folder)
    job.reporter.restore([] if summary is None else [_point(report) for report in summary.reports])
    if summary is None:
        return None
    import torch

    torch.set_num_threads(summary.threads)  # so that sums are added up in the same order
    logger.info("Going on after %s %d.", "network" if is_timed(job.run) else "epoch", summary.epoch)
    return job.folder / CHECKPOINT_NAME


def _point(report: EpochFigures) -> Epoch:
    return Epoch(report.epoch, report.train_loss, report.validation_loss, report.learning_rate, report.seconds)


def _prepare_torch() -> None:
    """Start quickly, and use the threads that were given; those between operations are one."""
    import torch

    defer_compiler()
    torch.set_num_threads(int(os.environ.get(THREAD_VARIABLES[0], "1")))
    if torch.get_num_interop_threads() != 1:  # it can be set once only, and a spare has done so
        torch.set_num_interop_threads(1)


def _use_all_processors() -> None:
    import torch

    os.nice(POLITENESS)
    torch.set_num_threads(threads_of_blend(torch.get_num_threads()))


def _model_figures(bundle: ModelBundle, path: Path) -> dict[str, Any]:
    parameters = sum(parameter.numel() for parameter in bundle.model.parameters())
    return {"parameters": parameters, "bundle_bytes": path.stat().st_size}


@contextmanager
def _notices() -> Iterator[list[str]]:
    """Collect what core warns of on the way, so that the page can say it too."""
    messages: list[str] = []
    collector = logging.Handler(logging.WARNING)
    collector.emit = lambda record: messages.append(record.getMessage())  # type: ignore[method-assign]
    logger = logging.getLogger("core")
    logger.addHandler(collector)
    try:
        yield messages
    finally:
        logger.removeHandler(collector)
