"""Who used the processors: the app, this load, and programs that have nothing to do with it."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from tests.processes import at_work_in


@dataclass(frozen=True)
class Shares:
    """Cores in use on average; `jobs` are the trainings and whatever else the app has started."""

    server: float
    jobs: float
    load: float
    others: float


class Clock:
    """Counts processor time from when it is made."""

    def __init__(self, home: Path, server_pid: int) -> None:
        self._home = home
        self._server_pid = server_pid
        self._began = time.monotonic()
        self._machine = _machine_seconds()
        self._seconds = self._now()

    def shares(self) -> Shares:
        """Return who used how much until now; a process that has ended meanwhile counts among the others."""
        elapsed, now = time.monotonic() - self._began, self._now()
        used = {pid: (seconds - self._seconds.get(pid, 0.0)) / elapsed for pid, seconds in now.items()}
        machine = (_machine_seconds() - self._machine) / elapsed
        server, load, known = used.get(self._server_pid, 0.0), used[os.getpid()], sum(used.values())
        return Shares(server, known - server - load, load, max(0.0, machine - known))

    def _now(self) -> dict[int, float]:
        seconds = {}
        for process in (psutil.Process(), *at_work_in(self._home)):
            with suppress(psutil.NoSuchProcess):
                times = process.cpu_times()
                seconds[process.pid] = times.user + times.system
        return seconds


def _machine_seconds() -> float:
    times = psutil.cpu_times()._asdict()
    return sum(times.get(kind, 0.0) for kind in ("user", "nice", "system", "irq", "softirq", "steal"))
