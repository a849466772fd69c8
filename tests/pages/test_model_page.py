"""The Model page: a run while it works and after, from any browser."""

import pytest

from core.runs.records import Roles
from core.runs.requests import TrainRequest, submit
from tests.pages.conftest import QUICK

MODEL = "pages/use/model.py"


def test_without_a_run_it_says_what_to_do(browser):
    browser.open(MODEL)
    assert browser.sees("No model chosen")
    assert browser.links == ["Open one of your runs", "Train a new model"]


def test_an_unknown_run_says_so_and_what_to_do(browser):
    browser.open(MODEL, run="nope")
    assert browser.sees("There is no run 'nope'")
    assert browser.links == ["Open one of your runs", "Train a new model"]


def test_a_finished_run_shows_how_good_it_is_and_what_went_in(browse, trained):
    for browser in (browse(), browse()):  # any browser at the address shows the same
        browser.open(MODEL, run=trained.id)
        share = 100 * trained.metrics["test_metric_value"]
        guess = 100 * trained.metrics["baseline_metric_value"]
        assert browser.sees(
            f"{share:.1f} % of the test rows right; guessing the most frequent class gets {guess:.1f} %"
        )
        assert browser.app.metric[0].value == f"{share:.1f} %"
        settings, data = (table.value.set_index(table.value.columns[0])["Value"] for table in browser.app.dataframe)
        assert settings["Epochs"] == "4"
        assert settings["Mode"] == "Standard network"
        assert data["Columns left out"] == "customer_id"
        rows = [int(data[label]) for label in ("Rows trained on", "Rows that judged each epoch", "Test rows")]
        assert sum(rows) + int(data["Rows dropped (no target)"]) == 240
        assert len(browser.app.get("plotly_chart")) == 1
        assert browser.app.download_button[0].label.startswith("Download the model (")


def test_a_working_run_shows_its_curve_and_stops_with_the_best_kept(browser, workspace, store, churn, wait_for_end):
    config = {**QUICK, "epochs": 20_000, "target_column": "churn"}
    request = TrainRequest(config=config, excluded=("customer_id",), dates=("joined",), device="cpu")
    run = submit(workspace, store, "train", churn.id, request, "long")
    while not store.epochs(run.id):
        assert store.run(run.id).is_active
    browser.open(MODEL, run=run.id)
    assert browser.sees("of 20,000")
    assert browser.sees("elapsed")
    assert len(browser.app.get("plotly_chart")) == 1
    browser.click("model_stop")
    assert wait_for_end(run.id).state == "stopped"
    browser.run()
    assert browser.sees("Stopped (best kept)")
    assert browser.sees("of the test rows right")


def test_a_failed_run_says_why_and_what_to_do(browser, workspace, store, churn, wait_for_end):
    dataset = churn
    store.set_roles(dataset.id, Roles("contract"))
    config = {**QUICK, "target_column": "contract", "task": "regression"}
    run = submit(workspace, store, "train", dataset.id, TrainRequest(config=config, device="cpu"), "bad")
    run = wait_for_end(run.id)
    assert run.state == "failed"
    browser.open(MODEL, run=run.id)
    assert run.message
    assert browser.sees(run.message)
    assert "Change the settings and train again" in browser.links
    assert not browser.app.download_button


@pytest.mark.parametrize("name", ["<b>bold</b> $x$ *y*"])
def test_a_run_can_be_renamed_and_its_name_is_only_a_text(browser, store, trained, name):
    store.set_run(trained.id, name=name)
    browser.open(MODEL, run=trained.id)
    assert browser.sees(name)
    assert "\\<b\\>" in browser.app.title[0].value
    browser.click("model_rename")
    assert browser.app.text_input(key=f"runs_name_{trained.id}").value == name
