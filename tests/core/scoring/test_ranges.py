"""`_low`, `_high` and `_possible` in the files of predictions, at the bundle's level."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core.calibration import Calibration
from core.scoring.files import added_columns, score_frame, score_rows
from core.scoring.ranges import Ranges
from core.scoring.rows import rows_of_file
from core.tables.options import AUTOMATIC
from core.trainer import train_model_from_file
from core.types import ModelBundle, TrainingConfig

MARGINS = ((0.5, 100.0), (0.9, 2500.0))


@pytest.fixture(scope="module")
def prices(price_frame: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> ModelBundle:
    path = tmp_path_factory.mktemp("ranges") / "prices.csv"
    price_frame.to_csv(path, index=False)
    return train_model_from_file(path, TrainingConfig("price", epochs=2), device="cpu")[0]


@pytest.fixture(scope="module")
def churn(churn_frame: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> ModelBundle:
    path = tmp_path_factory.mktemp("ranges") / "churn.csv"
    churn_frame.to_csv(path, index=False)
    cfg = TrainingConfig("churn", epochs=2)
    return train_model_from_file(path, cfg, exclude_columns=["customer_id"], device="cpu")[0]


def test_numbers_get_a_range_around_them(prices: ModelBundle, price_frame: pd.DataFrame) -> None:
    bundle = replace(prices, calibration=Calibration(level=0.9, margins=MARGINS))
    scored, _ = score_frame(bundle, price_frame.head(5))
    assert list(scored.columns[4:]) == ["price_prediction", "price_low", "price_high", "row_status", "row_notes"]
    assert scored["price_low"].to_numpy() == pytest.approx(scored["price_prediction"].to_numpy() - 2500)
    assert scored["price_high"].to_numpy() == pytest.approx(scored["price_prediction"].to_numpy() + 2500)
    assert added_columns(bundle) == ["price_prediction", "price_low", "price_high"]


def test_without_a_level_there_is_none(prices: ModelBundle, price_frame: pd.DataFrame) -> None:
    for calibration in (None, Calibration(margins=MARGINS)):
        scored, _ = score_frame(replace(prices, calibration=calibration), price_frame.head(3))
        assert list(scored.columns[4:]) == ["price_prediction", "row_status", "row_notes"]


def test_classes_get_the_labels_that_are_possible(churn: ModelBundle, churn_frame: pd.DataFrame) -> None:
    bundle = replace(churn, calibration=Calibration(1.5, None, 0.9, ((0.9, 0.6),)))
    scored, _ = score_frame(bundle, churn_frame)
    shares = scored[["churn_probability_No", "churn_probability_Yes"]].to_numpy()
    assert set(scored["churn_possible"]) <= {"No", "Yes", "No | Yes"}
    for share, said in zip(shares, scored["churn_possible"], strict=True):
        if abs(share[0] - 0.4) > 1e-6 and abs(share[1] - 0.4) > 1e-6:
            assert said == " | ".join(label for label, p in zip(["No", "Yes"], share, strict=True) if p > 0.4)


def test_the_threshold_decides_in_files_too(churn: ModelBundle, churn_frame: pd.DataFrame) -> None:
    scored, _ = score_frame(replace(churn, calibration=Calibration(threshold=0.1)), churn_frame)
    by_hand = np.where(scored["churn_probability_Yes"] >= np.float32(0.1), "Yes", "No")
    assert scored["churn_prediction"].tolist() == by_hand.tolist()


def test_many_possible_labels_are_cut() -> None:
    labels = pa.array([f"c{i}" for i in range(300)])
    shares = np.full((2, 300), 1 / 300)
    shares[1] = 0
    shares[1, 7] = 1
    [column] = Ranges("y", Calibration(level=0.9, margins=((0.9, 0.999),)), labels).columns(labels[:2], shares)
    first = " | ".join(f"c{i}" for i in range(10))
    assert column.to_pylist() == [f"{first} | and 290 more", "c7"]


def test_they_reach_csv_and_parquet(prices: ModelBundle, price_frame: pd.DataFrame, tmp_path: Path) -> None:
    bundle: Any = replace(prices, calibration=Calibration(level=0.5, margins=MARGINS))
    table = tmp_path / "new.csv"
    price_frame.head(8).to_csv(table, index=False)
    with rows_of_file(table, AUTOMATIC, scratch_in=tmp_path) as rows:
        score_rows(bundle, rows, [tmp_path / "out.csv", tmp_path / "out.parquet"])
    typed = pq.read_table(tmp_path / "out.parquet").to_pandas()
    assert (typed["price_high"] - typed["price_low"]).to_numpy() == pytest.approx(np.full(8, 200.0))
    assert pd.read_csv(tmp_path / "out.csv")["price_low"].to_numpy() == pytest.approx(typed["price_low"].to_numpy())
