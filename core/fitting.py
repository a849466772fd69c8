"""From prepared tensors to a trained, scored network: what trainer and distillation share."""

from __future__ import annotations

import hashlib
import math
import random
import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from core.checkpoint.identity import Identity
from core.columns import as_names
from core.data import judging_rows, split_rows
from core.inference import forward
from core.loop import Control, LoopResult, fit
from core.losses import BatchLoss, Criterion
from core.metrics import baseline_of, held_out_loss, loss_on, metric_name, metric_of
from core.rows import EncodedRows, Rows, move, take
from core.steps.recipe import Recipe
from core.tables.timeline import Timeline, split_by_time
from core.types import Metrics, TrainingConfig

HOW_LONG = ("epochs", "early_stopping_patience", "time_budget")  # what a training may be gone on with
CHOICES = ("categorical_columns", "time_column")


@dataclass(frozen=True)
class RowSets:
    """The rows that train, that validate, and that are scored once: x float32, y as `target_tensor`."""

    x_train: Rows
    y_train: Tensor
    x_validation: Rows
    y_validation: Tensor
    x_test: Rows
    y_test: Tensor

    @property
    def judging(self) -> tuple[Rows, Tensor]:
        """Return the validation rows that judge the epochs, x and y."""
        chosen = torch.from_numpy(judging_rows(len(self.x_validation))).to(self.x_validation.device)
        return take(self.x_validation, chosen), self.y_validation[chosen]

    def to(self, device: torch.device) -> RowSets:
        """Return the same rows on `device`."""
        x_train, x_validation, x_test = move((self.x_train, self.x_validation, self.x_test), device)
        y_train, y_validation, y_test = (y.to(device) for y in (self.y_train, self.y_validation, self.y_test))
        return RowSets(x_train, y_train, x_validation, y_validation, x_test, y_test)


@dataclass(frozen=True)
class Objective:
    """What a training minimises: `batch_loss(outputs, y, *soft_targets)`; `hard` alone scores it.

    `guess` (1, output_dim) is what guessing puts out for every row. `settings` says how soft and hard are
    blended where the configuration does not, and `teacher` holds the weights that the soft targets come from.
    """

    hard: Criterion
    batch_loss: BatchLoss
    guess: Tensor
    soft_targets: tuple[Tensor, ...] = ()
    settings: Mapping[str, float] = field(default_factory=dict)
    teacher: tuple[Tensor, ...] = ()


def seed_everything(random_seed: int) -> None:
    """Seed `random`, numpy and torch. Source: REQ-T01."""
    random.seed(random_seed)
    np.random.seed(random_seed)
    torch.manual_seed(random_seed)


def hold_out_validation(
    x_train: Rows,
    y_train: Tensor,
    x_test: Rows,
    y_test: Tensor,
    task: str,
    cfg: TrainingConfig,
    timeline: Timeline | None = None,
) -> RowSets:
    """Move `cfg.validation_size` of the training rows into a validation set; the test rows stay as they are.

    With the `timeline` of all usable rows in time order, these are the latest of the training rows, which
    come in that order.
    """
    if cfg.validation_size == 0:
        return RowSets(x_train, y_train, take(x_train, slice(0)), y_train[:0], x_test, y_test)
    if timeline is None:
        train, validation = split_rows(y_train.numpy(), task, cfg.validation_size, cfg.random_seed)
    else:
        train, validation = split_by_time(timeline.order[: len(x_train)], cfg.validation_size, timeline.column)
    return RowSets(take(x_train, train), y_train[train], take(x_train, validation), y_train[validation], x_test, y_test)


def fit_and_score(
    model: nn.Module,
    rows: RowSets,
    objective: Objective,
    cfg: TrainingConfig,
    task: str,
    target_scaler: Any,
    control: Control,
    *,
    recipe: Recipe | None = None,
) -> tuple[LoopResult, Metrics]:
    """Train `model` in place, then score it on the test rows, in the unit of `target_scaler`."""
    device, started = rows.x_train.device, time.perf_counter()
    x_judging, y_judging = rows.judging
    resumable = control.checkpoint_path is not None or control.resume_from is not None
    result = fit(
        model,
        rows.x_train,
        (rows.y_train, *objective.soft_targets),
        objective.batch_loss,
        cfg,
        validation_loss=held_out_loss(model, x_judging, y_judging, objective.hard, device),
        baseline_loss=baseline_loss(rows, objective),
        control=control,
        identity=identity_of(rows, objective, replace(cfg, task=task)) if resumable else None,
        **({} if recipe is None else {"recipe": recipe}),
    )
    seconds = result.earlier_seconds + time.perf_counter() - started
    return result, score(model, rows, objective.hard, task, target_scaler, result, seconds)


def score(
    model: nn.Module,
    rows: RowSets,
    hard: Criterion,
    task: str,
    target_scaler: Any,
    result: LoopResult,
    seconds: float,
) -> Metrics:
    """Score a trained network on rows that are where it is; `seconds` of training came before."""
    device, started = rows.x_train.device, time.perf_counter()
    return Metrics(
        task=task,
        train_loss=loss_on(model, rows.x_train, rows.y_train, hard, device),
        test_loss=loss_on(model, rows.x_test, rows.y_test, hard, device),
        test_metric_name=metric_name(task),
        test_metric_value=metric_of(task, forward(model, rows.x_test, device), rows.y_test, target_scaler),
        baseline_metric_value=baseline_of(task, rows.y_train, rows.y_test, target_scaler),
        n_train=len(rows.x_train),
        n_validation=len(rows.x_validation),
        n_test=len(rows.x_test),
        epochs_run=len(result.reports),
        best_epoch=result.best_epoch,
        seconds=seconds + time.perf_counter() - started,
        threads=result.threads,
    )


def note_times(metrics: Metrics, timeline: Timeline | None) -> None:
    """Enter in the figures when the test rows begin; `timeline` is that of all usable rows, in time order."""
    if timeline is not None and metrics.n_test is not None:
        metrics.test_from = timeline.text(float(timeline.order[-metrics.n_test]))
        metrics.n_without_time = int(np.isnan(timeline.order).sum())


def baseline_loss(rows: RowSets, objective: Objective) -> float | None:
    """Return what guessing reaches on the rows that the curve judges: the validation rows, else the training rows.

    None where there are no validation rows and the curve is of a loss that follows a teacher too.
    """
    y = rows.judging[1] if len(rows.y_validation) else rows.y_train
    if objective.soft_targets and not len(rows.y_validation):
        return None
    loss = float(objective.hard(objective.guess.expand(len(y), -1), y))
    return loss if math.isfinite(loss) else None


def identity_of(rows: RowSets, objective: Objective, cfg: TrainingConfig) -> Identity:
    """Return what a checkpoint must have in common with this training: all but how long it trains.

    A teacher's weights stand for its soft targets, whose last digits depend on the number of threads.
    What is chosen of columns stands there where something is, in any order, as one text.
    """
    settings = {name: value for name, value in asdict(cfg).items() if name not in (*HOW_LONG, *CHOICES)}
    chosen = {name: as_names(getattr(cfg, name)) for name in CHOICES}
    settings |= {name: ", ".join(map(repr, sorted(columns))) for name, columns in chosen.items() if columns}
    judged = (*_kept(rows.x_train), rows.y_train, *_kept(rows.x_validation), rows.y_validation)
    return Identity(
        settings | dict(objective.settings), _digest(judged), _digest(objective.teacher or objective.soft_targets)
    )


def _kept(x: Rows) -> tuple[Tensor, ...]:
    """Return all that rows are made of."""
    return (*x.storage.tensors, x.places) if isinstance(x, EncodedRows) else (x,)


def _digest(tensors: Iterable[Tensor]) -> str:
    """Return the SHA-256 over types, shapes and bytes."""
    digest = hashlib.sha256()
    for tensor in tensors:
        array = tensor.detach().cpu().contiguous().numpy()
        digest.update(f"{array.dtype} {array.shape}\n".encode())
        digest.update(array.data)
    return digest.hexdigest()
