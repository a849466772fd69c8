"""Distillation: a small student network learns from the outputs of a trained teacher bundle."""

from __future__ import annotations

import copy
import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from sklearn.feature_extraction import DictVectorizer
from torch import nn

from core.columns import as_names, check_columns, check_target_not_excluded, feature_frame
from core.config import check_blend, check_student, checked_config
from core.data import drop_rows_without_target, label_text, number_target, target_tensor, train_and_test_rows
from core.encoding import features_in, known_columns
from core.errors import ConfigError, DataError
from core.fitting import Objective, RowSets, fit_and_score, hold_out_validation, note_times, seed_everything
from core.inference import choose_device, forward
from core.loop import Ask, Control, OnEpoch
from core.losses import blended_loss, guess, hard_criterion, soft_criterion
from core.models import build_model, model_config, model_dropout, model_hidden_dim, model_num_hidden_layers
from core.receipt import make_receipt
from core.record import make_record
from core.rows import take
from core.scoring.predict import encoded_rows, known_frame
from core.serialization import load_bundle
from core.tables.dates import expand_date_columns
from core.tables.distinct import distinct_cells
from core.tables.options import AUTOMATIC, ReadOptions
from core.tables.read import READING, load_tabular_file
from core.tables.schema import describe_inputs, target_of
from core.tables.timeline import timeline_of
from core.types import Metrics, ModelBundle, TrainingConfig

SMALLEST_STUDENT_WIDTH = 16
LARGEST_STUDENT_DROPOUT = 0.5

logger = logging.getLogger(__name__)


def distill_model_from_file(
    data_path: str | Path,
    cfg: TrainingConfig,
    teacher_path: str | Path | None = None,
    teacher_bundle: ModelBundle | None = None,
    sheet_name: str | None = None,
    exclude_columns: Sequence[str] | None = None,
    date_columns: Sequence[str] | None = None,
    device: str | torch.device | None = None,
    temperature: float = 2.5,
    alpha: float = 0.5,
    student_hidden_dim: int | None = None,
    student_num_hidden_layers: int | None = None,
    student_dropout: float | None = None,
    *,
    on_epoch: OnEpoch | None = None,
    should_stop: Ask | None = None,
    should_pause: Ask | None = None,
    checkpoint_path: str | Path | None = None,
    resume_from: str | Path | None = None,
    reading: ReadOptions | None = None,
) -> tuple[ModelBundle, Metrics]:
    """Train a student on `alpha · hard + (1 − alpha) · soft` and return its bundle and its figures.

    The teacher's vectorizer, scalers, medians, encoder and categorical columns are inherited, and the
    teacher is not changed. `hidden_dim`, `num_hidden_layers` and `dropout` of `cfg` are not used: the
    student's are given, or derived from the teacher; nor are its `categorical_columns`, where the teacher
    knows its own. Stopping, pausing, resuming and `reading` are the trainer's. Raises
    ValueError for settings out of bounds, and DataError (a ValueError) for a table that does not fit
    the teacher. Source: companion contract `core.distill`; Hinton et al., 2015.
    """
    control = Control(on_epoch, should_stop, should_pause, checkpoint_path, resume_from)
    cfg = checked_config(cfg)
    seed_everything(cfg.random_seed)
    check_blend(temperature, alpha)
    excluded = frozenset(as_names(exclude_columns))
    teacher = _teacher(teacher_path, teacher_bundle)
    _check_teacher(teacher, cfg)
    check_target_not_excluded(cfg.target_column, excluded)
    cfg = _student_config(cfg, teacher, student_hidden_dim, student_num_hidden_layers, student_dropout)
    run_device = choose_device(device)

    chosen = {} if reading is None else {"options": reading}
    frame = load_tabular_file(data_path, sheet_name, **chosen)
    dates = [column for column in as_names(date_columns) if column not in excluded]
    own = cfg.categorical_columns if teacher.schema is None else ()
    check_columns(list(frame.columns), cfg.target_column, excluded, dates, own, cfg.time_column)
    timeline = timeline_of(frame, cfg.time_column, teacher.schema, reading or AUTOMATIC)
    y_raw = target_of(frame, cfg.target_column, teacher.schema)
    usable, y = drop_rows_without_target(frame, y_raw, teacher.task)
    targets = _encode_target(teacher, y, cfg.target_column)
    x_raw = feature_frame(usable, cfg.target_column, excluded)
    if teacher.schema is None:  # the rows of a teacher with a schema keep their dates: it knows how to read them
        x_raw = expand_date_columns(x_raw, dates)
    _check_known_columns(teacher, x_raw)
    x = encoded_rows(teacher, known_frame(teacher, x_raw, categorical=own))
    y_all = target_tensor(targets, teacher.task, teacher.target_scaler)
    times = None if timeline is None else timeline.rows(y.index.to_numpy())
    train, test = train_and_test_rows(targets, teacher.task, cfg, None if times is None else times.order)
    times = None if times is None else times.in_order()
    rows = hold_out_validation(take(x, train), y_all[train], take(x, test), y_all[test], teacher.task, cfg, times).to(
        run_device
    )

    student = _build_student(teacher, cfg).to(run_device)
    objective = _objective(teacher, rows, cfg, temperature, alpha)
    result, metrics = fit_and_score(student, rows, objective, cfg, teacher.task, teacher.target_scaler, control)
    metrics.n_dropped = len(frame) - len(usable)
    note_times(metrics, times)
    schema = teacher.schema or describe_inputs(frame, cfg.target_column, excluded, dates, own)
    record = make_record(
        cfg,
        metrics,
        result,
        device=str(run_device),
        data_path=data_path,
        n_rows=len(frame),
        schema=schema,
        receipt=make_receipt(
            schema, features_in(teacher.vectorizer), metrics, len(frame), frame.attrs.get(READING, {})
        ),
        distillation={"temperature": temperature, "alpha": alpha},
    )
    return replace(
        teacher,
        model=student,
        target_column=cfg.target_column,
        schema=schema,
        record=record,
        model_config=model_config(teacher.input_dim, teacher.output_dim, cfg),
    ), metrics


def _teacher(path: str | Path | None, bundle: ModelBundle | None) -> ModelBundle:
    if bundle is not None:
        return bundle
    if path is None:
        raise ConfigError("teacher_path or teacher_bundle is required.", remedy="Choose a trained model to learn from.")
    return load_bundle(path)


def _check_teacher(teacher: ModelBundle, cfg: TrainingConfig) -> None:
    if cfg.task in ("auto", teacher.task) and teacher.task == "classification" and teacher.label_encoder is None:
        raise ConfigError("Teacher model is missing a label encoder.", remedy="Choose another teacher.")
    check_student(cfg.task, cfg.training_mode, teacher.task)


def _student_config(
    cfg: TrainingConfig, teacher: ModelBundle, hidden_dim: int | None, layers: int | None, dropout: float | None
) -> TrainingConfig:
    """Return `cfg` with the student's own shape, what was asked for, else half the teacher's, and its codes."""
    model = teacher.model
    if hidden_dim is None:
        hidden_dim = max(SMALLEST_STUDENT_WIDTH, model_hidden_dim(model) // 2)
    if layers is None:
        layers = max(1, model_num_hidden_layers(model) - 1)
    if dropout is None:
        dropout = min(LARGEST_STUDENT_DROPOUT, model_dropout(model) + 0.05)
    student = replace(cfg, task=teacher.task, hidden_dim=hidden_dim, num_hidden_layers=layers, dropout=dropout)
    if teacher.schema is not None:
        student = replace(student, categorical_columns=teacher.schema.categorical_columns)
        if cfg.categorical_columns and set(cfg.categorical_columns) != set(student.categorical_columns):
            read = ", ".join(map(repr, student.categorical_columns)) or "none"
            logger.warning("The categorical columns of the student are those of its teacher: %s.", read)
    return checked_config(student)


def _check_known_columns(teacher: ModelBundle, x_raw: pd.DataFrame) -> None:
    """Raise DataError where the table lacks, or the caller excludes, a column that the teacher learned from."""
    columns = [str(column) for column in x_raw.columns]
    if teacher.schema is not None:
        known = list(teacher.schema.feature_columns)
    elif isinstance(teacher.vectorizer, DictVectorizer):
        known = known_columns(teacher.vectorizer, columns)
    else:
        return
    lacking = [name for name in known if name not in columns]
    if lacking:
        names = ", ".join(repr(name) for name in lacking[:5]) + (", …" if len(lacking) > 5 else "")
        raise DataError(
            f"The teacher learned from {len(known)} columns, and {len(lacking)} of them are missing or excluded "
            f"here: {names}. Use a table with the teacher's columns."
        )


def _encode_target(teacher: ModelBundle, y: pd.Series, target: str) -> NDArray[Any]:
    if teacher.task == "regression":
        return number_target(y, target).reshape(-1, 1)
    distinct = distinct_cells(y)
    labels = [label_text(cell) for cell in distinct.cells]
    index_of = {str(label): index for index, label in enumerate(teacher.label_encoder.classes_)}
    unknown = sorted(set(labels) - set(index_of))
    if unknown:
        raise DataError(
            f"Column {target!r} holds labels that the teacher does not know: {', '.join(map(repr, unknown[:5]))}. "
            "Use a table with the teacher's labels, or train a new teacher on this one."
        )
    return np.array([index_of[label] for label in labels])[distinct.codes]


def _build_student(teacher: ModelBundle, cfg: TrainingConfig) -> nn.Module:
    return build_model(
        teacher.input_dim, teacher.output_dim, cfg.training_mode, cfg.hidden_dim, cfg.num_hidden_layers, cfg.dropout
    )


def _objective(teacher: ModelBundle, rows: RowSets, cfg: TrainingConfig, temperature: float, alpha: float) -> Objective:
    """Blend the hard criterion with matching the teacher's outputs, which are computed once."""
    device = rows.x_train.device
    outputs = forward(copy.deepcopy(teacher.model), rows.x_train, device)
    hard = hard_criterion(teacher.task, cfg.training_mode, rows.y_train, teacher.output_dim, device)
    regression = teacher.task == "regression"
    return Objective(
        hard,
        blended_loss(hard, nn.MSELoss() if regression else soft_criterion(temperature), alpha),
        guess(hard, rows.y_train, teacher.output_dim),
        soft_targets=(outputs if regression else torch.softmax(outputs / temperature, dim=1),),
        settings={"temperature": temperature, "alpha": alpha},
        teacher=tuple(teacher.model.state_dict().values()) if isinstance(teacher.model, nn.Module) else (),
    )
