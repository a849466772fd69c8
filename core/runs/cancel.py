"""Ending a worker that does not heed a Stop: first asked, then told, then killed."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress

from core.runs.processes import ProcessId, is_alive
from core.runs.records import ACTIVE_STATES, Run
from core.runs.store import Store

ASKED_SECONDS = 4.5
KILLED_SECONDS = 2.0


def end_now(store: Store, run: Run) -> Run:
    """End a run and every process of its worker within five seconds; keep the model only if that is quick."""
    run = store.request_stop(run.id)
    if run.process is not None:
        _signal(run.process, signal.SIGTERM)
        if not _gone_within(run.process, ASKED_SECONDS):
            _signal(run.process, signal.SIGKILL)
            _gone_within(run.process, KILLED_SECONDS)
    store.move(run.id, ACTIVE_STATES, "interrupted", message="Ended before there was a model to keep.")
    return store.run(run.id)


def _signal(process: ProcessId, number: signal.Signals) -> None:
    """Signal the worker's whole group, if the process is still the one we know."""
    if is_alive(process):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)


def _gone_within(process: ProcessId, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while is_alive(process):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True
