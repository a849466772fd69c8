"""Trains a model's network again on other rows, as its training did it, and takes its errors on the test rows.

Encoders, medians and scalers are fitted anew on the rows that this training may look at: its own training rows and
the validation rows. What the columns are and how their cells are read stays as the model has it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.preprocessing import StandardScaler
from torch import Tensor, nn

from core.added.auto import train_auto
from core.added.train import train_added
from core.config import checked_config
from core.data import target_tensor
from core.encoder import fit_encoder
from core.fitting import RowSets, fit_and_score, seed_everything
from core.inference import choose_device, forward
from core.insight.figures.losses import absolute_errors
from core.insight.heldout import HeldOut
from core.loop import Control
from core.models import build_model
from core.rows import Rows, take
from core.scoring.predict import encoded_rows
from core.settled import settled
from core.trainer import objective_of
from core.types import ADDED_MODES, TIMED_MODE, ModelBundle, TrainingConfig

Losses = NDArray[np.float64]
OnShare = Callable[[float], object]


@dataclass(frozen=True)
class Refit:
    """A network trained again: 1 for each test row that is wrong, or its absolute error `(n_test,)`.

    `seconds` is what training took; `epochs_run` how many epochs it had.
    """

    losses: Losses
    n_train: int
    epochs_run: int
    seconds: float


def refit(
    bundle: ModelBundle,
    features: pd.DataFrame,
    held: HeldOut,
    cfg: TrainingConfig,
    *,
    device: str | None = None,
    on_share: OnShare = lambda share: None,
) -> Refit:
    """Train a network like the one of `bundle` on the rows of `held`, with the settings and the seed of `cfg`.

    `features` are what the model knows of `held.rows`, as `core.scoring.predict.known_frame` gives them. With the rows
    of the bundle's own training, the network is the bundle's; a blend, which is trained for as long as its first one,
    is much like it. `on_share` is told which share of the training is done. Raises TrainingError (a ValueError) where
    the training cannot work.
    """
    cfg = checked_config(cfg)
    seed_everything(cfg.random_seed)
    run_device = choose_device(device)
    is_added = cfg.training_mode in ADDED_MODES
    control = Control(
        on_epoch=lambda report: None if cfg.training_mode == TIMED_MODE else on_share(report.epoch / cfg.epochs),
        on_board=lambda board: on_share(min(1.0, board.seconds / board.time_budget)),
    )
    encoder = fit_encoder(features, held.fitted)
    encoder = encoder.with_gaps_marked() if is_added else encoder
    rows, scaler = _rows(bundle, encoder.encode(features), held)
    model: nn.Module
    if is_added:
        own, parts = settled(cfg, len(held.fitted)), (bundle.task, bundle.output_dim, scaler, control, run_device)
        if cfg.training_mode == TIMED_MODE:
            began, in_time = time.perf_counter(), cfg.time_column is not None
            trained = train_auto(rows, encoder, own, *parts, began=began, in_time=in_time)
            model, metrics = trained.network, trained.metrics
        else:
            model, _, metrics = train_added(rows, encoder, own, *parts)
    else:
        rows = rows.to(run_device)
        model = build_model(
            rows.x_train.shape[1], bundle.output_dim, cfg.training_mode,
            cfg.hidden_dim, cfg.num_hidden_layers, cfg.dropout,
        ).to(run_device)  # fmt: skip
        objective = objective_of(bundle.task, rows, bundle.output_dim, cfg)
        _, metrics = fit_and_score(model, rows, objective, cfg, bundle.task, scaler, control)
    outputs = forward(model, rows.x_test, run_device).cpu()
    losses = _losses(bundle.task, outputs, held.y[held.test], scaler)
    return Refit(losses, len(held.train), metrics.epochs_run or 0, metrics.seconds or 0.0)


def own_losses(bundle: ModelBundle, features: pd.DataFrame, held: HeldOut, device: str | None = None) -> Losses:
    """Return the same errors of the bundle's network as it is: no threshold, the likeliest class `(n_test,)`."""
    x = encoded_rows(bundle, features.iloc[held.test])
    outputs = forward(bundle.model, x, choose_device(device)).cpu()
    return _losses(bundle.task, outputs, held.y[held.test], bundle.target_scaler)


def guess_losses(task: str, held: HeldOut) -> Losses:
    """Return the errors on the test rows of always guessing the commonest class, or the mean, of the others."""
    y, known = held.y[held.test], held.y[held.fitted]
    if task == "classification":
        return np.asarray(y != np.bincount(known).argmax(), dtype=np.float64)
    with np.errstate(over="ignore"):
        return absolute_errors(y, known.mean())


def _rows(bundle: ModelBundle, x: Rows, held: HeldOut) -> tuple[RowSets, Any]:
    """Return every tensor of the training of encoded rows `x`, and the target's scaler."""
    y = held.y if bundle.task == "classification" else held.y.reshape(-1, 1)
    target_scaler = None if bundle.task == "classification" else StandardScaler().fit(y[held.fitted])

    def y_of(places: NDArray[np.intp]) -> Tensor:
        return target_tensor(y[places], bundle.task, target_scaler)

    train, validation, test = (take(x, places) for places in (held.train, held.validation, held.test))
    rows = RowSets(train, y_of(held.train), validation, y_of(held.validation), test, y_of(held.test))
    return rows, target_scaler


def _losses(task: str, outputs: Tensor, y: NDArray[Any], target_scaler: Any) -> Losses:
    if task == "classification":
        return np.asarray(outputs.argmax(dim=1).numpy() != y, dtype=np.float64)
    numbers = outputs.double().numpy()
    predicted = numbers if target_scaler is None else target_scaler.inverse_transform(numbers)
    return absolute_errors(y, predicted[:, 0])
