"""A worker that waits with torch imported: it takes one run, and does not outlive the server."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator

import psutil
import pytest

from core.runs.launch import keep_spare
from core.runs.records import Dataset, Run
from core.runs.requests import TrainRequest, submit
from core.runs.spare import SpareWorker
from core.runs.store import Store
from core.workspace import Workspace

KEEPER = """
import sys, time
from core.runs.launch import keep_spare
from core.runs.spare import SpareWorker
from core.workspace import open_workspace
spare = SpareWorker()
keep_spare(open_workspace(), spare)
print(spare.pid, flush=True)
time.sleep(120)
"""


@pytest.fixture
def spare() -> Iterator[SpareWorker]:
    spare = SpareWorker()
    yield spare
    spare.dismiss()


def request() -> TrainRequest:
    return TrainRequest({"target_column": "price", "epochs": 3}, excluded=("id",), dates=("sold",))


def wait_for_end(store: Store, run: Run) -> Run:
    deadline = time.monotonic() + 60
    while store.run(run.id).is_active and time.monotonic() < deadline:
        time.sleep(0.05)
    return store.run(run.id)


def test_a_waiting_worker_takes_the_run_and_writes_to_its_log(
    workspace: Workspace, store: Store, houses: Dataset, spare: SpareWorker
) -> None:
    keep_spare(workspace, spare)
    waiting = spare.pid
    keep_spare(workspace, spare)  # one is enough
    assert spare.pid == waiting is not None
    run = submit(workspace, store, "train", houses.id, request(), spare=spare)
    assert run.pid == waiting
    ended = wait_for_end(store, run)
    assert (ended.state, ended.message) == ("finished", "")
    assert len(store.epochs(run.id)) == 3
    assert "finished" in (workspace.run_dir(run.id) / "log.txt").read_text()


def test_a_run_that_finds_nobody_waiting_gets_a_worker_of_its_own(
    workspace: Workspace, store: Store, houses: Dataset, spare: SpareWorker
) -> None:
    keep_spare(workspace, spare)
    first = submit(workspace, store, "train", houses.id, request(), spare=spare)
    second = submit(workspace, store, "train", houses.id, request(), spare=spare)
    assert first.pid != second.pid
    assert {wait_for_end(store, run).state for run in (first, second)} == {"finished"}


def test_a_spare_that_was_killed_is_not_given_a_run(
    workspace: Workspace, store: Store, houses: Dataset, spare: SpareWorker
) -> None:
    keep_spare(workspace, spare)
    assert spare.pid is not None
    os.kill(spare.pid, signal.SIGKILL)
    os.waitid(os.P_PID, spare.pid, os.WEXITED | os.WNOWAIT)  # it is dead, but nobody has taken note
    run = submit(workspace, store, "train", houses.id, request(), spare=spare)
    assert wait_for_end(store, run).state == "finished"


def test_a_spare_ends_when_its_server_is_killed(start_python: Callable[..., object]) -> None:
    keeper = start_python(KEEPER)
    pid = int(keeper.stdout.readline())  # type: ignore[attr-defined]
    assert psutil.pid_exists(pid)
    keeper.kill()  # type: ignore[attr-defined]
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and _is_there(pid):
        time.sleep(0.1)
    assert not _is_there(pid)


def _is_there(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
