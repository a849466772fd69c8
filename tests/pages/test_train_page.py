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
from core.types import SPECIFIED_MODES, TRAINING_MODES, numeric_settings
from core.workspace import Workspace
from tests.pages.conftest import Browser

TRAIN = "pages/build/train.py"
MODEL = "pages/use/model.py"
APP_SETTINGS = {"hidden_dim": 128, "num_hidden_layers": 2, "dropout": 0.1, "batch_size": 64}


def chosen(browser: Browser) -> list[str]:
    """Return the titles of the cards that are chosen."""
    buttons = [button for button in browser.app.button if (button.key or "").startswith("train_mode_")]
    return [button.label for button in buttons if button.proto.type == "primary"]


def keep_pace(workspace: Workspace, dataset: Dataset, **changes: object) -> None:
    """Keep figures as a probe would leave them for what the page starts with: a step takes 10 ms."""
    pace = Pace(
        prepare=Line(2.0, 0.0), modes={mode: ModePace(0.01, 0.0) for mode in TRAINING_MODES}, width=1_000,
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
    fields = {name: browser.app.number_input(key=f"train_{churn.id}_{name}") for name in numeric_settings()}
    for name, setting in numeric_settings().items():
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
    assert browser.text.count(":material/timer: Measuring…") == len(TRAINING_MODES)
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
    assert browser.sees("Recommended: Accurate network, the most accurate. Its time is being measured.")
    keep_pace(workspace, churn)
    assert browser.run().sees("Recommended: Accurate network, the most accurate, takes at most 8 seconds here.")
    assert chosen(browser) == ["Accurate network"]
    assert browser.text.count("Recommended]") == 1


def test_the_standard_network_is_recommended_where_the_accurate_one_takes_long_and_a_choice_is_kept(
    browser, churn, workspace
):
    keep_pace(workspace, churn, modes={mode: ModePace(2.0 if mode == "tabm" else 0.01, 0.0) for mode in TRAINING_MODES})
    browser.open(TRAIN, dataset=churn.id)
    assert browser.sees("would take at most 21 minutes here, more than 10 minutes.")
    assert chosen(browser) == ["Standard network"]
    browser.app.number_input(key=f"train_{churn.id}_epochs").set_value(40)
    assert browser.run().sees("the most accurate, takes at most 9 minutes here.")
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
