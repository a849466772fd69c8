"""What an added mode decides itself: settings by the rows, sizes by the device. It does not know torch."""

from __future__ import annotations

from dataclasses import replace

from core.types import TrainingConfig

VALIDATION_SHARE, PATIENCE = 0.15, 16
USUAL_BATCH = 64  # that `batch_size` is a multiple of
# Gorishniy et al. (2025), section D, by the rows that train.
BATCH_SIZES = ((2_800, 32), (4_500, 64), (6_400, 128), (32_000, 256))
LARGEST_BATCH = 512
MOST_BINS = 32
MOST_INPUTS = 1_024  # of the first layer, from embedded numbers
MOST_EMBEDDED = 512  # numbers; more go in as they are


def settled(cfg: TrainingConfig, n_rows: int) -> TrainingConfig:
    """Return the settings with what an added mode decides itself, for `n_rows` rows that are not for the test."""
    validation_size = cfg.validation_size or VALIDATION_SHARE
    n_fitted = round(n_rows * (1 - validation_size))
    batch_size = next((size for most, size in BATCH_SIZES if n_fitted < most), LARGEST_BATCH)
    return replace(
        cfg,
        validation_size=validation_size,
        early_stopping_patience=cfg.early_stopping_patience or PATIENCE,
        restore_best=True,
        batch_size=max(2, round(batch_size * cfg.batch_size / USUAL_BATCH)),
    )


def members_and_embedding(n_numbers: int, *, on_gpu: bool) -> tuple[int, int]:
    """Return k and the width that each of `n_numbers` numbers is embedded in, 0 where they go in as they are."""
    k, d_embedding = (32, 16) if on_gpu else (8, 8)
    if n_numbers > MOST_EMBEDDED:
        return k, 0
    return k, max(1, min(d_embedding, MOST_INPUTS // max(1, n_numbers)))
