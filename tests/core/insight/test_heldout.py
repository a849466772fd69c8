"""The split of a training, repeated: the same rows, and so the same figures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.insight.heldout import held_out
from core.scoring.predict import predict_outputs
from core.tables.read import load_tabular_file
from core.trainer import train_model_from_file
from core.types import TrainingConfig


@pytest.mark.parametrize("time_column", [None, "joined"])
@pytest.mark.parametrize(("mode", "share"), [("mlp_dense", 0.25), ("tabm", 0.25), ("tabm", 0.0)])
def test_the_rows_kept_aside_are_those_of_the_training(
    churn_csv: Path, time_column: str | None, mode: str, share: float
) -> None:
    """An added mode judges its epochs on rows of its own even where no share is asked for."""
    cfg = TrainingConfig(
        "churn", mode, epochs=3, validation_size=share, time_column=time_column, random_seed=5, hidden_dim=16
    )
    bundle, metrics = train_model_from_file(
        churn_csv, cfg, exclude_columns=["customer_id"], date_columns=["joined"], device="cpu"
    )
    held = held_out(bundle, load_tabular_file(churn_csv), cfg)
    assert (len(held.train), len(held.validation), len(held.test)) == (
        metrics.n_train, metrics.n_validation, metrics.n_test,
    )  # fmt: skip
    assert sorted([*held.train, *held.validation, *held.test]) == list(range(240))
    says = predict_outputs(bundle, held.rows.iloc[held.test]).argmax(dim=1).numpy()
    assert float((says == held.y[held.test]).mean()) == pytest.approx(metrics.test_metric_value)
    if time_column:
        dates = pd.to_datetime(held.rows["joined"], dayfirst=True)
        assert dates.iloc[held.test].min() >= dates.iloc[held.validation].max()
        assert dates.iloc[held.validation].min() >= dates.iloc[held.train].max()


def test_rows_without_a_target_are_left_out_and_places_name_the_table_s_rows(
    price_frame: pd.DataFrame, tmp_path: Path
) -> None:
    frame = price_frame.copy()
    frame.loc[[0, 7], "price"] = np.nan
    path = tmp_path / "prices.csv"
    frame.to_csv(path, index=False)
    cfg = TrainingConfig("price", epochs=2, validation_size=0.2)
    bundle, metrics = train_model_from_file(path, cfg, device="cpu")
    table = load_tabular_file(path)
    held = held_out(bundle, table, cfg)
    assert held.places[:7].tolist() == [1, 2, 3, 4, 5, 6, 8]
    assert held.y == pytest.approx(table["price"].to_numpy(np.float64)[held.places])
    says = bundle.target_scaler.inverse_transform(predict_outputs(bundle, held.rows.iloc[held.test]).numpy())[:, 0]
    rmse = float(np.sqrt(np.mean((says - held.y[held.test]) ** 2)))
    assert rmse == pytest.approx(metrics.test_metric_value, rel=1e-4)


def test_a_third_of_enough_validation_rows_judges_no_epoch(churn_csv: Path) -> None:
    table = load_tabular_file(churn_csv)
    shares = {0.25: (48, 32, 16), 0.5: (96, 64, 32)}
    for share, (n_validation, n_judging, n_calibrating) in shares.items():
        cfg = TrainingConfig("churn", epochs=1, validation_size=share)
        bundle, _ = train_model_from_file(churn_csv, cfg, device="cpu")
        held = held_out(bundle, table, cfg)
        assert len(held.validation) == n_validation
        if n_validation >= 60:
            assert (len(held.judging), len(held.calibrating)) == (n_judging, n_calibrating)
            assert set(held.judging).isdisjoint(held.calibrating)
        else:
            assert len(held.judging) == len(held.calibrating) == n_validation


def test_without_a_validation_share_there_are_no_validation_rows(price_csv: Path) -> None:
    cfg = TrainingConfig("price", epochs=1)
    bundle, _ = train_model_from_file(price_csv, cfg, device="cpu")
    held = held_out(bundle, load_tabular_file(price_csv), cfg)
    assert len(held.validation) == len(held.calibrating) == 0
    assert len(held.fitted) == len(held.train) == 176
