"""The mode `auto` from the table to predictions: it spends its time, blends what it has, and goes on where it was."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from core.added import search
from core.calibrate import calibrate_out_of_fold
from core.checkpoint import checkpoint_summary
from core.distill import distill_model_from_file
from core.epoch import EpochReport
from core.errors import AppError, CheckpointError, CheckpointMismatchError, TrainingError, TrainingPaused
from core.insight.evaluate import evaluate
from core.leaderboard import Leaderboard
from core.networks.blend import Blend
from core.scoring import predict_proba_rows
from core.tables.read import load_tabular_file
from core.trainer import load_bundle, predict_rows, save_bundle, train_model_from_file
from core.types import Metrics, ModelBundle, TrainingConfig

SECONDS = 3.0


@pytest.fixture(autouse=True)
def one_lane(monkeypatch: pytest.MonkeyPatch) -> None:
    """Train in this process alone; other tests say so where they want more."""
    monkeypatch.setattr(search, "MOST_LANES", 1)


def auto(target: str, **changes: Any) -> TrainingConfig:
    """Return settings for a short search."""
    settings = {"training_mode": "auto", "time_budget": SECONDS, "hidden_dim": 16, **changes}
    return TrainingConfig(target, **settings)


def after(n_members: int, reports: list[EpochReport]) -> Callable[[], bool]:
    """Return a wish that is there once so many networks are finished."""
    return lambda: len(reports) >= n_members


def trained(frame: pd.DataFrame, folder: Path, **changes: Any) -> tuple[ModelBundle, Metrics]:
    """Train on a frame whose target is the column `y`, until it has two networks."""
    path, reports = folder / "rows.csv", []  # type: ignore[var-annotated]
    frame.to_csv(path, index=False)
    return train_model_from_file(
        path, auto("y", **changes), device="cpu", on_epoch=reports.append, should_stop=after(2, reports)
    )


def test_it_spends_its_time_and_blends_what_it_has(price_frame: pd.DataFrame, price_csv: Path, tmp_path: Path) -> None:
    reports: list[EpochReport] = []
    boards: list[Leaderboard] = []
    began = time.perf_counter()
    bundle, metrics = train_model_from_file(
        price_csv, auto("price"), device="cpu", on_epoch=reports.append, on_board=boards.append
    )
    taken = time.perf_counter() - began
    assert taken < 3 * SECONDS
    assert isinstance(bundle.model, Blend)
    assert float(bundle.model.share.sum()) == pytest.approx(1)
    assert metrics.epochs_run == len(reports) >= 1
    assert [report.epoch for report in reports] == list(range(1, len(reports) + 1))
    assert metrics.baseline_metric_value is not None
    assert metrics.test_metric_value < 0.5 * metrics.baseline_metric_value
    board = Leaderboard.from_dict(metrics.leaderboard or {})
    assert board.members == sum(entry.members for entry in board.entries) == len(reports)
    assert sum(entry.weight for entry in board.entries) == pytest.approx(1)
    assert any("epoch" in entry.now for board in boards for entry in board.entries)
    assert bundle.record is not None
    assert bundle.record.metrics["leaderboard"] == metrics.leaderboard
    loaded = load_bundle(save_bundle(bundle, tmp_path))
    rows = [*price_frame.head(20).to_dict("records"), {}]
    assert predict_rows(loaded, rows) == predict_rows(bundle, rows)


def test_all_rows_are_learned_from_and_those_held_out_by_some_calibrate(
    churn_frame: pd.DataFrame, churn_csv: Path, tmp_path: Path
) -> None:
    cfg, reports = auto("churn"), []  # type: ignore[var-annotated]
    bundle, metrics = train_model_from_file(
        churn_csv, cfg, exclude_columns=["customer_id"], device="cpu",
        on_epoch=reports.append, should_stop=after(4, reports),
    )  # fmt: skip
    assert (metrics.n_train, metrics.n_validation, metrics.n_test) == (192, 0, 48)
    found = bundle.out_of_fold
    assert found is not None
    assert np.exp(found.outputs).sum(axis=1) == pytest.approx(1, abs=1e-5)
    assert bundle.calibration == calibrate_out_of_fold(found)
    assert bundle.calibration is not None
    assert bundle.calibration.n_rows == len(found.y) >= 24  # one fold at least
    table = load_tabular_file(churn_csv)
    evaluated = evaluate(bundle, table, cfg, metrics)
    assert evaluated.evaluation.n_validation == len(found.y)
    assert evaluated.evaluation.thresholds is not None
    assert evaluated.evaluation.thresholds["on_validation"] is not None
    loaded = load_bundle(save_bundle(bundle, tmp_path))
    assert loaded.out_of_fold is None
    assert loaded.calibration == evaluate(loaded, table, cfg, metrics).bundle.calibration == bundle.calibration
    probabilities = np.asarray(predict_proba_rows(bundle, churn_frame.to_dict("records")))
    assert np.allclose(probabilities.sum(axis=1), 1)


def test_numbers_are_calibrated_in_the_target_s_unit(price_frame: pd.DataFrame, price_csv: Path) -> None:
    reports: list[EpochReport] = []
    bundle, _ = train_model_from_file(
        price_csv, auto("price"), device="cpu", on_epoch=reports.append, should_stop=after(4, reports)
    )
    assert bundle.out_of_fold is not None
    assert set(bundle.out_of_fold.y.round()) <= set(price_frame["price"].round())
    assert bundle.calibration is not None
    within = np.abs(bundle.out_of_fold.outputs - bundle.out_of_fold.y) <= dict(bundle.calibration.margins)[0.8]
    assert 0.8 <= within.mean() < 0.95


def test_it_can_be_stopped_and_keeps_what_is_finished(churn_csv: Path) -> None:
    reports: list[EpochReport] = []
    bundle, metrics = train_model_from_file(
        churn_csv, auto("churn", time_budget=600), device="cpu",
        on_epoch=reports.append, should_stop=after(1, reports),
    )  # fmt: skip
    assert len(reports) == 1
    assert metrics.epochs_run is not None
    assert metrics.epochs_run <= 2  # what was cut short may count as well
    assert predict_rows(bundle, [{}])[0] in ("No", "Yes")


def test_stopped_at_once_it_has_nothing_to_keep(churn_csv: Path) -> None:
    with pytest.raises(TrainingError, match="before its first network"):
        train_model_from_file(churn_csv, auto("churn"), device="cpu", should_stop=lambda: True)


def test_a_time_too_short_says_so(churn_csv: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "RESERVE", 1.0)
    with pytest.raises(TrainingError, match=r"^The 1 seconds were over before one network was trained\. Give it more"):
        train_model_from_file(churn_csv, auto("churn", time_budget=1), device="cpu")


def test_paused_it_goes_on_with_the_networks_it_has(churn_csv: Path, tmp_path: Path) -> None:
    reports: list[EpochReport] = []
    checkpoint = tmp_path / "checkpoint.safetensors"
    cfg = auto("churn", time_budget=8.0)
    with pytest.raises(TrainingPaused, match="paused after 2 networks"):
        train_model_from_file(
            churn_csv, cfg, device="cpu",
            on_epoch=reports.append, should_pause=after(2, reports), checkpoint_path=checkpoint,
        )  # fmt: skip
    summary = checkpoint_summary(checkpoint)
    assert (summary.epoch, summary.ended) == (2, False)
    assert [report.validation_loss for report in summary.reports] == [report.validation_loss for report in reports]
    more: list[EpochReport] = []
    bundle, metrics = train_model_from_file(
        churn_csv, cfg, device="cpu", on_epoch=more.append, should_stop=after(1, more), resume_from=checkpoint
    )
    assert more[0].epoch == 3
    assert metrics.epochs_run is not None
    assert metrics.epochs_run >= 3
    assert bundle.record is not None
    assert list(bundle.record.validation_losses[:2]) == [report.validation_loss for report in reports]
    with pytest.raises(CheckpointMismatchError, match="other settings: hidden_dim was 16"):
        train_model_from_file(churn_csv, replace(cfg, hidden_dim=32), device="cpu", resume_from=checkpoint)
    damaged = bytearray(checkpoint.read_bytes())
    damaged[-5] ^= 1
    checkpoint.write_bytes(damaged)
    with pytest.raises(CheckpointError, match="does not fit its hash"):
        train_model_from_file(churn_csv, cfg, device="cpu", resume_from=checkpoint)


def test_processes_beside_it_train_too_and_are_gone_at_the_end(
    churn_csv: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[search.RemoteLane] = []

    class Noted(search.RemoteLane):
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments)
            started.append(self)

    monkeypatch.setattr(search, "MOST_LANES", 2)
    monkeypatch.setattr(search, "RemoteLane", Noted)
    monkeypatch.setattr(search.torch, "get_num_threads", lambda: 2)
    reports: list[EpochReport] = []
    trainers: list[int] = []
    taken = search.RemoteLane.train

    def counted(self: search.RemoteLane, *arguments: Any) -> Any:
        member = taken(self, *arguments)
        trainers.append(1)
        return member

    monkeypatch.setattr(Noted, "train", counted)
    _, metrics = train_model_from_file(
        churn_csv, auto("churn", time_budget=120), device="cpu", on_epoch=reports.append,
        should_stop=lambda: len(trainers) >= 2 and len(reports) >= 3,
    )  # fmt: skip
    assert metrics.epochs_run is not None
    assert metrics.epochs_run >= 3
    assert [lane.is_running for lane in started] == [False]


def test_a_process_that_dies_leaves_the_work_to_the_others(churn_csv: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "MOST_LANES", 2)
    monkeypatch.setattr(search.torch, "get_num_threads", lambda: 2)
    monkeypatch.setattr(search.RemoteLane, "command", ("-c", "raise SystemExit(3)"))
    reports: list[EpochReport] = []
    _, metrics = train_model_from_file(
        churn_csv, auto("churn", time_budget=60), device="cpu",
        on_epoch=reports.append, should_stop=after(2, reports),
    )  # fmt: skip
    assert len(reports) >= 2
    assert metrics.epochs_run is not None


def test_a_blend_can_teach(churn_csv: Path) -> None:
    reports: list[EpochReport] = []
    teacher, _ = train_model_from_file(
        churn_csv, auto("churn"), device="cpu", on_epoch=reports.append, should_stop=after(2, reports)
    )
    cfg = TrainingConfig("churn", epochs=3)
    student, _ = distill_model_from_file(churn_csv, cfg, teacher_bundle=teacher, device="cpu")
    assert student.model_config is not None
    assert student.model_config["hidden_dim"] == 16
    assert predict_rows(student, [{}])[0] in ("No", "Yes")


N = 120


def tables(rng: np.random.Generator) -> dict[str, pd.DataFrame]:
    """Return tables at the edge by what is special about them; the target is the column `y`."""
    y = rng.normal(0, 1, N)
    number, text = y + rng.normal(0, 0.5, N), rng.choice(["x", "z"], N)
    wide = pd.DataFrame(rng.normal(0, 1, (N, 1_500)).round(3), columns=[f"c{place}" for place in range(1_500)])
    columns: dict[str, dict[str, Any]] = {
        "30 rows": {"a": number, "b": text},
        "one feature": {"a": number},
        "all categorical": {"a": np.where(number > 0, "up", "down"), "b": text},
        "an empty column": {"a": number, "none": np.full(N, np.nan)},
        "1,500 columns": dict(wide),
        "a text for each row": {"a": number, "id": [f"t{row}" for row in range(N)]},
        "a constant target": {"a": number, "y": np.full(N, 3.5)},
        "60 classes": {"a": number, "y": [f"k{row % 60}" for row in range(N)]},
        "one class": {"a": number, "y": "only"},
    }
    found = {kind: pd.DataFrame({"y": y, **own}) for kind, own in columns.items()}
    return {**found, "30 rows": found["30 rows"].head(30)}


KINDS_OF_TABLE = tuple(tables(np.random.default_rng(7)))


@pytest.mark.parametrize("kind", KINDS_OF_TABLE)
def test_tables_at_the_edge_are_learned_from(kind: str, tmp_path: Path) -> None:
    frame = tables(np.random.default_rng(7))[kind]
    bundle, metrics = trained(frame, tmp_path, time_budget=20.0)
    assert np.isfinite([metrics.train_loss, metrics.test_loss, metrics.test_metric_value]).all()
    rows = [*frame.head(3).to_dict("records"), {"a": 1e30}, {"a": "unseen", "b": "unseen", "id": "new"}, {}]
    assert len(predict_rows(bundle, rows)) == 6
    assert json.loads(json.dumps(metrics.leaderboard)) == json.loads(json.dumps(dict(metrics.leaderboard or {})))


@pytest.mark.parametrize("rows", [2, 3, 4, 6])
def test_a_tiny_table_trains_or_is_refused_in_a_sentence(price_frame: pd.DataFrame, tmp_path: Path, rows: int) -> None:
    path = tmp_path / "rows.csv"
    price_frame.head(rows).to_csv(path, index=False)
    for target in ("price", "district"):
        with suppress(AppError):  # any other error fails the test
            _, metrics = train_model_from_file(path, auto(target, time_budget=1.5), device="cpu")
            assert np.isfinite([metrics.train_loss, metrics.test_loss]).all()
