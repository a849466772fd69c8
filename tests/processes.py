"""The processes that work in a workspace, known by their environment, and an end to them."""

from __future__ import annotations

import os
import time
from pathlib import Path

import psutil


def at_work_in(home: Path) -> list[psutil.Process]:
    """Return every living process, but the one that asks, whose workspace is `home`."""
    found = []
    for process in psutil.process_iter():
        try:
            is_there = process.status() != psutil.STATUS_ZOMBIE
            if is_there and process.pid != os.getpid() and process.environ().get("ROWSMITH_HOME") == str(home):
                found.append(process)
        except psutil.Error:
            continue
    return found


def end_all_in(home: Path, seconds: float = 10.0) -> None:
    """Kill them, those they start meanwhile too, and return when none is left."""
    deadline = time.monotonic() + seconds
    while processes := at_work_in(home):
        assert time.monotonic() < deadline, f"still there: {processes}"
        for process in processes:
            process.kill()
        psutil.wait_procs(processes, timeout=1)
