"""The contract: train a network on a table in a file, predict for raw rows, keep and reload the result.

This module only wires; each step lives in the module it is imported from. The steps are looked up
by their names here, so that a caller or a test can replace one.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import nn

from core import serialization
from core.added.auto import train_auto
from core.added.train import train_added
from core.calibrate import calibrate_out_of_fold
from core.calibration import OutOfFold
from core.columns import as_names, check_columns, check_target_not_excluded, feature_frame
from core.config import check_task_fits_mode, checked_config
from core.data import has_target, prepare_tensors
from core.distill import distill_model_from_file
from core.encoder import Encoder
from core.encoding import features_in
from core.fitting import Objective, RowSets, fit_and_score, hold_out_validation, note_times, seed_everything
from core.inference import choose_device
from core.loop import Ask, Control, OnBoard, OnEpoch
from core.losses import blended_loss, guess, hard_criterion, soft_criterion
from core.models import build_model, model_config
from core.receipt import make_receipt
from core.record import make_record
from core.scoring.predict import decode_outputs, predict_outputs
from core.serialization import save_bundle
from core.settled import settled
from core.tables.codes import coerce_features
from core.tables.coerce import coerce_value
from core.tables.dates import expand_date_columns
from core.tables.infer import infer_task
from core.tables.options import AUTOMATIC, ReadOptions
from core.tables.read import READING, is_large, load_large_file, load_tabular_file
from core.tables.schema import describe_inputs
from core.tables.timeline import timeline_of
from core.types import ADDED_MODES, TIMED_MODE, Metrics, ModelBundle, TrainingConfig

__all__ = [
    "Metrics",
    "ModelBundle",
    "TrainingConfig",
    "distill_model_from_file",
    "load_bundle",
    "predict_rows",
    "save_bundle",
    "train_model_from_file",
]


def train_model_from_file(
    data_path: str | Path,
    cfg: TrainingConfig,
    sheet_name: str | None = None,
    exclude_columns: Sequence[str] | None = None,
    date_columns: Sequence[str] | None = None,
    device: str | torch.device | None = None,
    *,
    on_epoch: OnEpoch | None = None,
    should_stop: Ask | None = None,
    should_pause: Ask | None = None,
    checkpoint_path: str | Path | None = None,
    resume_from: str | Path | None = None,
    reading: ReadOptions | None = None,
    on_board: OnBoard | None = None,
) -> tuple[ModelBundle, Metrics]:
    """Train a network on a table in a file and return it with its figures on rows it has not seen.

    `on_epoch` gets an `EpochReport` after each epoch; `should_stop` is asked before each step, and
    a stopped training keeps the best epoch where there is a validation split, else the last.
    `should_pause` is asked there too; a yes writes `checkpoint_path` and raises TrainingPaused. Training
    goes on from the checkpoint in `resume_from`, on the same table with the same settings; epochs and
    patience may change. One whose loss diverges ends with its best finite epoch and a warning.
    `reading` holds choices about how the file is read; the bundle remembers those that predictions need.
    In the mode `auto`, `on_epoch` gets a report for each network that is trained, and `on_board` a `Leaderboard` about
    twice a second.
    Raises FileNotFoundError for a missing file, and ValueError (an AppError with a sentence) for a
    setting, a table, a checkpoint or a training that cannot work. Source: REQ-T01 to REQ-T16.
    """
    began = time.perf_counter()
    control = Control(on_epoch, should_stop, should_pause, checkpoint_path, resume_from, on_board)
    cfg = checked_config(cfg)
    seed_everything(cfg.random_seed)
    excluded = frozenset(as_names(exclude_columns))
    check_target_not_excluded(cfg.target_column, excluded)

    chosen = {} if reading is None else {"options": reading}
    load = load_large_file if is_large(data_path) else load_tabular_file
    frame = load(data_path, sheet_name, **chosen)
    dates = [column for column in as_names(date_columns) if column not in excluded]
    check_columns(list(frame.columns), cfg.target_column, excluded, dates, cfg.categorical_columns, cfg.time_column)
    schema = describe_inputs(frame, cfg.target_column, excluded, dates, cfg.categorical_columns, reading or AUTOMATIC)
    timeline = timeline_of(frame, cfg.time_column, schema, reading or AUTOMATIC)
    formats = {} if reading is None else {"formats": schema.date_formats}
    table = expand_date_columns(frame, dates, **formats)
    features = feature_frame(table, cfg.target_column, excluded)
    x_rows = coerce_features(features, cfg.categorical_columns, coerce_value)
    y_raw = frame[cfg.target_column]
    task = infer_task(y_raw) if cfg.task == "auto" else cfg.task
    check_task_fits_mode(task, cfg.training_mode)

    in_time = {} if timeline is None else {"order": timeline.order}
    usable = None if timeline is None else timeline.rows(has_target(y_raw, task)).in_order()
    (
        x_train, x_test, y_train, y_test, vectorizer, scaler, feature_medians,
        label_encoder, target_scaler, input_dim, output_dim, class_names,
    ) = prepare_tensors(x_rows, y_raw, task, cfg, **in_time)  # fmt: skip
    run_device = choose_device(device)
    model: nn.Module
    out_of_fold: OutOfFold | None = None
    if cfg.training_mode in ADDED_MODES:
        own = settled(cfg, len(x_train))
        rows = hold_out_validation(x_train, y_train, x_test, y_test, task, own, usable)
        encoder = Encoder(vectorizer, scaler, feature_medians)
        if cfg.training_mode == TIMED_MODE:
            trained = train_auto(
                rows, encoder, own, task, output_dim, target_scaler, control, run_device,
                began=began, in_time=usable is not None,
            )  # fmt: skip
            model, result, metrics, out_of_fold = trained.network, trained.result, trained.metrics, trained.out_of_fold
        else:
            model, result, metrics = train_added(
                rows, encoder, own, task, output_dim, target_scaler, control, run_device
            )  # fmt: skip
    else:
        model = build_model(
            input_dim, output_dim, cfg.training_mode, cfg.hidden_dim, cfg.num_hidden_layers, cfg.dropout
        ).to(run_device)
        rows = hold_out_validation(x_train, y_train, x_test, y_test, task, cfg, usable).to(run_device)
        result, metrics = fit_and_score(
            model, rows, objective_of(task, rows, output_dim, cfg), cfg, task, target_scaler, control
        )
    metrics.n_dropped = len(frame) - len(x_train) - len(x_test)
    note_times(metrics, usable)
    record = make_record(
        cfg, metrics, result,
        device=str(run_device), data_path=data_path, n_rows=len(frame), schema=schema,
        receipt=make_receipt(
            schema, features_in(vectorizer), metrics, len(frame), frame.attrs.get(READING, {})
        ),
    )  # fmt: skip
    return ModelBundle(
        model=model,
        task=task,
        vectorizer=vectorizer,
        scaler=scaler,
        feature_medians=feature_medians,
        label_encoder=label_encoder,
        target_scaler=target_scaler,
        target_column=cfg.target_column,
        input_dim=input_dim,
        output_dim=output_dim,
        class_names=class_names,
        model_config=model_config(input_dim, output_dim, cfg, model),
        schema=schema,
        record=record,
        calibration=None if out_of_fold is None else calibrate_out_of_fold(out_of_fold),
        out_of_fold=out_of_fold,
    ), metrics


def predict_rows(
    bundle: ModelBundle, rows: Sequence[Mapping[str, Any]], device: str | torch.device | None = None
) -> list[Any]:
    """Predict for raw rows, dates and excluded columns included: labels, or numbers in the target's unit.

    A column that a row lacks counts as missing. The rows are not changed (INV-T04).
    Source: REQ-T17 to REQ-T21.
    """
    if len(rows) == 0:
        return []
    return decode_outputs(bundle, predict_outputs(bundle, rows, device, coerce_value))


def load_bundle(path: str | Path, map_location: str | torch.device = "cpu") -> ModelBundle:
    """Load a bundle that `save_bundle` wrote. Source: REQ-T22."""
    return serialization.load_bundle(path, map_location)


def objective_of(task: str, rows: RowSets, output_dim: int, cfg: TrainingConfig) -> Objective:
    """Return what the mode minimises, as the specification's table and REQ-T09 have it."""
    hard = hard_criterion(task, cfg.training_mode, rows.y_train, output_dim, rows.x_train.device)
    guessed = guess(hard, rows.y_train, output_dim)
    if cfg.training_mode != "tree_teacher_distillation":
        return Objective(hard, hard, guessed)
    from core import teacher  # scikit-learn's forests take a moment to import, and no other mode needs them

    soft_targets = teacher.tree_soft_targets(rows.x_train, rows.y_train, task, output_dim, cfg.random_seed)
    soft = nn.MSELoss() if task == "regression" else soft_criterion(teacher.TEMPERATURE)
    return Objective(hard, blended_loss(hard, soft, teacher.HARD_SHARE), guessed, (soft_targets,))
