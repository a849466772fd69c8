"""A real server, started as a user starts it, and the system's Chromium that looks at it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from core.runs.store import Store, open_store
from core.workspace import open_workspace
from tests.serving import CHROMIUM, CHROMIUM_ARGS, Server, start_server, stop_server, wait_until_it_answers

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
playwright.expect.set_options(timeout=60_000)  # milliseconds: a busy machine may need them to start a run


@dataclass
class Watch:
    """What the browser asked for and complained about."""

    foreign: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)


@pytest.fixture(scope="session")
def new_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Server]]:
    """Return a function that starts a server, on a workspace of its own unless one is given."""
    servers: list[Server] = []

    def start(home: Path | None = None) -> Server:
        folder = tmp_path_factory.mktemp("server")
        servers.append(start_server(home or folder / "home", folder / "log.txt"))
        wait_until_it_answers(servers[-1])
        return servers[-1]

    yield start
    for server in servers:
        stop_server(server)


@pytest.fixture(scope="session")
def server(new_server: Callable[..., Server]) -> Server:
    """Return the server that most tests share."""
    return new_server()


@pytest.fixture
def store(server) -> Iterator[Store]:
    """Return the store of the server that the page is served by."""
    store = open_store(open_workspace(server.home))
    yield store
    store.close()


@pytest.fixture(scope="session")
def browser() -> Iterator[playwright.Browser]:
    """Return Chromium without a window."""
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed")
    with playwright.sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGS)
        yield chromium
        chromium.close()


@pytest.fixture
def watch() -> Watch:
    """Return what the page of this test asked for and complained about; both must be nothing at the end."""
    return Watch()


@pytest.fixture
def page(browser: playwright.Browser, watch: Watch, tmp_path: Path) -> Iterator[playwright.Page]:
    """Return a page of a fresh profile; no request may leave the machine, and no error may be logged."""
    context = browser.new_context(viewport={"width": 1280, "height": 800}, accept_downloads=True)
    context.set_default_timeout(60_000)
    page = context.new_page()
    page.on("request", lambda request: _note_request(watch, request.url))
    page.on("console", lambda message: _note_message(watch, message))
    page.on("pageerror", lambda error: watch.complaints.append(str(error)))
    yield page
    context.close()
    assert watch.foreign == []
    assert watch.complaints == []


def _note_request(watch: Watch, url: str) -> None:
    if not url.startswith(("http://127.0.0.1:", "ws://127.0.0.1:", "data:", "blob:")):
        watch.foreign.append(url)


def _note_message(watch: Watch, message: playwright.ConsoleMessage) -> None:
    """Note errors, but for one of Streamlit's own: on a deep link it looks for its server below the page too."""
    if message.type == "error" and "/_stcore/" not in message.location["url"]:
        watch.complaints.append(message.text)
