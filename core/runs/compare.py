"""Teacher and student side by side: score, size, speed and agreement on the same test rows."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.inference import forward
from core.insight.heldout import held_out
from core.metrics import metric_name
from core.scoring.predict import decode_outputs, features_of, labels_of
from core.tables.read import load_tabular_file
from core.types import ModelBundle, TrainingConfig

TIMING_SECONDS = 0.2


@dataclass(frozen=True)
class ModelSide:
    """What one of the two models reaches, and at which cost."""

    parameters: int
    bytes: int
    metric_name: str
    metric_value: float
    rows_per_second: float


def compare_models(
    teacher: ModelBundle,
    teacher_path: Path,
    student: ModelBundle,
    student_path: Path,
    table: Path,
    cfg: TrainingConfig,
) -> dict[str, Any]:
    """Return both sides and how far they agree on the test rows of `cfg`'s split, on the CPU.

    For categories, `agreement` is the share of rows with the same decision; for numbers, the share
    of the teacher's variance that the student repeats, 0 at least.
    """
    rows, y = _test_rows(teacher, load_tabular_file(table), cfg)
    teacher_side, teacher_says = _judge(teacher, teacher_path, rows, y)
    student_side, student_says = _judge(student, student_path, rows, y)
    return {
        "teacher": asdict(teacher_side),
        "student": asdict(student_side),
        "agreement": _agreement(teacher.task, teacher_says, student_says),
    }


def _test_rows(teacher: ModelBundle, frame: pd.DataFrame, cfg: TrainingConfig) -> tuple[pd.DataFrame, NDArray[Any]]:
    """Return the test rows, and their labels or numbers."""
    held = held_out(teacher, frame, cfg)
    y = held.y[held.test]
    labels = np.asarray(labels_of(teacher, y), dtype=object) if teacher.task == "classification" else y
    return held.rows.iloc[held.test], labels


def _judge(bundle: ModelBundle, path: Path, rows: pd.DataFrame, y: NDArray[Any]) -> tuple[ModelSide, NDArray[Any]]:
    x = features_of(bundle, rows)
    outputs = forward(bundle.model, x, torch.device("cpu"))
    says = np.asarray(decode_outputs(bundle, outputs), dtype=object if bundle.task == "classification" else float)
    side = ModelSide(
        parameters=sum(parameter.numel() for parameter in bundle.model.parameters()),
        bytes=path.stat().st_size,
        metric_name=metric_name(bundle.task),
        metric_value=_score(bundle.task, says, y),
        rows_per_second=_rows_per_second(bundle, x),
    )
    return side, says


def _score(task: str, says: NDArray[Any], y: NDArray[Any]) -> float:
    if task == "classification":
        return float(np.mean(says == y))
    return float(np.sqrt(np.mean((says - y.reshape(-1)) ** 2)))


def _agreement(task: str, teacher_says: NDArray[Any], student_says: NDArray[Any]) -> float:
    if task == "classification":
        return float(np.mean(teacher_says == student_says))
    spread = float(np.var(teacher_says))
    if spread == 0:
        return float(np.allclose(teacher_says, student_says))
    return max(0.0, 1 - float(np.mean((teacher_says - student_says) ** 2)) / spread)


def _rows_per_second(bundle: ModelBundle, x: Tensor) -> float:
    """Time the network alone on one batch of all rows; the encoding before it is the same for both."""
    device, passes, started = torch.device("cpu"), 0, time.perf_counter()
    while (seconds := time.perf_counter() - started) < TIMING_SECONDS:
        forward(bundle.model, x, device)
        passes += 1
    return passes * len(x) / seconds
