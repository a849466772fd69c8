"""Is the model any good, and why: a threshold chosen by cost, a wrong row explained, a report taken away."""

from __future__ import annotations

import re

import pytest

from core.serialization import inspect_bundle
from tests.e2e.test_path import check_report, download, fill_number, open_tab

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
expect, Page = playwright.expect, playwright.Page

pytestmark = pytest.mark.browser


def test_a_model_is_judged_explained_and_reported(page, server, tmp_path):
    train(page, server.url)
    open_tab(page, "Evaluate")
    expect(page.get_by_text("Which classes are confused")).to_be_visible()
    page.get_by_text("By what mistakes cost").click()
    page.get_by_role("button", name="Use this threshold for predictions").click()
    expect(page.get_by_text(re.compile(r"Now: .*is predicted at a probability of"))).to_be_visible()

    choose_first_row(page, "model_worst")
    page.get_by_role("button", name=re.compile("Why row .* is predicted so")).click()
    expect(page.get_by_text(re.compile("The model gives .* a probability of")).first).to_be_visible(timeout=90_000)
    expect(page.get_by_test_id("stPlotlyChart").locator(".main-svg").first).to_be_visible()
    assert re.search(r"[?&]row=\d+", page.url)

    page.get_by_text("Which columns matter", exact=True).click()
    expect(page.get_by_text(re.compile("shuffled|log-loss")).first).to_be_visible(timeout=90_000)
    open_tab(page, "Take away")
    check_report(page.context, download(page, "Download the report", tmp_path))
    summary = inspect_bundle(download(page, "Download the model", tmp_path))
    assert summary.calibration is not None
    assert summary.calibration.threshold is not None


def train(page: Page, url: str) -> None:
    page.goto(url)
    page.get_by_role("button", name="Try it").first.click()
    expect(page.get_by_text("Columns", exact=True)).to_be_visible()  # the page is drawn to its end
    page.get_by_role("button", name="Go on to Train").click()
    page.get_by_text("Advanced settings").click()
    fill_number(page, "Epochs", "5")
    page.get_by_role("button", name="Start training").click()
    expect(page.get_by_text("of the test rows (between").first).to_be_visible()


def choose_first_row(page: Page, key: str) -> None:
    """Click where the first row of a table is chosen: its cells are drawn on a canvas."""
    table = page.locator(f".st-key-{key}").get_by_test_id("stDataFrame")
    table.scroll_into_view_if_needed()
    box = table.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + 16, box["y"] + 52)
