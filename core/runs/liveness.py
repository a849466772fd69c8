"""Finding out that a worker is gone, and saying why."""

from __future__ import annotations

import signal
import time
from pathlib import Path

from core.runs.launch import EXIT_NAME, LOG_NAME
from core.runs.processes import boot_id, is_alive
from core.runs.records import Run, RunState, utc_now
from core.runs.store import Store
from core.workspace import Workspace

LAUNCH_SECONDS = 30.0
REAP_SECONDS = 1.0
TAIL_BYTES = 64 * 1024

_SIGNAL_SENTENCES = {
    signal.SIGKILL: "The operating system ended the {noun} process (signal 9), often because memory ran out.",
    signal.SIGTERM: "The {noun} process was told to end (signal 15) before it had a model to keep.",
}
_NOUNS = {"train": "training", "distil": "distillation", "score": "prediction"}


def settle(store: Store, workspace: Workspace, run: Run) -> Run:
    """Return the run as it is; one whose process is gone is first marked interrupted or failed."""
    if not run.is_active or not _is_gone(run):
        return run
    code = _exit_code(workspace, run)
    run = store.run(run.id)  # it may have ended well between the two looks
    if not run.is_active:
        return run
    state, message = _verdict(run, code)
    store.move(run.id, (run.state,), state, message=message)
    return store.run(run.id)


def log_tail(workspace: Workspace, run_id: str, n: int = 20) -> list[str]:
    """Return the last `n` lines of a run's log; none when there is no log."""
    try:
        with (workspace.run_dir(run_id) / LOG_NAME).open("rb") as log:
            size = log.seek(0, 2)
            log.seek(max(0, size - TAIL_BYTES))
            text = log.read().decode("utf-8", errors="replace")
    except OSError:
        return []
    return text.splitlines()[-n:] if n > 0 else []


def _is_gone(run: Run) -> bool:
    if run.process is None:
        return (utc_now() - run.created_at).total_seconds() > LAUNCH_SECONDS
    return not is_alive(run.process)


def _exit_code(workspace: Workspace, run: Run) -> int | None:
    """Return how the process ended, if the one that started it was there to see it."""
    path = workspace.run_dir(run.id) / EXIT_NAME
    recent = (utc_now() - run.updated_at).total_seconds() < LAUNCH_SECONDS
    deadline = time.monotonic() + (REAP_SECONDS if recent else 0.0)
    while (code := _read_code(path)) is None and time.monotonic() < deadline:
        time.sleep(0.02)
    return code


def _read_code(path: Path) -> int | None:
    try:
        return int(path.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None


def _verdict(run: Run, code: int | None) -> tuple[RunState, str]:
    noun = _NOUNS[run.kind]
    if run.process is None:
        return "failed", f"The {noun} process did not start within {LAUNCH_SECONDS:.0f} s. Start the run again."
    if run.process.boot != boot_id():
        return "interrupted", f"The computer was restarted during this {noun}. Start the run again."
    if code is None:
        return "interrupted", f"The {noun} process is gone and left no reason. Start the run again."
    if code >= 0:
        return "failed", f"The {noun} process ended by itself (exit code {code}). The last lines of its log say more."
    return "interrupted", _signal_sentence(noun, -code)


def _signal_sentence(noun: str, number: int) -> str:
    try:
        known = signal.Signals(number)
    except ValueError:
        return f"The {noun} process was ended by signal {number}."
    crashed = "The {noun} process crashed (signal {number}, {name}). The last lines of its log say more."
    return _SIGNAL_SENTENCES.get(known, crashed).format(noun=noun, number=number, name=known.name)
