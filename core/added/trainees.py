"""The networks of the added modes before their training: what learns, what a model keeps of it, and the recipe."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from core.losses import BatchLoss, Criterion, OverMembers
from core.networks.averaged import Averaged
from core.networks.fronted import Body
from core.networks.realmlp import RealMLP
from core.networks.shape import Family
from core.networks.tabm import TabM, bins_of
from core.settled import layers_of_realmlp, members_and_embedding
from core.steps.recipe import Recipe
from core.types import TrainingConfig
from core.waves import waves_of

USUAL_RATE = 1e-3  # that `learning_rate` is a multiple of
# The largest in a wave. Gorishniy et al. (2025) have 2e-3, and it constant; in waves 8e-3 did better than 4e-3 and
# 1.6e-2 on rows kept aside of the training rows of nine tables (tests/benchmarks/RESULTS.md).
TABM_RATE = 8e-3
TABM_WEIGHT_DECAY = 1e-4  # of a loss that is the sum over the members, and so k times less of their mean
DECAY = 0.998  # of the mean of the weights: about the last 500 steps
REALMLP_RATES = {"classification": 0.04, "regression": 0.2}  # Holzmüller et al. (2024), as all of RealMLP
REALMLP_FACTORS = {"scale": 6.0, "bias": 0.1, "mix": 0.1}  # of the rate
REALMLP_WEIGHT_DECAY = 0.02


@dataclass(frozen=True)
class Trainee:
    """A network about to be trained: `learns` takes inputs `(b, inputs)`, and a model keeps what `keeps` becomes."""

    learns: nn.Module
    keeps: Body
    recipe: Recipe
    batch_loss: BatchLoss


def trainee_for(
    family: Family,
    z: Tensor,
    n_numbers: int,
    output_dim: int,
    cfg: TrainingConfig,
    task: str,
    hard: Criterion,
    device: torch.device,
    *,
    on_log: bool = False,
) -> Trainee:
    """Return an untrained network of a kind for inputs `z` (n, inputs), the first `n_numbers` of which are numbers.

    It is on the CPU, of a size that the device can train in good time. A TabM may learn a number `on_log`.
    """
    rate = cfg.learning_rate / USUAL_RATE
    if family == "realmlp":
        network = _realmlp(z, output_dim, cfg)
        recipe = Recipe(
            rate * REALMLP_RATES[task], betas=(0.9, 0.95), weight_decay=REALMLP_WEIGHT_DECAY, is_decoupled=True,
            waves=waves_of(family, cfg.epochs), rates=REALMLP_FACTORS,
        )  # fmt: skip
        return Trainee(network, network, recipe, hard)
    tabm = _tabm(z, n_numbers, output_dim, cfg, device, on_log)
    recipe = Recipe(
        rate * TABM_RATE, weight_decay=TABM_WEIGHT_DECAY / tabm.k, clip_norm=1.0, waves=waves_of(family, cfg.epochs)
    )
    body = Averaged(tabm, DECAY)
    return Trainee(body, body.mean, recipe, OverMembers(hard))


def _tabm(z: Tensor, n_numbers: int, output_dim: int, cfg: TrainingConfig, device: torch.device, on_log: bool) -> TabM:
    k, d_embedding = members_and_embedding(n_numbers, on_gpu=device.type == "cuda")
    return TabM(
        bins_of(z[:, :n_numbers]), z.shape[1] - n_numbers, output_dim,
        k=k, hidden_dim=cfg.hidden_dim, num_hidden_layers=max(1, cfg.num_hidden_layers), dropout=cfg.dropout,
        d_embedding=d_embedding, on_log=on_log,
    )  # fmt: skip


def _realmlp(z: Tensor, output_dim: int, cfg: TrainingConfig) -> RealMLP:
    width, depth = layers_of_realmlp(cfg.hidden_dim, max(1, cfg.num_hidden_layers))
    network = RealMLP(z.shape[1], output_dim, hidden_dim=width, num_hidden_layers=depth, dropout=cfg.dropout)
    network.look_at(z)
    return network
