"""Trains the networks of the added modes: which front, which network and which recipe, by the table and the device.

The settings of `TrainingConfig` are read in an added mode's own way: learning rate and batch size as multiples of the
usual ones. Each epoch is judged on validation rows, and the best one is kept.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from core.added.inputs import fit_front, inputs_of
from core.encoder import Encoder
from core.fitting import Objective, RowSets, fit_and_score
from core.loop import Control, LoopResult
from core.losses import BatchLoss, Criterion, guess, hard_criterion
from core.networks.fronted import Fronted
from core.networks.tabm import TabM, bins_of
from core.settled import DROPS, members_and_embedding
from core.steps.recipe import Recipe
from core.types import Metrics, TrainingConfig

USUAL_RATE = 1e-3  # that `learning_rate` is a multiple of
# The published rate is 2e-3 for networks four times as wide; a narrower one takes a larger rate (Yang et al., 2021).
RATE, DROP = 4e-3, 0.2


def train_added(
    rows: RowSets,
    encoder: Encoder,
    cfg: TrainingConfig,
    task: str,
    output_dim: int,
    target_scaler: object,
    control: Control,
    device: torch.device,
) -> tuple[Fronted, LoopResult, Metrics]:
    """Train the network of `cfg.training_mode` on encoded rows, which `encoder` has encoded, and score it.

    `cfg` is `settled` (`core.settled`), and the rows are on the CPU.
    """
    n_classes = output_dim if task == "classification" else None
    front, z_train = fit_front(rows.x_train, rows.y_train, encoder, n_classes=n_classes, seed=cfg.random_seed)
    inputs = replace(
        rows, x_train=z_train, x_validation=inputs_of(front, rows.x_validation), x_test=inputs_of(front, rows.x_test)
    )
    body = tabm_for(z_train, front.shape.n_numbers, output_dim, cfg, device)
    if n_classes is None:
        body.stay_within(rows.y_train)
    hard = hard_criterion(task, cfg.training_mode, rows.y_train, output_dim, device)
    objective = Objective(hard, over_members(hard), guess(hard, rows.y_train, output_dim))
    result, metrics = fit_and_score(
        body.to(device), inputs.to(device), objective, cfg, task, target_scaler, control, recipe=recipe_of(cfg)
    )
    return Fronted(front, body).to(device).eval(), result, metrics


def tabm_for(z: Tensor, n_numbers: int, output_dim: int, cfg: TrainingConfig, device: torch.device) -> TabM:
    """Return an untrained TabM for inputs `z` (n, inputs), of a size that the device can train in good time."""
    k, d_embedding = members_and_embedding(n_numbers, on_gpu=device.type == "cuda")
    return TabM(
        bins_of(z[:, :n_numbers]), z.shape[1] - n_numbers, output_dim,
        k=k, hidden_dim=cfg.hidden_dim, num_hidden_layers=max(1, cfg.num_hidden_layers), dropout=cfg.dropout,
        d_embedding=d_embedding,
    )  # fmt: skip


def recipe_of(cfg: TrainingConfig) -> Recipe:
    """Return how TabM is trained."""
    return Recipe(RATE * cfg.learning_rate / USUAL_RATE, clip_norm=1.0, drops=DROPS, drop=DROP)


def over_members(hard: Criterion) -> BatchLoss:
    """Return the mean of `hard` over the k members, whose outputs are `(b, k, outputs)`."""

    def loss(outputs: Tensor, y: Tensor) -> Tensor:
        return hard(outputs.flatten(0, 1), y.repeat_interleave(outputs.shape[1], 0))

    return loss
