"""Teacher and student are compared on the very rows that the student was tested on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from core.runs.compare import compare_models
from core.trainer import distill_model_from_file, save_bundle, train_model_from_file
from core.types import TrainingConfig


@pytest.mark.parametrize("time_column", [None, "sold"])
@pytest.mark.parametrize("target", ["price", "town"])
def test_the_student_reaches_there_what_its_training_said(
    time_column: str | None, target: str, price_frame: pd.DataFrame, tmp_path: Path
) -> None:
    days = pd.Timestamp("2020-01-01") + pd.to_timedelta(np.arange(220) * 37 % 220, unit="D")
    frame = price_frame.rename(columns={"district": "town"}).assign(sold=days.strftime("%d.%m.%Y"))
    frame.loc[[3, 30], target] = None
    frame.to_csv(tmp_path / "t.csv", index=False)
    settings: dict[str, Any] = {"epochs": 3, "time_column": time_column, "categorical_columns": ("rooms",)}
    dates: dict[str, Any] = {"date_columns": ["sold"]}
    teacher, _ = train_model_from_file(tmp_path / "t.csv", TrainingConfig(target, **settings), **dates)
    cfg = TrainingConfig(target, epochs=3, time_column=time_column)
    student, metrics = distill_model_from_file(tmp_path / "t.csv", cfg, teacher_bundle=teacher, **dates)
    paths = [save_bundle(bundle, tmp_path / name) for name, bundle in (("a", teacher), ("b", student))]
    found = compare_models(teacher, paths[0], student, paths[1], tmp_path / "t.csv", cfg)
    assert found["student"]["metric_value"] == pytest.approx(metrics.test_metric_value, rel=1e-5)
    assert metrics.n_test == 44
