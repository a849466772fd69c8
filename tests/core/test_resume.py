"""A training that is paused, killed, stopped or gone on with ends with the weights of one that never was."""

from __future__ import annotations

import logging
import os
import random
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from core import loop
from core.checkpoint import checkpoint_summary, read_checkpoint, saver, write_checkpoint
from core.distill import distill_model_from_file
from core.epoch import EpochReport
from core.errors import CheckpointError, CheckpointMismatchError, ConfigError, DiskError, TrainingPaused
from core.trainer import train_model_from_file
from core.types import CLASSIFICATION_ONLY_MODES, EPOCH_MODES, Metrics, ModelBundle, TrainingConfig

ROOT = Path(__file__).resolve().parents[2]
EPOCHS = 6
STEPS = 6  # in an epoch: 192 or fewer training rows in batches of 32
JUDGED: dict[str, Any] = {"validation_size": 0.2, "early_stopping_patience": 2, "restore_best": True}

Train = Callable[..., tuple[ModelBundle, Metrics]]


class KilledError(Exception):
    """Stands for a process that is gone."""


@pytest.fixture
def eager(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every epoch's end write a checkpoint; these epochs take milliseconds."""
    monkeypatch.setattr(loop, "SECONDS_BETWEEN_EPOCHS", 0.0)
    monkeypatch.setattr(saver, "COST_RATIO", 0.0)


@pytest.fixture(scope="module")
def tables(
    tmp_path_factory: pytest.TempPathFactory, churn_frame: pd.DataFrame, price_frame: pd.DataFrame
) -> dict[str, Path]:
    """Return a table for each task."""
    folder = tmp_path_factory.mktemp("tables")
    churn_frame.drop(columns=["customer_id", "joined"]).to_csv(folder / "churn.csv", index=False)
    price_frame.to_csv(folder / "price.csv", index=False)
    return {"classification": folder / "churn.csv", "regression": folder / "price.csv"}


@pytest.fixture(scope="module")
def teachers(tables: dict[str, Path]) -> dict[str, ModelBundle]:
    """Return a trained teacher for each task."""
    return {
        task: train_model_from_file(path, settings_for(task, "mlp_dense", hidden_dim=48))[0]
        for task, path in tables.items()
    }


def settings_for(task: str, mode: str, **changes: Any) -> TrainingConfig:
    target = "churn" if task == "classification" else "price"
    rate = 1e-3 if mode == "realmlp" else 0.01  # its own is 200 times as much
    settings = {"epochs": EPOCHS, "batch_size": 32, "hidden_dim": 16, "dropout": 0.2, "learning_rate": rate, **changes}
    return TrainingConfig(target, training_mode=mode, task=task, **settings)


MODES = [
    (task, mode)
    for task in ("classification", "regression")
    for mode in EPOCH_MODES
    if task == "classification" or mode not in CLASSIFICATION_ONLY_MODES
]
CASES = [
    pytest.param((task, mode, judged), id=f"{task}-{mode}-{'judged' if judged else 'plain'}")
    for task, mode in [*MODES, ("classification", "student"), ("regression", "student")]
    for judged in (False, True)
]


@pytest.fixture
def train(request: pytest.FixtureRequest, tables: dict[str, Path], teachers: dict[str, ModelBundle]) -> Train:
    """Return how to train one case: `train(**settings and callables)`."""
    task, mode, judged = request.param

    def run(**arguments: Any) -> tuple[ModelBundle, Metrics]:
        settings = {name: arguments.pop(name) for name in list(arguments) if name in TrainingConfig.__annotations__}
        settings = {**(JUDGED if judged else {}), **settings}
        if mode != "student":
            return train_model_from_file(tables[task], settings_for(task, mode, **settings), **arguments)
        cfg = settings_for(task, "mlp_dense", **settings)
        return distill_model_from_file(tables[task], cfg, teacher_bundle=teachers[task], **arguments)

    return run


MLP = [
    pytest.param(("classification", "mlp_dense", judged), id="judged" if judged else "plain")
    for judged in (False, True)
]
both_trainings = pytest.mark.parametrize("train", MLP, indirect=True)
plain_training = pytest.mark.parametrize("train", MLP[:1], indirect=True)
judged_training = pytest.mark.parametrize("train", MLP[1:], indirect=True)


def at_call(number: int) -> Callable[[], bool]:
    """Return a question that is answered with yes at the `number`-th time it is asked, and ever after."""
    calls = count(1)
    return lambda: next(calls) >= number


def assert_same(first: tuple[ModelBundle, Metrics], second: tuple[ModelBundle, Metrics]) -> None:
    """Assert that weights, curve and figures agree to the last bit; only the seconds may differ."""
    for mine, others in zip(first[0].model.state_dict().items(), second[0].model.state_dict().items(), strict=True):
        assert mine[0] == others[0]
        assert torch.equal(mine[1], others[1]), mine[0]
    assert replace(first[1], seconds=None) == replace(second[1], seconds=None)
    records = [bundle.record for bundle, _ in (first, second)]
    assert records[0] is not None
    assert records[1] is not None
    assert records[0].train_losses == records[1].train_losses
    assert records[0].validation_losses == records[1].validation_losses


@pytest.mark.parametrize("train", CASES, indirect=True)
def test_paused_and_killed_trainings_end_like_one_that_never_was(train: Train, tmp_path: Path, eager: None) -> None:
    path = tmp_path / "run.safetensors"
    reports: list[EpochReport] = []
    whole = train(on_epoch=reports.append)

    with pytest.raises(TrainingPaused, match=f"paused in epoch 1 of {EPOCHS}"):
        train(should_pause=at_call(STEPS - 2), checkpoint_path=path)
    seen: list[EpochReport] = []

    def dies_after_epoch_3(report: EpochReport) -> None:
        if report.epoch == 3:
            raise KilledError
        seen.append(report)

    with pytest.raises(KilledError):
        train(on_epoch=dies_after_epoch_3, checkpoint_path=path, resume_from=path)
    assert checkpoint_summary(path).epoch == 2
    resumed = train(on_epoch=seen.append, checkpoint_path=path, resume_from=path)

    assert_same(whole, resumed)
    assert [without_seconds(report) for report in seen] == [without_seconds(report) for report in reports]
    summary = checkpoint_summary(path)
    assert summary.ended
    assert [as_kept(report) for report in summary.reports] == [as_kept(report) for report in reports]


def without_seconds(report: EpochReport) -> EpochReport:
    return replace(report, seconds=0.0)


def as_kept(report: EpochReport) -> EpochReport:
    """Return what a checkpoint keeps of each epoch; of the learning rate it keeps the setting."""
    return replace(report, seconds=0.0, learning_rate=0.0)


@both_trainings
@pytest.mark.parametrize("step", [1, 2, STEPS, STEPS + 1, 3 * STEPS + 2])
def test_a_pause_at_any_step_loses_nothing(train: Train, tmp_path: Path, step: int) -> None:
    """Before the first step, within an epoch, before its last, and at the beginning of the next."""
    path = tmp_path / "run.safetensors"
    steps = {"should_pause": at_call(step), "checkpoint_path": path}
    with pytest.raises(TrainingPaused):
        train(**steps, early_stopping_patience=0)
    assert read_checkpoint(path).update_steps <= step - 1
    assert_same(train(early_stopping_patience=0), train(resume_from=path, early_stopping_patience=0))


@plain_training
def test_a_training_can_be_paused_at_every_step_of_an_epoch(train: Train, tmp_path: Path) -> None:
    path = tmp_path / "run.safetensors"
    with pytest.raises(TrainingPaused):
        train(should_pause=lambda: True, checkpoint_path=path)
    for done in range(1, STEPS + 2):
        with pytest.raises(TrainingPaused):
            train(should_pause=at_call(2), checkpoint_path=path, resume_from=path)
        assert read_checkpoint(path).update_steps == done
    assert_same(train(), train(resume_from=path))


@judged_training
def test_a_fresh_process_ends_with_the_same_weights(train: Train, tables: dict[str, Path], tmp_path: Path) -> None:
    path, weights = tmp_path / "run.safetensors", tmp_path / "weights.npy"
    with pytest.raises(TrainingPaused):
        train(should_pause=at_call(2 * STEPS + 3), checkpoint_path=path)
    program = (
        "import sys\nimport numpy as np\nimport torch\nfrom core.trainer import TrainingConfig, train_model_from_file\n"
        "table, path, weights, config = sys.argv[1:]\n"
        "bundle, _ = train_model_from_file(table, TrainingConfig(**eval(config)), resume_from=path)\n"
        "np.save(weights, torch.cat([t.flatten().double() for t in bundle.model.state_dict().values()]).numpy())\n"
    )
    config = repr(vars(settings_for("classification", "mlp_dense", **JUDGED)))
    environment = {**os.environ, "OMP_NUM_THREADS": str(torch.get_num_threads())}
    command = [sys.executable, "-c", program, str(tables["classification"]), str(path), str(weights), config]
    subprocess.run(command, cwd=ROOT, env=environment, check=True, timeout=120)
    bundle, _ = train()
    here = torch.cat([tensor.flatten().double() for tensor in bundle.model.state_dict().values()])
    assert np.array_equal(np.load(weights), here.numpy())


@plain_training
def test_every_generator_goes_on_where_it_stood(train: Train, tmp_path: Path, eager: None) -> None:
    path = tmp_path / "run.safetensors"

    def drawing(into: list[tuple[float, ...]], until: int) -> Callable[[EpochReport], None]:
        def draw(report: EpochReport) -> None:
            into.append((random.random(), random.gauss(), np.random.rand(), np.random.randn(), float(torch.rand(()))))
            if report.epoch == until:
                into.pop()
                raise KilledError

        return draw

    whole: list[tuple[float, ...]] = []
    train(on_epoch=drawing(whole, 0))
    parts: list[tuple[float, ...]] = []
    with pytest.raises(KilledError):
        train(on_epoch=drawing(parts, 4), checkpoint_path=path)
    train(on_epoch=drawing(parts, 0), resume_from=path)
    assert parts == whole
    assert len(set(parts)) == EPOCHS


@both_trainings
def test_a_paused_training_can_be_kept_as_it_is(train: Train, tmp_path: Path) -> None:
    """With a validation split the best epoch, else the last weights: what Stop would have kept at that step."""
    path = tmp_path / "run.safetensors"
    step = 3 * STEPS + 2
    stopped = train(should_stop=at_call(step), early_stopping_patience=0)
    with pytest.raises(TrainingPaused):
        train(should_pause=at_call(step), checkpoint_path=path, early_stopping_patience=0)
    kept = train(should_stop=lambda: True, resume_from=path, early_stopping_patience=0)
    assert kept[1].epochs_run == 3
    assert_same(stopped, kept)


@judged_training
def test_a_stopped_training_can_go_on_after_all(train: Train, tmp_path: Path) -> None:
    path = tmp_path / "run.safetensors"
    train(should_stop=at_call(2 * STEPS + 2), checkpoint_path=path, early_stopping_patience=0)
    assert checkpoint_summary(path).ended
    assert_same(train(early_stopping_patience=0), train(resume_from=path, early_stopping_patience=0))


@both_trainings
def test_five_epochs_and_five_more_are_ten(train: Train, tmp_path: Path, eager: None) -> None:
    first, second = tmp_path / "first.safetensors", tmp_path / "second.safetensors"
    reports: list[EpochReport] = []
    five = train(epochs=5, checkpoint_path=first, early_stopping_patience=0)
    kill = at_call(2 * STEPS)

    def dies() -> bool:
        if kill():
            raise KilledError
        return False

    with pytest.raises(KilledError):
        train(epochs=10, should_stop=dies, resume_from=first, checkpoint_path=second, early_stopping_patience=0)
    assert 5 < checkpoint_summary(second).epoch < 10
    ten = train(epochs=10, on_epoch=reports.append, resume_from=second, early_stopping_patience=0)
    assert_same(train(epochs=10, early_stopping_patience=0), ten)
    assert all(report.epochs == 10 and report.epoch > 5 for report in reports)
    assert_same(five, train(epochs=5, resume_from=first, early_stopping_patience=0))


@judged_training
def test_what_has_ended_is_not_trained_again(train: Train, tmp_path: Path) -> None:
    """A worker that dies while it scores the finished model is resumed with the same settings."""
    path = tmp_path / "run.safetensors"
    for settings in ({"early_stopping_patience": 0}, {"epochs": 200}):
        whole = train(checkpoint_path=path, **settings)
        again: list[EpochReport] = []
        assert_same(whole, train(resume_from=path, on_epoch=again.append, **settings))
        assert again == []
    assert whole[1].epochs_run < 200


@judged_training
def test_after_early_stopping_patience_counts_from_where_training_goes_on(
    train: Train, tmp_path: Path, eager: None
) -> None:
    first, second = tmp_path / "first.safetensors", tmp_path / "second.safetensors"
    _, early = train(epochs=100, checkpoint_path=first)
    assert early.best_epoch is not None
    assert early.epochs_run == early.best_epoch + 2 < 100

    whole = train(epochs=200, resume_from=first)
    assert whole[1].epochs_run is not None
    assert whole[1].best_epoch is not None
    assert whole[1].epochs_run == max(whole[1].best_epoch, early.epochs_run) + 2

    def dies(report: EpochReport) -> None:
        if report.epoch == early.epochs_run + 2:
            raise KilledError

    with pytest.raises(KilledError):
        train(epochs=200, on_epoch=dies, resume_from=first, checkpoint_path=second)
    assert read_checkpoint(second).patience_base == early.epochs_run
    assert_same(whole, train(epochs=200, resume_from=second))
    patient = train(epochs=100, early_stopping_patience=4, resume_from=first)
    assert patient[1].epochs_run is not None
    assert patient[1].epochs_run >= early.epochs_run + 4


@plain_training
def test_seconds_are_those_of_all_parts_together(train: Train, tmp_path: Path) -> None:
    path = tmp_path / "run.safetensors"
    with pytest.raises(TrainingPaused):
        train(should_pause=at_call(3), checkpoint_path=path)
    write_checkpoint(path, replace(read_checkpoint(path), elapsed_seconds=1000.0))
    reports: list[EpochReport] = []
    _, metrics = train(on_epoch=reports.append, resume_from=path)
    assert metrics.seconds is not None
    assert 1000 < metrics.seconds < 1100
    assert reports[0].seconds > 900 > reports[1].seconds


@plain_training
def test_another_table_or_other_settings_are_refused_with_what_to_do(
    train: Train, tables: dict[str, Path], churn_frame: pd.DataFrame, tmp_path: Path
) -> None:
    path = tmp_path / "run.safetensors"
    with pytest.raises(TrainingPaused):
        train(should_pause=at_call(3), checkpoint_path=path)
    with pytest.raises(
        CheckpointError, match=r"other settings: hidden_dim was 16 and is now 17\. .*use those settings"
    ):
        train(resume_from=path, hidden_dim=17)
    with pytest.raises(CheckpointMismatchError, match=r"batch_size was 32 and is now 16, and 1 more differ"):
        train(resume_from=path, batch_size=16, learning_rate=0.02)
    table = tmp_path / "other.csv"
    frame = pd.read_csv(tables["classification"])
    frame.loc[0, "tenure"] += 1
    frame.to_csv(table, index=False)
    cfg = settings_for("classification", "mlp_dense")
    with pytest.raises(
        CheckpointMismatchError, match=r"on another table, .* use that table and those columns, or start a new"
    ):
        train_model_from_file(table, cfg, resume_from=path)
    with pytest.raises(CheckpointMismatchError, match="on another table"):
        train_model_from_file(tables["classification"], cfg, exclude_columns=["charge"], resume_from=path)
    train_model_from_file(tables["classification"], replace(cfg, task="auto", epochs=2), resume_from=path)


def test_another_teacher_or_blend_is_refused(
    tables: dict[str, Path], teachers: dict[str, ModelBundle], tmp_path: Path
) -> None:
    path, table = tmp_path / "run.safetensors", tables["classification"]
    cfg = settings_for("classification", "mlp_dense")
    with pytest.raises(TrainingPaused):
        distill_model_from_file(
            table,
            cfg,
            teacher_bundle=teachers["classification"],
            student_hidden_dim=16,
            should_pause=at_call(3),
            checkpoint_path=path,
        )

    def resume(teacher: ModelBundle, **changes: Any) -> object:
        return distill_model_from_file(
            table, cfg, teacher_bundle=teacher, resume_from=path, **{"student_hidden_dim": 16, **changes}
        )

    other, _ = train_model_from_file(table, settings_for("classification", "mlp_dense", hidden_dim=48, epochs=1))
    with pytest.raises(CheckpointMismatchError, match=r"with another teacher\. To go on from it, use that teacher"):
        resume(other)
    with pytest.raises(CheckpointMismatchError, match=r"other settings: alpha was 0\.5 and is now 0\.25\."):
        resume(teachers["classification"], alpha=0.25)
    with pytest.raises(CheckpointMismatchError, match="other settings: hidden_dim was 16 and is now 24"):
        resume(teachers["classification"], student_hidden_dim=None)
    resume(teachers["classification"])


def test_without_a_place_to_write_a_wish_to_pause_is_refused_before_anything_is_read() -> None:
    cfg = settings_for("classification", "mlp_dense")
    with pytest.raises(ConfigError, match="needs a checkpoint_path"):
        train_model_from_file("nowhere.csv", cfg, should_pause=lambda: False)
    with pytest.raises(ConfigError, match="needs a checkpoint_path"):
        distill_model_from_file("nowhere.csv", cfg, teacher_path="nowhere", should_pause=lambda: False)


@plain_training
def test_a_disk_that_refuses_is_warned_of_once_and_training_goes_on(
    train: Train, tmp_path: Path, eager: None, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "no such folder" / "run.safetensors"
    with caplog.at_level(logging.WARNING, logger="core"):
        assert_same(train(), train(checkpoint_path=path))
    [record] = caplog.records
    assert record.getMessage().startswith("A checkpoint could not be written, and training went on.")
    assert "No such file" in record.getMessage()
    with pytest.raises(DiskError):
        train(should_pause=at_call(3), checkpoint_path=path)


@plain_training
def test_an_epochs_end_writes_a_checkpoint_only_when_it_is_worth_its_time(
    train: Train, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "run.safetensors"

    def epochs_on_disk() -> list[int]:
        path.unlink(missing_ok=True)
        seen: list[int] = []
        train(
            on_epoch=lambda _: seen.append(checkpoint_summary(path).epoch if path.exists() else 0), checkpoint_path=path
        )
        assert checkpoint_summary(path).epoch == EPOCHS
        return seen

    monkeypatch.setattr(loop, "SECONDS_BETWEEN_EPOCHS", 3600.0)
    assert epochs_on_disk() == [0, 0, 0, 0, 0, 0]
    monkeypatch.setattr(loop, "SECONDS_BETWEEN_EPOCHS", 0.0)
    monkeypatch.setattr(saver, "COST_RATIO", 1e9)  # the first costs so much that no other is due
    assert epochs_on_disk() == [0, 1, 1, 1, 1, 1]
    monkeypatch.setattr(saver, "COST_RATIO", 0.0)
    assert epochs_on_disk() == [0, 1, 2, 3, 4, 5]


@plain_training
def test_a_long_epoch_writes_checkpoints_on_its_way(
    train: Train, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "run.safetensors"
    monkeypatch.setattr(loop, "SECONDS_WITHIN_EPOCH", 0.0)
    monkeypatch.setattr(saver, "COST_RATIO", 0.0)
    on_disk: list[int] = []

    def dies() -> bool:
        on_disk.append(read_checkpoint(path).update_steps if path.exists() else 0)
        if len(on_disk) == STEPS + 3:
            raise KilledError
        return False

    with pytest.raises(KilledError):
        train(should_stop=dies, checkpoint_path=path)
    assert on_disk == [0, 0, 1, 2, 3, 4, 5, 6, 7]  # asked before each step, just before its checkpoint
    assert_same(train(), train(resume_from=path))


@plain_training
def test_other_threads_are_told_of(
    train: Train, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, threads = tmp_path / "run.safetensors", torch.get_num_threads()
    monkeypatch.setattr(loop, "threads_for_step", lambda model, batch_size, available: available)
    with pytest.raises(TrainingPaused):
        train(should_pause=at_call(3), checkpoint_path=path)
    assert checkpoint_summary(path).threads == threads
    torch.set_num_threads(threads + 1)
    try:
        train(resume_from=path)
    finally:
        torch.set_num_threads(threads)
    assert f"begun on the CPU with {threads} thread" in caplog.text
    assert f"goes on on the CPU with {threads + 1} threads" in caplog.text


class Unsteady(nn.Module):
    """A teacher whose last digits depend on the number of threads, as those of a large one do."""

    def __init__(self, teacher: nn.Module) -> None:
        super().__init__()
        self.teacher = teacher

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        outputs: torch.Tensor = self.teacher(x)
        return outputs * (1 + 1e-6 * torch.get_num_threads())


def test_a_student_goes_on_though_its_teachers_last_digits_differ(
    tables: dict[str, Path], teachers: dict[str, ModelBundle], tmp_path: Path
) -> None:
    path, threads = tmp_path / "run.safetensors", torch.get_num_threads()
    cfg = settings_for("classification", "mlp_dense")
    teacher = replace(teachers["classification"], model=Unsteady(teachers["classification"].model))
    arguments: dict[str, Any] = {"teacher_bundle": teacher, "student_hidden_dim": 16}
    with pytest.raises(TrainingPaused):
        distill_model_from_file(
            tables["classification"], cfg, **arguments, should_pause=at_call(3), checkpoint_path=path
        )
    torch.set_num_threads(threads + 1)
    try:
        _, metrics = distill_model_from_file(tables["classification"], cfg, **arguments, resume_from=path)
    finally:
        torch.set_num_threads(threads)
    assert metrics.epochs_run == EPOCHS


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU here")
@plain_training
def test_a_training_on_the_gpu_goes_on_there(train: Train, tmp_path: Path) -> None:
    path = tmp_path / "run.safetensors"
    with pytest.raises(TrainingPaused):
        train(should_pause=at_call(2 * STEPS + 3), checkpoint_path=path, device="cuda")
    assert checkpoint_summary(path).device == "cuda"
    whole, _ = train(device="cuda")
    resumed, _ = train(resume_from=path, device="cuda")
    for mine, other in zip(resumed.model.state_dict().values(), whole.model.state_dict().values(), strict=True):
        torch.testing.assert_close(mine, other)
    train(resume_from=path, device="cpu")
