"""The form for one row in a real browser: it answers without a button, and what one types is not lost."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from core.runs.datasets import add_table
from core.runs.records import Roles, Run
from core.runs.requests import TrainRequest, submit
from core.workspace import open_workspace

ODD = '<b>"size"</b> _of_ 🦊'
LONG = "a very long name of a colour " * 5

pytestmark = pytest.mark.browser


@pytest.fixture
def run(server, store, tmp_path: Path) -> Run:
    """Return a finished training on a table with an odd name and a long category in it."""
    workspace = open_workspace(server.home)
    quoted = ODD.replace('"', '""')
    lines = [f"{i % 7},{i % 5 / 4},{LONG if i % 3 else 'red'},{'yes' if i % 7 > 3 else 'no'}" for i in range(210)]
    (tmp_path / "odd.csv").write_text(f'rooms,"{quoted}",colour,sold\n' + "\n".join(lines) + "\n", encoding="utf-8")
    dataset = add_table(workspace, store, tmp_path / "odd.csv", "odd.csv")
    store.set_roles(dataset.id, Roles("sold"))
    config = {"target_column": "sold", "epochs": 30, "hidden_dim": 16}
    run = submit(workspace, store, "train", dataset.id, TrainRequest(config=config, device="cpu"), "odd · quick")
    deadline = time.monotonic() + 90
    while store.run(run.id).is_active:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    return store.run(run.id)


def test_the_form_answers_every_change_and_keeps_what_was_typed(page: Page, server, run):
    page.goto(f"{server.url}/predict?run={run.id}")
    page.get_by_text("One row", exact=True).click()
    answer = page.get_by_test_id("stMetricValue")
    expect(answer).to_contain_text(" %")
    expect(page.get_by_test_id("stVegaLiteChart")).to_have_count(2)

    fill_number(page, "rooms", "6")
    expect(answer).to_contain_text("yes")
    expect(page.get_by_text("With all else as it is, raising rooms from 0 to 6 moves")).to_be_visible()
    page.get_by_test_id("stNumberInputStepDown").first.click(click_count=5)
    expect(page.get_by_label("rooms", exact=True)).to_have_value("1")
    expect(answer).to_contain_text("no")
    fill_number(page, "rooms", "60")
    expect(page.get_by_text("'rooms' is 60, and training saw 0 to 6.")).to_be_visible()
    fill_number(page, "rooms", "")
    expect(page.get_by_text("Empty, and taken as the middle of the training rows: 'rooms'.")).to_be_visible()

    colour = page.get_by_role("combobox", name="colour")
    colour.fill("ultraviolet")
    colour.press("Enter")
    expect(page.get_by_text("Training never saw 'ultraviolet' in 'colour'")).to_be_visible()
    expect(page.get_by_text("With all else as it is, colour moves")).to_be_visible()

    page.get_by_role("link", name="Runs").click()
    expect(page.get_by_role("heading", name="Runs")).to_be_visible()
    page.get_by_role("link", name="Predict").click()
    expect(page.get_by_text("Training never saw 'ultraviolet' in 'colour'")).to_be_visible()
    expect(page.get_by_label("rooms", exact=True)).to_have_value("")

    page.get_by_role("button", name="Reset").click()
    expect(page.get_by_label("rooms", exact=True)).to_have_value("3")
    expect(page.get_by_text("Training never saw")).to_have_count(0)


def test_a_row_of_a_table_comes_with_its_outcome_and_names_stay_names(page: Page, server, run):
    page.goto(f"{server.url}/predict?run={run.id}")
    page.get_by_text("One row", exact=True).click()
    page.get_by_text("Start with a row of a table", exact=True).click()
    expect(page.get_by_text("Truth in row 1 of the table: no, as predicted.")).to_be_visible()
    fill_number(page, "Row", "6")
    expect(page.get_by_text("Truth in row 6 of the table: yes, as predicted.")).to_be_visible()
    expect(page.get_by_label("rooms", exact=True)).to_have_value("5")
    label = page.get_by_test_id("stWidgetLabel").filter(has_text="size").first
    assert label.inner_text().replace("\u2060", "").strip().startswith(ODD)
    choose(page, "Field of the curve", ODD)
    expect(page.get_by_text(f"With all else as it is, raising {ODD} from 0 to 1 moves")).to_be_visible()
    assert page.locator("b", has_text="size").count() == 0


def fill_number(page: Page, label: str, value: str) -> None:
    box = page.get_by_label(label, exact=True)
    box.fill(value)
    box.press("Tab")


def choose(page: Page, label: str, option: str) -> None:
    page.get_by_role("combobox", name=label).click()
    page.get_by_role("option", name=option, exact=True).click()
