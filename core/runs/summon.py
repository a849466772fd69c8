"""Calling the supervisor: is one at work in this workspace, and if not, start it."""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from core.errors import DiskError, RunError
from core.runs.launch import environment, module_command, start_detached, threads_for
from core.workspace import Workspace, disk_sentence

LOCK_NAME = "supervisor.lock"
LOG_NAME = "supervisor.log"
WAKE_NAME = "supervisor.wake"
WARM_NAME = "supervisor.warm"
LARGEST_LOG = 1_000_000
SPARE_VARIABLE = "ROWSMITH_SPARE"


def ensure(workspace: Workspace) -> None:
    """See to it that a supervisor looks after the workspace's runs, and looks now.

    Raises DiskError where the workspace cannot be written, and RunError where no process can be started.
    """
    try:
        _touch(workspace.home / WAKE_NAME)
        if not is_supervised(workspace):
            _start(workspace)
    except OSError as error:
        raise DiskError(disk_sentence(error, workspace.home)) from error


def warm(workspace: Workspace) -> None:
    """Ask for a worker that waits with torch imported, for a run is likely to come soon.

    With ROWSMITH_SPARE=0 none is kept: it would hold some 300 MB that a small machine may need.
    """
    if os.environ.get(SPARE_VARIABLE) == "0":
        return
    try:
        _touch(workspace.home / WARM_NAME)
    except OSError as error:
        raise DiskError(disk_sentence(error, workspace.home)) from error
    ensure(workspace)


def cool(workspace: Workspace) -> None:
    """Take back what `warm` asked for: nobody is about to start a run any more."""
    with suppress(OSError):
        (workspace.home / WARM_NAME).unlink(missing_ok=True)


def is_supervised(workspace: Workspace) -> bool:
    """Return whether a supervisor holds the workspace's lock. Raises OSError."""
    with the_lock(workspace, fcntl.LOCK_SH) as is_free:
        return not is_free


@contextmanager
def the_lock(workspace: Workspace, kind: int = fcntl.LOCK_EX) -> Iterator[bool]:
    """Hold the lock that only one supervisor has, if it is free; tell whether it was.

    The system gives it back when the process ends, however it ends. Those who only look share it.
    """
    with (workspace.home / LOCK_NAME).open("ab") as lock:
        try:
            fcntl.flock(lock, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


def _start(workspace: Workspace) -> None:
    path = workspace.home / LOG_NAME
    too_long = path.exists() and path.stat().st_size > LARGEST_LOG
    command, variables = module_command("core.runs.supervisor"), environment(workspace, threads_for(1))
    with path.open("wb" if too_long else "ab") as log:
        try:
            process = start_detached(command, variables, log.fileno(), workspace.home)
        except OSError as error:
            raise RunError(f"No process could be started: {error}. Close other programs and try again.") from error
    threading.Thread(target=process.wait, name="reap-supervisor", daemon=True).start()


def _touch(path: Path) -> None:
    with path.open("ab"):
        os.utime(path)
