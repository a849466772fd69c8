"""How often ranges hold the truth on test rows: set by rows that judged no epoch, beside rows that did.

Those of a blend are set by training rows, each by networks that have not learned from it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch

from core.calibrate import calibrate_numbers, covered_numbers
from core.calibration import Calibration
from core.insight.heldout import HeldOut, held_out
from core.scoring.predict import decode_outputs, predict_outputs
from core.tables.read import load_tabular_file
from core.trainer import train_model_from_file
from core.types import RECOMMENDED, TIMED_MODE, ModelBundle, TrainingConfig
from tests.benchmarks.figures import Figure

TITLE = "Test rows held by ranges, and which validation rows set them"
TABLES = Path(__file__).resolve().parents[3] / "shared" / "data"
LEVELS = (0.5, 0.8, 0.9)
SEEDS = 12
BLEND_SEEDS, BLEND_SECONDS = 6, 20.0


@dataclass(frozen=True)
class Table:
    """A table with a number to predict."""

    path: Path
    target: str | None  # None: the last column
    dates: Sequence[str] = field(default=())


TRIED = {
    "concrete": Table(TABLES / "concrete" / "concrete.csv", None),
    "walmart_sales": Table(TABLES / "walmart_sales" / "sales_forecasting_walmart.csv", "Weekly_Sales", ("Date",)),
}


def coverages(table: Table, seed: int) -> tuple[list[float], list[float]]:
    """Return the shares of test rows held at each level: by calibration rows of their own, and by all of them."""
    frame = load_tabular_file(table.path)
    cfg = TrainingConfig(table.target or str(frame.columns[-1]), random_seed=seed, restore_best=True, **RECOMMENDED)
    bundle, _ = train_model_from_file(table.path, cfg, date_columns=table.dates, device="cpu")
    held = held_out(bundle, frame, cfg)
    return _held_by(bundle, held, held.calibrating), _held_by(bundle, held, held.validation)


def blended_coverages(table: Table, seed: int) -> list[float]:
    """Return the shares of test rows held at each level by the ranges of a blend."""
    frame = load_tabular_file(table.path)
    cfg = TrainingConfig(
        table.target or str(frame.columns[-1]), random_seed=seed, training_mode=TIMED_MODE, time_budget=BLEND_SECONDS
    )
    bundle, _ = train_model_from_file(table.path, cfg, date_columns=table.dates, device="cpu")
    return _covered(bundle, held_out(bundle, frame, cfg), bundle.calibration or Calibration())


def _held_by(bundle: ModelBundle, held: HeldOut, places: np.ndarray) -> list[float]:
    calibration = calibrate_numbers(_predicted(bundle, held, places), held.y[places]) or Calibration()
    return _covered(bundle, held, calibration)


def _covered(bundle: ModelBundle, held: HeldOut, calibration: Calibration) -> list[float]:
    margins, predicted = dict(calibration.margins), _predicted(bundle, held, held.test)
    return [float(covered_numbers(predicted, held.y[held.test], margins[level]).mean()) for level in LEVELS]


def _predicted(bundle: ModelBundle, held: HeldOut, places: np.ndarray) -> np.ndarray:
    return np.asarray(decode_outputs(bundle, predict_outputs(bundle, held.rows.iloc[places], "cpu")))


def figures() -> Iterator[Figure]:
    """Yield the mean over the seeds, with its standard error, where the tables are there."""
    torch.set_num_threads(1)
    for name, table in TRIED.items():
        if not table.path.is_file():
            continue
        found = np.array([coverages(table, seed) for seed in range(SEEDS)])  # (seeds, 2, levels)
        yield from _figures(f"{name}, rows that judged no epoch", found[:, 0])
        yield from _figures(f"{name}, all validation rows", found[:, 1])
        blends = np.array([blended_coverages(table, seed) for seed in range(BLEND_SEEDS)])
        yield from _figures(f"{name}, blend, training rows out of fold", blends)


def _figures(name: str, found: np.ndarray) -> Iterator[Figure]:
    """Yield the mean of shares held `(seeds, levels)` at each level."""
    errors = found.std(axis=0, ddof=1) / len(found) ** 0.5
    for level, own, error in zip(LEVELS, found.T, errors, strict=True):
        note = f"± {100 * error:.1f}"
        yield Figure(f"{name}: {100 * level:.0f} % promised", 100 * own.mean(), "%", note=note)
