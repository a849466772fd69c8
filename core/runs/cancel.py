"""Ending a worker with everything it has started: first told, then killed."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from dataclasses import dataclass

import psutil

from core.runs.processes import ProcessId, boot_id, identify, is_alive
from core.runs.records import ACTIVE_STATES, Run
from core.runs.store import Store

TOLD_SECONDS = 3.0
END_SECONDS = 5.0


@dataclass(frozen=True)
class Ending:
    """The processes of a run that are being ended, and when they were told, on the observer's own clock."""

    processes: tuple[ProcessId, ...]
    told_at: float

    @property
    def is_over(self) -> bool:
        """Return whether all of them are gone."""
        return not any(is_alive(process) for process in self.processes)


def tell_to_end(worker: ProcessId, now: float) -> Ending:
    """Ask a worker and its descendants to end, suspended ones too, and return who they are."""
    processes = family_of(worker)
    for process in processes:
        _signal(process, signal.SIGTERM)
        _signal(process, signal.SIGCONT)
    return Ending(processes, now)


def kill(ending: Ending) -> None:
    """Kill whatever of it is still there, and what that has started meanwhile."""
    for known in ending.processes:
        for process in family_of(known):
            _signal(process, signal.SIGKILL)


def family_of(worker: ProcessId) -> tuple[ProcessId, ...]:
    """Return a worker, its descendants and the rest of its session, as far as they are there.

    The worker itself may be gone: its number stays in use as its session's while that has members.
    A number that was given out again names a session that is none of ours.
    """
    if worker.boot != boot_id() or _identity(worker.pid) not in (worker, None):
        return ()
    found = {worker.pid: worker} if is_alive(worker) else {}
    with suppress(psutil.Error):
        for child in psutil.Process(worker.pid).children(recursive=True):
            _add(found, child.pid)
    for pid in psutil.pids():
        with suppress(OSError):
            if os.getsid(pid) == worker.pid:
                _add(found, pid)
    return tuple(found.values())


def end_now(store: Store, run: Run) -> Run:
    """End a run and every process of its worker within five seconds; its last checkpoint stays."""
    run = store.request_cancel(run.id)
    if run.process is not None:
        ending = tell_to_end(run.process, time.monotonic())
        if not _is_over_within(ending, TOLD_SECONDS):
            kill(ending)
            _is_over_within(ending, END_SECONDS - TOLD_SECONDS)
    store.move(run.id, ACTIVE_STATES, "interrupted", message="Ended as you asked.")
    return store.run(run.id)


def _is_over_within(ending: Ending, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not ending.is_over:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def _add(found: dict[int, ProcessId], pid: int) -> None:
    identity = _identity(pid)
    if identity is not None and is_alive(identity):
        found.setdefault(pid, identity)


def _identity(pid: int) -> ProcessId | None:
    try:
        return identify(pid)
    except psutil.Error:
        return None


def _signal(process: ProcessId, number: signal.Signals) -> None:
    """Signal a process, if it is still the one we know."""
    if is_alive(process):
        with suppress(ProcessLookupError, PermissionError):
            os.kill(process.pid, number)
