"""Comparing runs: ticked in the list, under an address of its own; and the studies on the Model page."""

from __future__ import annotations

import json
import shutil
import time
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import streamlit as st
from sklearn.metrics import accuracy_score

from core.insight.evaluation import DOCUMENT_NAME, ROWS_NAME, load_test_rows
from core.runs.datasets import table_path
from core.runs.insights import FOLDER_NAME, Question
from core.runs.records import Epoch
from core.runs.studying import is_at_work, is_studied
from core.workspace import Workspace
from tests.pages.run_rows import NUMBER, a_run, a_table, write_runs

RUNS, MODEL = "pages/use/runs.py", "pages/use/model.py"
MORE = Question("more_data")
CONFIG = {"training_mode": "mlp_dense", "target_column": "churned", "epochs": 50}
TABLES = [a_table(), a_table("d2", "Apartment prices")]


def evaluate(workspace: Workspace, run_id: str, right: int, numbers: range = range(1, 201)) -> None:
    """Leave an evaluation of a run that is right for so many of the rows, the first ones."""
    rng = np.random.default_rng(right)
    truth = np.where(np.arange(len(numbers)) % 2, "yes", "no").astype(object)
    other = np.where(truth == "yes", "no", "yes").astype(object)
    said = np.where(np.arange(len(numbers)) < right, truth, other)
    sure = rng.uniform(0.6, 0.9, len(numbers))
    p1 = np.where(said == "yes", sure, 1 - sure)
    main = {"estimate": right / len(numbers), "low": 0.1, "high": 0.9, "level": 0.95, "n": len(numbers)}
    side = {"name": "network", "title": "This network", "main": main, "figures": {"accuracy": right / len(numbers)}}
    document = {"version": 1, "task": "classification", "target": "churned", "class_names": ["no", "yes"],
                "n_test": len(numbers), "sides": [side]}  # fmt: skip
    folder = workspace.run_dir(run_id)
    (folder / DOCUMENT_NAME).write_text(json.dumps(document))
    table = {"row": list(numbers), "truth": truth, "prediction": said, "p0": 1 - p1, "p1": p1}
    pq.write_table(pa.table(table), folder / ROWS_NAME)


@pytest.fixture
def runs(workspace: Workspace) -> None:
    """Write runs that are right for 160, 120 and 158 of the same 200 rows, others elsewhere, and one unevaluated."""

    def config(**values: Any) -> dict[str, Any]:
        return {"request": {"config": CONFIG | values}}

    rows = [
        a_run("good", **config()),
        a_run("poor", **config(epochs=5)),
        a_run("near", **config(random_seed=7)),
        a_run("late", **config(time_column="day")),
        a_run("bare", **config()),
        a_run("price", dataset_id="d2", metrics=NUMBER),
        a_run("failed", "failed"),
        a_run("scored", kind="score"),
    ]  # fmt: skip
    write_runs(workspace, rows, TABLES)
    for run_id, right in {"good": 160, "poor": 120, "near": 158}.items():
        evaluate(workspace, run_id, right)
    evaluate(workspace, "late", 150, range(190, 390))


def tick(browser: Any, *run_ids: str) -> None:
    for run_id in run_ids:
        browser.app.checkbox(key=f"runs_pick_{run_id}").check()
        browser.run()


def test_ticked_runs_are_compared_under_an_address_that_can_be_opened_again(browser, browse, runs) -> None:
    browser.open(RUNS)
    boxes = {box.key for box in browser.app.checkbox if box.key.startswith("runs_pick_")}
    assert boxes == {f"runs_pick_{run_id}" for run_id in ("good", "poor", "near", "late", "bare", "price")}
    assert browser.app.button(key="runs_compare").disabled
    tick(browser, "good")
    assert browser.app.button(key="runs_compare").disabled
    tick(browser, "poor")
    browser.click("runs_compare")
    assert browser.app.query_params["compare"] == "good,poor"
    said = "A is better than B on the 200 common test rows: right for 20.0 points more (between"
    assert browser.sees(said)
    again = browse().open(RUNS, compare="good,poor")
    assert again.sees(said)
    again.click("compare_close")
    assert "compare" not in again.app.query_params
    assert again.sees("8 runs")


def test_no_more_than_three_can_be_ticked_and_the_choice_survives_leaving(browser, runs) -> None:
    browser.open(RUNS)
    tick(browser, "good", "poor", "near")
    assert browser.app.checkbox(key="runs_pick_late").disabled
    assert not browser.app.checkbox(key="runs_pick_good").disabled
    browser.app.text_input(key="runs_search").set_value("run late")
    browser.run()
    browser.app.text_input(key="runs_search").set_value("")
    browser.run()
    assert browser.app.checkbox(key="runs_pick_near").value
    assert browser.app.button(key="runs_compare").label == "Compare 3 runs"
    browser.click("runs_pick_none")
    assert not browser.app.checkbox(key="runs_pick_near").value


def test_what_differs_is_shown_and_nothing_else(browser, runs) -> None:
    browser.open(RUNS, compare="good,poor,near")
    settings, figures, rows = (frame.value for frame in browser.app.dataframe)
    assert settings.to_dict("list") == {
        "Setting": ["Random seed", "Epochs"],
        "A": ["42", "50"], "B": ["42", "5"], "C": ["7", "50"],
    }  # fmt: skip
    accuracy = figures.set_index("Figure").loc["Accuracy (share right)"]
    assert accuracy[["A", "B", "C"]].tolist() == ["80.0 %", "60.0 %", "79.0 %"]
    assert len(rows) == 40  # the rows from the 121st to the 160th
    assert set(rows["Row"]) == set(range(121, 161))
    assert (rows["A predicts"] == rows["Truth"]).all()
    assert (rows["B predicts"] != rows["Truth"]).all()
    assert browser.sees("They disagree on 40 of 200 common test rows (20.0 %)")
    assert browser.sees("A and C are too close to call on the 200 common test rows: A better by 1.0 points, and")
    assert browser.sees("98.3 % each")
    assert browser.sees("The file of the table 'customers' is missing")  # nobody brought it


def test_a_blend_is_compared_though_it_has_no_epochs(browser, workspace, store) -> None:
    blend = {"training_mode": "auto", "time_budget": 120.0}
    rows = [a_run("one", request={"config": CONFIG}), a_run("blend", request={"config": CONFIG | blend})]
    write_runs(workspace, rows, TABLES)
    for run_id, right in (("one", 150), ("blend", 160)):
        evaluate(workspace, run_id, right)
        store.set_epochs(run_id, [Epoch(number, 0.5, 0.4, 1e-3, 1.0) for number in range(1, 4)])
    browser.open(RUNS, compare="one,blend")
    settings = browser.app.dataframe[0].value.set_index("Setting")
    assert settings.loc["Time in seconds"].tolist() == ["–", "120"]
    assert settings.loc["Epochs"].tolist() == ["50", "–"]
    assert browser.sees("B: a blend of networks has no epochs. Its page shows how it grew.")
    assert browser.sees("The validation loss of A went lowest: 0.4 at epoch 1.")


def test_runs_on_other_test_rows_say_so_and_get_no_verdict(browser, runs) -> None:
    browser.open(RUNS, compare="good,late")
    assert browser.sees(
        "tested on different rows: 200 and 200, of which 11 rows can be compared, so no verdict is given"
    )
    assert browser.sees("only 11 test rows are common, and a verdict takes 20 at least")
    figures = browser.app.dataframe[1].value
    assert "Share right on the 11 common rows" in figures["Figure"].tolist()


def test_runs_of_other_tables_and_targets_compare_settings_only(browser, runs, workspace) -> None:
    evaluate(workspace, "price", 10)
    document = json.loads((workspace.run_dir("price") / DOCUMENT_NAME).read_text())
    (workspace.run_dir("price") / DOCUMENT_NAME).write_text(json.dumps(document | {"target": "price"}))
    browser.open(RUNS, compare="good,price")
    assert browser.sees("A predicts 'churned' and B 'price'. Only their settings can be compared.")
    assert "Table" in browser.app.dataframe[0].value["Setting"].tolist()
    assert not browser.sees("Where they disagree")


def test_what_the_address_gets_wrong_is_said(browser, browse, runs) -> None:
    assert browser.open(RUNS, compare="good,gone").sees("A comparison takes two or three runs.")
    assert browser.app.warning
    assert browse().open(RUNS, compare="good,good").sees("A comparison takes two or three runs.")
    four = browse().open(RUNS, compare="good,poor,near,late")
    assert four.sees("The address names 4 runs. The first 3 are compared.")
    assert browse().open(RUNS, compare="").sees("A comparison takes two or three runs.")


def test_a_run_without_an_evaluation_gets_one_here(browser, workspace, store, trained) -> None:
    other = a_run("other", dataset_id=trained.dataset_id, request=trained.request)
    folder, copy = workspace.run_dir(trained.id), workspace.run_dir("other")
    write_runs(workspace, [other], [a_table("unused")])
    for name in (DOCUMENT_NAME, ROWS_NAME):
        shutil.copy(folder / name, copy / name)
        (folder / name).unlink()
    browser.open(RUNS, compare=f"other,{trained.id}")
    assert browser.sees("no verdict, for B has no evaluation.")
    assert browser.sees("B: This run was not evaluated")
    browser.click("compare_evaluate")
    deadline = time.monotonic() + 60
    while not browser.run().sees("A and B predict the same on each of the 48 common test rows"):
        assert time.monotonic() < deadline, browser.text
        time.sleep(0.2)
    assert browser.sees("All settings are the same.")
    rows = load_test_rows(folder)
    right = accuracy_score(rows["truth"].to_pylist(), rows["prediction"].to_pylist())
    figures = browser.app.dataframe[0].value.set_index("Figure")
    assert figures.loc["Accuracy (share right)", "B"] == f"{100 * right:.1f} %"


def test_rows_of_disagreement_show_the_cells_of_the_table(browser, workspace, store, trained) -> None:
    other = a_run("other", dataset_id=trained.dataset_id, request=trained.request)
    write_runs(workspace, [other], [a_table("unused")])
    rows = load_test_rows(workspace.run_dir(trained.id))
    flipped = ["No" if label == "Yes" else "Yes" for label in rows["prediction"].to_pylist()]
    changed = rows.set_column(rows.column_names.index("prediction"), "prediction", pa.array(flipped))
    pq.write_table(changed, workspace.run_dir("other") / ROWS_NAME)
    shutil.copy(workspace.run_dir(trained.id) / DOCUMENT_NAME, workspace.run_dir("other") / DOCUMENT_NAME)
    browser.open(RUNS, compare=f"{trained.id},other")
    shown = browser.app.dataframe[-1].value
    table = pq.read_table(table_path(workspace, store.dataset(trained.dataset_id))).to_pandas()
    assert len(shown) == rows.num_rows
    assert shown["customer_id"].tolist() == table["customer_id"].iloc[shown["Row"].to_numpy() - 1].tolist()
    assert shown["Truth"].tolist() == table["churn"].iloc[shown["Row"].to_numpy() - 1].tolist()
    table_path(workspace, store.dataset(trained.dataset_id)).unlink()
    st.cache_data.clear()
    assert browser.run().sees("is missing")
    assert "customer_id" not in browser.app.dataframe[-1].value.columns


def test_the_model_page_offers_both_studies_and_draws_what_they_found(browser, workspace, trained) -> None:
    browser.open(MODEL, run=trained.id)
    assert browser.sees("Would more rows help?")
    assert browser.sees("Random or time split?")
    assert browser.app.button(key="model_more_data").label.startswith("Find out (about 0:0")
    folder = workspace.run_dir(trained.id) / FOLDER_NAME
    folder.mkdir(exist_ok=True)
    point = {"share": 0.5, "n_rows": 80, "epochs_run": 4, "seconds": 1.0,
             "error": {"estimate": 0.3, "low": 0.2, "high": 0.4}}  # fmt: skip
    last = {"estimate": 0.02, "low": 0.01, "high": 0.03, "reason": None}
    answer = {"task": "classification", "target": "churn", "n_test": 48, "points": [point, point, point],
              "from_half": last, "from_three_quarters": last, "trend": "still helps"}  # fmt: skip
    (folder / "more_data.json").write_text(json.dumps(answer))
    browser.run()
    assert browser.sees("More rows will likely still help: the last quarter of them did.")
    assert browser.sees("changed the error by −2.0 points (between −3.0 points and −1.0 points")


def test_a_study_that_is_worked_on_can_be_stopped(browser, browse, workspace, trained) -> None:
    browser.open(MODEL, run=trained.id).click("model_more_data")
    assert any((button.key or "") == "model_stop_more_data" for button in browser.app.button)
    deadline = time.monotonic() + 60
    while not is_studied(workspace, trained.id, MORE):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    elsewhere = browse().open(MODEL, run=trained.id)  # who comes later sees it too
    elsewhere.click("model_stop_more_data")
    while is_at_work(workspace, MORE):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert elsewhere.run().app.button(key="model_more_data")
    assert browser.run().app.button(key="model_more_data")
