"""Seconds an analyst waits, seen in the real browser: for the first page, and for the first point of a curve."""

from __future__ import annotations

import re
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from core.runs.launch import SPARE_ARGUMENT
from tests.benchmarks.figures import Figure, at_most
from tests.processes import at_work_in
from tests.serving import (
    CHROMIUM,
    CHROMIUM_ARGS,
    ROOT,
    Server,
    serving,
    start_server,
    stop_server,
    wait_until_it_answers,
)

TITLE = "Waiting, in Chromium"
TELCO = ROOT.parent / "shared" / "data" / "telco_churn" / "customer_churn_telco.csv"
SAMPLE = ROOT / "assets" / "samples" / "customer_churn.csv"


def first_page_seconds(rounds: int = 3) -> float:
    """Return the median time from starting the process to the Data page being drawn."""
    return statistics.median(_first_page() for _ in range(rounds))


def first_point_seconds(rounds: int = 3, *, cold: bool = False) -> tuple[str, float]:
    """Return the table used, and the median time from the click on Start to the first point of the curve.

    `cold` ends the worker that waits for the run before the click, so that one has to be started.
    """
    path, target = (TELCO, "Churn") if TELCO.is_file() else (SAMPLE, "churned")
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder) / "home", Path(folder) / "log.txt") as server:
        return path.name, statistics.median(_first_point(server, path, target, cold=cold) for _ in range(rounds))


def _first_page() -> float:
    with tempfile.TemporaryDirectory() as folder, open_page() as page:
        started = time.perf_counter()
        server = start_server(Path(folder) / "home", Path(folder) / "log.txt")
        try:
            wait_until_it_answers(server)
            page.goto(server.url)
            page.locator("h1").first.wait_for()
            return time.perf_counter() - started
        finally:
            stop_server(server)


def _first_point(server: Server, path: Path, target: str, *, cold: bool) -> float:
    with open_page() as page:
        page.goto(server.url)
        page.locator("input[type=file]").set_input_files(path)
        page.get_by_text("What should be predicted").wait_for()
        page.get_by_label("Target: what to predict").click()
        page.get_by_role("option", name=target, exact=True).click()
        page.get_by_text(re.compile(f"Outcome: {target}")).wait_for()
        page.get_by_role("button", name="Go on to Train").click()
        start = page.get_by_role("button", name="Start training")
        start.wait_for()
        page.wait_for_timeout(1_000)  # the page is at rest, as it is when a reader has come to the button
        if cold:
            _end_waiting_worker(server)
        started = time.perf_counter()
        start.click()
        page.get_by_test_id("stVegaLiteChart").locator(".mark-symbol path").first.wait_for()
        seconds = time.perf_counter() - started
        page.get_by_text("of the test rows (between").first.wait_for()
        return seconds


def figures() -> Iterator[Figure]:
    """Yield both waits, and the second where no worker was waiting."""
    yield Figure("start of the app to first page", first_page_seconds(), "s", at_most(3))
    table, seconds = first_point_seconds()
    yield Figure(f"click on Start to first point, {table}", seconds, "s", at_most(2))
    _, seconds = first_point_seconds(cold=True)
    yield Figure("the same where no worker was waiting", seconds, "s")


def _end_waiting_worker(server: Server) -> None:
    for process in at_work_in(server.home):
        if SPARE_ARGUMENT in process.cmdline():
            process.kill()


@contextmanager
def open_page() -> Iterator[Any]:
    """Give a page of a fresh Chromium."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGS)
        page = browser.new_context(viewport={"width": 1280, "height": 800}).new_page()
        page.set_default_timeout(60_000)
        yield page
        browser.close()
