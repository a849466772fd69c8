"""Distillation: the student learns from the teacher, inherits its preprocessing and leaves it alone."""

from __future__ import annotations

import copy
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.preprocessing import LabelEncoder
from torch import nn

from core import distill
from core.errors import AppError, DataError
from core.scoring import predict_proba_rows
from core.trainer import distill_model_from_file, load_bundle, predict_rows, save_bundle, train_model_from_file
from core.types import ModelBundle, TrainingConfig


def config(**changes: Any) -> TrainingConfig:
    return TrainingConfig(**{"target_column": "churn", "epochs": 5, **changes})


@pytest.fixture(scope="module")
def table(churn_frame: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("data") / "churn.csv"
    churn_frame.to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def teacher(table: Path) -> ModelBundle:
    cfg = config(epochs=30, hidden_dim=48, num_hidden_layers=3, dropout=0.2)
    return train_model_from_file(table, cfg, exclude_columns=["customer_id"], date_columns=["joined"])[0]


@pytest.fixture(scope="module")
def price_teacher(price_frame: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ModelBundle]:
    path = tmp_path_factory.mktemp("data") / "price.csv"
    price_frame.to_csv(path, index=False)
    return path, train_model_from_file(path, TrainingConfig("price", epochs=40, learning_rate=1e-2))[0]


def snapshot(bundle: ModelBundle) -> list[Any]:
    return [copy.deepcopy(bundle.model.state_dict()), bundle.model.training, copy.deepcopy(bundle.__dict__)]


def test_the_student_is_smaller_and_inherits_the_preprocessing(table: Path, teacher: ModelBundle) -> None:
    student, metrics = distill_model_from_file(table, config(), teacher_bundle=teacher)
    for name in ("vectorizer", "scaler", "feature_medians", "label_encoder", "target_scaler", "schema"):
        assert getattr(student, name) is getattr(teacher, name)
    assert student.model_config == {
        "training_mode": "mlp_dense",
        "input_dim": teacher.input_dim,
        "output_dim": 2,
        "hidden_dim": 24,
        "num_hidden_layers": 2,
        "dropout": 0.25,
    }
    assert not any(module.training for module in student.model.modules())
    assert metrics.task == "classification"
    assert metrics.epochs_run == 5
    assert student.record is not None
    assert student.record.config["distillation"] == {"temperature": 2.5, "alpha": 0.5}


def test_the_teacher_is_not_changed_in_any_way(table: Path, teacher: ModelBundle) -> None:
    teacher.model.train()
    try:
        before = snapshot(teacher)
        distill_model_from_file(table, config(epochs=1), teacher_bundle=teacher)
        weights, training, _ = snapshot(teacher)
        assert training is before[1] is True
        assert all(torch.equal(weights[name], before[0][name]) for name in weights)
    finally:
        teacher.model.eval()


def test_student_defaults_have_the_stated_floors_and_ceilings(table: Path, teacher: ModelBundle) -> None:
    small = train_model_from_file(table, config(epochs=1, hidden_dim=8, num_hidden_layers=1, dropout=0.49))[0]
    student, _ = distill_model_from_file(table, config(epochs=1), teacher_bundle=small)
    assert student.model_config is not None
    assert [student.model_config[k] for k in ("hidden_dim", "num_hidden_layers", "dropout")] == [16, 1, 0.5]
    chosen, _ = distill_model_from_file(
        table,
        config(epochs=1),
        teacher_bundle=teacher,
        student_hidden_dim=5,
        student_num_hidden_layers=4,
        student_dropout=0.0,
    )
    assert chosen.model_config is not None
    assert [chosen.model_config[k] for k in ("hidden_dim", "num_hidden_layers", "dropout")] == [5, 4, 0.0]


def test_the_loss_blends_hard_and_soft_with_the_squared_temperature(
    table: Path, teacher: ModelBundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    captured: dict[str, Any] = {}
    fit = distill.fit_and_score

    def spy(model: Any, rows: Any, objective: Any, *arguments: Any, **keywords: Any) -> Any:
        captured.update(rows=rows, objective=objective)
        return fit(model, rows, objective, *arguments, **keywords)

    monkeypatch.setattr(distill, "fit_and_score", spy)
    distill_model_from_file(table, config(epochs=1), teacher_bundle=teacher, temperature=3.0, alpha=0.3)
    rows, objective = captured["rows"], captured["objective"]
    with torch.no_grad():
        teacher_logits = teacher.model(rows.x_train).double().numpy()
    logits = np.random.default_rng(0).normal(size=teacher_logits.shape)

    def log_softmax(values: Any) -> Any:
        return values - np.log(np.exp(values).sum(axis=1, keepdims=True))

    log_p, log_q = log_softmax(teacher_logits / 3), log_softmax(logits / 3)
    soft = 9 * (np.exp(log_p) * (log_p - log_q)).sum(axis=1).mean()
    hard = -log_softmax(logits)[np.arange(len(logits)), rows.y_train.numpy()].mean()
    loss = objective.batch_loss(torch.as_tensor(logits), rows.y_train, objective.soft_targets[0].double())
    assert float(loss) == pytest.approx(0.3 * hard + 0.7 * soft, rel=1e-4)


def test_with_alpha_0_the_student_follows_the_teacher_rather_than_the_labels(
    table: Path, teacher: ModelBundle, churn_frame: pd.DataFrame
) -> None:
    rows = churn_frame.to_dict("records")
    target = predict_proba_rows(teacher, rows)[:, 1]

    def distance(alpha: float) -> float:
        cfg = config(epochs=150, learning_rate=5e-3)
        student, _ = distill_model_from_file(table, cfg, teacher_bundle=teacher, alpha=alpha, student_dropout=0.0)
        return float(np.abs(predict_proba_rows(student, rows)[:, 1] - target).mean())

    assert distance(0.0) < 0.7 * distance(1.0)


def test_a_number_teacher_gives_a_number_student(price_teacher: tuple[Path, ModelBundle]) -> None:
    path, bundle = price_teacher
    student, metrics = distill_model_from_file(
        path, TrainingConfig("price", epochs=60, learning_rate=1e-2), teacher_bundle=bundle
    )
    assert (metrics.task, metrics.test_metric_name) == ("regression", "rmse")
    assert metrics.baseline_metric_value is not None
    assert metrics.test_metric_value < 0.6 * metrics.baseline_metric_value
    assert isinstance(predict_rows(student, [{"area": 80, "rooms": 3, "district": "north"}])[0], float)


def test_the_same_seed_gives_the_same_student_from_bundle_and_from_file(
    table: Path, teacher: ModelBundle, tmp_path: Path
) -> None:
    path = save_bundle(teacher, tmp_path)
    students = [
        distill_model_from_file(table, config(epochs=2), teacher_bundle=teacher)[0],
        distill_model_from_file(table, config(epochs=2), teacher_path=path)[0],
    ]
    first, second = (torch.cat([p.flatten() for p in student.model.parameters()]) for student in students)
    assert torch.equal(first, second)
    again = load_bundle(save_bundle(students[1], tmp_path / "student"))
    assert predict_rows(again, [{"tenure": 3}]) == predict_rows(students[1], [{"tenure": 3}])


@pytest.mark.parametrize("mode", ["linear_glm_baseline", "tabresnet"])
def test_other_student_networks(table: Path, teacher: ModelBundle, mode: str) -> None:
    student, _ = distill_model_from_file(table, config(epochs=1, training_mode=mode), teacher_bundle=teacher)
    assert student.model_config is not None
    assert student.model_config["training_mode"] == mode


REFUSALS: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    ({}, {"temperature": 0}, "^temperature must be > 0$"),
    ({}, {"temperature": -1.0}, "^temperature must be > 0$"),
    ({}, {"alpha": 1.01}, "^alpha must be between 0 and 1$"),
    ({}, {"alpha": -0.1}, "^alpha must be between 0 and 1$"),
    ({}, {"teacher_bundle": None}, r"^teacher_path or teacher_bundle is required\.$"),
    ({"task": "regression"}, {}, r"^Requested task does not match teacher task\.$"),
    ({}, {"exclude_columns": ["churn"]}, "^target_column cannot be excluded$"),
    ({"training_mode": "imbalance_aware"}, {}, "'imbalance_aware' is none for a student"),
    ({"training_mode": "calibrated_classifier"}, {}, "'calibrated_classifier' is none for a student"),
    ({"training_mode": "tree_teacher_distillation"}, {}, "'tree_teacher_distillation' is none for a student"),
    ({}, {"student_hidden_dim": 0}, "Width is 0"),
    ({}, {"exclude_columns": ["tenure"]}, "1 of them are missing or excluded here: 'tenure'"),
]


@pytest.mark.parametrize(("changes", "arguments", "sentence"), REFUSALS)
def test_what_cannot_work_is_refused_in_one_sentence(
    table: Path, teacher: ModelBundle, changes: dict[str, Any], arguments: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(ValueError, match=sentence) as caught:
        distill_model_from_file(table, config(**changes), **{"teacher_bundle": teacher, **arguments})
    assert isinstance(caught.value, AppError)


def test_a_teacher_without_its_encoder_is_refused(table: Path, teacher: ModelBundle) -> None:
    with pytest.raises(ValueError, match=r"^Teacher model is missing a label encoder\.$"):
        distill_model_from_file(table, config(), teacher_bundle=replace(teacher, label_encoder=None))


def test_the_order_of_the_checks_is_the_contracts(table: Path) -> None:
    with pytest.raises(ValueError, match="temperature must be > 0"):
        distill_model_from_file(table, config(), temperature=0, alpha=7)
    with pytest.raises(ValueError, match="alpha must be between"):
        distill_model_from_file(table, config(), alpha=7)


def test_a_table_that_does_not_fit_the_teacher_is_refused(
    churn_frame: pd.DataFrame, teacher: ModelBundle, tmp_path: Path
) -> None:
    path = tmp_path / "rows.csv"
    churn_frame.drop(columns=["tenure", "joined"]).to_csv(path, index=False)
    with pytest.raises(DataError, match="2 of them are missing or excluded here: 'joined', 'tenure'"):
        distill_model_from_file(path, config(), teacher_bundle=teacher)
    churn_frame.assign(churn=["Perhaps", *churn_frame["churn"][1:]]).to_csv(path, index=False)
    with pytest.raises(DataError, match="labels that the teacher does not know: 'Perhaps'"):
        distill_model_from_file(path, config(), teacher_bundle=teacher)


def test_a_teacher_of_numbers_asked_with_auto_stays_a_teacher_of_numbers(
    price_frame: pd.DataFrame, tmp_path: Path
) -> None:
    path = tmp_path / "rows.csv"
    price_frame.to_csv(path, index=False)
    few_values = TrainingConfig("rooms", task="regression", epochs=2)
    bundle, _ = train_model_from_file(path, few_values)
    student, metrics = distill_model_from_file(path, TrainingConfig("rooms", epochs=2), teacher_bundle=bundle)
    assert (student.task, metrics.task) == ("regression", "regression")


def test_a_hand_made_teacher_teaches(table: Path, teacher: ModelBundle) -> None:
    class Half(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return torch.zeros(len(x), 2)

    bare = replace(teacher, model=Half(), schema=None, record=None, model_config=None)
    student, _ = distill_model_from_file(
        table,
        config(epochs=1),
        teacher_bundle=bare,
        exclude_columns=["customer_id"],
        date_columns=["joined"],
        student_hidden_dim=16,
    )
    assert student.schema is not None
    assert predict_rows(student, [{"tenure": 3, "joined": "01.02.2022"}])[0] in ("No", "Yes")


def test_a_schemaless_teacher_notices_a_missing_text_column(
    churn_frame: pd.DataFrame, teacher: ModelBundle, tmp_path: Path
) -> None:
    path = tmp_path / "rows.csv"
    churn_frame.drop(columns=["contract"]).to_csv(path, index=False)
    bare = replace(teacher, schema=None)
    with pytest.raises(DataError, match="1 of them are missing or excluded here: 'contract'"):
        distill_model_from_file(path, config(), teacher_bundle=bare, date_columns=["joined"])


def test_exclusion_wins_over_date_and_an_unknown_date_is_refused(table: Path, teacher: ModelBundle) -> None:
    with pytest.raises(DataError, match="missing or excluded here: 'joined'"):
        distill_model_from_file(
            table, config(), teacher_bundle=teacher, exclude_columns=["joined"], date_columns=["joined"]
        )
    with pytest.raises(DataError, match="no date column 'nope'"):
        distill_model_from_file(table, config(), teacher_bundle=teacher, date_columns=["nope"])


def test_a_teacher_whose_encoder_holds_numbers_teaches(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    pd.DataFrame({"a": range(40), "y": [i % 2 for i in range(40)]}).to_csv(path, index=False)
    bundle, _ = train_model_from_file(path, TrainingConfig("y", epochs=1))
    numbered = replace(bundle, label_encoder=LabelEncoder().fit([0, 1]))
    student, _ = distill_model_from_file(path, TrainingConfig("y", epochs=1), teacher_bundle=numbered)
    assert set(predict_rows(student, [{"a": 1}, {"a": 30}])) <= {0, 1}


def test_a_number_teacher_without_a_scaler_teaches(price_teacher: tuple[Path, ModelBundle]) -> None:
    path, bundle = price_teacher
    raw = replace(bundle, target_scaler=None)
    _, metrics = distill_model_from_file(path, TrainingConfig("price", epochs=1), teacher_bundle=raw)
    assert (metrics.task, metrics.test_metric_name) == ("regression", "rmse")
    assert metrics.test_metric_value > 100_000
