"""Promises of the supervisor, on real processes: one of it, the dead marked, the cancelled ended, none left behind."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import Popen

import psutil
import pytest

from core.runs import summon
from core.runs.launch import module_command
from core.runs.processes import ProcessId, identify, is_alive
from core.runs.records import Dataset, Run
from core.runs.requests import TrainRequest, submit
from core.runs.store import Store
from core.runs.supervisor import Supervisor
from core.workspace import Workspace
from tests.processes import at_work_in, end_all_in

Start = Callable[..., Popen[str]]
Spawn = Callable[..., Popen[bytes]]
PATIENCE = 60.0
CONFIG = {"target_column": "price", "epochs": 5}
SUPERVISE = (
    "import sys; from core.runs import supervisor; supervisor.IDLE_SECONDS = float(sys.argv[1]); supervisor.main()"
)


@pytest.fixture
def spawn() -> Iterator[Spawn]:
    """Give a function that starts a process in its own session, as workers are, and ends it at last."""
    started: list[Popen[bytes]] = []

    def start(code: str = "time.sleep(600)") -> Popen[bytes]:
        process = subprocess.Popen(
            [sys.executable, "-c", f"import os, signal, subprocess, sys, time; print(flush=True); {code}"],
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        assert process.stdout is not None
        process.stdout.readline()
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def supervisor(workspace: Workspace, store: Store) -> Iterator[Supervisor]:
    supervisor = Supervisor(workspace, store, limit=1, has_gpu=False)
    yield supervisor
    supervisor.spare.dismiss()
    end_all_in(workspace.home)
    for launch in supervisor._launches.values():
        launch.process.wait(10)


@pytest.fixture(autouse=True)
def no_process_stays(workspace: Workspace) -> Iterator[None]:
    """End the supervisor that a test has called, and whatever else works in its workspace."""
    yield
    end_all_in(workspace.home)


def active(store: Store, dataset: Dataset, process: ProcessId, run_id: str = "run1") -> Run:
    store.add_run(run_id, kind="train", name="n", dataset_id=dataset.id, request={"for": run_id})
    store.claim(run_id, process)
    store.move(run_id, ["starting"], "running")
    return store.run(run_id)


def wait_until(true: Callable[[], bool], what: str, look: Callable[[], object] = lambda: None) -> None:
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline, f"not so within {PATIENCE:.0f} s: {what}"
        look()
        time.sleep(0.05)


# Looking at what is there


def test_a_living_worker_is_left_alone(store: Store, dataset: Dataset, spawn: Spawn, supervisor: Supervisor) -> None:
    run = active(store, dataset, identify(spawn().pid))
    assert supervisor.look()
    assert store.run("run1") == run


def test_a_worker_that_died_is_interrupted_at_the_next_look(
    store: Store, dataset: Dataset, spawn: Spawn, supervisor: Supervisor
) -> None:
    worker = spawn()
    active(store, dataset, identify(worker.pid))
    worker.kill()
    worker.wait()
    supervisor.look()
    run = store.run("run1")
    assert run.state == "interrupted"
    assert run.message == "The training process is gone and left no reason. Resume begins again."
    assert run.finished_at is not None
    assert not supervisor.look()  # nothing is left to do


def test_what_a_dead_worker_leaves_behind_is_ended(
    store: Store, dataset: Dataset, spawn: Spawn, supervisor: Supervisor
) -> None:
    worker = spawn(
        "print(subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']).pid, flush=True);"
        "time.sleep(600)"
    )
    assert worker.stdout is not None
    child = identify(int(worker.stdout.readline()))
    active(store, dataset, identify(worker.pid))
    worker.kill()
    worker.wait()
    supervisor.look()
    wait_until(lambda: not is_alive(child), "the grandchild is gone")


def test_a_pid_that_was_given_out_again_is_not_the_worker(
    store: Store, dataset: Dataset, spawn: Spawn, supervisor: Supervisor
) -> None:
    stranger = spawn()
    process = identify(stranger.pid)
    active(store, dataset, ProcessId(process.pid, "1", process.boot))
    supervisor.look()
    assert store.run("run1").state == "interrupted"
    assert stranger.poll() is None


def test_a_cancelled_worker_and_its_children_are_gone_in_five_seconds(
    store: Store, dataset: Dataset, spawn: Spawn, supervisor: Supervisor
) -> None:
    stubborn = spawn(
        "signal.signal(15, signal.SIG_IGN);"
        "print(subprocess.Popen([sys.executable, '-c',"
        " 'import os, signal, time; os.setsid(); signal.signal(15, signal.SIG_IGN); print(1, flush=True);"
        " time.sleep(600)'], stdout=subprocess.PIPE).stdout.readline(), os.getpid(), flush=True);"
        "time.sleep(600)"
    )
    assert stubborn.stdout is not None
    stubborn.stdout.readline()
    (child,) = [identify(child.pid) for child in psutil.Process(stubborn.pid).children()]
    run = active(store, dataset, identify(stubborn.pid))
    stubborn.send_signal(signal.SIGSTOP)
    store.request_cancel(run.id)
    started = time.monotonic()
    wait_until(lambda: store.run(run.id).state == "interrupted", "cancelled", supervisor.look)
    assert time.monotonic() - started < 5
    assert store.run(run.id).message == "The training was ended as you asked. Resume begins again."
    assert stubborn.poll() == -signal.SIGKILL
    wait_until(lambda: not is_alive(child), "the grandchild in a session of its own is gone")


def test_a_suspended_worker_is_in_trouble_until_it_goes_on(
    store: Store, dataset: Dataset, spawn: Spawn, supervisor: Supervisor
) -> None:
    worker = spawn("\nwhile True: pass")
    active(store, dataset, identify(worker.pid))
    supervisor.look()
    assert store.run("run1").trouble == ""
    worker.send_signal(signal.SIGSTOP)
    wait_until(lambda: "suspended" in store.run("run1").trouble, "trouble is noted", supervisor.look)
    worker.send_signal(signal.SIGCONT)
    wait_until(lambda: store.run("run1").trouble == "", "trouble is over", supervisor.look)
    assert store.run("run1").state == "running"


# Starting what waits


def test_runs_start_one_after_the_other_and_all_come_to_their_end(
    workspace: Workspace, store: Store, houses: Dataset, supervisor: Supervisor
) -> None:
    for number in range(2):
        request = TrainRequest(CONFIG | {"random_seed": number}, excluded=("id", "sold"))
        store.add_run(f"run{number}", kind="train", name="n", dataset_id=houses.id, request=request.as_dict())

    def look() -> None:
        supervisor.look()
        at_work = [run for run in store.active_runs() if run.state != "queued"]
        assert len(at_work) <= 1

    wait_until(lambda: not store.active_runs(), "both have ended", look)
    first, second = store.run("run0"), store.run("run1")
    assert (first.state, second.state) == ("finished", "finished")
    assert first.finished_at is not None
    assert second.started_at is not None
    assert first.finished_at <= second.started_at
    assert first.vitals is not None
    assert first.vitals["rss_bytes"] > 50_000_000


def test_a_worker_killed_before_it_has_begun_is_started_once_more(
    workspace: Workspace, store: Store, houses: Dataset, supervisor: Supervisor
) -> None:
    request = TrainRequest(CONFIG, excluded=("id", "sold"))
    store.add_run("run1", kind="train", name="n", dataset_id=houses.id, request=request.as_dict())
    supervisor.look()
    wait_until(lambda: bool(at_work_in(workspace.home)), "the worker has its environment")  # some time after its start
    (worker,) = at_work_in(workspace.home)
    worker.kill()
    wait_until(lambda: not store.active_runs(), "the run has ended", supervisor.look)
    assert store.run("run1").state == "finished"


def test_a_worker_that_cannot_even_start_fails_its_run_with_the_reason(
    workspace: Workspace, store: Store, houses: Dataset, supervisor: Supervisor, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    (tmp_path / "sqlalchemy.py").write_text("raise ImportError('half an installation')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    store.add_run("run1", kind="train", name="n", dataset_id=houses.id, request={})
    wait_until(lambda: not store.active_runs(), "the run has ended", supervisor.look)
    run = store.run("run1")
    assert run.state == "failed"
    assert run.message == ("The training process did not start: ImportError: half an installation. The log says more.")


def test_a_spare_is_kept_while_someone_is_about_to_start(
    workspace: Workspace, store: Store, houses: Dataset, supervisor: Supervisor
) -> None:
    assert not supervisor.look()
    assert supervisor.spare.pid is None
    (workspace.home / summon.WARM_NAME).touch()
    assert supervisor.look()
    waiting = supervisor.spare.pid
    assert waiting is not None
    supervisor.look()
    assert supervisor.spare.pid == waiting
    request = TrainRequest(CONFIG, excluded=("id", "sold"))
    store.add_run("run1", kind="train", name="n", dataset_id=houses.id, request=request.as_dict())
    wait_until(lambda: store.run("run1").state == "finished", "the run has finished", supervisor.look)
    assert store.run("run1").pid == waiting


# Being one


def test_of_two_supervisors_one_acts_and_it_leaves_when_idle(workspace: Workspace, start_python: Start) -> None:
    first = start_python(SUPERVISE, "6")
    wait_until(lambda: summon.is_supervised(workspace), "the first one has the lock")
    second = subprocess.run(module_command("core.runs.supervisor"), env=environment(workspace), timeout=30, check=True)
    assert second.returncode == 0
    assert first.poll() is None
    assert first.wait(30) == 0
    assert not summon.is_supervised(workspace)


def test_looking_at_the_lock_keeps_no_supervisor_from_it(workspace: Workspace, start_python: Start) -> None:
    with summon.the_lock(workspace, summon.fcntl.LOCK_SH) as is_free:
        assert is_free
        supervisor = start_python(SUPERVISE, "1")
        time.sleep(0.5)
    wait_until(lambda: summon.is_supervised(workspace), "it has the lock")
    assert supervisor.wait(30) == 0


def test_a_killed_supervisor_is_replaced_and_the_work_goes_on(
    workspace: Workspace, store: Store, houses: Dataset
) -> None:
    request = TrainRequest(CONFIG | {"epochs": 100_000}, excluded=("id", "sold"))
    run = submit(workspace, store, "train", houses.id, request)
    wait_until(lambda: store.run(run.id).epoch >= 3, "it learns")
    worker = store.run(run.id).process
    assert worker is not None
    (first,) = supervisors_of(workspace)
    first.kill()
    wait_until(lambda: not summon.is_supervised(workspace), "the lock is free")
    assert is_alive(worker)
    reached = store.run(run.id).epoch
    summon.ensure(workspace)
    wait_until(lambda: summon.is_supervised(workspace), "another one has the lock")
    wait_until(lambda: store.run(run.id).epoch > reached, "it goes on learning")
    assert store.run(run.id).process == worker
    store.request_cancel(run.id)
    wait_until(lambda: store.run(run.id).state == "interrupted", "the second one ended it")
    assert not is_alive(worker)


def test_a_supervisor_belongs_to_no_terminal_and_no_server(workspace: Workspace) -> None:
    summon.ensure(workspace)
    wait_until(lambda: summon.is_supervised(workspace), "it is there")
    (process,) = supervisors_of(workspace)
    assert os.getsid(process.pid) == process.pid
    assert "torch" not in Path(f"/proc/{process.pid}/maps").read_text()


def supervisors_of(workspace: Workspace) -> list[psutil.Process]:
    return [process for process in at_work_in(workspace.home) if "core.runs.supervisor" in process.cmdline()]


def environment(workspace: Workspace) -> dict[str, str]:
    return os.environ | {"ROWSMITH_HOME": str(workspace.home), "PYTHONPATH": str(Path(__file__).parents[3])}
