"""Who a process is, so that a pid that was given out again is never taken for it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import psutil

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True)
class ProcessId:
    """A pid, when that process started, and in which boot of the machine.

    On Linux `started` counts ticks since the boot, so that a clock that is set does not change it.
    """

    pid: int
    started: str
    boot: str


def this_process() -> ProcessId:
    """Return the identity of the process that asks."""
    return identify(os.getpid())


def identify(pid: int) -> ProcessId:
    """Return the identity of the process, zombie or not, that has `pid` now. Raises psutil.Error for none."""
    return ProcessId(pid, _start_of(psutil.Process(pid)), boot_id())


def is_alive(process: ProcessId) -> bool:
    """Return whether that very process is still there; a zombie is not."""
    try:
        status = psutil.Process(process.pid).status()
        return identify(process.pid) == process and status not in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD)
    except psutil.Error:
        return False


def boot_id() -> str:
    """Return what differs after the machine was restarted."""
    try:
        return BOOT_ID.read_text(encoding="ascii").strip()
    except OSError:
        return str(round(psutil.boot_time() / 60))


def _start_of(process: psutil.Process) -> str:
    try:
        stat = Path(f"/proc/{process.pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return f"{process.create_time():.2f}"
    return stat.rpartition(")")[2].split()[19]  # starttime, the 22nd field
