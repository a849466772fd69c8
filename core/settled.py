"""What an added mode decides itself: settings by the rows, sizes by the device. It does not know torch."""

from __future__ import annotations

from dataclasses import replace

from core.types import TIMED_MODE, TrainingConfig

VALIDATION_SHARE = 0.15
USUAL_BATCH = 64  # that `batch_size` is a multiple of
# Gorishniy et al. (2025), section D, by the rows that train.
BATCH_SIZES = ((2_800, 32), (4_500, 64), (6_400, 128), (32_000, 256))
LARGEST_BATCH = 512
LARGEST_REALMLP_BATCH = 256  # Holzmüller et al. (2024) have it for any table; few rows need more steps
REALMLP_WIDER, REALMLP_DEEPER = 2, 1  # than TabM: 256 × 3 where that is 128 × 2
MOST_BINS = 32
MOST_INPUTS = 1_024  # of the first layer, from embedded numbers
MOST_EMBEDDED = 512  # numbers; more go in as they are


def settled(cfg: TrainingConfig, n_rows: int) -> TrainingConfig:
    """Return the settings with what an added mode decides itself, for `n_rows` rows that are not for the test."""
    if cfg.training_mode == TIMED_MODE:  # whose members are judged on the rows that they did not learn from
        return replace(cfg, validation_size=0.0, early_stopping_patience=0, restore_best=True)
    validation_size = cfg.validation_size or VALIDATION_SHARE
    return in_family(replace(cfg, validation_size=validation_size), cfg.training_mode, n_rows * (1 - validation_size))


def in_family(cfg: TrainingConfig, family: str, n_fitted: float) -> TrainingConfig:
    """Return how one network of a kind, `tabm` or `realmlp`, is trained on `n_fitted` rows; it keeps the best epoch.

    Its rate rises and falls, so that some epochs without progress tell nothing, and patience is not for it.
    """
    batch_size = next((size for most, size in BATCH_SIZES if round(n_fitted) < most), LARGEST_BATCH)
    if family == "realmlp":
        batch_size = min(batch_size, LARGEST_REALMLP_BATCH)
    return replace(
        cfg,
        training_mode=family,
        early_stopping_patience=0,
        restore_best=True,
        batch_size=max(2, round(batch_size * cfg.batch_size / USUAL_BATCH)),
    )


def layers_of_realmlp(hidden_dim: int, num_hidden_layers: int) -> tuple[int, int]:
    """Return the width and the hidden layers of a RealMLP where a TabM has these."""
    return REALMLP_WIDER * hidden_dim, num_hidden_layers + REALMLP_DEEPER


def members_and_embedding(n_numbers: int, *, on_gpu: bool) -> tuple[int, int]:
    """Return k and the width that each of `n_numbers` numbers is embedded in, 0 where they go in as they are."""
    k, d_embedding = (32, 16) if on_gpu else (8, 8)
    if n_numbers > MOST_EMBEDDED:
        return k, 0
    return k, max(1, min(d_embedding, MOST_INPUTS // max(1, n_numbers)))
