"""The Train page: what is predicted, how, and one click that starts exactly one run."""

import io
from types import SimpleNamespace

import psutil
import pytest

from core.runs.datasets import add_table
from core.runs.preflight import memory
from core.runs.preflight.estimate import pace_path, write_pace
from core.runs.preflight.pace import Line, ModePace, Pace
from core.runs.preflight.sizes import training_size
from core.runs.records import Dataset, Roles
from core.runs.requests import TrainRequest
from core.types import SPECIFIED_MODES, TIMED_MODE, TRAINING_MODES, numeric_settings
from core.workspace import Workspace
from tests.pages.conftest import Browser

TRAIN = "pages/build/train.py"
MODEL = "pages/use/model.py"
MEASURED = [mode for mode in TRAINING_MODES if mode != TIMED_MODE]
SHOWN = {name: setting for name, setting in numeric_settings().items() if name != "time_budget"}
APP_SETTINGS = {"hidden_dim": 128, "num_hidden_layers": 2, "dropout": 0.1, "batch_size": 64}


def chosen(browser: Browser) -> list[str]:
    """Return the titles of the cards that are chosen."""
    buttons = [button for button in browser.app.button if (button.key or "").startswith("train_mode_")]
    return [button.label for button in buttons if button.proto.type == "primary"]


def keep_pace(workspace: Workspace, dataset: Dataset, **changes: object) -> None:
    """Keep figures as a probe would leave them for what the page starts with: a step takes 10 ms."""
    pace = Pace(
        prepare=Line(2.0, 0.0), modes={mode: ModePace(0.01, 0.0) for mode in MEASURED}, width=1_000,
        imported_bytes=400_000_000,
    )  # fmt: skip
    roles = dataset.roles
    request = TrainRequest(
        config={"target_column": roles.target, "validation_size": 0.15, **APP_SETTINGS},
        excluded=roles.excluded, dates=roles.dates, device="cpu",
    )  # fmt: skip
    size = training_size(workspace, dataset, request, "classification")
    write_pace(pace_path(workspace, dataset, request, size), Pace(**{**vars(pace), **changes}))


def test_without_a_table_it_says_what_to_do(browser):
    browser.open(TRAIN)
    assert browser.sees("There is no table yet.")
    assert browser.links == ["Bring a table, or try a sample"]


def test_without_a_target_it_sends_to_data(browser, churn, store):
    store.set_roles(churn.id, Roles())
    browser.open(TRAIN, dataset=churn.id)
    assert browser.sees("This table has no target yet")
    assert browser.links == ["Choose the target"]


def test_the_outcome_is_in_words_and_number_targets_close_two_modes(browse, churn, prices):
    classes = browse().open(TRAIN, dataset=churn.id)
    assert classes.sees("Target **churn**: **2 categories**. Left out: customer_id. Dates: joined.")
    assert not [button for button in classes.app.button if button.disabled]
    number = browse().open(TRAIN, dataset=prices.id)
    assert number.sees("Target **price**: **number**.")
    closed = [button.label for button in number.app.button if button.disabled]
    assert closed == ["Rare outcomes", "Careful probabilities"]
    assert number.text.count("Only for categories; this target is a number.") == 2


def test_the_task_can_be_overridden(browser, churn):
    browser.open(TRAIN, dataset=churn.id)
    browser.app.segmented_control(key=f"train_task_{churn.id}").set_value("regression")
    assert browser.run().sees("**number**")


def test_settings_have_the_bounds_and_help_of_the_config_and_recommended_starts(browser, churn):
    browser.open(TRAIN, dataset=churn.id)
    fields = {name: browser.app.number_input(key=f"train_{churn.id}_{name}") for name in SHOWN}
    for name, setting in SHOWN.items():
        assert (fields[name].min, fields[name].max) == (setting.minimum, setting.maximum)
        assert fields[name].help == setting.help
    starts = {name: field.value for name, field in fields.items()}
    assert (starts["epochs"], starts["validation_size"], starts["early_stopping_patience"]) == (100, 0.15, 16)
    assert (starts["learning_rate"], starts["hidden_dim"]) == (0.001, 128)


def test_what_is_typed_survives_leaving_the_page(browser, churn):
    browser.open(TRAIN, dataset=churn.id)
    browser.app.number_input(key=f"train_{churn.id}_epochs").set_value(7)
    browser.run().click(f"train_mode_{churn.id}_tabresnet")
    browser.open("pages/use/runs.py").open(TRAIN)
    assert browser.app.number_input(key=f"train_{churn.id}_epochs").value == 7
    assert chosen(browser) == ["Deep network"]


def test_it_says_why_no_gpu_is_used_without_loading_torch(browser, churn):
    browser.open(TRAIN, dataset=churn.id)
    assert "GPU" in browser.text


def test_while_the_machine_is_measured_it_says_so_and_start_works(browser, churn):
    browser.open(TRAIN, dataset=churn.id)
    assert browser.sees("Measuring how fast this machine is…")
    assert browser.text.count(":material/timer: Measuring…") == len(MEASURED)
    assert not any(button.disabled for button in browser.app.button)


def test_every_mode_shows_its_time_and_below_stands_what_it_takes(browser, churn, workspace):
    keep_pace(workspace, churn)
    browser.open(TRAIN, dataset=churn.id)
    # 163 of 240 rows learn, in 3 steps: 100 epochs of 0.03 s and 2 s before
    assert browser.text.count(":material/timer: At most 0:05") == len(SPECIFIED_MODES)
    assert browser.sees("**At most 0:08** for 100 epochs of 0.06 s.")  # the accurate network takes 6 steps
    browser.click(f"train_mode_{churn.id}_mlp_dense")
    assert browser.sees("**At most 0:05** for 100 epochs of 0.03 s. Less if it stops improving.")
    assert browser.sees("About **401 MB** of memory at the peak;")
    assert browser.sees("Encoded, the table has 20 columns and 240 rows.")
    assert browser.sees("What drives the cost: **joined** (a date, 75.0 %), **contract** (3 texts, 15.0 %).")
    assert not browser.sees("Measuring")


def test_more_epochs_take_longer_at_once_and_another_network_is_measured_again(browser, churn, workspace):
    keep_pace(workspace, churn)
    browser.open(TRAIN, dataset=churn.id).click(f"train_mode_{churn.id}_mlp_dense")
    browser.app.number_input(key=f"train_{churn.id}_epochs").set_value(1_000)
    assert browser.run().sees("**At most 0:32** for 1,000 epochs")
    browser.app.number_input(key=f"train_{churn.id}_early_stopping_patience").set_value(0)
    assert browser.run().sees("**About 0:32** for 1,000 epochs")
    browser.app.number_input(key=f"train_{churn.id}_hidden_dim").set_value(256)
    assert browser.run().sees("Measuring how fast this machine is…")


def test_the_accurate_network_comes_first_and_is_recommended_while_it_takes_minutes(browser, churn, workspace):
    browser.open(TRAIN, dataset=churn.id)
    assert chosen(browser) == ["Accurate network"]
    assert browser.app.button[0].label == "Accurate network"
    assert browser.sees("Recommended: Accurate network. Its time is being measured.")
    keep_pace(workspace, churn)
    assert browser.run().sees("Recommended: Accurate network takes at most 8 seconds here.")
    assert chosen(browser) == ["Accurate network"]
    assert browser.text.count("Recommended]") == 1


def test_the_standard_network_is_recommended_where_the_accurate_one_takes_long_and_a_choice_is_kept(
    browser, churn, workspace
):
    keep_pace(workspace, churn, modes={mode: ModePace(2.0 if mode == "tabm" else 0.01, 0.0) for mode in MEASURED})
    browser.open(TRAIN, dataset=churn.id)
    assert browser.sees("would take at most 21 minutes here, more than 10 minutes.")
    assert chosen(browser) == ["Standard network"]
    browser.app.number_input(key=f"train_{churn.id}_epochs").set_value(40)
    assert browser.run().sees("Accurate network takes at most 9 minutes here.")
    assert chosen(browser) == ["Accurate network"]
    browser.click(f"train_mode_{churn.id}_mlp_dense")
    assert chosen(browser) == ["Standard network"]
    browser.click(f"train_mode_{churn.id}_tabm")
    browser.app.number_input(key=f"train_{churn.id}_epochs").set_value(100)
    assert browser.run().sees("would take at most 21 minutes here")
    assert chosen(browser) == ["Accurate network"]


def test_how_an_added_mode_reads_settings_is_said_where_they_are(browser, churn):
    browser.open(TRAIN, dataset=churn.id)
    assert browser.sees("Accurate network reads some of these in its own way")
    assert browser.sees("here 32 rows a batch), a validation share of 0 as 15 %")
    browser.click(f"train_mode_{churn.id}_tabresnet")
    assert not browser.sees("in its own way")


def choose_blend(browser: Browser, dataset: Dataset, minutes: float | None = None) -> Browser:
    """Choose the blend of networks, and a time of one's own."""
    browser.click(f"train_mode_{dataset.id}_auto")
    if minutes is not None:
        browser.app.segmented_control(key=f"train_{dataset.id}_time").set_value(0.0)
        browser.run().app.number_input(key=f"train_{dataset.id}_minutes").set_value(minutes)
        browser.run()
    return browser


def asks_for_time(browser: Browser) -> bool:
    return any(control.label == "How long may it train?" for control in browser.app.segmented_control)


def test_a_blend_asks_how_long_it_may_train_and_nothing_else_does(browser, churn, workspace):
    keep_pace(workspace, churn)
    browser.open(TRAIN, dataset=churn.id)
    assert not asks_for_time(browser)
    assert browser.sees(":material/timer: 5:00, as you choose")
    choose_blend(browser, churn)
    assert asks_for_time(browser)
    assert browser.sees("**About 5:00**: 5:00 of training, as you choose, then the model is evaluated.")
    browser.app.segmented_control(key=f"train_{churn.id}_time").set_value(900.0)
    assert browser.run().sees(":material/timer: 15:00, as you choose")
    browser.click(f"train_mode_{churn.id}_mlp_dense")
    assert not asks_for_time(browser)
    assert browser.sees(":material/timer: 15:00, as you choose")
    choose_blend(browser, churn, 2.5)
    assert browser.sees("**About 2:30**: 2:30 of training")


def test_what_a_blend_decides_itself_is_closed_and_said(browser, churn):
    choose_blend(browser.open(TRAIN, dataset=churn.id), churn)
    closed = {name for name in SHOWN if browser.app.number_input(key=f"train_{churn.id}_{name}").disabled}
    assert closed == {"epochs", "validation_size", "early_stopping_patience"}
    assert not browser.app.toggle  # which epoch to keep
    assert browser.sees("Blend of networks decides by its time how many networks it trains")
    assert browser.sees("Ranges and probabilities come from what networks say of training rows that they")
    browser.click(f"train_mode_{churn.id}_mlp_dense")
    assert [toggle.label for toggle in browser.app.toggle] == ["Keep the best epoch"]
    assert not any(browser.app.number_input(key=f"train_{churn.id}_{name}").disabled for name in SHOWN)
    browser.click(f"train_mode_{churn.id}_realmlp")
    assert browser.app.number_input(key=f"train_{churn.id}_early_stopping_patience").disabled
    assert browser.sees("training ends with a wave that has brought less than 1 %, and the best epoch")
    browser.click(f"train_mode_{churn.id}_tabm")
    browser.app.number_input(key=f"train_{churn.id}_epochs").set_value(500).run()
    assert browser.sees("less than 1 % (from wave 5 on, 10 %), and the best epoch")


def test_too_little_time_for_a_single_epoch_is_warned_of(browser, churn, workspace):
    keep_pace(workspace, churn)  # 2 s to prepare, and 0.01 s a step
    choose_blend(browser.open(TRAIN, dataset=churn.id), churn, 0.03)
    (warning,) = [warning.value for warning in browser.app.warning]
    assert warning.startswith("0:02 is too little here")
    assert warning.endswith("takes about 0:03. Give it more time.")
    choose_blend(browser, churn, 1.0)
    assert not browser.app.warning


def test_a_blend_is_trained_for_its_time_and_shows_its_networks(browser, churn, store, wait_for_end):
    choose_blend(browser.open(TRAIN, dataset=churn.id), churn, 0.05)
    browser.app.number_input(key=f"train_{churn.id}_hidden_dim").set_value(16)
    browser.run().click("train_start")
    (run,) = store.runs()
    assert run.name.startswith("churn · Blend of networks · ")
    assert (run.request["config"]["training_mode"], run.request["config"]["time_budget"]) == ("auto", 3.0)
    run = wait_for_end(run.id)
    assert (run.state, run.message) == ("finished", "")
    assert run.results["leaderboard"]["members"] == run.metrics["epochs_run"] == len(store.epochs(run.id))
    browser.open(MODEL, run=run.id)
    assert browser.sees("Finished; kept is the ")
    assert browser.sees("The loss of the blend is ")
    (board,) = [table.value for table in browser.app.dataframe if "Share of the blend" in table.value]
    assert board["Network"].tolist()[0] == "Blend of networks"
    assert {"Accurate network (TabM)", "Tuned network (RealMLP)"} <= set(board["Network"][1:])
    assert "epoch" not in browser.text.lower()


def test_any_other_mode_is_asked_for_with_the_usual_time(browser, churn, store):
    choose_blend(browser.open(TRAIN, dataset=churn.id), churn, 0.05)
    browser.click(f"train_mode_{churn.id}_linear_glm_baseline")
    browser.app.number_input(key=f"train_{churn.id}_epochs").set_value(1)
    browser.run().click("train_start")
    (run,) = store.runs()
    assert run.request["config"]["time_budget"] == 300.0


def test_a_choice_that_does_not_fit_the_task_gives_way_to_the_recommended_mode_and_comes_back(browser, churn):
    browser.open(TRAIN, dataset=churn.id).click(f"train_mode_{churn.id}_imbalance_aware")
    browser.app.segmented_control(key=f"train_task_{churn.id}").set_value("regression")
    browser.run()
    assert chosen(browser) == ["Accurate network"]
    browser.app.segmented_control(key=f"train_task_{churn.id}").set_value("auto")
    browser.run()
    assert chosen(browser) == ["Rare outcomes"]


def test_a_busy_machine_is_said_and_can_be_measured_again(browser, churn, workspace):
    keep_pace(workspace, churn, is_busy=True)
    browser.open(TRAIN, dataset=churn.id)
    assert browser.sees("Measured while the machine was busy, so it may be quicker.")
    browser.click("preflight_again")
    assert browser.sees("Measuring how fast this machine is…")


def test_what_could_not_be_measured_is_said_and_start_stays_open(browser, churn, workspace):
    keep_pace(workspace, churn, modes={}, trouble="Column 'x*y' is odd.")
    browser.open(TRAIN, dataset=churn.id)
    assert browser.sees("The time could not be measured: Column 'x*y' is odd.")
    assert not browser.sees("Measuring…")
    assert not any(button.disabled for button in browser.app.button)


def test_a_run_that_cannot_fit_is_refused_in_its_place_and_cannot_be_started(browser, workspace, store, monkeypatch):
    text = "web *page*,y\n" + "".join(f"p{i},{'ab'[i % 2]}\n" for i in range(8_000))
    dataset = add_table(workspace, store, io.BytesIO(text.encode()), "pages.csv")
    store.set_roles(dataset.id, Roles("y"))
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=300_000_000))
    monkeypatch.setattr(memory, "MOST_OF_IT", 0.05)
    browser.open(TRAIN, dataset=dataset.id)
    (error,) = browser.app.error
    assert "memory and 300 MB are free" in browser.text
    assert "Column 'web *page*' alone (8,000 different texts) makes" in browser.text
    assert r"\*page\*" in error.value
    closed = [button.key for button in browser.app.button if button.disabled]
    assert closed == ["train_start_off"]
    assert not browser.sees("Measuring")


def test_start_makes_one_run_with_what_was_chosen_and_opens_its_page(browser, churn, store, wait_for_end):
    browser.open(TRAIN, dataset=churn.id)
    for name, value in (("epochs", 3), ("hidden_dim", 16)):
        browser.app.number_input(key=f"train_{churn.id}_{name}").set_value(value)
    browser.run().click("train_start")
    (run,) = store.runs()
    assert browser.app.query_params["run"] == run.id
    assert run.name.startswith("churn · Accurate network · ")
    assert run.request["config"]["training_mode"] == "tabm"
    assert run.request["config"]["epochs"] == 3
    assert run.request["config"]["restore_best"] is True
    assert (run.request["excluded"], run.request["dates"]) == (["customer_id"], ["joined"])
    assert wait_for_end(run.id).state == "finished"


def test_a_refused_start_is_one_sentence_at_its_place(browser, churn, store):
    browser.open(TRAIN, dataset=churn.id)
    browser.app.number_input(key=f"train_{churn.id}_learning_rate").set_value(0.0)
    browser.run().click("train_start")
    assert [error.value for error in browser.app.error]
    assert browser.sees("Learning rate")
    assert store.runs() == []


@pytest.mark.parametrize("query", [{"dataset": "nope"}])
def test_an_unknown_table_in_the_address_is_named(browser, churn, query):
    browser.open(TRAIN, **query)
    assert browser.sees("There is no table 'nope'")
