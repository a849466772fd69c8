"""A training outlives its server: the address brings it back under the next one, in another browser."""

from __future__ import annotations

import re
import signal

import pytest

from core.runs.store import open_store
from core.workspace import open_workspace
from tests.serving import ROOT

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
expect = playwright.expect

SAMPLE = ROOT / "assets" / "samples" / "customer_churn.csv"
EPOCH = re.compile(r"Epoch ([\d,]+) of 60,000")
IS_BEYOND = """
reached => {
    const found = document.body.innerText.match(/Epoch ([\\d,]+) of/);
    return found !== null && Number(found[1].replaceAll(",", "")) > reached;
}
"""
PATIENCE = 60_000.0  # milliseconds

pytestmark = pytest.mark.browser


def test_a_run_survives_a_killed_server_and_is_paused_resumed_kept_and_continued(browser, new_server):
    server = new_server()
    address = start_training(browser.new_page(), server.url)
    store = open_store(open_workspace(server.home))
    (run,) = store.runs()
    server.process.send_signal(signal.SIGKILL)
    server.process.wait(10)
    reached = store.run(run.id).epoch

    page = browser.new_page()
    page.set_default_timeout(PATIENCE)
    page.goto(new_server(server.home).url + address)
    page.wait_for_function(IS_BEYOND, arg=reached)
    expect(page).to_have_title(re.compile(r"^\d+ % · customer_churn · Rowsmith$"), timeout=PATIENCE)
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_role("button", name="Resume")).to_be_visible(timeout=PATIENCE)
    expect(page).to_have_title(re.compile(r"^Paused · "), timeout=PATIENCE)
    paused_at = store.run(run.id).epoch
    assert paused_at > reached
    page.get_by_role("button", name="Resume").click()
    expect(page.get_by_text(EPOCH)).to_be_visible(timeout=PATIENCE)
    page.get_by_role("button", name="Stop and keep best").click()
    expect(page.get_by_text("of the test rows (between").first).to_be_visible(timeout=PATIENCE)
    ended = store.run(run.id)
    assert (ended.state, ended.attempt) == ("stopped", 2)
    assert [point.epoch for point in store.epochs(run.id)] == list(range(1, ended.epoch + 1))
    assert ended.epoch >= paused_at

    page.get_by_role("tab", name="Take away").click()
    page.get_by_label("More epochs").fill("3")
    page.get_by_label("More epochs").press("Enter")
    page.get_by_role("button", name="Train 3 more epochs").click()
    page.wait_for_url(lambda url: run.id not in url)
    expect(page).to_have_title(re.compile(r"^Finished · "), timeout=PATIENCE)
    (child,) = [other for other in store.runs() if other.parent_run == run.id]
    assert (child.state, child.epoch) == ("finished", ended.epoch + 3)
    store.close()


def start_training(page, url: str) -> str:
    """Train on a sample until a few epochs are through; return the run's address below the server's."""
    page.set_default_timeout(PATIENCE)
    page.goto(url)
    page.locator("input[type=file]").set_input_files(SAMPLE)
    page.get_by_label("Target: what to predict").click()
    page.get_by_role("option", name="churned", exact=True).click()
    page.get_by_role("button", name="Go on to Train").click()
    page.get_by_role("button", name="Standard network").click()  # which never ends by itself without patience
    page.get_by_text("Advanced settings").click()
    for label, value in (("Epochs", "60000"), ("Patience", "0")):
        page.get_by_label(label, exact=True).fill(value)
        page.get_by_label(label, exact=True).press("Enter")
    page.get_by_role("button", name="Start training").click()
    expect(page.get_by_text(EPOCH)).to_be_visible(timeout=PATIENCE)
    return page.url.removeprefix(url)
