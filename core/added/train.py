"""Trains one network of an added mode: `tabm` or `realmlp`.

The settings of `TrainingConfig` are read in an added mode's own way: learning rate and batch size as multiples of the
usual ones. Each epoch is judged on validation rows, and the best one is kept.
"""

from __future__ import annotations

from dataclasses import replace

import torch

from core.added.inputs import fit_front, inputs_of
from core.added.trainees import trainee_for
from core.encoder import Encoder
from core.fitting import Objective, RowSets, fit_and_score
from core.loop import Control, LoopResult
from core.losses import guess, hard_criterion
from core.networks.fronted import Fronted
from core.networks.shape import Family
from core.types import Metrics, TrainingConfig


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
    hard = hard_criterion(task, cfg.training_mode, rows.y_train, output_dim, device)
    family: Family = "realmlp" if cfg.training_mode == "realmlp" else "tabm"
    trainee = trainee_for(family, z_train, front.shape.n_numbers, output_dim, cfg, task, hard, device)
    if n_classes is None:
        trainee.keeps.stay_within(rows.y_train)
    objective = Objective(hard, trainee.batch_loss, guess(hard, rows.y_train, output_dim))
    result, metrics = fit_and_score(
        trainee.learns.to(device), inputs.to(device), objective, cfg, task, target_scaler, control,
        recipe=trainee.recipe,
    )  # fmt: skip
    return Fronted(front, trainee.keeps).to(device).eval(), result, metrics
