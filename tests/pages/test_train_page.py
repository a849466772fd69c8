"""The Train page: what is predicted, how, and one click that starts exactly one run."""

import pytest

from core.runs.records import Roles
from core.types import numeric_settings

TRAIN = "pages/build/train.py"
MODEL = "pages/use/model.py"


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
    chosen = next(b for b in browser.app.button if b.key == f"train_mode_{churn.id}_tabresnet")
    assert chosen.proto.type == "primary"


def test_it_says_why_no_gpu_is_used_without_loading_torch(browser, churn):
    browser.open(TRAIN, dataset=churn.id)
    assert "GPU" in browser.text


def test_start_makes_one_run_with_what_was_chosen_and_opens_its_page(browser, churn, store, wait_for_end):
    browser.open(TRAIN, dataset=churn.id)
    for name, value in (("epochs", 3), ("hidden_dim", 16)):
        browser.app.number_input(key=f"train_{churn.id}_{name}").set_value(value)
    browser.run().click("train_start")
    (run,) = store.runs()
    assert browser.app.query_params["run"] == run.id
    assert run.name.startswith("churn · Standard network · ")
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
