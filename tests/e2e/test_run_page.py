"""A run's page in a real browser: a zoom stays while the curve grows, and what is clicked or killed is seen."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from core.runs.datasets import add_table
from core.runs.records import Roles, Run
from core.runs.requests import TrainRequest, submit
from core.workspace import open_workspace

SAMPLE = Path(__file__).resolve().parents[2] / "assets" / "samples" / "customer_churn.csv"
ROLES = Roles("churned", ("customer_id",), ("signup_date",))
UPDATES = 3

pytestmark = pytest.mark.browser


@pytest.fixture
def run(server, store) -> Run:
    """Return a training that goes on until it is stopped."""
    workspace = open_workspace(server.home)
    dataset = add_table(workspace, store, SAMPLE, SAMPLE.name, is_sample=True)
    store.set_roles(dataset.id, ROLES)
    config = {"target_column": ROLES.target, "epochs": 20_000, "validation_size": 0.15, "restore_best": True}
    request = TrainRequest(config=config, excluded=ROLES.excluded, dates=ROLES.dates, device="cpu")
    return submit(workspace, store, "train", dataset.id, request, "customer_churn · long")


def test_a_run_is_followed_zoomed_paused_killed_and_kept(page: Page, server, store, run):
    page.goto(f"{server.url}/model?run={run.id}")
    expect(page.get_by_text(re.compile(r"Epoch [\d,]+ of 20,000"))).to_be_visible(timeout=60_000)
    expect(page).to_have_title(re.compile(r"^\d+ % · customer_churn · Rowsmith$"))
    check_that_a_zoom_stays(page)

    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_text("Paused (can resume)")).to_be_visible(timeout=30_000)
    expect(page).to_have_title("Paused · customer_churn · Rowsmith")
    paused_at = store.run(run.id).epoch
    page.get_by_role("button", name="Resume").click()
    wait_for_epoch(page, paused_at + 1)

    os.kill(store.run(run.id).pid, signal.SIGKILL)
    expect(page.get_by_text("Interrupted (can resume)")).to_be_visible(timeout=30_000)
    page.get_by_role("button", name="Keep the best so far").click()
    expect(page.get_by_text("Stopped (best kept)")).to_be_visible(timeout=60_000)
    expect(page.get_by_text("of the test rows (between").first).to_be_visible()
    check_that_nothing_is_asked_for_any_more(page)


def check_that_a_zoom_stays(page: Page) -> None:
    """Drag over the strip below the curve; the chart must show the same epochs after several updates."""
    wait_for_epoch(page, 20)
    wait_for(page, lambda: shown_epochs(page)[1] >= 20)  # the words above the curve are drawn before it
    wait_for(page, lambda: drag_over_strip(page, 0.3, 0.6)[0] > 1)  # again, where a new point came in between
    shown = shown_epochs(page)
    assert shown[0] < shown[1] < epoch(page)
    for _ in range(UPDATES):
        wait_for_epoch(page, epoch(page) + 1)
    assert shown_epochs(page) == shown
    drag_over_strip(page, 0.95, 0.95)
    wait_for(page, lambda: shown_epochs(page)[0] == 1)
    assert shown_epochs(page)[1] > shown[1]


def drag_over_strip(page: Page, begin: float, end: float) -> tuple[float, float]:
    """Drag from one part of the strip below the curve to another, and return the epochs that are shown then."""
    strip = chart(page).locator(".concat_1_group path.background").first
    strip.scroll_into_view_if_needed()
    box = strip.bounding_box()
    assert box is not None
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + begin * box["width"], y)
    page.mouse.down()
    page.mouse.move(box["x"] + end * box["width"], y, steps=5)
    page.mouse.up()
    page.wait_for_timeout(500)
    return shown_epochs(page)


def wait_for(page: Page, holds: Callable[[], bool]) -> None:
    """Return when it holds, which is asked for half a minute."""
    for _ in range(60):
        if holds():
            return
        page.wait_for_timeout(500)
    raise AssertionError("It did not come to hold in half a minute.")


def check_that_nothing_is_asked_for_any_more(page: Page) -> None:
    """Reload the page and see that after it is drawn it leaves the server in peace."""
    sent: list[float] = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda _: sent.append(1.0)))
    page.reload()
    expect(page.get_by_text("of the test rows (between").first).to_be_visible()
    page.wait_for_timeout(1_000)
    asked = len(sent)
    assert asked
    page.wait_for_timeout(3_000)
    assert len(sent) == asked


def chart(page: Page) -> Locator:
    return page.get_by_test_id("stVegaLiteChart").locator("svg.marks")


def shown_epochs(page: Page) -> tuple[float, float]:
    """Return the first and the last epoch of the part of the curve that is shown."""
    axis = chart(page).locator("[aria-label^='X-axis']").first.get_attribute("aria-label")
    first, last = re.findall(r"[\d,.]+", axis or "")[-2:]
    return float(first.replace(",", "")), float(last.replace(",", ""))


def epoch(page: Page) -> int:
    """Return the epoch that the page is at."""
    found = re.search(r"Epoch ([\d,]+) of", page.get_by_text(re.compile(r"Epoch [\d,]+ of")).inner_text())
    assert found
    return int(found[1].replace(",", ""))


def wait_for_epoch(page: Page, wanted: int) -> None:
    """Return when the page has come to that epoch."""
    page.wait_for_function(
        """wanted => Number((document.body.innerText.match(/Epoch ([\\d,]+) of/) || ["", "0"])[1].replaceAll(",", ""))
        >= wanted""",
        arg=wanted,
        timeout=60_000,
    )
