"""Promises on workers that are gone: found out, explained, and never confused with another process."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from subprocess import Popen

import pytest
import sqlalchemy as sa

from core.runs.cancel import end_now
from core.runs.launch import EXIT_NAME, _reap
from core.runs.liveness import LAUNCH_SECONDS, log_tail, settle
from core.runs.processes import ProcessId, boot_id, identify, is_alive, this_process
from core.runs.records import Dataset, Run
from core.runs.store import Store
from core.workspace import Workspace

Spawn = Callable[..., Popen[bytes]]


@pytest.fixture
def spawn() -> Iterator[Spawn]:
    """Give a function that starts a process in its own session, as workers are, and ends it at last."""
    started: list[Popen[bytes]] = []

    def start(code: str = "import time; time.sleep(600)") -> Popen[bytes]:
        process = subprocess.Popen(
            [sys.executable, "-c", f"print(flush=True); {code}"], stdout=subprocess.PIPE, start_new_session=True
        )
        assert process.stdout is not None
        process.stdout.readline()
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def active(store: Store, dataset: Dataset, process: ProcessId | None, run_id: str = "run1") -> Run:
    store.add_run(run_id, kind="train", name="n", dataset_id=dataset.id, request={})
    store.move(run_id, ["queued"], "running", process=process)
    return store.run(run_id)


def test_a_process_is_known_by_its_start_and_boot_too(spawn: Spawn) -> None:
    process = identify(spawn().pid)
    assert is_alive(process)
    assert is_alive(this_process())
    assert not is_alive(replace(process, started=str(int(process.started) + 1)))
    assert not is_alive(replace(process, boot="another boot"))


def test_a_zombie_is_dead(spawn: Spawn) -> None:
    child = spawn()
    process = identify(child.pid)
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)  # it has ended, and stays unreaped
    assert identify(child.pid) == process
    assert not is_alive(process)


def test_a_living_worker_is_left_alone(store: Store, workspace: Workspace, dataset: Dataset, spawn: Spawn) -> None:
    run = active(store, dataset, identify(spawn().pid))
    assert settle(store, workspace, run) == run
    assert store.run(run.id) == run


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (signal.SIGKILL, "The operating system ended the training process .signal 9., often because memory ran out"),
        (signal.SIGSEGV, "crashed .signal 11, SIGSEGV.. The last lines of its log"),
        (signal.SIGTERM, "told to end .signal 15. before it had a model"),
    ],
)
def test_a_worker_ended_by_a_signal_is_interrupted_with_the_reason(
    store: Store, workspace: Workspace, dataset: Dataset, spawn: Spawn, number: int, words: str
) -> None:
    worker = spawn()
    run = active(store, dataset, identify(worker.pid))
    workspace.run_dir(run.id).mkdir()
    reaper = threading.Thread(target=_reap, args=(worker, workspace.run_dir(run.id)))
    reaper.start()
    worker.send_signal(number)
    deadline = time.monotonic() + 10
    while (settled := settle(store, workspace, run)).is_active and time.monotonic() < deadline:
        time.sleep(0.01)
    reaper.join()
    assert settled.state == "interrupted"
    assert re.search(words, settled.message), settled.message
    assert settled.finished_at is not None


def test_a_worker_that_ends_by_itself_without_a_word_has_failed(
    store: Store, workspace: Workspace, dataset: Dataset, spawn: Spawn
) -> None:
    worker = spawn("raise SystemExit(3)")
    run = active(store, dataset, identify(worker.pid))
    workspace.run_dir(run.id).mkdir()
    _reap(worker, workspace.run_dir(run.id))
    settled = settle(store, workspace, run)
    assert settled.state == "failed"
    assert "exit code 3" in settled.message


def test_a_worker_that_nobody_saw_ending_is_interrupted_soon(
    store: Store, workspace: Workspace, dataset: Dataset, spawn: Spawn
) -> None:
    worker = spawn()
    run = active(store, dataset, identify(worker.pid))
    worker.kill()
    worker.wait()
    started = time.monotonic()
    settled = settle(store, workspace, run)
    assert time.monotonic() - started < 5
    assert settled.state == "interrupted"
    assert settled.message == "The training process is gone and left no reason. Start the run again."


def test_a_pid_that_was_given_out_again_is_not_the_worker(
    store: Store, workspace: Workspace, dataset: Dataset, spawn: Spawn
) -> None:
    stranger = spawn()
    worker = replace(identify(stranger.pid), started="1")
    run = active(store, dataset, worker)
    assert settle(store, workspace, run).state == "interrupted"
    assert stranger.poll() is None


def test_a_restart_of_the_computer_is_named(store: Store, workspace: Workspace, dataset: Dataset, spawn: Spawn) -> None:
    run = active(store, dataset, replace(identify(spawn().pid), boot="the boot before"))
    settled = settle(store, workspace, run)
    assert settled.state == "interrupted"
    assert "The computer was restarted during this training" in settled.message
    assert boot_id() != "the boot before"


def test_a_run_that_never_got_a_process_fails_after_a_while(
    store: Store, workspace: Workspace, dataset: Dataset
) -> None:
    store.add_run("run1", kind="score", name="n", dataset_id=dataset.id, request={})
    run = store.run("run1")
    assert settle(store, workspace, run).state == "queued"
    long_ago = "2020-01-01T00:00:00.000000+00:00"
    with store._engine.begin() as connection:
        connection.execute(sa.text("UPDATE runs SET created_at = :then"), {"then": long_ago})
    settled = settle(store, workspace, store.run("run1"))
    assert settled.state == "failed"
    assert settled.message == (
        f"The prediction process did not start within {LAUNCH_SECONDS:.0f} s. Start the run again."
    )


def test_a_run_that_ended_well_meanwhile_stays_so(
    store: Store, workspace: Workspace, dataset: Dataset, spawn: Spawn
) -> None:
    worker = spawn()
    seen_before = active(store, dataset, identify(worker.pid))
    store.move(seen_before.id, ["running"], "finished", results={"rows": 1})
    worker.kill()
    worker.wait()
    assert settle(store, workspace, seen_before).state == "finished"
    assert settle(store, workspace, store.run("run1")).results == {"rows": 1}


def test_the_log_gives_its_last_lines_whatever_it_holds(workspace: Workspace) -> None:
    assert log_tail(workspace, "run1") == []
    workspace.run_dir("run1").mkdir()
    log = workspace.run_dir("run1") / "log.txt"
    log.write_bytes(b"".join(b"line %d\n" % n for n in range(50_000)) + b"\xff\xfe last\n")
    assert log_tail(workspace, "run1", 3) == ["line 49998", "line 49999", "�� last"]
    assert log_tail(workspace, "run1", 0) == []


def test_a_reaped_worker_that_ended_well_leaves_no_note(workspace: Workspace, spawn: Spawn) -> None:
    workspace.run_dir("run1").mkdir()
    _reap(spawn("pass"), workspace.run_dir("run1"))
    assert not (workspace.run_dir("run1") / EXIT_NAME).exists()


def test_a_worker_that_heeds_nothing_is_gone_in_five_seconds_with_its_children(
    store: Store, dataset: Dataset, spawn: Spawn
) -> None:
    stubborn = spawn(
        "import signal, subprocess, sys, time; signal.signal(15, signal.SIG_IGN);"
        "print(subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']).pid, flush=True);"
        "time.sleep(600)"
    )
    assert stubborn.stdout is not None
    child = identify(int(stubborn.stdout.readline()))
    run = active(store, dataset, identify(stubborn.pid))
    os.kill(stubborn.pid, signal.SIGSTOP)
    started = time.monotonic()
    ended = end_now(store, run)
    assert time.monotonic() - started < 5.5
    assert ended.state == "interrupted"
    assert stubborn.wait(5) == -signal.SIGKILL
    deadline = time.monotonic() + 5
    while is_alive(child) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not is_alive(child)


def test_ending_a_run_never_signals_a_stranger(store: Store, dataset: Dataset, spawn: Spawn) -> None:
    stranger = spawn()
    run = active(store, dataset, replace(identify(stranger.pid), started="1"))
    assert end_now(store, run).state == "interrupted"
    assert stranger.poll() is None
