"""Scoring a table keeps the user's columns and rows, and adds the model's."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pyarrow.parquet as pq
import pytest

from core.errors import DataError, TableFileError
from core.scoring import predict_proba_rows, rows
from core.scoring.files import ScoredTable, added_columns, score_frame, score_rows
from core.scoring.predict import features_of
from core.scoring.rows import rows_of_file
from core.scoring.scorer import Scorer
from core.tables.options import ReadOptions
from core.tables.read import load_tabular_file
from core.trainer import predict_rows, train_model_from_file
from core.types import ModelBundle, TrainingConfig

ADDED = ["churn_prediction", "churn_probability_No", "churn_probability_Yes", "row_status", "row_notes"]
KEEP_ALL = ReadOptions(stray_rows="keep")


@pytest.fixture(scope="module")
def bundle(churn_frame: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> ModelBundle:
    path = tmp_path_factory.mktemp("data") / "churn.csv"
    churn_frame.to_csv(path, index=False)
    cfg = TrainingConfig("churn", epochs=5)
    return train_model_from_file(path, cfg, exclude_columns=["customer_id"], date_columns=["joined"])[0]


@pytest.fixture(scope="module")
def prices(price_frame: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> ModelBundle:
    path = tmp_path_factory.mktemp("data") / "prices.csv"
    price_frame.to_csv(path, index=False)
    return train_model_from_file(path, TrainingConfig(str(price_frame.columns[-1]), epochs=5))[0]


def score(bundle: ModelBundle, text: str | bytes, tmp_path: Path, *suffixes: str, **choices: object) -> ScoredTable:
    """Score a text file to predictions.csv and so on beside it."""
    path = tmp_path / "rows.csv"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    targets = [tmp_path / f"predictions{suffix}" for suffix in suffixes or (".csv",)]
    with rows_of_file(path, KEEP_ALL, scratch_in=tmp_path) as source:
        return score_rows(bundle, source, targets, **choices)  # type: ignore[arg-type]


def written(path: Path, separator: str = ",") -> list[list[str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file, delimiter=separator))


def test_the_users_columns_come_first_and_untouched(bundle: ModelBundle, churn_csv: Path) -> None:
    frame = load_tabular_file(churn_csv)
    scored, scoring = score_frame(bundle, frame)
    assert list(scored.columns) == [*frame.columns, *ADDED]
    assert added_columns(bundle) == ADDED[:3]
    pd.testing.assert_frame_equal(scored[list(frame.columns)], frame)
    records = frame.to_dict("records")
    assert scored["churn_prediction"].tolist() == predict_rows(bundle, records)
    np.testing.assert_allclose(scored[ADDED[1:3]].to_numpy(), predict_proba_rows(bundle, records), atol=1e-6)
    assert scored["row_status"].eq("ok").all()
    assert scored["row_notes"].isna().all()
    assert scoring.contract.statuses == {"ok": len(frame)}
    assert scoring.truth is not None
    assert scoring.truth.value == pytest.approx((scored["churn_prediction"] == frame["churn"]).mean())


def test_numbers_are_predicted_as_for_rows(prices: ModelBundle, price_csv: Path) -> None:
    frame = load_tabular_file(price_csv)
    scored, scoring = score_frame(prices, frame)
    predicted = scored[f"{prices.target_column}_prediction"]
    np.testing.assert_allclose(predicted, predict_rows(prices, frame.to_dict("records")), rtol=1e-5)
    assert scoring.truth is not None
    errors = predicted - frame[prices.target_column]
    assert scoring.truth.value == pytest.approx(np.sqrt((errors**2).mean()))


def test_the_features_are_those_of_the_path_for_rows(bundle: ModelBundle, churn_csv: Path) -> None:
    frame = load_tabular_file(churn_csv)
    scorer = Scorer(bundle, list(frame.columns))
    read = {name: scorer.predict(frame).read[name] for name in scorer.schema.feature_columns}
    np.testing.assert_array_equal(scorer.features(read, len(frame)), features_of(bundle, frame))


def test_text_cells_stay_as_they_stand_in_the_file(bundle: ModelBundle, tmp_path: Path) -> None:
    text = (
        "customer_id,joined,tenure,charge,contract,note\n"
        '007,01.02.2021,10.50,1e5,monthly,"a,b"\n'
        "12345678901234567890,05.02.2021, 7 ,30.00,yearly,\n"
    )
    scored = score(bundle, text, tmp_path, ".csv", ".parquet")
    header, *cells = written(tmp_path / "predictions.csv")
    assert header == ["customer_id", "joined", "tenure", "charge", "contract", "note", *ADDED]
    assert [row[:6] for row in cells] == [
        ["007", "01.02.2021", "10.50", "1e5", "monthly", "a,b"],
        ["12345678901234567890", "05.02.2021", " 7 ", "30.00", "yearly", ""],
    ]
    table = pq.read_table(tmp_path / "predictions.parquet")
    assert table.column("tenure").to_pylist() == [10.5, 7.0]
    assert table.column("customer_id").to_pylist() == ["007", "12345678901234567890"]
    assert [row[6] for row in cells] == table.column("churn_prediction").to_pylist()
    assert scored.columns == ("customer_id", "joined", "tenure", "charge", "contract", "note")


def test_the_file_is_written_as_the_users_own_is(
    prices: ModelBundle, price_frame: pd.DataFrame, tmp_path: Path
) -> None:
    text = price_frame.head(20).to_csv(index=False, sep=";", decimal=",").encode("cp1252")
    score(prices, text, tmp_path)
    header, *cells = written(tmp_path / "predictions.csv", ";")
    assert header[: price_frame.shape[1]] == list(price_frame.columns)
    own = [line.split(";") for line in text.decode("cp1252").splitlines()[1:]]
    assert [row[: len(own[0])] for row in cells] == own
    predicted = [float(row[len(own[0])].replace(",", ".")) for row in cells]
    np.testing.assert_allclose(predicted, predict_rows(prices, price_frame.head(20).to_dict("records")), rtol=1e-5)


def test_each_row_says_what_did_not_fit(bundle: ModelBundle, tmp_path: Path) -> None:
    text = (
        "joined,tenure,charge,contract\n"
        "01.02.2021,12,60,monthly\n"
        "01.02.2021,12 months,60,monthly\n"
        "soon,999,60,weekly\n"
        ",,,\n"
    )
    scored = score(bundle, text, tmp_path)
    cells = [row[-2:] for row in written(tmp_path / "predictions.csv")[1:]]
    assert cells[0] == ["ok", ""]
    assert cells[1] == ["repaired", "tenure: '12 months' is read as 12"]
    assert cells[2][0] == "check"
    assert cells[2][1].startswith(
        "joined: 'soon' is no readable date; tenure: 999 is outside the 1 to 59 of training; "
    )
    assert cells[2][1].endswith("contract: 'weekly' was never seen in training")
    assert cells[3][0] == "empty"
    assert cells[3][1].startswith("nothing the model knows; the prediction is that of a typical row")
    assert scored.scoring.contract.statuses == {"ok": 1, "repaired": 1, "check": 1, "empty": 1}
    assert [(issue.row, issue.column) for issue in scored.scoring.issues if issue.kind == "unseen"] == [(3, "contract")]


def test_a_missing_column_is_missing_in_every_row_and_said(bundle: ModelBundle, tmp_path: Path) -> None:
    score(bundle, "Tenure ,charge,joined\n5,60,01.02.2021\n6,61,01.02.2021\n", tmp_path)
    cells = [row[-2:] for row in written(tmp_path / "predictions.csv")[1:]]
    assert cells == [["check", "without 'contract', which the table lacks"]] * 2


def test_a_renamed_column_is_taken_for_the_models(bundle: ModelBundle, tmp_path: Path) -> None:
    text = "joined,months,charge,contract\n01.02.2021,12,60,monthly\n"
    score(bundle, text, tmp_path, renames={"tenure": "months"})
    assert written(tmp_path / "predictions.csv")[1][-2:] == ["ok", ""]
    with pytest.raises(DataError, match="no column 'x'"):
        score(bundle, text, tmp_path, renames={"tenure": "x"})


@pytest.mark.parametrize("n_threads", [1, 2, 3])
def test_chunks_and_threads_do_not_show(
    bundle: ModelBundle, churn_frame: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, n_threads: int
) -> None:
    text = churn_frame.to_csv(index=False)
    whole = score(bundle, text, tmp_path)
    before = written(tmp_path / "predictions.csv")
    monkeypatch.setattr(rows, "ROWS_A_CHUNK", 50)
    done: list[int] = []
    parts = score(bundle, text, tmp_path, n_threads=n_threads, on_rows=done.append)
    assert done == [50, 100, 150, 200, 240]
    after = written(tmp_path / "predictions.csv")
    assert [row[:7] + row[9:] for row in after] == [row[:7] + row[9:] for row in before]
    np.testing.assert_allclose(
        np.array([row[7:9] for row in after[1:]], float), np.array([row[7:9] for row in before[1:]], float), rtol=1e-5
    )
    assert parts.scoring.contract == whole.scoring.contract
    assert [drift.column for drift in parts.scoring.drifts] == [drift.column for drift in whole.scoring.drifts]


def test_a_stopped_scoring_writes_nothing(
    bundle: ModelBundle, churn_frame: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rows, "ROWS_A_CHUNK", 50)
    done: list[int] = []
    scored = score(
        bundle, churn_frame.to_csv(index=False), tmp_path, ".csv", ".xlsx", ".parquet",
        on_rows=done.append, should_stop=lambda: len(done) == 2,
    )  # fmt: skip
    assert (scored.is_stopped, scored.n_rows) == (True, 100)
    assert [path.name for path in tmp_path.iterdir()] == ["rows.csv"]


def test_a_workbook_has_sheets_on_the_columns_the_model_and_what_to_look_at(
    bundle: ModelBundle, tmp_path: Path
) -> None:
    text = "customer_id,joined,tenure,charge,contract\n007,01.02.2021,12,60,weekly\n"
    score(bundle, text, tmp_path, ".xlsx")
    book = openpyxl.load_workbook(tmp_path / "predictions.xlsx")
    assert book.sheetnames == ["Predictions", "Columns", "Model card", "Issues"]
    header, first = list(book["Predictions"].values)
    assert header == ("customer_id", "joined", "tenure", "charge", "contract", *ADDED)
    assert first[:5] == ("007", "01.02.2021", 12, 60, "weekly")
    assert list(book["Issues"].values)[1] == (1, "contract", "unseen", "contract: 'weekly' was never seen in training")
    columns = {row[0]: row for row in book["Columns"].values}
    assert columns["contract"][1:4] == ("contract", "text", columns["contract"][3])
    assert columns["tenure"][3] == "1 to 59"
    assert ("Predicts", "churn") in list(book["Model card"].values)


def test_a_name_that_the_table_already_has_gets_a_number(bundle: ModelBundle, churn_csv: Path) -> None:
    frame = load_tabular_file(churn_csv).assign(churn_prediction="mine", row_status="mine")
    scored, _ = score_frame(bundle, frame)
    assert (scored["churn_prediction"] == "mine").all()
    assert set(scored["churn_prediction.2"]) <= {"No", "Yes"}
    assert (scored["row_status.2"] == "ok").all()


def test_a_workbook_and_a_parquet_file_are_predicted_as_the_csv_is(
    bundle: ModelBundle, churn_frame: pd.DataFrame, tmp_path: Path
) -> None:
    found = []
    for suffix in (".csv", ".xlsx", ".parquet"):
        path = tmp_path / f"rows{suffix}"
        {".csv": churn_frame.to_csv, ".xlsx": churn_frame.to_excel, ".parquet": churn_frame.to_parquet}[suffix](
            path, index=False
        )
        with rows_of_file(path, KEEP_ALL, scratch_in=tmp_path) as source:
            score_rows(bundle, source, [tmp_path / "out.parquet"])
        found.append(pq.read_table(tmp_path / "out.parquet").to_pandas())
    for other in found[1:]:
        assert other["churn_prediction"].tolist() == found[0]["churn_prediction"].tolist()
        assert other["row_status"].tolist() == found[0]["row_status"].tolist()


def test_rows_out_are_rows_in_even_where_a_file_has_remarks(bundle: ModelBundle, tmp_path: Path) -> None:
    text = "joined,tenure,charge,contract\n01.02.2021,12,60,monthly\njoined,tenure,charge,contract\n,,,Total\n"
    scored = score(bundle, text, tmp_path)
    assert scored.n_rows == 3
    assert [row[3] for row in written(tmp_path / "predictions.csv")] == ["contract", "monthly", "contract", "Total"]
    assert scored.scoring.contract.statuses == {"ok": 1, "empty": 2}


@pytest.mark.parametrize(
    ("text", "error", "words"),
    [
        ("joined,tenure,charge,contract\n", TableFileError, "no rows"),
        ("", TableFileError, "empty"),
        ("a,b\n1,2\n", DataError, "none of the model's columns"),
        ("\x00\x01PK\x03\x04not a table", TableFileError, "file"),
    ],
)
def test_what_cannot_be_predicted_is_one_sentence(
    bundle: ModelBundle, tmp_path: Path, text: str, error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words) as caught:
        score(bundle, text, tmp_path)
    assert str(caught.value).endswith(".")
    assert "\n" not in str(caught.value)
    assert [path.name for path in tmp_path.iterdir()] == ["rows.csv"]


def test_duplicate_headers_give_columns_of_their_own(bundle: ModelBundle, tmp_path: Path) -> None:
    text = "joined,tenure,tenure,charge,contract\n01.02.2021,12,99,60,monthly\n"
    scored = score(bundle, text, tmp_path)
    header, first = written(tmp_path / "predictions.csv")
    assert len(set(header)) == len(header)
    assert first[:5] == ["01.02.2021", "12", "99", "60", "monthly"]
    assert any("tenure" in notice for notice in scored.notices)


def test_names_and_cells_that_a_spreadsheet_would_run_are_inert(bundle: ModelBundle, tmp_path: Path) -> None:
    text = 'joined,tenure,charge,contract,"=cmd|\' /C calc\'!A0"\n01.02.2021,12,60,"=SUM(A1)",<b>x</b>\n'
    score(bundle, text, tmp_path, ".csv", ".xlsx")
    header, first = written(tmp_path / "predictions.csv")
    assert header[4] == "'=cmd|' /C calc'!A0"
    assert first[3:5] == ["'=SUM(A1)", "<b>x</b>"]
    cells = list(openpyxl.load_workbook(tmp_path / "predictions.xlsx")["Predictions"].iter_rows())
    assert cells[1][3].value == "=SUM(A1)"
    assert cells[1][3].data_type == "s"
