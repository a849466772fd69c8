"""Scoring a table keeps the user's columns and rows, and adds the model's."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.scoring import files, predict_proba_rows
from core.scoring.files import added_columns, score_frame
from core.tables.read import load_tabular_file
from core.trainer import predict_rows, train_model_from_file
from core.types import ModelBundle, TrainingConfig


@pytest.fixture(scope="module")
def bundle(churn_frame: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> ModelBundle:
    path = tmp_path_factory.mktemp("data") / "churn.csv"
    churn_frame.to_csv(path, index=False)
    return train_model_from_file(path, TrainingConfig("churn", epochs=5), date_columns=["joined"])[0]


def test_the_users_columns_come_first_and_untouched(bundle: ModelBundle, churn_csv: Path) -> None:
    frame = load_tabular_file(churn_csv)
    scored = score_frame(bundle, frame)
    added = ["churn_prediction", "churn_probability_No", "churn_probability_Yes"]
    assert list(scored.columns) == [*frame.columns, *added] == [*frame.columns, *added_columns(bundle)]
    pd.testing.assert_frame_equal(scored[list(frame.columns)], frame)
    rows = frame.to_dict("records")
    assert scored["churn_prediction"].tolist() == predict_rows(bundle, rows)
    np.testing.assert_allclose(scored[added[1:]].to_numpy(), predict_proba_rows(bundle, rows), atol=1e-7)


def test_chunks_do_not_show(bundle: ModelBundle, churn_csv: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    frame = load_tabular_file(churn_csv)
    whole = score_frame(bundle, frame)
    monkeypatch.setattr(files, "ROWS_PER_CHUNK", 50)
    done: list[int] = []
    parts = score_frame(bundle, frame, on_rows=done.append)
    assert done == [50, 100, 150, 200, 240]
    pd.testing.assert_frame_equal(whole, parts, rtol=1e-5)


def test_a_stopped_scoring_returns_the_rows_done_so_far(
    bundle: ModelBundle, churn_csv: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "ROWS_PER_CHUNK", 50)
    done: list[int] = []
    scored = score_frame(bundle, load_tabular_file(churn_csv), on_rows=done.append, should_stop=lambda: len(done) == 2)
    assert len(scored) == 100


def test_a_table_without_rows_gets_the_columns(bundle: ModelBundle, churn_csv: Path) -> None:
    scored = score_frame(bundle, load_tabular_file(churn_csv).head(0))
    assert len(scored) == 0
    assert list(scored.columns)[-3:] == added_columns(bundle)


def test_a_name_that_the_table_already_has_gets_a_number(bundle: ModelBundle, churn_csv: Path) -> None:
    frame = load_tabular_file(churn_csv).assign(churn_prediction="mine")
    scored = score_frame(bundle, frame)
    assert (scored["churn_prediction"] == "mine").all()
    assert set(scored["churn_prediction.2"]) <= {"No", "Yes"}
