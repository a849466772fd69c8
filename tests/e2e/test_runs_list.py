"""The list of runs in a real browser: it refreshes by itself, and never while someone writes into a dialog."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.runs.store import Store, open_store
from core.runs.summon import the_lock
from core.workspace import open_workspace
from tests.pages.run_rows import CLASSES, a_run, write_runs

expect = pytest.importorskip("playwright.sync_api").expect


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Return the store of two runs that seem to work, and of one that rests; nobody looks after them."""
    workspace = open_workspace(tmp_path / "home")
    rows = [a_run(name, "running", epoch=37, epochs=100) for name in ("first", "second")]
    write_runs(workspace, [*rows, a_run("rests", "paused")])
    store = open_store(workspace)
    with the_lock(workspace):
        yield store
    store.close()


@pytest.mark.browser
def test_the_list_follows_its_active_runs_and_waits_for_whoever_writes(page, new_server, store):
    server = new_server(store.workspace.home)
    page.goto(f"{server.url}/runs")
    expect(page.get_by_text("37 %", exact=True)).to_have_count(2)
    store.set_epoch("first", 41)
    expect(page.get_by_text("41 %", exact=True)).to_be_visible()

    page.get_by_test_id("stMenuButton").nth(2).get_by_role("button").first.click()
    page.get_by_text("Note", exact=True).click()
    note = page.get_by_role("textbox", name="Note")
    note.fill("half a thought")
    assert store.move("first", ("running",), "finished", metrics=CLASSES)
    store.set_epoch("second", 43)
    expect(page.get_by_text("43 %", exact=True)).to_be_visible()  # it was looked at after the first had ended
    expect(note).to_have_value("half a thought")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("half a thought")).to_be_visible()
    expect(page.get_by_text("87.5 % right")).to_be_visible()

    assert store.move("second", ("running",), "failed", message="It fell over.")
    expect(page.get_by_text("It fell over.")).to_be_visible()
