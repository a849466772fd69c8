"""The Model page: a run while it works, while it rests and after, from any browser, and what can be done with it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pyarrow as pa
import pytest

from core.leaderboard import Entry, Leaderboard
from core.runs.checkpoints import CHECKPOINT_NAME
from core.runs.processes import ProcessId
from core.runs.records import LEADERBOARD, STATE_WORDS, Dataset, Epoch, Roles, Run
from core.runs.requests import TrainRequest, submit
from core.runs.store import Store
from core.runs.summon import the_lock
from core.workspace import Workspace
from tests.pages.conftest import QUICK, Browser

MODEL = "pages/use/model.py"
GONE = ProcessId(2**22 + 1, "0", "another boot")  # a process that nobody can signal by mistake


@pytest.fixture
def unsupervised(workspace: Workspace) -> Iterator[None]:
    """Hold the supervisor's lock, so that a run stays in the state it is put in."""
    with the_lock(workspace) as is_free:
        assert is_free
        yield


@pytest.fixture
def put(unsupervised: None, store: Store, churn: Dataset) -> Callable[..., Run]:
    """Return a function that puts a run into a state, with a curve of so many epochs."""
    ways = {state: ("starting", "running", state) for state in STATE_WORDS}
    ways |= {"queued": (), "starting": (), "running": ("starting", "running")}
    ways |= {"paused": ("starting", "running", "pausing", "paused")}

    def put(state: str, n_epochs: int = 0, **changes: Any) -> Run:
        run_id = f"run{len(store.runs())}"
        config = {**QUICK, "target_column": "churn", "epochs": 100, "random_seed": len(store.runs())}
        config |= changes.pop("config", {})
        vitals = changes.pop("vitals", {})
        request = TrainRequest(config=config, excluded=("customer_id",), dates=("joined",), device="cpu")
        store.add_run(
            run_id, kind="train", name=f"churn · {state} · 1 Mar", dataset_id=churn.id, request=request.as_dict(),
            epochs=100, parent_run=changes.pop("parent_run", None),
        )  # fmt: skip
        if state != "queued":
            assert store.claim(run_id, GONE)
            store.add_epochs(run_id, [Epoch(e, 0.7 / e, 0.8 / e, 1e-3, 1.5) for e in range(1, n_epochs + 1)])
            store.set_baseline(run_id, 0.7)
            store.set_vitals(run_id, {"rss_bytes": 412_000_000, "threads": 1, "steps": 9} | vitals, 42.0)
        for before, after in zip(ways[state], ways[state][1:], strict=False):
            assert store.move(run_id, (before,), after, **changes)
        return store.run(run_id)

    return put


def button(browser: Browser, key: str) -> Any:
    """Return the button whose key begins with `key`, None without one."""
    return next((found for found in browser.app.button if (found.key or "").startswith(key)), None)


def curve_of(browser: Browser) -> pa.Table:
    """Return the data of the curve that the page shows."""
    (chart,) = browser.app.get("vega_lite_chart")
    data = {dataset.name: dataset.data.data for dataset in chart.proto.datasets}
    return pa.ipc.open_stream(data["curve"]).read_all()


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
        assert browser.sees(f"Right for {share:.1f} % of the test rows (between ")
        assert browser.app.metric[0].value == f"{share:.1f} %"
        tables = [table.value for table in browser.app.dataframe]
        settings, data = (table.set_index(table.columns[0])["Value"] for table in tables[-2:])
        assert settings["Epochs"] == "4"
        assert settings["Mode"] == "Standard network"
        assert data["Columns left out"] == "customer_id"
        labels = ("Rows trained on", "Rows that judged epochs and set ranges", "Test rows")
        assert sum(int(data[label]) for label in labels) + int(data["Rows dropped (no target)"]) == 240
        assert curve_of(browser)["epoch"].to_pylist() == [1, 2, 3, 4]
        assert browser.sees("Finished after 4 epochs; kept is epoch")


def test_a_working_run_shows_its_curve_and_stops_with_the_best_kept(browser, workspace, store, churn, wait_for_end):
    config = {**QUICK, "epochs": 20_000, "target_column": "churn"}
    request = TrainRequest(config=config, excluded=("customer_id",), dates=("joined",), device="cpu")
    run = submit(workspace, store, "train", churn.id, request, "long")
    while not store.epochs(run.id):
        assert store.run(run.id).is_active
    browser.open(MODEL, run=run.id)
    assert browser.sees("of 20,000")
    assert browser.sees("elapsed")
    assert len(curve_of(browser)) >= 1
    browser.click("model_stop")
    assert wait_for_end(run.id).state == "stopped"
    browser.run()
    assert browser.sees("Stopped (best kept)")
    assert browser.sees("Right for")


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


BLEND = {"training_mode": "auto", "time_budget": 300.0}
BOARD = Leaderboard(
    (Entry("TabM", 8, 30.0, 0.3, 0.75, "fold 4, epoch 12"), Entry("RealMLP", 4, 12.0, 0.4, 0.25)),
    members=12, loss=0.28, baseline_loss=0.7, seconds=41.0, time_budget=300.0,
)  # fmt: skip


def board_of(browser: Browser) -> dict[str, list[str]]:
    """Return the columns of the table of networks that the page shows."""
    (found,) = [table.value for table in browser.app.dataframe if "Share of the blend" in table.value]
    return {str(name): values.tolist() for name, values in found.items()}


def test_a_blend_at_work_shows_its_time_and_how_its_networks_stand(browser, put):
    run = put("running", 12, config=BLEND, vitals={LEADERBOARD: BOARD.as_dict()})
    browser.open(MODEL, run=run.id)
    assert browser.sees("12 networks · 0:42 elapsed · 4:18 left")
    assert browser.sees("12 networks trained; the blend is 90 % better than guessing.")
    assert browser.sees("The loss of the blend is 0.06667 after 12 networks")
    assert browser.sees("the loss can rise without the blend being worse")
    assert board_of(browser) == {
        "Network": ["Blend of networks", "Accurate network (TabM)", "Tuned network (RealMLP)"],
        "Trained": ["12", "8", "4"], "Beside guessing": ["60 % better", "57 % better", "43 % better"],
        "Share of the blend": ["100 %", "75 %", "25 %"], "Time": ["0:41", "0:30", "0:12"],
        "Training now": ["–", "fold 4, epoch 12", "–"],
    }  # fmt: skip
    assert browser.sees("The blend is 60 % better than guessing; Accurate network (TabM) makes 75 % of the blend")
    assert button(browser, "model_stop").label == "Stop and keep the blend"
    assert "epoch" not in browser.text.lower()
    assert set(curve_of(browser).column_names) == {"epoch", "before", "after", "validation", "validation_smooth"}


def test_a_blend_that_has_no_network_yet_shows_what_is_being_trained(browser, put):
    begun = Leaderboard((Entry("TabM", 0, 0.0, None, 0.0, "fold 1, epoch 3"),), 0, None, 0.7, 4.0, 300.0)
    run = put("running", config=BLEND, vitals={LEADERBOARD: begun.as_dict()})
    browser.open(MODEL, run=run.id)
    assert browser.sees("0:42 elapsed · 4:18 left")
    assert browser.sees("The first networks are being trained.")
    assert browser.sees("No network is trained yet")
    assert board_of(browser)["Training now"] == ["–", "fold 1, epoch 3"]


@pytest.mark.parametrize("state", ["queued", "starting", "stopping", "pausing", "cancelling"])
def test_a_blend_has_a_page_in_every_state_without_a_board_too(browser, put, state):
    run = put(state, 0 if state == "queued" else 2, config=BLEND)
    browser.open(MODEL, run=run.id)
    assert not [table for table in browser.app.dataframe if "Share of the blend" in table.value]
    assert "epoch" not in browser.text.lower()


def test_a_blend_that_rests_shows_its_networks_and_offers_the_rest_of_its_time(browser, put, trained_home, workspace):
    run = put("paused", 12, config=BLEND, vitals={LEADERBOARD: BOARD.as_dict()})
    copy_checkpoint(trained_home, workspace, run)
    browser.open(MODEL, run=run.id)
    assert browser.sees("No network of the 4 is lost: Resume goes on with the rest of its time.")
    assert button(browser, "model_keep").label == "Keep the blend so far"
    assert "Training now" not in board_of(browser)
    assert button(browser, "model_continue") is None


def test_a_failed_blend_offers_no_more_epochs(browser, put, trained_home, workspace):
    run = put("failed", 4, config=BLEND, message="Bad.")
    copy_checkpoint(trained_home, workspace, run)
    assert button(browser.open(MODEL, run=run.id), "model_continue") is None


def test_a_run_at_work_shows_where_it_is_in_words_figures_and_a_curve(browser, put):
    run = put("running", 37)
    browser.open(MODEL, run=run.id)
    assert browser.sees("Epoch 37 of 100 · 0:42 elapsed · about 1:34 left")  # 63 epochs of 1.5 s
    assert browser.sees("Validation is still improving: epoch 37 is the best so far; 97 % better than guessing.")
    assert browser.sees("Validation loss is lowest so far at epoch 37: 0.02162")
    assert browser.sees("On the CPU with 1 thread · 412 MB of memory in use")
    assert curve_of(browser)["epoch"].to_pylist() == list(range(1, 38))
    assert button(browser, "model_stop").label == "Stop and keep best"


def test_before_the_first_epoch_it_says_what_is_being_done(browser, put):
    browser.open(MODEL, run=put("running").id)
    assert browser.sees("Reading the table and preparing its columns.")
    assert not browser.sees("left")


@pytest.mark.parametrize(
    ("key", "state", "said"),
    [
        ("model_stop", "stopping", "Stopping; epoch 9, the best, is being kept and scored."),
        ("model_pause", "pausing", "Pausing: what it has reached is being written down."),
        ("model_end_sure", "cancelling", "Ending its process. The last checkpoint stays."),
    ],
)
def test_a_click_asks_for_the_end_of_a_run_and_says_that_it_comes(browser, put, store, key, state, said):
    run = put("running", 9)
    browser.open(MODEL, run=run.id).click(key)
    assert store.run(run.id).state == state
    assert browser.sees(said)
    assert button(browser, key) is None or button(browser, key).disabled or key == "model_end_sure"


def test_what_cannot_be_asked_for_any_more_cannot_be_clicked(browse, put):
    able = {
        "starting": {"model_stop", "model_pause", "model_end_sure"},
        "stopping": {"model_end_sure"},
        "pausing": {"model_stop", "model_end_sure"},
        "cancelling": set(),
    }
    for state, keys in able.items():
        browser = browse().open(MODEL, run=put(state, 3).id)
        found = (button(browser, key) for key in ("model_stop", "model_pause", "model_end_sure"))
        assert {button.key for button in found if button and not button.disabled} == keys, state


def test_trouble_is_said_while_it_lasts(browser, put, store):
    run = put("running", 9)
    store.set_trouble(run.id, "No progress for 45 s: the process is suspended. Let it go on, or end it.")
    browser.open(MODEL, run=run.id)
    assert [warning.value for warning in browser.app.warning] == [
        "No progress for 45 s\\: the process is suspended\\. Let it go on\\, or end it\\."
    ]
    store.set_trouble(run.id, "")
    assert not browser.run().app.warning


def test_a_queued_run_says_what_it_waits_for_and_can_be_taken_back(browser, put, store, monkeypatch):
    monkeypatch.setenv("ROWSMITH_MAX_JOBS", "1")
    put("running", 9)
    run = put("queued")
    browser.open(MODEL, run=run.id)
    assert browser.sees("Waiting for its turn: 1 run is before it. This computer takes one training at a time.")
    assert browser.sees("waiting")
    assert button(browser, "model_end") is None
    browser.click("model_stop")
    assert store.run(run.id).state == "stopped"
    browser.run()
    assert browser.sees("Stopped (nothing kept)")
    assert browser.sees("Stopped before it started.")


@pytest.mark.parametrize("state", ["paused", "interrupted"])
def test_a_resting_run_can_be_resumed_or_its_best_kept(browse, put, store, workspace, trained_home, state):
    for key, keep_best in (("model_resume", False), ("model_keep", True)):
        message = {"message": "The training process was killed."} if state == "interrupted" else {}
        run = put(state, 4, **message)
        copy_checkpoint(trained_home, workspace, run)
        browser = browse().open(MODEL, run=run.id)
        said = "The training process was killed." if message else "Nothing up to epoch 4 is lost: Resume goes on"
        assert browser.sees(said)
        assert curve_of(browser)["epoch"].to_pylist() == [1, 2, 3, 4]
        assert "Change the settings and train again" in browser.links
        browser.click(key)
        run = store.run(run.id)
        assert (run.state, run.stop_requested) == ("queued", keep_best)
        assert browser.sees("Queued")


def test_where_nothing_was_reached_nothing_can_be_kept(browser, put):
    browser.open(MODEL, run=put("paused").id)
    assert button(browser, "model_resume") is not None
    assert button(browser, "model_keep") is None
    assert browser.sees("Resume begins again.")


def test_a_refusal_is_said_on_the_page(browser, put, store):
    run = put("paused", 3)
    browser.open(MODEL, run=run.id)
    store.delete_run(run.id)
    browser.click("model_resume")
    assert browser.sees("There is no run")


def test_a_finished_run_is_trained_longer_as_a_run_of_its_own(browser, unsupervised, store, trained):
    browser.open(MODEL, run=trained.id, model_tab="Take away")
    browser.app.number_input(key=f"model_more_{trained.id}").set_value(25)
    browser.run()
    assert button(browser, "model_continue").label == "Train 25 more epochs"
    browser.click("model_continue")
    child = next(run for run in store.runs() if run.parent_run == trained.id)
    assert (child.state, child.epochs) == ("queued", 29)
    assert browser.app.query_params["run"] == child.id
    assert f"Continues {trained.name}" in [link.replace("\\", "") for link in browser.links]
    assert len(store.runs()) == 2


def test_a_failed_run_goes_on_from_its_checkpoint(browser, put, store, workspace, trained_home):
    run = put("failed", 4, message="The GPU ran out of memory.")
    copy_checkpoint(trained_home, workspace, run)
    browser.open(MODEL, run=run.id)
    assert browser.sees("Go on from epoch 4")
    assert button(browser, "model_continue").label == "Train 96 more epochs"


def test_without_a_checkpoint_nothing_is_offered(browse, put, workspace, trained):
    (workspace.run_dir(trained.id) / CHECKPOINT_NAME).unlink()
    for run in (trained, put("failed", 4, message="Bad.")):
        assert button(browse().open(MODEL, run=run.id, model_tab="Take away"), "model_continue") is None


def test_a_damaged_checkpoint_is_no_error_of_the_page(browser, workspace, trained):
    (workspace.run_dir(trained.id) / CHECKPOINT_NAME).write_bytes(b"no checkpoint")
    browser.open(MODEL, run=trained.id, model_tab="Take away")
    assert browser.app.download_button
    assert button(browser, "model_continue") is None


def test_a_run_whose_parent_is_gone_says_so(browser, put, store):
    parent = put("paused", 2)
    child = put("paused", 2, parent_run=parent.id)
    store.delete_run(parent.id)
    browser.open(MODEL, run=child.id)
    assert browser.sees("Continues a run that was deleted.")


@pytest.mark.parametrize("name", ["<b>bold</b> $x$ *y*"])
def test_a_run_can_be_renamed_and_its_name_is_only_a_text(browser, store, trained, name):
    store.set_run(trained.id, name=name)
    browser.open(MODEL, run=trained.id)
    assert browser.sees(name)
    assert "\\<b\\>" in browser.app.title[0].value
    browser.click("model_rename")
    assert browser.app.text_input(key=f"runs_name_{trained.id}").value == name


def copy_checkpoint(trained_home: Any, workspace: Workspace, run: Run) -> None:
    """Give a run the checkpoint of the training that was made once."""
    (found,) = trained_home.glob(f"runs/*/{CHECKPOINT_NAME}")
    folder = workspace.run_dir(run.id)
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(found, folder / CHECKPOINT_NAME)
