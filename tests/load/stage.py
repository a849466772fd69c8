"""What the tabs look at: a real server, a table, a finished model, and one training that goes on."""

from __future__ import annotations

import re
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from core.runs.datasets import add_table
from core.runs.records import Dataset, Roles, Run
from core.runs.requests import TrainRequest, submit
from core.runs.store import Store, open_store
from core.workspace import Workspace, open_workspace
from tests.load.protocol import HEALTH_PATH, XSRF_COOKIE
from tests.processes import end_all_in
from tests.serving import ROOT, Server, serving

SAMPLE = ROOT / "assets" / "samples" / "customer_churn.csv"
ROLES = Roles("churned", ("customer_id",), ("signup_date",))
SHORT, LONG = 20, 100_000  # epochs
PATIENCE_SECONDS = 120

_COLORS = re.compile(r"\x1b\[[0-9;]*m")


@dataclass(frozen=True)
class Stage:
    """A server with something to look at."""

    server: Server
    store: Store
    xsrf: str
    dataset: str
    finished_run: str
    training_run: str


@contextmanager
def staged(*, with_model: bool = True) -> Iterator[Stage]:
    """Serve a fresh workspace for the duration of a `with` block, and leave no process and no file of it.

    Without a model it is there sooner, and `finished_run` is empty.
    """
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        try:
            with _store(home) as (workspace, store):
                dataset = add_table(workspace, store, SAMPLE, SAMPLE.name, is_sample=True)
                store.set_roles(dataset.id, ROLES)
                start = partial(_start, workspace, store, dataset)
                finished = start("finished", SHORT) if with_model else ""
                training = start("in training", LONG)
                with serving(home, Path(folder) / "log.txt") as server:
                    _wait(store, finished, lambda run: not run.is_active)
                    _wait(store, training, lambda run: run.epoch > 0)
                    yield Stage(server, store, _xsrf(server.url), dataset.id, finished, training)
        finally:
            end_all_in(home)


def log_complaints(server: Server, after: int = 0) -> list[str]:
    """Return the last line of every traceback after so many bytes of the server's log: the error and its words."""
    text = server.log.read_bytes()[after:].decode(errors="replace")
    return list(_errors(_COLORS.sub("", text).splitlines()))


def _errors(lines: list[str]) -> Iterator[str]:
    inside = False
    for line in lines:
        if inside and line[:1].isalpha():  # neither indented nor framed
            yield line
            inside = False
        inside |= "Traceback" in line


@contextmanager
def _store(home: Path) -> Iterator[tuple[Workspace, Store]]:
    workspace = open_workspace(home)
    store = open_store(workspace)
    try:
        yield workspace, store
    finally:
        store.close()


def _start(workspace: Workspace, store: Store, dataset: Dataset, name: str, epochs: int) -> str:
    config = {"target_column": ROLES.target, "epochs": epochs, "validation_size": 0.15, "restore_best": True}
    request = TrainRequest(config=config, excluded=ROLES.excluded, dates=ROLES.dates, device="cpu")
    return submit(workspace, store, "train", dataset.id, request, name).id


def _wait(store: Store, run_id: str, is_ready: Callable[[Run], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while run_id and not is_ready(run := store.run(run_id)):
        if time.monotonic() > deadline or run.state == "failed":
            raise RuntimeError(f"the training is {run.state}: {run.message or 'no epoch yet'}")
        time.sleep(0.05)


def _xsrf(url: str) -> str:
    """Return the cookie that the frontend gets with its first request, and sends when it connects."""
    with urllib.request.urlopen(url + HEALTH_PATH, timeout=10) as answer:
        cookies = answer.headers.get_all("Set-Cookie") or []
    found = next((cookie for cookie in cookies if cookie.startswith(f"{XSRF_COOKIE}=")), "=PLACEHOLDER_AUTH_TOKEN")
    return found.split(";")[0].split("=", 1)[1]
