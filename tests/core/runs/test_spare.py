"""A worker that waits with torch imported: it takes one run, and does not outlive its keeper."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator

import psutil
import pytest

from core.runs.launch import keep_spare, start_worker
from core.runs.records import Dataset, Run
from core.runs.requests import TrainRequest
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


def queued(store: Store, houses: Dataset, run_id: str = "run1", **settings: int) -> Run:
    config = {"target_column": "price", "epochs": 3, **settings}
    request = TrainRequest(config, excluded=("id",), dates=("sold",), device="cpu")
    values = request.as_dict() | {"for": run_id}
    return store.add_run(run_id, kind="train", name="n", dataset_id=houses.id, request=values, epochs=3)


def wait_for_end(store: Store, run_id: str) -> Run:
    deadline = time.monotonic() + 60
    while store.run(run_id).is_active and time.monotonic() < deadline:
        time.sleep(0.05)
    return store.run(run_id)


def test_a_waiting_worker_takes_the_run_with_its_threads_and_writes_to_its_log(
    workspace: Workspace, store: Store, houses: Dataset, spare: SpareWorker
) -> None:
    keep_spare(workspace, spare)
    waiting = spare.pid
    keep_spare(workspace, spare)  # one is enough
    assert spare.pid == waiting is not None
    run = queued(store, houses, hidden_dim=1024)  # a step that is worth two threads
    process = start_worker(workspace, run.id, 2, spare)
    assert process.pid == waiting
    ended = wait_for_end(store, run.id)
    assert (ended.state, ended.message) == ("finished", "")
    assert ended.vitals is not None
    assert ended.vitals["threads"] == 2
    assert len(store.epochs(run.id)) == 3
    assert "finished" in (workspace.run_dir(run.id) / "log.txt").read_text()
    assert process.wait(30) == 0


def test_a_run_that_finds_nobody_waiting_gets_a_worker_of_its_own(
    workspace: Workspace, store: Store, houses: Dataset, spare: SpareWorker
) -> None:
    keep_spare(workspace, spare)
    processes = [start_worker(workspace, queued(store, houses, name).id, 1, spare) for name in ("run1", "run2")]
    assert processes[0].pid != processes[1].pid
    assert {wait_for_end(store, name).state for name in ("run1", "run2")} == {"finished"}
    assert [process.wait(30) for process in processes] == [0, 0]


def test_a_spare_that_was_killed_is_not_given_a_run(
    workspace: Workspace, store: Store, houses: Dataset, spare: SpareWorker
) -> None:
    keep_spare(workspace, spare)
    assert spare.pid is not None
    os.kill(spare.pid, signal.SIGKILL)
    os.waitid(os.P_PID, spare.pid, os.WEXITED | os.WNOWAIT)  # it is dead, but nobody has taken note
    process = start_worker(workspace, queued(store, houses).id, 1, spare)
    assert wait_for_end(store, "run1").state == "finished"
    assert process.wait(30) == 0


def test_a_spare_ends_when_its_keeper_is_killed(start_python: Callable[..., object]) -> None:
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
