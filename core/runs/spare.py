"""A worker that waits with torch already imported, so that a run starts without that wait.

The supervisor keeps at most one. It ends by itself when the supervisor does, for then its input
ends, and when nobody has needed it for a while.
"""

from __future__ import annotations

import json
import logging
import os
import subprocess
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from core.workspace import Workspace

IDLE_SECONDS = 15 * 60.0

logger = logging.getLogger(__name__)


class SpareWorker:
    """At most one waiting process, and the way to hand it a run. Safe from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """Return the process number of the one that waits, None where there is none."""
        return self._process.pid if self._process else None

    @property
    def is_waiting(self) -> bool:
        """Return whether a process waits for a run."""
        return self._process is not None and self._process.poll() is None

    def keep(self, command: list[str], environment: dict[str, str]) -> None:
        """Start one unless one is waiting; a machine that cannot start it does without."""
        with self._lock:
            if self._process is not None and self._process.poll() is None:
                return
            _forget(self._process)
            self._process = None
            with suppress(OSError):
                self._process = subprocess.Popen(
                    command,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    env=environment,
                    start_new_session=True,
                    close_fds=True,
                )

    def hand_over(self, workspace: Workspace, run_id: str, threads: int) -> subprocess.Popen[bytes] | None:
        """Give the waiting process a run and return it; None when none is waiting."""
        with self._lock:
            process, self._process = self._process, None
        order = json.dumps({"home": str(workspace.home), "run": run_id, "threads": threads}).encode() + b"\n"
        try:
            if process is not None and process.poll() is None:
                _say(process, order)
                return process
        except OSError:
            logger.info("The spare worker ended just now; another one does the run.")
        _forget(process)
        return None

    def dismiss(self) -> None:
        """End the waiting process, if there is one."""
        with self._lock:
            process, self._process = self._process, None
        _forget(process)


@dataclass(frozen=True)
class Order:
    """What a spare is told: the workspace, the run in it, and how many threads it may use."""

    home: Path
    run_id: str
    threads: int


def wait_for_run(source: IO[bytes]) -> Order | None:
    """Return the order that arrives on `source`; None when it ends. A process that nobody needs ends here."""
    ended = threading.Timer(IDLE_SECONDS, os._exit, args=(0,))
    ended.daemon = True
    ended.start()
    line = source.readline()
    ended.cancel()
    if not line.endswith(b"\n"):
        return None
    order = json.loads(line)
    return Order(Path(order["home"]), str(order["run"]), int(order["threads"]))


def _say(process: subprocess.Popen[bytes], order: bytes) -> None:
    """Write the one line a spare waits for, unbuffered, and end its input."""
    if process.stdin is not None:
        os.write(process.stdin.fileno(), order)
        process.stdin.close()


def _forget(process: subprocess.Popen[bytes] | None) -> None:
    """End a process that has no work yet, and leave nothing of it."""
    if process is not None and process.stdin is not None:
        process.stdin.close()
        process.kill()
        process.wait()
