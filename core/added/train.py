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
from core.networks.averaged import Averaged
from core.networks.fronted import Fronted
from core.networks.tabm import TabM, bins_of
from core.settled import members_and_embedding
from core.steps.recipe import Recipe
from core.types import Metrics, TrainingConfig

USUAL_RATE = 1e-3  # that `learning_rate` is a multiple of
RATE = 2e-3  # Gorishniy et al. (2025)
WEIGHT_DECAY = 1e-4  # of a loss that is the sum over the members, and so k times less of their mean
DECAY = 0.998  # of the mean of the weights: about the last 500 steps


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
    network = tabm_for(z_train, front.shape.n_numbers, output_dim, cfg, device)
    if n_classes is None:
        network.stay_within(rows.y_train)
    body = Averaged(network, DECAY)
    hard = hard_criterion(task, cfg.training_mode, rows.y_train, output_dim, device)
    objective = Objective(hard, over_members(hard), guess(hard, rows.y_train, output_dim))
    result, metrics = fit_and_score(
        body.to(device),
        inputs.to(device),
        objective,
        cfg,
        task,
        target_scaler,
        control,
        recipe=recipe_of(cfg, network.k),
    )
    return Fronted(front, body.mean).to(device).eval(), result, metrics


def tabm_for(z: Tensor, n_numbers: int, output_dim: int, cfg: TrainingConfig, device: torch.device) -> TabM:
    """Return an untrained TabM for inputs `z` (n, inputs), of a size that the device can train in good time."""
    k, d_embedding = members_and_embedding(n_numbers, on_gpu=device.type == "cuda")
    return TabM(
        bins_of(z[:, :n_numbers]), z.shape[1] - n_numbers, output_dim,
        k=k, hidden_dim=cfg.hidden_dim, num_hidden_layers=max(1, cfg.num_hidden_layers), dropout=cfg.dropout,
        d_embedding=d_embedding,
    )  # fmt: skip


def recipe_of(cfg: TrainingConfig, k: int) -> Recipe:
    """Return how a TabM of k members is trained."""
    return Recipe(RATE * cfg.learning_rate / USUAL_RATE, weight_decay=WEIGHT_DECAY / k, clip_norm=1.0)


def over_members(hard: Criterion) -> BatchLoss:
    """Return the mean of `hard` over the k members, whose outputs are `(b, k, outputs)`."""

    def loss(outputs: Tensor, y: Tensor) -> Tensor:
        return hard(outputs.flatten(0, 1), y.repeat_interleave(outputs.shape[1], 0))

    return loss
