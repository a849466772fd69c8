"""With a time column, the rows kept aside are the latest ones, in training and in distillation."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from core import distill, trainer
from core.config import check_config
from core.data import prepare_tensors
from core.errors import AppError, CheckpointMismatchError, ConfigError, DataError
from core.fitting import RowSets
from core.serialization import inspect_bundle
from core.trainer import distill_model_from_file, load_bundle, predict_rows, save_bundle, train_model_from_file
from core.types import CLASSIFICATION_ONLY_MODES, EPOCH_MODES, ModelBundle, TrainingConfig

N = 100


def config(**changes: Any) -> TrainingConfig:
    return TrainingConfig(**{"target_column": "y", "task": "regression", "epochs": 1, "time_column": "when", **changes})


def days(n: int = N) -> list[str]:
    """Return n days from 2020-01-01, as 13.01.2020, in an order that jumps."""
    dates = pd.Timestamp("2020-01-01") + pd.to_timedelta((np.arange(n) * 37) % n, unit="D")
    return dates.strftime("%d.%m.%Y").tolist()


def rank(n: int = N) -> np.ndarray[Any, Any]:
    """Return how early each row of `days` is, from 0."""
    return (np.arange(n) * 37) % n


@pytest.fixture
def frame() -> pd.DataFrame:
    """Return rows whose number and target are how early they are."""
    return pd.DataFrame({"when": days(), "x": rank(), "town": ["a", "b"] * (N // 2), "y": rank() * 1.0})


def write(frame: pd.DataFrame, folder: Path, name: str = "t.csv") -> Path:
    frame.to_csv(folder / name, index=False)
    return folder / name


class Spy:
    """Keeps the rows that a training was given."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, module: Any) -> None:
        self.rows: Any = None
        score = module.fit_and_score

        def spy(model: Any, rows: RowSets, *rest: Any) -> Any:
            self.rows = rows
            return score(model, rows, *rest)

        monkeypatch.setattr(module, "fit_and_score", spy)

    def targets(self, bundle: ModelBundle) -> tuple[list[float], ...]:
        """Return the targets of the training, validation and test rows, in the table's unit."""
        sides = (self.rows.y_train, self.rows.y_validation, self.rows.y_test)
        return tuple(
            (side.double().numpy().ravel() * bundle.target_scaler.scale_[0] + bundle.target_scaler.mean_[0])
            .round(2)
            .tolist()
            for side in sides
        )


# The split


@pytest.mark.parametrize("arguments", [{}, {"date_columns": ["when"]}, {"exclude_columns": ["when"]}])
def test_the_latest_rows_test_and_the_latest_before_them_validate(
    arguments: Any, frame: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spy = Spy(monkeypatch, trainer)
    path = write(frame, tmp_path)
    bundle, metrics = train_model_from_file(path, config(validation_size=0.25), **arguments)
    assert spy.targets(bundle) == (
        list(map(float, range(60))),
        list(map(float, range(60, 80))),
        list(map(float, range(80, 100))),
    )
    assert (metrics.n_train, metrics.n_validation, metrics.n_test) == (60, 20, 20)
    assert (metrics.test_from, metrics.n_without_time, metrics.n_dropped) == ("2020-03-21", 0, 0)
    x_train = spy.rows.x_train.numpy()
    assert len(x_train) == 60
    assert bundle.scaler.n_samples_seen_ == 80  # everything is fitted on training rows, before validation
    assert bundle.target_scaler.mean_[0] == pytest.approx(np.arange(80).mean())


def test_a_row_stays_with_its_target(frame: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spy = Spy(monkeypatch, trainer)
    bundle, _ = train_model_from_file(write(frame, tmp_path), config(), exclude_columns=["when", "town"])
    for x, y in ((spy.rows.x_train, spy.rows.y_train), (spy.rows.x_test, spy.rows.y_test)):
        raw = bundle.scaler.inverse_transform(x.double().numpy()).ravel()
        target = bundle.target_scaler.inverse_transform(y.double().numpy()).ravel()
        np.testing.assert_allclose(raw, target, atol=1e-3)


@pytest.mark.parametrize("numbers", [rank() + 1900, rank() * 0.5, rank() - 50])
def test_numbers_order_rows_too(
    numbers: Any, frame: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spy = Spy(monkeypatch, trainer)
    bundle, metrics = train_model_from_file(write(frame.assign(when=numbers), tmp_path), config())
    assert spy.targets(bundle)[2] == list(map(float, range(80, 100)))
    assert metrics.test_from == f"{np.sort(numbers)[80]:g}"


def test_rows_without_a_time_train_and_are_counted(
    frame: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    spy = Spy(monkeypatch, trainer)
    frame["when"] = frame["when"].mask(frame["y"] >= 97).mask(frame["y"] == 50, "soon")
    frame["y"] = frame["y"].mask(frame["y"] == 96)  # a row without a target is not among them
    with caplog.at_level(logging.WARNING):
        bundle, metrics = train_model_from_file(
            write(frame, tmp_path), config(validation_size=0.1), date_columns=["when"]
        )
    train, validation, test = spy.targets(bundle)
    assert {97.0, 98.0, 99.0, 50.0} == set(train[:4])
    assert test == list(map(float, range(76, 96)))  # a fifth of 99 rows, rounded up
    assert validation == list(map(float, range(68, 76)))
    assert (metrics.n_without_time, metrics.n_dropped) == (4, 1)
    assert "4 of 99 rows have no readable time in column 'when'" in caplog.text


def test_rows_of_one_day_are_never_divided(
    frame: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spy = Spy(monkeypatch, trainer)
    frame["when"] = rank() // 15 + 2001  # six years of 15 rows, and one of 10
    bundle, metrics = train_model_from_file(write(frame, tmp_path), config(validation_size=0.2))
    train, validation, test = spy.targets(bundle)
    assert sorted(test) == list(map(float, range(75, 100)))  # 25 is nearer to 20 than 10 is
    assert sorted(validation) == list(map(float, range(60, 75)))
    assert sorted(train) == list(map(float, range(60)))
    assert metrics.test_from == "2006"
    by_year = {2001 + int(y) // 15: [] for y in range(100)}  # type: ignore[var-annotated]
    for target in test:
        by_year[2001 + int(target) // 15].append(target)
    positions = {float(y): row for row, y in enumerate(rank())}
    for targets in by_year.values():  # within a year, as they stand in the table
        assert [positions[t] for t in targets] == sorted(positions[t] for t in targets)


def test_a_random_split_is_what_it_was(frame: pd.DataFrame, tmp_path: Path) -> None:
    path = write(frame, tmp_path)
    bundle, metrics = train_model_from_file(path, config(time_column=None))
    assert (metrics.test_from, metrics.n_without_time) == (None, None)
    assert bundle.record is not None
    assert "latest" not in bundle.record.model_card


def test_another_seed_keeps_the_same_test_rows(
    frame: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spy = Spy(monkeypatch, trainer)
    path, seen = write(frame, tmp_path), []
    for seed in (1, 2):
        train_model_from_file(path, config(random_seed=seed))
        seen.append(spy.rows.x_test)
    assert torch.equal(*seen)


# prepare_tensors by itself


def test_an_order_can_be_given_with_the_rows() -> None:
    rows = [{"x": float(i)} for i in range(10)]
    order = np.array([9.0, 8, 7, 6, 5, 4, 3, 2, 1, 0])
    y: list[float | None] = [float(i) for i in range(10)]
    y[0] = None
    prepared = prepare_tensors(rows, y, "regression", config(time_column=None, test_size=0.3), order=order)
    assert prepared.target_scaler is not None
    found = prepared.target_scaler.inverse_transform(prepared.y_test.double().numpy()).round(3).ravel()
    assert found.tolist() == [3.0, 2.0, 1.0]
    with pytest.raises(DataError, match="10 rows and the order 9 values"):
        prepare_tensors(rows, y, "regression", config(time_column=None), order=order[:9])


def test_without_an_order_the_time_column_of_the_rows_is_read() -> None:
    rows = [{"x": float(i), "when": f"2020-01-{30 - i}"} for i in range(10)]
    for x_rows in (rows, pd.DataFrame(rows)):
        prepared = prepare_tensors(x_rows, [float(i) for i in range(10)], "regression", config(test_size=0.3))
        assert prepared.target_scaler is not None
        found = prepared.target_scaler.inverse_transform(prepared.y_test.double().numpy()).round(3).ravel()
        assert found.tolist() == [2.0, 1.0, 0.0]
    with pytest.raises(DataError, match="no time column 'when'"):
        prepare_tensors([{"x": 1.0}] * 10, [1.0, 2.0] * 5, "regression", config())


# Every way to train


@pytest.mark.parametrize("mode", EPOCH_MODES)
@pytest.mark.parametrize("task", ["classification", "regression"])
def test_every_mode_trains_on_the_earlier_rows_though_a_class_came_later(
    mode: str, task: str, frame: pd.DataFrame, tmp_path: Path
) -> None:
    if task == "regression" and mode in CLASSIFICATION_ONLY_MODES:
        return
    if task == "classification":
        frame["y"] = np.select([frame["y"] >= 90, frame["y"] % 2 == 0], ["new", "even"], "odd")
    cfg = config(task=task, training_mode=mode, validation_size=0.2, epochs=2)
    bundle, metrics = train_model_from_file(write(frame, tmp_path), cfg, date_columns=["when"])
    assert (metrics.n_train, metrics.n_validation, metrics.n_test) == (64, 16, 20)
    assert np.isfinite([metrics.train_loss, metrics.test_loss, metrics.test_metric_value]).all()
    if task == "classification":
        assert bundle.class_names == ["even", "new", "odd"]
        assert metrics.test_metric_value <= 0.5  # half of the test rows are of the class that came later
    rows: list[Any] = frame.head(3).to_dict("records")
    assert len(predict_rows(bundle, rows)) == 3


def test_a_student_is_tested_on_the_latest_rows_too(
    frame: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(frame, tmp_path)
    teacher, _ = train_model_from_file(path, config(), date_columns=["when"])
    frame["y"] = frame["y"].mask(frame["y"] == 99)
    frame["when"] = frame["when"].mask(frame["y"] == 98)
    path = write(frame, tmp_path)
    spy = Spy(monkeypatch, distill)
    student, metrics = distill_model_from_file(path, config(validation_size=0.25), teacher_bundle=teacher)
    train, validation, test = spy.targets(student)
    assert test == list(map(float, range(78, 98)))
    assert validation == list(map(float, range(58, 78)))
    assert train == [98.0, *map(float, range(58))]
    assert (metrics.test_from, metrics.n_without_time, metrics.n_dropped) == ("2020-03-19", 1, 1)


def test_a_student_reads_dates_in_its_teachers_order(
    frame: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first days of each month alone leave open which number is the day; the teacher knows."""
    teacher, _ = train_model_from_file(write(frame, tmp_path), config(), date_columns=["when"])
    few = frame[frame["when"].str[:2].astype(int) <= 3].assign(when=lambda f: f["when"].str.replace(".", "/"))
    path = write(few, tmp_path, "few.csv")
    spy = Spy(monkeypatch, distill)
    student, _ = distill_model_from_file(path, config(test_size=0.3), teacher_bundle=teacher)
    assert spy.targets(student)[2] == sorted(few["y"])[-4:]  # 30 % of 12 rows


# What is kept of it


def test_the_model_says_from_when_on_its_test_rows_are(frame: pd.DataFrame, tmp_path: Path) -> None:
    frame["when"] = frame["when"].mask(frame["y"] == 3)
    bundle, _ = train_model_from_file(write(frame, tmp_path), config(), exclude_columns=["when"])
    summary = inspect_bundle(save_bundle(bundle, tmp_path))
    assert summary.record is not None
    assert summary.record.config["time_column"] == "when"
    assert (summary.record.metrics["test_from"], summary.record.metrics["n_without_time"]) == ("2020-03-21", 1)
    line = "Test rows are the latest 20 % by when, from 2020-03-21 on. Rows without a time, which count as earlier: 1."
    assert line in summary.record.model_card.splitlines()
    assert predict_rows(load_bundle(tmp_path / "model.rowsmith"), [{"x": 3, "town": "a"}])


def test_a_checkpoint_is_of_one_time_column(frame: pd.DataFrame, tmp_path: Path) -> None:
    path, checkpoint = write(frame, tmp_path), tmp_path / "run.safetensors"
    train_model_from_file(path, config(), checkpoint_path=checkpoint)
    train_model_from_file(path, config(epochs=2), resume_from=checkpoint)
    for other in (None, "x"):
        with pytest.raises(CheckpointMismatchError, match="other settings: time_column was \"'when'\" and is now"):
            train_model_from_file(path, config(epochs=2, time_column=other), resume_from=checkpoint)


# Refusals


@pytest.mark.parametrize(
    ("column", "kind", "sentence"),
    [
        ("whem", DataError, r"The table has no time column 'whem'\. Did you mean 'when'\?"),
        ("y", ConfigError, "Column 'y' is the target and cannot be the time column too"),
        ("town", DataError, "Column 'town' cannot order the rows in time: none of its 100 cells is a readable date"),
        ("once", DataError, "Column 'once' has the same time in every row of 100"),
    ],
)
def test_what_cannot_order_rows_is_refused_in_a_sentence(
    column: str, kind: type[AppError], sentence: str, frame: pd.DataFrame, tmp_path: Path
) -> None:
    path = write(frame.assign(once=2020), tmp_path)
    with pytest.raises(kind, match=sentence) as refused:
        train_model_from_file(path, config(time_column=column))
    assert refused.value.sentence.endswith((".", "?"))


def test_a_time_column_is_a_name() -> None:
    with pytest.raises(ConfigError, match=r"The time column is \['when'\]"):
        check_config(config(time_column=["when"]))
