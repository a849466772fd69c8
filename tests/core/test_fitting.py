"""What guessing reaches on the rows that the curve judges, against scikit-learn and numpy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.metrics import log_loss, mean_squared_error

from core import trainer
from core.distill import distill_model_from_file
from core.epoch import EpochReport
from core.fitting import RowSets
from core.trainer import TrainingConfig, train_model_from_file


@pytest.fixture
def rows_of(monkeypatch: pytest.MonkeyPatch) -> list[RowSets]:
    """Return a list into which each training's rows go."""
    seen: list[RowSets] = []
    fit = trainer.fit_and_score

    def spy(model: Any, rows: RowSets, *arguments: Any) -> Any:
        seen.append(rows)
        return fit(model, rows, *arguments)

    monkeypatch.setattr(trainer, "fit_and_score", spy)
    return seen


def baseline(path: Path, cfg: TrainingConfig) -> float | None:
    reports: list[EpochReport] = []
    train_model_from_file(path, cfg, on_epoch=reports.append)
    [figure] = {report.baseline_loss for report in reports}
    return figure


@pytest.mark.parametrize("validation_size", [0.0, 0.25])
def test_guessing_categories_is_guessing_their_shares(
    churn_csv: Path, rows_of: list[RowSets], validation_size: float
) -> None:
    figure = baseline(churn_csv, TrainingConfig("churn", epochs=2, validation_size=validation_size))
    [rows] = rows_of
    guess = DummyClassifier(strategy="prior").fit(rows.x_train.numpy(), rows.y_train.numpy())
    x, y = (rows.x_validation, rows.y_validation) if validation_size else (rows.x_train, rows.y_train)
    assert figure == pytest.approx(log_loss(y.numpy(), guess.predict_proba(x.numpy())), rel=1e-5)


@pytest.mark.parametrize("validation_size", [0.0, 0.25])
def test_guessing_numbers_is_guessing_the_mean(price_csv: Path, rows_of: list[RowSets], validation_size: float) -> None:
    figure = baseline(price_csv, TrainingConfig("price", epochs=2, validation_size=validation_size))
    [rows] = rows_of
    guess = DummyRegressor().fit(rows.x_train.numpy(), rows.y_train.numpy())
    x, y = (rows.x_validation, rows.y_validation) if validation_size else (rows.x_train, rows.y_train)
    assert figure == pytest.approx(mean_squared_error(y.numpy(), guess.predict(x.numpy())), rel=1e-5)


@pytest.mark.parametrize("mode", ["imbalance_aware", "calibrated_classifier"])
def test_no_constant_guess_does_better_on_the_training_rows(churn_csv: Path, rows_of: list[RowSets], mode: str) -> None:
    """With weights or smoothing the best guess is another one; found here by trying them all."""
    figure = baseline(churn_csv, TrainingConfig("churn", epochs=1, training_mode=mode))
    [rows] = rows_of
    share = float(rows.y_train.double().mean())
    shares = np.array([1 - share, share])
    q = np.linspace(0.001, 0.999, 9_999)
    loss_of_class = -np.log([1 - q, q])
    if mode == "imbalance_aware":
        losses = loss_of_class.mean(axis=0)  # weights make the classes count the same
    else:
        losses = 0.95 * shares @ loss_of_class + 0.05 * loss_of_class.mean(axis=0)
    assert figure == pytest.approx(losses.min(), rel=1e-4)


def test_a_class_that_only_validation_rows_have_gives_a_finite_figure(
    churn_frame: pd.DataFrame, tmp_path: Path
) -> None:
    path = tmp_path / "rows.csv"
    for row in range(60):
        labels = churn_frame["churn"].tolist()
        labels[row] = "Perhaps"
        churn_frame.head(60).assign(churn=labels[:60]).to_csv(path, index=False)
        figure = baseline(path, TrainingConfig("churn", epochs=1, validation_size=0.3))
        assert figure is not None
        assert np.isfinite(figure)
        if figure > 1.0:  # the only "Perhaps" is among the validation rows, where its share was 0
            return
    raise AssertionError("no split put the only row of a class among the validation rows")


def test_a_curve_that_follows_a_teacher_has_a_figure_only_on_validation_rows(
    churn_csv: Path, rows_of: list[RowSets]
) -> None:
    cfg = TrainingConfig("churn", epochs=1, training_mode="tree_teacher_distillation")
    assert baseline(churn_csv, cfg) is None
    cfg.validation_size = 0.25
    figure = baseline(churn_csv, cfg)
    cfg.training_mode = "mlp_dense"
    assert figure == baseline(churn_csv, cfg)
    assert figure is not None
    assert torch.equal(rows_of[1].y_validation, rows_of[2].y_validation)


def test_a_students_guess_is_of_its_own_rows(price_frame: pd.DataFrame, tmp_path: Path) -> None:
    """The teacher's scale is not the table's: here every price is doubled."""
    path, dearer = tmp_path / "rows.csv", tmp_path / "dearer.csv"
    price_frame.to_csv(path, index=False)
    price_frame.assign(price=price_frame["price"] * 2).to_csv(dearer, index=False)
    teacher, _ = train_model_from_file(path, TrainingConfig("price", epochs=1))
    reports: list[EpochReport] = []
    distill_model_from_file(
        dearer,
        TrainingConfig("price", epochs=1, validation_size=0.25),
        teacher_bundle=teacher,
        on_epoch=reports.append,
    )
    spread = float(teacher.target_scaler.scale_[0])
    variance = float((price_frame["price"] * 2).var(ddof=0)) / spread**2
    assert reports[0].baseline_loss == pytest.approx(variance, rel=0.3)
