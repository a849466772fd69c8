"""A table that stays in its file, and rows that stay sparse, train the very network that any other way trains."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

import core
from core import rows, trainer
from core.insight.evaluate import evaluate
from core.rows import EncodedRows
from core.tables import read, stored
from core.tables.options import ColumnOptions, ReadOptions
from core.tables.read import READING, load_large_file, load_tabular_file
from core.tables.stored import StoredTable
from core.teacher import sparse_matrix, tree_soft_targets
from core.trainer import predict_rows, save_bundle, train_model_from_file
from core.types import ModelBundle, TrainingConfig


@pytest.fixture
def orders() -> pd.DataFrame:
    """Return a table with everything that reading has to decide on, and rows without a target."""
    rng, n = np.random.default_rng(3), 300
    frame = pd.DataFrame(
        {
            "day": (np.datetime64("2020-01-01") + rng.integers(0, 900, n)).astype(str),
            "zip": [f"{i % 40:05}" for i in range(n)],
            "store": rng.integers(1, 9, n),
            "price": np.where(rng.random(n) < 0.1, np.nan, rng.gamma(2, 30, n).round(2)),
            "country": rng.choice(["NA", "DE", "FR", ""], n),
            "size": rng.choice(["1", "2.5", "large", "n/a"], n),
        }
    )
    frame["y"] = np.where(rng.random(n) < 0.05, "", np.where(frame["store"] > 4, "yes", "no"))
    return frame


@pytest.fixture
def orders_csv(orders: pd.DataFrame, tmp_path: Path) -> Path:
    path = tmp_path / "orders.csv"
    orders.to_csv(path, index=False)
    return path


KEEP = ReadOptions(columns={"country": ColumnOptions(kept_words=("NA",))})


def fit(path: Path, **more: Any) -> tuple[ModelBundle, Any]:
    cfg = TrainingConfig(
        "y", epochs=2, batch_size=32, validation_size=0.2, categorical_columns=("store",), hidden_dim=16, **more
    )
    return train_model_from_file(path, cfg, date_columns=["day"], device="cpu", reading=KEEP)


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
@pytest.mark.parametrize("time_column", [None, "day"])
def test_a_table_in_its_file_gives_the_bundle_that_the_frame_gives(
    orders: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str, time_column: str | None
) -> None:
    path = tmp_path / f"orders{suffix}"
    orders.to_csv(path, index=False) if suffix == ".csv" else orders.to_parquet(path)
    bundle, metrics = fit(path, time_column=time_column)
    monkeypatch.setattr(read, "LARGE_BYTES", 0)
    monkeypatch.setattr(stored, "ROWS_A_BATCH", 64)
    monkeypatch.setattr(rows, "DENSE_BYTES", 0)
    monkeypatch.setattr(trainer, "load_tabular_file", None)
    again, again_metrics = fit(path, time_column=time_column)
    assert again.schema == bundle.schema
    assert again.vectorizer.vocabulary_ == bundle.vectorizer.vocabulary_
    assert np.array_equal(again.feature_medians, bundle.feature_medians)
    for name in ("mean_", "var_", "scale_"):
        np.testing.assert_array_equal(getattr(again.scaler, name), getattr(bundle.scaler, name))
    assert again.class_names == bundle.class_names == ["no", "yes"]
    assert again_metrics.n_dropped == metrics.n_dropped > 0
    assert again_metrics.test_from == metrics.test_from
    assert again.record is not None
    assert bundle.record is not None
    assert again.record.receipt == bundle.record.receipt
    for name, tensor in bundle.model.state_dict().items():
        assert torch.equal(again.model.state_dict()[name], tensor), name
    assert (again_metrics.test_loss, again_metrics.train_loss) == (metrics.test_loss, metrics.train_loss)


def test_a_stored_table_reads_column_by_column_what_the_frame_holds(orders_csv: Path) -> None:
    frame, table = load_tabular_file(orders_csv, options=KEEP), load_large_file(orders_csv, options=KEEP)
    assert list(table.columns) == list(frame.columns)
    assert len(table) == len(frame)
    assert table.attrs == {READING: frame.attrs[READING]}
    for name, values in table.items():
        assert values.astype(object).where(values.notna(), None).tolist() == (
            frame[name].astype(object).where(frame[name].notna(), None).tolist()
        )
    assert sum(len(batch) for batch in table.batches()) == len(frame)
    places = np.array([7, 3, 3, 250])
    assert table.take(places)["zip"].tolist() == frame["zip"].iloc[places].tolist()
    assert list(table.drop(columns=["zip", "y"]).columns) == ["day", "store", "price", "country", "size"]


def test_a_file_is_large_by_its_bytes_or_a_parquet_file_by_its_cells(
    orders_csv: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parquet = tmp_path / "orders.parquet"
    pd.read_csv(orders_csv).to_parquet(parquet)
    monkeypatch.setattr(read, "LARGE_CELLS", 300 * 7)
    assert [read.is_large(path) for path in (orders_csv, parquet, tmp_path / "gone.csv")] == [False, True, False]
    monkeypatch.setattr(read, "LARGE_BYTES", orders_csv.stat().st_size)
    assert read.is_large(orders_csv)


def test_a_model_of_a_stored_table_is_evaluated_alike(orders_csv: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bundle, metrics = fit(orders_csv)
    cfg = TrainingConfig(**{**bundle.record.config, "categorical_columns": ("store",)})  # type: ignore[union-attr]
    frame, table = load_tabular_file(orders_csv, options=KEEP), load_large_file(orders_csv, options=KEEP)
    one = evaluate(bundle, frame, cfg, metrics, reading=KEEP).evaluation.as_dict()
    monkeypatch.setattr(rows, "DENSE_BYTES", 0)
    assert isinstance(table, StoredTable)
    other = evaluate(bundle, table, cfg, metrics, reading=KEEP).evaluation.as_dict()
    assert other["n_test"] == one["n_test"]
    assert [worst["row"] for worst in other["worst"]] == [worst["row"] for worst in one["worst"]]
    for side, same in zip(other["sides"], one["sides"], strict=True):
        assert side["figures"] == pytest.approx(same["figures"], abs=1e-6)


def test_the_forest_of_sparse_rows_is_that_of_dense_ones(orders_csv: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """REQ-T09: the tree teacher sees the same table."""
    seen: list[tuple[EncodedRows, torch.Tensor]] = []

    def spy(x: EncodedRows, y: torch.Tensor, *rest: Any) -> torch.Tensor:
        seen.append((x, y))
        return tree_soft_targets(x, y, *rest)

    monkeypatch.setattr(rows, "DENSE_BYTES", 0)
    monkeypatch.setattr("core.teacher.tree_soft_targets", spy)
    fit(orders_csv, training_mode="tree_teacher_distillation")
    [(x, y)] = seen
    assert sparse_matrix(x).nnz < 0.8 * x.shape[0] * x.shape[1]
    sparse, dense = (tree_soft_targets(given, y, "classification", 2, 42) for given in (x, x[:]))
    np.testing.assert_allclose(sparse.numpy(), dense.numpy(), atol=1e-6, rtol=0)


def test_a_bundle_of_sparse_rows_predicts_as_one_of_dense_rows(
    orders: pd.DataFrame, orders_csv: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle, metrics = fit(orders_csv)
    path, records = save_bundle(bundle, tmp_path / "out", metrics), orders.drop(columns="y").to_dict("records")
    dense = predict_rows(bundle, records, "cpu")
    monkeypatch.setattr(rows, "DENSE_BYTES", 0)
    assert predict_rows(trainer.load_bundle(path), records, "cpu") == dense


PEAKS = """
import sys
import numpy as np, pandas as pd, torch
from core.trainer import TrainingConfig, predict_rows, save_bundle, train_model_from_file
def peak():
    return int(open("/proc/self/status").read().partition("VmHWM:")[2].split()[0]) * 1024
folder, n, levels = sys.argv[1], 6_000, 12_000
texts = [f"page {i % levels}" for i in range(n)] 
frame = pd.DataFrame({"page": texts, "x": np.arange(n) % 17, "y": np.where(np.arange(n) % 2, "a", "b")})
for size in (200, n):
    frame.head(size).to_csv(f"{folder}/t.csv", index=False)
    cfg = TrainingConfig("y", epochs=1, batch_size=256, hidden_dim=16, validation_size=0.1)
    bundle, metrics = train_model_from_file(f"{folder}/t.csv", cfg, device="cpu")
    save_bundle(bundle, folder, metrics)
    predict_rows(bundle, frame.head(size).to_dict("records"), "cpu")
    print(peak(), bundle.input_dim)
"""


def test_a_column_of_thousands_of_texts_takes_a_fraction_of_the_dense_table(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PEAKS, str(tmp_path)],
        cwd=Path(core.__file__).parents[1], capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    (small, _), (large, width) = (map(int, line.split()) for line in done.stdout.splitlines())
    dense = 6_000 * width * 4
    assert width > 4_000
    assert large - small < 0.8 * dense, "a network of 16 units, its batches and its answers, but no dense table"
