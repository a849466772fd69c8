"""Errands: what a page sends a process of its own to find out, one at a time of a kind in a workspace.

The process is told what to do in one line of JSON on its input, and leaves its answer in a file. It holds a
lock while it works, and ends with the process that sent it, because its input ends then.
"""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from core.errors import DiskError
from core.runs.launch import environment, module_command
from core.runs.processes import ProcessId, identify, is_alive
from core.workspace import Workspace, disk_sentence


@dataclass(frozen=True)
class Errand:
    """A kind of errand: the module that is run, the name of its lock and log, and what it may take."""

    module: str
    name: str
    n_threads: int
    seconds: float

    @property
    def lock_name(self) -> str:
        """Return the file in the workspace that is locked while one is at work."""
        return f"{self.name}.lock"

    @property
    def log_name(self) -> str:
        """Return the file in the workspace that holds what the last one printed."""
        return f"{self.name}.log"


def send(
    workspace: Workspace,
    errand: Errand,
    order: Mapping[str, Any],
    place: Path,
    *,
    is_answered: Callable[[], bool],
    on_failure: Callable[[bool], None],
) -> bool:
    """Send a process on an errand; tell whether one was sent.

    None is when one is at work, or when `is_answered` under the lock; else what lies at `place` is damaged and
    removed. `on_failure` is called where the process has left nothing there, with whether it took too long; not
    where it was recalled. Raises DiskError.
    """
    try:
        with (workspace.home / errand.lock_name).open("ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if is_answered():
                return False
            place.unlink(missing_ok=True)
            process = start(workspace, errand, lock.fileno())
            lock.truncate(0)
            lock.write(json.dumps(asdict(identify(process.pid))).encode("ascii"))
    except BlockingIOError:
        return False
    except OSError as error:
        raise DiskError(disk_sentence(error, workspace.home)) from error
    attend = threading.Thread(
        target=_attend, args=(process, errand, order, place, on_failure), name=f"attend-{errand.name}"
    )
    attend.daemon = True
    attend.start()
    return True


def recall(workspace: Workspace, errand: Errand) -> None:
    """End the process that is at work on such an errand in this workspace, whoever sent it."""
    try:
        with (workspace.home / errand.lock_name).open("rb") as lock:
            found = lock.read()
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)  # nobody holds it: what it names has ended
    except BlockingIOError:
        with suppress(ValueError, TypeError, ProcessLookupError):
            process = ProcessId(**json.loads(found))
            if is_alive(process):
                os.killpg(process.pid, signal.SIGTERM)
    except OSError:
        return


def start(workspace: Workspace, errand: Errand, lock: int) -> subprocess.Popen[bytes]:
    """Start the process; it inherits the lock, which is free again when it has ended."""
    with (workspace.home / errand.log_name).open("wb") as log:
        return subprocess.Popen(
            module_command(errand.module),
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=environment(workspace, errand.n_threads),
            start_new_session=True,
            pass_fds=(lock,),
        )


def end_with_the_sender() -> None:
    """End this process, which is on an errand and was told what to do, when its input ends."""
    threading.Thread(target=_end_at_the_end_of_input, name="sender", daemon=True).start()


def _end_at_the_end_of_input() -> None:
    os.read(sys.stdin.fileno(), 1)  # not through the buffer, whose lock would be waited for at the end
    os._exit(1)


def _attend(
    process: subprocess.Popen[bytes],
    errand: Errand,
    order: Mapping[str, Any],
    place: Path,
    on_failure: Callable[[bool], None],
) -> None:
    """Tell a process what to do, end it when it takes too long, and see whether it has left an answer."""
    is_late = False
    with suppress(BrokenPipeError), process:  # which closes its input at the end, written or not
        _tell(process, order)
        try:
            process.wait(errand.seconds)
        except subprocess.TimeoutExpired:
            is_late = True
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
    if process.returncode not in (0, -signal.SIGTERM) and not place.exists():
        on_failure(is_late)


def _tell(process: subprocess.Popen[bytes], order: Mapping[str, Any]) -> None:
    if process.stdin is not None:
        with suppress(BrokenPipeError):
            process.stdin.write(json.dumps(order).encode("ascii") + b"\n")
            process.stdin.flush()
