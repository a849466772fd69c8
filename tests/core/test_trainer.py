"""The training half of the contract, requirement by requirement."""

from __future__ import annotations

import random
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from torch import nn
from torch.nn import functional

from core import data, distill, losses, serialization, teacher, trainer, types
from core.errors import AppError, ConfigError, DataError, TrainingError
from core.loop import EpochReport
from core.models import MLP, LinearBaseline, TabResNet
from core.trainer import TrainingConfig, train_model_from_file
from core.types import EPOCH_MODES, SPECIFIED_MODES, ModelBundle


def churn(**changes: Any) -> TrainingConfig:
    return TrainingConfig(**{"target_column": "churn", "epochs": 3, "hidden_dim": 16, **changes})


def price(**changes: Any) -> TrainingConfig:
    return TrainingConfig(**{"target_column": "price", "epochs": 3, "hidden_dim": 16, **changes})


def weights_of(bundle: ModelBundle) -> torch.Tensor:
    return torch.cat([tensor.flatten().float() for tensor in bundle.model.state_dict().values()])


def test_module_exports_exactly_the_eight_names() -> None:
    assert sorted(trainer.__all__) == [
        "Metrics",
        "ModelBundle",
        "TrainingConfig",
        "distill_model_from_file",
        "load_bundle",
        "predict_rows",
        "save_bundle",
        "train_model_from_file",
    ]
    assert trainer.distill_model_from_file is distill.distill_model_from_file
    assert (trainer.Metrics, trainer.ModelBundle, trainer.TrainingConfig) == (
        types.Metrics,
        types.ModelBundle,
        types.TrainingConfig,
    )


@pytest.mark.parametrize("mode", EPOCH_MODES)
def test_same_seed_gives_identical_weights(churn_csv: Path, mode: str) -> None:
    """REQ-T01, AC-T01."""
    first, _ = train_model_from_file(churn_csv, churn(training_mode=mode), date_columns=["joined"])
    second, _ = train_model_from_file(churn_csv, churn(training_mode=mode), date_columns=["joined"])
    assert torch.equal(weights_of(first), weights_of(second))


def test_another_seed_gives_other_weights(churn_csv: Path) -> None:
    """REQ-T01: the seed is what decides."""
    first, _ = train_model_from_file(churn_csv, churn())
    second, _ = train_model_from_file(churn_csv, churn(random_seed=43))
    assert not torch.equal(weights_of(first), weights_of(second))


def test_all_three_generators_are_seeded_before_anything_is_drawn(
    churn_csv: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """REQ-T01, INV-T01: by the time the table is loaded, each generator stands at the seed's beginning."""
    drawn: list[tuple[float, float, float]] = []
    load = trainer.load_tabular_file

    def spy(*arguments: Any, **keywords: Any) -> pd.DataFrame:
        drawn.append((random.random(), float(np.random.rand()), float(torch.rand(()))))
        return load(*arguments, **keywords)

    monkeypatch.setattr(trainer, "load_tabular_file", spy)
    train_model_from_file(churn_csv, churn(random_seed=5, epochs=1))
    random.seed(5)
    np.random.seed(5)
    torch.manual_seed(5)
    assert drawn == [(random.random(), float(np.random.rand()), float(torch.rand(())))]


def test_dates_replace_their_column_and_excluded_columns_are_left_out(churn_csv: Path) -> None:
    """REQ-T02, AC-T02."""
    bundle, _ = train_model_from_file(
        churn_csv, churn(epochs=1), exclude_columns=["customer_id"], date_columns=["joined"]
    )
    names = bundle.vectorizer.feature_names_
    assert {"joined__year", "joined__sin_month", "joined__elapsed_days", "joined__is_month_end"} <= set(names)
    assert "joined" not in names
    assert not [name for name in names if name.startswith(("joined=", "customer_id"))]
    assert "contract=monthly" in names


def test_a_replaced_loader_is_the_one_that_is_used(churn_frame: pd.DataFrame, monkeypatch: pytest.MonkeyPatch) -> None:
    """REQ-T02: the steps are looked up in the trainer's own namespace."""
    monkeypatch.setattr(trainer, "load_tabular_file", lambda path, sheet_name=None: churn_frame)
    bundle, _ = train_model_from_file("nowhere.csv", churn(epochs=1), exclude_columns=["customer_id", "joined"])
    assert bundle.class_names == ["No", "Yes"]


def test_excluded_target_is_refused_in_the_specified_words(churn_csv: Path) -> None:
    """REQ-T03, AC-T03."""
    with pytest.raises(ValueError, match=r"^target_column cannot be excluded$") as caught:
        train_model_from_file(churn_csv, churn(), exclude_columns=["churn"])
    assert isinstance(caught.value, AppError)
    assert "'churn'" in caught.value.sentence


def test_task_is_inferred_for_auto_and_taken_as_given_otherwise(churn_csv: Path, price_csv: Path) -> None:
    """REQ-T04, AC-T04, INV-T03."""
    classified, metrics = train_model_from_file(churn_csv, churn(epochs=1))
    assert (classified.task, metrics.task) == ("classification", "classification")
    regressed, metrics = train_model_from_file(price_csv, price(epochs=1))
    assert (regressed.task, metrics.task) == ("regression", "regression")
    forced, metrics = train_model_from_file(price_csv, price(epochs=1, target_column="rooms", task="regression"))
    assert (forced.task, metrics.task) == ("regression", "regression")


@pytest.mark.parametrize("mode", ["imbalance_aware", "calibrated_classifier"])
def test_modes_for_categories_refuse_a_number_target(price_csv: Path, mode: str) -> None:
    """REQ-T05, AC-T05."""
    with pytest.raises(ValueError, match=f"'{mode}' predicts categories, but this target is a number"):
        train_model_from_file(price_csv, price(training_mode=mode))


def test_preprocessing_is_what_prepare_tensors_returned(churn_csv: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """REQ-T06, AC-T06, REQ-T16."""
    calls: list[tuple[Any, ...]] = []

    def spy(*arguments: Any) -> data.PreparedTensors:
        calls.append((*arguments, data.prepare_tensors(*arguments)))
        return calls[-1][-1]

    monkeypatch.setattr(trainer, "prepare_tensors", spy)
    cfg = churn(epochs=1)
    bundle, _ = train_model_from_file(churn_csv, cfg)
    [(x_rows, y_raw, task, given, prepared)] = calls
    assert len(x_rows) == len(y_raw) == 240
    assert (task, given) == ("classification", cfg)
    for name in ("vectorizer", "scaler", "feature_medians", "label_encoder", "target_scaler"):
        assert getattr(bundle, name) is getattr(prepared, name)
    assert bundle.vectorizer.vocabulary_
    assert bundle.scaler.mean_.shape == (bundle.input_dim,)


def test_without_a_gpu_training_runs_on_the_cpu(churn_csv: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """REQ-T07, AC-T07."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    bundle, _ = train_model_from_file(churn_csv, churn(epochs=1))
    assert {p.device.type for p in bundle.model.parameters()} == {"cpu"}
    with pytest.raises(ConfigError, match="no GPU can be used here"):
        train_model_from_file(churn_csv, churn(epochs=1), device="cuda")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU here")
def test_the_gpu_is_taken_where_there_is_one(churn_csv: Path) -> None:
    """REQ-T07, REQ-T08."""
    bundle, _ = train_model_from_file(churn_csv, churn(epochs=1))
    assert {p.device.type for p in bundle.model.parameters()} == {"cuda"}


@pytest.mark.parametrize(
    ("mode", "kind"), [("mlp_dense", MLP), ("linear_glm_baseline", LinearBaseline), ("tabresnet", TabResNet)]
)
def test_the_modes_network_is_built_on_the_device(churn_csv: Path, mode: str, kind: type[nn.Module]) -> None:
    """REQ-T08, AC-T08."""
    bundle, _ = train_model_from_file(churn_csv, churn(training_mode=mode, epochs=1), device="cpu")
    assert type(bundle.model) is kind
    assert {p.device for p in bundle.model.parameters()} == {torch.device("cpu")}


def test_criteria_are_those_of_the_specifications_table() -> None:
    """REQ-T09: the table of loss criteria by mode."""
    y = torch.tensor([0, 0, 0, 1])
    device = torch.device("cpu")
    weighted = losses.hard_criterion("classification", "imbalance_aware", y, 2, device)
    smoothed = losses.hard_criterion("classification", "calibrated_classifier", y, 2, device)
    assert isinstance(weighted, nn.CrossEntropyLoss)
    torch.testing.assert_close(weighted.weight, torch.tensor([4 / (2 * 3), 4 / (2 * 1)]))
    assert isinstance(smoothed, nn.CrossEntropyLoss)
    assert smoothed.label_smoothing == 0.05
    for mode in ("mlp_dense", "linear_glm_baseline", "tabresnet", "tree_teacher_distillation"):
        plain = losses.hard_criterion("classification", mode, y, 2, device)
        assert isinstance(plain, nn.CrossEntropyLoss)
        assert (plain.weight, plain.label_smoothing) == (None, 0.0)
    for mode in SPECIFIED_MODES:
        assert isinstance(losses.hard_criterion("regression", mode, y, 1, device), nn.MSELoss)


def test_tree_teacher_loss_is_half_hard_and_half_soft(churn_csv: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """REQ-T09, AC-T09: the loss that the loop minimises, against the formula written out in numpy."""
    captured: dict[str, Any] = {}
    fit = trainer.fit_and_score

    def spy(model: Any, rows: Any, objective: Any, *arguments: Any, **keywords: Any) -> Any:
        captured.update(rows=rows, objective=objective)
        return fit(model, rows, objective, *arguments, **keywords)

    monkeypatch.setattr(trainer, "fit_and_score", spy)
    cfg = churn(training_mode="tree_teacher_distillation", epochs=1)
    train_model_from_file(churn_csv, cfg, exclude_columns=["customer_id", "joined"])
    rows, objective = captured["rows"], captured["objective"]

    x, y = rows.x_train.numpy(), rows.y_train.numpy()
    forest = RandomForestClassifier(n_estimators=120, max_depth=8, random_state=42, oob_score=True).fit(x, y)
    p = np.clip(forest.oob_decision_function_, 1e-6, None)
    softened = np.exp(np.log(p) / 2) / np.exp(np.log(p) / 2).sum(axis=1, keepdims=True)
    logits = np.random.default_rng(0).normal(size=(len(x), 2))
    log_student = logits / 2 - np.log(np.exp(logits / 2).sum(axis=1, keepdims=True))
    log_plain = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    kl = (softened * (np.log(softened) - log_student)).sum(axis=1).mean() * 2.0**2
    hard = -log_plain[np.arange(len(y)), y].mean()

    loss = objective.batch_loss(torch.as_tensor(logits), rows.y_train, objective.soft_targets[0].double())
    assert float(loss) == pytest.approx(0.5 * hard + 0.5 * kl, rel=1e-5)


def test_tree_teacher_for_numbers_matches_the_forests_out_of_bag_predictions(
    price_csv: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """REQ-T09: regression, in scaled units."""
    captured: dict[str, Any] = {}
    fit = trainer.fit_and_score

    def spy(model: Any, rows: Any, objective: Any, *arguments: Any, **keywords: Any) -> Any:
        captured.update(rows=rows, objective=objective)
        return fit(model, rows, objective, *arguments, **keywords)

    monkeypatch.setattr(trainer, "fit_and_score", spy)
    train_model_from_file(price_csv, price(training_mode="tree_teacher_distillation", epochs=1))
    rows, objective = captured["rows"], captured["objective"]
    x, y = rows.x_train.numpy(), rows.y_train.numpy().ravel()
    forest = RandomForestRegressor(n_estimators=120, max_depth=10, random_state=42, oob_score=True).fit(x, y)
    [soft_targets] = objective.soft_targets
    np.testing.assert_allclose(soft_targets.numpy().ravel(), forest.oob_prediction_, rtol=1e-5, atol=1e-6)
    outputs = torch.zeros_like(rows.y_train)
    expected = 0.5 * (y**2).mean() + 0.5 * (forest.oob_prediction_**2).mean()
    assert float(objective.batch_loss(outputs, rows.y_train, soft_targets)) == pytest.approx(expected, rel=1e-5)


def test_the_forest_has_the_specified_size() -> None:
    """REQ-T09."""
    assert (teacher.N_TREES, teacher.MAX_DEPTH) == (120, {"classification": 8, "regression": 10})
    assert (teacher.TEMPERATURE, teacher.HARD_SHARE) == (2.0, 0.5)


def test_the_optimizer_is_adam_with_the_configured_rate_and_weight_decay(
    churn_csv: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """REQ-T10, AC-T10."""
    made: list[torch.optim.Optimizer] = []
    adam = torch.optim.Adam

    def spy(*arguments: Any, **keywords: Any) -> torch.optim.Optimizer:
        made.append(adam(*arguments, **keywords))
        return made[-1]

    monkeypatch.setattr(torch.optim, "Adam", spy)
    train_model_from_file(churn_csv, churn(learning_rate=0.0123, epochs=1))
    [optimizer] = made
    [group] = optimizer.param_groups
    assert type(optimizer) is adam
    assert (group["lr"], group["weight_decay"], group["betas"], group["eps"]) == (0.0123, 1e-4, (0.9, 0.999), 1e-8)


def test_every_epoch_goes_through_all_rows_in_batches(churn_csv: Path) -> None:
    """REQ-T11, AC-T11."""
    batches: list[int] = []
    handle = nn.modules.module.register_module_forward_pre_hook(
        lambda module, inputs: batches.append(len(inputs[0])) if module.training and isinstance(module, MLP) else None
    )
    reports: list[EpochReport] = []
    try:
        train_model_from_file(churn_csv, churn(epochs=5, batch_size=64), on_epoch=reports.append)
    finally:
        handle.remove()
    assert batches == [64, 64, 64] * 5  # 192 training rows
    assert [report.epoch for report in reports] == [1, 2, 3, 4, 5]
    assert all(report.epochs == 5 and report.learning_rate == 1e-3 and report.seconds > 0 for report in reports)


def test_a_batch_of_one_row_is_skipped(churn_frame: pd.DataFrame, tmp_path: Path) -> None:
    """REQ-T12, AC-T12: 65 training rows at batch size 64 leave one over."""
    path = tmp_path / "rows.csv"
    churn_frame.head(81).to_csv(path, index=False)
    batches: list[int] = []
    handle = nn.modules.module.register_module_forward_pre_hook(
        lambda module, inputs: batches.append(len(inputs[0])) if module.training and isinstance(module, MLP) else None
    )
    try:
        train_model_from_file(path, churn(epochs=2, test_size=16 / 81))
    finally:
        handle.remove()
    assert batches == [64, 64]


@pytest.mark.parametrize("batch_size", [1, 64])
def test_no_valid_batch_at_all_is_an_error(churn_frame: pd.DataFrame, tmp_path: Path, batch_size: int) -> None:
    """REQ-T13, AC-T13, EC-T01."""
    path = tmp_path / "rows.csv"
    churn_frame.head(2 if batch_size == 64 else 40).to_csv(path, index=False)
    with pytest.raises(ValueError, match="update_steps == 0"):
        train_model_from_file(path, churn(batch_size=batch_size))


@pytest.mark.parametrize("mode", EPOCH_MODES)
def test_the_returned_network_is_in_eval_mode(churn_csv: Path, mode: str) -> None:
    """REQ-T14, AC-T14, INV-T02."""
    bundle, _ = train_model_from_file(churn_csv, churn(training_mode=mode, epochs=1, validation_size=0.2))
    assert not any(module.training for module in bundle.model.modules())


def test_accuracy_is_the_share_of_right_test_rows(churn_frame: pd.DataFrame, churn_csv: Path) -> None:
    """REQ-T15."""
    bundle, metrics = train_model_from_file(churn_csv, churn(epochs=20))
    rows = held_out_rows(churn_frame, "churn", stratify=True)
    predicted = trainer.predict_rows(bundle, rows.to_dict("records"))
    assert metrics.test_metric_name == "accuracy"
    assert metrics.test_metric_value == pytest.approx(float(np.mean(np.array(predicted) == rows["churn"])))
    assert metrics.baseline_metric_value == pytest.approx(float((rows["churn"] == "No").mean()))
    assert (metrics.n_train, metrics.n_test, metrics.n_dropped, metrics.epochs_run) == (192, 48, 0, 20)


def test_rmse_is_in_the_targets_unit(price_frame: pd.DataFrame, price_csv: Path) -> None:
    """REQ-T15, AC-T15."""
    bundle, metrics = train_model_from_file(price_csv, price(epochs=60, learning_rate=1e-2))
    rows = held_out_rows(price_frame, "price", stratify=False)
    predicted = np.array(trainer.predict_rows(bundle, rows.to_dict("records")))
    assert metrics.test_metric_name == "rmse"
    assert metrics.test_metric_value == pytest.approx(
        float(np.sqrt(np.mean((predicted - rows["price"]) ** 2))), rel=1e-5
    )
    assert 5_000 < metrics.test_metric_value < 60_000
    assert metrics.baseline_metric_value is not None
    assert metrics.test_metric_value < 0.5 * metrics.baseline_metric_value


def held_out_rows(frame: pd.DataFrame, target: str, *, stratify: bool) -> pd.DataFrame:
    from sklearn.model_selection import train_test_split

    _, test = train_test_split(
        np.arange(len(frame)), test_size=0.2, random_state=42, stratify=frame[target] if stratify else None
    )
    return frame.iloc[test]


def test_a_training_returns_a_whole_bundle_and_metrics(churn_csv: Path) -> None:
    """REQ-T16, AC-T16."""
    result = train_model_from_file(churn_csv, churn(epochs=1), date_columns=["joined"])
    assert isinstance(result, tuple)
    bundle, metrics = result
    assert isinstance(bundle, trainer.ModelBundle)
    assert isinstance(metrics, trainer.Metrics)
    assert isinstance(bundle.model, nn.Module)
    assert bundle.schema is not None
    assert [column.role for column in bundle.schema.columns] == [
        "feature",
        "date",
        "feature",
        "feature",
        "feature",
        "target",
    ]
    assert bundle.record is not None
    assert len(bundle.record.train_losses) == 1
    assert bundle.record.data_fingerprint
    assert bundle.record.config["target_column"] == "churn"


def test_fewer_rows_than_a_batch_train_as_one_batch(churn_frame: pd.DataFrame, tmp_path: Path) -> None:
    """EC-T01."""
    path = tmp_path / "rows.csv"
    churn_frame.head(30).to_csv(path, index=False)
    reports: list[EpochReport] = []
    bundle, metrics = train_model_from_file(path, churn(epochs=2), on_epoch=reports.append)
    assert len(reports) == 2
    assert np.isfinite([metrics.train_loss, metrics.test_loss]).all()
    assert bundle.class_names == ["No", "Yes"]


@pytest.mark.parametrize("mode", EPOCH_MODES)
def test_a_single_class_trains_and_is_always_right(churn_frame: pd.DataFrame, tmp_path: Path, mode: str) -> None:
    """EC-T02."""
    path = tmp_path / "rows.csv"
    churn_frame.assign(churn="No").to_csv(path, index=False)
    bundle, metrics = train_model_from_file(path, churn(epochs=1, training_mode=mode))
    assert bundle.class_names == ["No"]
    assert metrics.test_metric_value == 1.0


def test_stopping_keeps_what_there_is(churn_csv: Path) -> None:
    reports: list[EpochReport] = []
    bundle, metrics = train_model_from_file(
        churn_csv, churn(epochs=500), on_epoch=reports.append, should_stop=lambda: len(reports) >= 3
    )
    assert metrics.epochs_run == len(reports) == 3
    assert not bundle.model.training
    with pytest.raises(TrainingError, match="stopped before its first step"):
        train_model_from_file(churn_csv, churn(), should_stop=lambda: True)


def test_stopping_with_a_validation_split_keeps_the_best_epoch(churn_csv: Path) -> None:
    reports: list[EpochReport] = []
    cfg = churn(epochs=200, validation_size=0.25, learning_rate=0.05, hidden_dim=64)
    bundle, metrics = train_model_from_file(
        churn_csv,
        cfg,
        exclude_columns=["customer_id", "joined"],
        on_epoch=reports.append,
        should_stop=lambda: len(reports) >= 40,
    )
    losses_seen = [report.validation_loss for report in reports]
    assert metrics.best_epoch == int(np.argmin(losses_seen)) + 1  # type: ignore[arg-type]
    assert metrics.best_epoch < 40
    assert (metrics.n_train, metrics.n_validation, metrics.n_test) == (144, 48, 48)
    assert bundle.record is not None
    assert list(bundle.record.validation_losses) == losses_seen


def test_patience_ends_a_training_that_no_longer_improves(churn_csv: Path) -> None:
    cfg = churn(epochs=500, validation_size=0.25, learning_rate=0.05, early_stopping_patience=5, restore_best=True)
    _, metrics = train_model_from_file(churn_csv, cfg, exclude_columns=["customer_id", "joined"])
    assert metrics.epochs_run is not None
    assert metrics.best_epoch is not None
    assert metrics.epochs_run == metrics.best_epoch + 5 < 500


def test_the_test_rows_play_no_part_in_training(churn_frame: pd.DataFrame, tmp_path: Path) -> None:
    spoiled = churn_frame.copy()
    test = held_out_rows(churn_frame, "churn", stratify=True).index
    spoiled.loc[test, "charge"] = 9e9
    weights = []
    for name, frame in (("plain", churn_frame), ("spoiled", spoiled)):
        path = tmp_path / f"{name}.csv"
        frame.to_csv(path, index=False)
        cfg = churn(validation_size=0.2, restore_best=True)
        bundle, _ = train_model_from_file(path, cfg, exclude_columns=["customer_id", "joined"])
        weights.append(weights_of(bundle))
    assert torch.equal(*weights)


BAD_SETTINGS = [
    ({"training_mode": "magic"}, r"Training mode 'magic' is unknown. Choose one of: mlp_dense, "),
    ({"task": "clustering"}, "Task 'clustering' is unknown"),
    ({"target_column": ""}, "No target column is chosen"),
    ({"target_column": "Churn"}, "The table has no column 'Churn'. Did you mean 'churn'"),
    ({"target_column": "zzz"}, r"The table has no column 'zzz'. Choose one of: 'customer_id', "),
    ({"epochs": 0}, "Epochs is 0. Choose at least 1"),
    ({"epochs": 2.5}, "Epochs is 2.5. Choose a whole number"),
    ({"batch_size": -1}, "Batch size is -1"),
    ({"learning_rate": 0.0}, "Learning rate is 0.0. Choose above 0"),
    ({"learning_rate": float("nan")}, "Learning rate is nan, which is not a number"),
    ({"test_size": 1.0}, "Test share is 1.0. Choose above 0 and below 1"),
    ({"dropout": 1.0}, "Dropout is 1.0. Choose at least 0 and below 1"),
    ({"hidden_dim": "wide"}, "Width is 'wide', which is not a number"),
]


@pytest.mark.parametrize(("changes", "sentence"), BAD_SETTINGS)
def test_a_bad_setting_is_refused_in_one_sentence(churn_csv: Path, changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence) as caught:
        train_model_from_file(churn_csv, churn(**changes))
    assert isinstance(caught.value, AppError)


def test_bad_tables_are_refused_in_one_sentence(tmp_path: Path, churn_csv: Path) -> None:
    with pytest.raises(FileNotFoundError):
        train_model_from_file(tmp_path / "missing.csv", churn())
    for name, content, sentence in [
        ("empty.csv", "", "empty"),
        ("one_column.csv", "churn\nYes\nNo\nYes\n", "only one column, 'churn'"),
        ("text_target.csv", "a,churn\n1,2.5\n2,high\n3,1.5\n", "holds 1 values that are not numbers"),
        ("one_row.csv", "a,churn\n1,Yes\n", "Only 1 of 1 rows can be used"),
        ("no_target.csv", "a,churn\n1,\n2,\n3,\n", "no target|no value"),
    ]:
        path = tmp_path / name
        path.write_text(content, "utf-8")
        task = "regression" if name == "text_target.csv" else "auto"
        with pytest.raises(DataError, match=sentence):
            train_model_from_file(path, churn(task=task))
    with pytest.raises(DataError, match="Every column but the target 'churn' is excluded"):
        train_model_from_file(
            churn_csv, churn(), exclude_columns=["customer_id", "joined", "tenure", "charge", "contract"]
        )
    with pytest.raises(ConfigError, match="'churn' is the target and cannot be a date column too"):
        train_model_from_file(churn_csv, churn(), date_columns=["churn"])
    with pytest.raises(DataError, match="'when'"):
        train_model_from_file(churn_csv, churn(), date_columns=["when"])


def test_load_and_save_are_serializations(churn_csv: Path, tmp_path: Path) -> None:
    """REQ-T22, REQ-T23, AC-T22, AC-T23."""
    assert trainer.save_bundle is serialization.save_bundle
    bundle, metrics = train_model_from_file(churn_csv, churn(), date_columns=["joined"])
    path = trainer.save_bundle(bundle, tmp_path / "model", metrics)
    through_trainer, direct = trainer.load_bundle(path), serialization.load_bundle(path)
    assert torch.equal(weights_of(through_trainer), weights_of(direct))
    assert torch.equal(weights_of(through_trainer), weights_of(bundle))
    rows = pd.read_csv(churn_csv, dtype=str, keep_default_na=False).to_dict("records")
    assert trainer.predict_rows(through_trainer, rows) == trainer.predict_rows(direct, rows)
    assert trainer.predict_rows(through_trainer, rows) == trainer.predict_rows(bundle, rows)
    assert through_trainer.schema == direct.schema == bundle.schema
    assert through_trainer.record == bundle.record


def test_soft_loss_is_torchs_own_divergence() -> None:
    logits, p = torch.randn(9, 3, generator=torch.Generator().manual_seed(1)), torch.full((9, 3), 1 / 3)
    loss = losses.soft_criterion(2.0)(logits, p)
    expected = 4 * functional.kl_div(torch.log_softmax(logits / 2, 1), p, reduction="sum") / 9
    torch.testing.assert_close(loss, expected)


def test_settings_may_be_numpy_numbers_and_the_callers_object_is_left_alone(churn_csv: Path) -> None:
    cfg = churn(epochs=np.int64(2), random_seed=np.int64(3), test_size=np.float32(0.25), hidden_dim=16.0)
    before = vars(cfg).copy()
    _, metrics = train_model_from_file(churn_csv, cfg)
    assert metrics.epochs_run == 2
    assert vars(cfg) == before


def test_a_lone_text_is_one_column_name(churn_csv: Path) -> None:
    bundle, _ = train_model_from_file(churn_csv, churn(epochs=1), exclude_columns="customer_id", date_columns="joined")
    assert bundle.schema is not None
    assert [c.role for c in bundle.schema.columns][:2] == ["excluded", "date"]


def test_a_prepare_tensors_that_does_not_scale_the_target_is_followed(
    price_csv: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """REQ-T21, INV-T03: without a target scaler the task is still regression, and RMSE in raw units."""

    def unscaled(*arguments: Any) -> tuple[Any, ...]:
        p = data.prepare_tensors(*arguments)
        back = [torch.as_tensor(p.target_scaler.inverse_transform(y)).float() for y in (p.y_train, p.y_test)]
        return (p[0], p[1], *back, *p[4:8], None, *p[9:])

    monkeypatch.setattr(trainer, "prepare_tensors", unscaled)
    bundle, metrics = train_model_from_file(price_csv, price(epochs=1))
    assert (metrics.task, metrics.test_metric_name, bundle.target_scaler) == ("regression", "rmse", None)
    assert metrics.test_metric_value > 100_000


@pytest.mark.parametrize("rows", [2, 3, 4, 6])
@pytest.mark.parametrize("mode", EPOCH_MODES)
def test_a_tiny_table_trains_or_is_refused_in_a_sentence(
    price_frame: pd.DataFrame, tmp_path: Path, mode: str, rows: int
) -> None:
    """EC-T01: and no warning on the way, for a warning is an error here."""
    path = tmp_path / "rows.csv"
    price_frame.head(rows).to_csv(path, index=False)
    for target in ("price", "district"):
        task = "classification" if target == "district" else "regression"
        cfg = price(epochs=1, training_mode=mode, target_column=target, task=task)
        with suppress(AppError):  # any other error fails the test
            _, metrics = train_model_from_file(path, cfg)
            assert np.isfinite([metrics.train_loss, metrics.test_loss, metrics.test_metric_value]).all()


def test_as_many_classes_as_rows_trains_under_a_tree_teacher(churn_csv: Path) -> None:
    cfg = churn(epochs=1, training_mode="tree_teacher_distillation", target_column="customer_id")
    _, metrics = train_model_from_file(churn_csv, cfg)
    assert metrics.task == "classification"
