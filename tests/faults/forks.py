"""Workers forked from a process that has imported torch already, so that a fault costs no import.

They are the supervisor's spare workers in everything but that: the run arrives on their input. So
that a short training has many moments to be hit at, they write a checkpoint before every step.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field

from core.runs import worker
from core.runs.store import Store
from core.workspace import Workspace

Attend = Callable[[int], object]

OFTEN_SECONDS = 0.02


@dataclass
class Forked:
    """A child of this process, with what the supervisor asks of one."""

    pid: int
    code: int | None = None
    died_at: float | None = None

    def poll(self) -> int | None:
        """Return the exit code, negative for a signal; None while the child lives."""
        if self.code is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.code, self.died_at = os.waitstatus_to_exitcode(status), time.monotonic()
        return self.code

    def kill(self) -> None:
        """Kill the child, unless it is gone."""
        if self.poll() is None:
            os.kill(self.pid, signal.SIGKILL)


@dataclass
class Nursery:
    """Stands where the supervisor has its spare: every run it hands out gets a worker forked here.

    `attend` is called with the number of the first one before its run is given to it.
    """

    store: Store
    attend: Attend | None = None
    children: list[Forked] = field(default_factory=list)
    is_waiting: bool = True

    def hand_over(self, workspace: Workspace, run_id: str, threads: int) -> Forked:
        """Fork a worker, have it attended to, and tell it what to do."""
        self.store.close()  # no connection to the database may go along
        child, mouth = _fork()
        attend, self.attend = self.attend, None
        if attend is not None:
            attend(child.pid)
        order = {"home": str(workspace.home), "run": run_id, "threads": threads}
        os.write(mouth, json.dumps(order).encode() + b"\n")
        os.close(mouth)
        self.children.append(child)
        return child

    def keep(self, *_: object) -> None:
        """Do nothing: one is always at hand."""

    def dismiss(self) -> None:
        """Do nothing: none waits."""


def import_all() -> None:
    """Import here what the forked workers need."""
    from core.runs.jobs import import_torch

    import_torch()


def _fork() -> tuple[Forked, int]:
    ear, mouth = os.pipe()
    pid = os.fork()
    if pid == 0:
        _live(ear)
    os.close(ear)
    return Forked(pid), mouth


def _live(ear: int) -> None:
    """Be a spare worker until the end, as the interpreter would run one."""
    code = 1
    try:
        os.setsid()
        os.dup2(ear, 0)
        os.closerange(3, 4096)
        sys.stdin = os.fdopen(0, closefd=False)
        _checkpoint_often()
        code = worker.main([worker.SPARE_ARGUMENT])
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


def _checkpoint_often() -> None:
    from core import loop
    from core.checkpoint import saver
    from core.runs import reporter

    loop.SECONDS_BETWEEN_EPOCHS = loop.SECONDS_WITHIN_EPOCH = saver.COST_RATIO = 0
    reporter.TICK_SECONDS = OFTEN_SECONDS
