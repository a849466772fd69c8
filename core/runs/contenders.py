"""What is known of runs that are to be compared: their settings in words, their evaluations and their curves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from core.errors import AppError, RunError
from core.insight.compare import Contender
from core.insight.evaluation import load_evaluation, load_test_rows
from core.modes import mode_words, unread_settings
from core.runs.datasets import table_path
from core.runs.records import Run
from core.runs.store import Store
from core.types import TrainingConfig, numeric_settings
from core.workspace import Workspace

NOT_EVALUATED = "This run was not evaluated: it is of an earlier version, or its evaluation was cut short."
NO_MODEL = "This run has left no model, so there is nothing to evaluate."
UNKNOWN_TEACHER = "It is not known which rows its teacher has learned from."
DELETED = "a deleted table"
NOT_READ = "–"  # of a setting that the mode decides itself, or has no use for
TASKS = {"auto": "Automatic", "classification": "Categories", "regression": "Number"}
DEVICES = {"cpu": "CPU", "cuda": "GPU"}
OF_STUDENTS = (
    ("temperature", "Temperature"),
    ("alpha", "Weight of the true outcome"),
    ("student_hidden_dim", "Student's width"),
    ("student_num_hidden_layers", "Student's hidden layers"),
    ("student_dropout", "Student's dropout"),
)
MOST_CELLS = 40  # columns of the table that are shown of a row


def contender_of(workspace: Workspace, store: Store, run: Run) -> Contender:
    """Return a run as it is compared; where its evaluation cannot be used, `trouble` says why."""
    plain = Contender(run.id, run.name, run.dataset_id, settings_of(run, _table_name(store, run)))
    folder = workspace.run_dir(run.id)
    if run.metrics is None:
        return _without(plain, NO_MODEL)
    try:
        document = load_evaluation(folder)
        if document is None:
            return _without(plain, NOT_EVALUATED)
        rows = load_test_rows(folder)
    except AppError as error:
        return _without(plain, error.sentence)
    rows, note = _unseen_by_teacher(workspace, store, run, rows)
    return Contender(plain.id, plain.name, plain.dataset_id, plain.settings, document, rows, note=note)


def settings_of(run: Run, table: str) -> dict[str, str]:
    """Return everything that was chosen for a run, by its name on the page, in words."""
    request = run.request
    config: Mapping[str, Any] = request.get("config", {})
    mode = str(config.get("training_mode", "mlp_dense"))
    unread = unread_settings(mode)
    found = {
        "Kind": "Distillation" if run.kind == "distil" else "Training",
        "Table": table,
        "Target": str(config.get("target_column", "")),
        "Task": TASKS.get(str(config.get("task", "auto")), str(config.get("task"))),
        "Mode": mode_words(mode).title,
    }
    for name, setting in numeric_settings().items():
        value = config.get(name, getattr(TrainingConfig, name))
        found[setting.label] = str(value) if name == "random_seed" else f"{value:,.6g}"
        if name in unread:
            found[setting.label] = NOT_READ
    keeps_best = "yes" if config.get("restore_best") else "no"
    found |= {
        "Keeps the best epoch": NOT_READ if "restore_best" in unread else keeps_best,
        "In order of time by": str(config.get("time_column") or "none (at random)"),
        "Left out": _names(request.get("excluded")),
        "Dates": _names(request.get("dates")),
        "Codes (numbers that are categories)": _names(config.get("categorical_columns")),
        "Device": DEVICES.get(str(request.get("device")), "Automatic"),
        "Continues": "another run" if run.parent_run else "none",
    }
    return found | {label: f"{request[name]:g}" for name, label in OF_STUDENTS if request.get(name) is not None}


def cells_of(workspace: Workspace, store: Store, dataset_id: str, numbers: Sequence[int]) -> pd.DataFrame:
    """Return the first columns of some rows of a table, given by their numbers from 1, in that order.

    Reads only the parts of the file that hold one of them. Raises RunError where the table is gone.
    """
    path = table_path(workspace, store.dataset(dataset_id))
    try:
        with pq.ParquetFile(path) as file:
            return _taken(file, np.asarray(numbers, dtype=np.int64) - 1)
    except (OSError, pa.ArrowException) as error:
        raise RunError("The rows of the table cannot be read.") from error


def _taken(file: pq.ParquetFile, places: NDArray[np.int64]) -> pd.DataFrame:
    """Return rows by their places in a file, from 0, with the order they are asked for in as the index."""
    columns, parts, start = file.schema_arrow.names[:MOST_CELLS], [], 0
    for group in range(file.num_row_groups):
        stop = start + file.metadata.row_group(group).num_rows
        inside = np.flatnonzero((places >= start) & (places < stop))
        if len(inside):
            part = file.read_row_group(group, columns=columns).take(pa.array(places[inside] - start))
            parts.append(part.to_pandas().set_axis(inside, axis=0))
        start = stop
    return pd.concat(parts).sort_index() if parts else pd.DataFrame(columns=columns)


def _without(plain: Contender, trouble: str) -> Contender:
    return Contender(plain.id, plain.name, plain.dataset_id, plain.settings, trouble=trouble)


def _table_name(store: Store, run: Run) -> str:
    try:
        return store.dataset(run.dataset_id).name
    except AppError:
        return DELETED


def _names(columns: Sequence[str] | None) -> str:
    return ", ".join(sorted(columns)) if columns else "none"


def _unseen_by_teacher(workspace: Workspace, store: Store, run: Run, rows: pa.Table) -> tuple[pa.Table, str]:
    """Return the test rows that a student's teacher has not learned from either, and what is to be said of that."""
    if run.kind != "distil":
        return rows, ""
    try:
        teacher = store.run(str(run.request.get("teacher_run")))
        known = load_test_rows(workspace.run_dir(teacher.id))
    except AppError:
        return rows, UNKNOWN_TEACHER
    if teacher.dataset_id != run.dataset_id:
        return rows, UNKNOWN_TEACHER
    unseen = np.isin(rows["row"].to_numpy(), known["row"].to_numpy())
    n_seen = int((~unseen).sum())
    if not n_seen:
        return rows, ""
    note = f"Its teacher may have learned from {n_seen:,} of its test rows: they do not count."
    return rows.filter(pa.array(unseen)), note
