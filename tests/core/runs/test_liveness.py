"""Promises on workers that are gone or stand still: explained, ended whole, never confused with a stranger."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from subprocess import Popen

import pytest

from core.runs.cancel import end_now, family_of
from core.runs.liveness import (
    STALL_SECONDS,
    SUSPENDED_SECONDS,
    Death,
    Sign,
    log_tail,
    oom_kills,
    sign_of,
    trouble_of,
    verdict,
)
from core.runs.processes import ProcessId, boot_id, identify, is_alive, this_process
from core.runs.records import Dataset, Run, RunState
from core.runs.store import Store
from core.workspace import Workspace

Spawn = Callable[..., Popen[bytes]]
CHILD = "print(subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']).pid, flush=True);"


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


def a_run(state: RunState = "running", process: ProcessId | None = None) -> Run:
    now = datetime(2026, 3, 1, tzinfo=UTC)
    return Run(
        id="run1", kind="train", name="n", state=state, dataset_id="d", request={}, created_at=now, updated_at=now,
        process=process,
    )  # fmt: skip


def active(store: Store, dataset: Dataset, process: ProcessId, run_id: str = "run1") -> Run:
    store.add_run(run_id, kind="train", name="n", dataset_id=dataset.id, request={"for": run_id})
    store.claim(run_id, process)
    store.move(run_id, ["starting"], "running")
    return store.run(run_id)


def gone_within(process: ProcessId, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while is_alive(process) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not is_alive(process)


# Who a process is


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


# Why it is gone


@pytest.mark.parametrize(
    ("code", "state", "words"),
    [
        (-signal.SIGKILL, "interrupted", "The training process was killed (signal 9) from outside."),
        (-signal.SIGHUP, "interrupted", "The training process was ended by signal 1."),
        (-signal.SIGSEGV, "failed", "The training process crashed (signal 11, SIGSEGV). The last lines of its log"),
        (-signal.SIGABRT, "failed", "The training process crashed (signal 6, SIGABRT)."),
        (3, "failed", "The training process ended by itself (exit code 3): ValueError: nonsense."),
        (0, "failed", "The training process ended by itself (exit code 0)"),
        (75, "interrupted", "The training could not go on. ValueError: nonsense."),
        (None, "interrupted", "The training process is gone and left no reason."),
    ],
)
def test_the_reason_is_one_sentence(code: int | None, state: str, words: str) -> None:
    found, message = verdict(a_run(process=this_process()), Death(code, "Traceback\nValueError: nonsense.\n\n"))
    assert found == state
    assert message.startswith(words)


def test_memory_that_ran_out_is_named_only_where_the_system_says_so() -> None:
    run = a_run(process=this_process())
    assert verdict(run, Death(-9, "", out_of_memory=True))[0] == "failed"
    assert "Memory ran out" in verdict(run, Death(-9, "", out_of_memory=True))[1]
    assert "emory" not in verdict(run, Death(-9, ""))[1]
    assert oom_kills() >= 0


def test_a_crash_that_nobody_saw_is_read_from_the_log() -> None:
    log = "2026 INFO train\nFatal Python error: Segmentation fault\n\nThread 0x1"
    state, message = verdict(a_run(process=this_process()), Death(None, log))
    assert state == "failed"
    assert "crashed (Segmentation fault)" in message


def test_a_process_that_never_began_is_explained_by_its_last_words() -> None:
    log = "Traceback (most recent call last):\nModuleNotFoundError: No module named 'torch'\n"
    state, message = verdict(a_run("queued"), Death(1, log))
    assert state == "failed"
    assert message.startswith("The training process did not start: ModuleNotFoundError: No module named 'torch'.")


def test_what_kept_a_process_from_beginning_may_be_over_another_time() -> None:
    assert verdict(a_run("queued"), Death(-signal.SIGKILL, "")) == (
        "interrupted", "The training process was killed (signal 9) from outside.",
    )  # fmt: skip
    assert verdict(a_run("queued"), Death(75, "The disk is full.\n"))[0] == "interrupted"
    for cut in ("", "The disk is fu", "2026-11-22 17:33:01,7."):
        assert "The disk took nothing more, not even the log." in verdict(a_run("queued"), Death(75, cut))[1]


def test_a_restart_of_the_computer_is_named() -> None:
    before = replace(this_process(), boot="the boot before")
    assert verdict(a_run(process=before), Death(None, ""))[1] == "The computer was restarted during this training."
    assert boot_id() != "the boot before"


def test_the_log_gives_its_last_lines_whatever_it_holds(workspace: Workspace) -> None:
    assert log_tail(workspace, "run1") == []
    workspace.run_dir("run1").mkdir()
    log = workspace.run_dir("run1") / "log.txt"
    log.write_bytes(b"".join(b"line %d\n" % n for n in range(50_000)) + b"\xff\xfe last\n")
    assert log_tail(workspace, "run1", 3) == ["line 49998", "line 49999", "�� last"]
    assert log_tail(workspace, "run1", 0) == []


# Whether it gets on


def test_a_process_gets_on_by_steps_or_by_computing(spawn: Spawn) -> None:
    idle, busy = identify(spawn().pid), identify(spawn("\nwhile True: pass").pid)
    first = sign_of(a_run(), idle, 0.0, None)
    assert sign_of(a_run(), idle, 40.0, first) == first
    assert sign_of(replace(a_run(), vitals={"steps": 7}), idle, 40.0, first).moment == 40.0
    assert sign_of(replace(a_run(), epoch=2), idle, 40.0, first).moment == 40.0
    began = sign_of(a_run(), busy, 0.0, None)
    time.sleep(0.5)
    assert sign_of(a_run(), busy, 1.0, began).moment == 1.0  # half a second of work in what counts as one


def test_a_process_that_is_gone_gives_no_new_sign(spawn: Spawn) -> None:
    child = spawn()
    process = identify(child.pid)
    child.kill()
    child.wait()
    last = Sign(1.0, (0, 0), 2.0)
    assert sign_of(a_run(), process, 50.0, last) == last


def test_trouble_is_said_only_when_it_lasts(spawn: Spawn) -> None:
    child = spawn()
    process = identify(child.pid)
    assert trouble_of(process, STALL_SECONDS - 1) == ""
    assert trouble_of(process, STALL_SECONDS).startswith("No progress for 30 s, and the process uses no processor")
    child.send_signal(signal.SIGSTOP)
    os.waitid(os.P_PID, child.pid, os.WSTOPPED | os.WNOWAIT)
    assert trouble_of(process, SUSPENDED_SECONDS - 1) == ""
    assert trouble_of(process, SUSPENDED_SECONDS).startswith("No progress for 5 s: the process is suspended.")


# Ending it


def test_a_worker_that_heeds_nothing_is_gone_in_five_seconds_with_its_children(
    store: Store, dataset: Dataset, spawn: Spawn
) -> None:
    stubborn = spawn(
        f"import signal, subprocess, sys, time; signal.signal(15, signal.SIG_IGN); {CHILD} time.sleep(600)"
    )
    assert stubborn.stdout is not None
    child = identify(int(stubborn.stdout.readline()))
    run = active(store, dataset, identify(stubborn.pid))
    os.kill(stubborn.pid, signal.SIGSTOP)
    started = time.monotonic()
    assert end_now(store, run).state == "interrupted"
    assert time.monotonic() - started < 5.5
    assert stubborn.wait(5) == -signal.SIGKILL
    assert gone_within(child, 5)


def test_the_family_of_a_dead_worker_is_what_it_left_in_its_session(spawn: Spawn) -> None:
    worker = spawn(f"import subprocess, sys, time; {CHILD} time.sleep(600)")
    assert worker.stdout is not None
    child = identify(int(worker.stdout.readline()))
    process = identify(worker.pid)
    assert set(family_of(process)) == {process, child}
    worker.kill()
    worker.wait()
    assert family_of(process) == (child,)
    os.kill(child.pid, signal.SIGKILL)
    assert gone_within(child, 5)
    assert family_of(process) == ()


def test_ending_a_run_never_signals_a_stranger(store: Store, dataset: Dataset, spawn: Spawn) -> None:
    stranger = spawn()
    for number, known in enumerate(({"started": "1"}, {"boot": "the boot before"})):
        process = replace(identify(stranger.pid), **known)
        assert family_of(process) == ()
        run = active(store, dataset, process, f"run{number}")
        assert end_now(store, run).state == "interrupted"
    assert stranger.poll() is None
