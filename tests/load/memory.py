"""How much memory the server and what it started hold, read from outside."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

from tests.load.figures import MEGABYTE
from tests.processes import at_work_in

STEADY_MEGABYTES = 1.0
STEADY_SECONDS = 5.0
SETTLE_SECONDS = 30.0


@dataclass(frozen=True)
class Process:
    """One process of the app: what it is, and megabytes: `rss` all it has mapped, `pss` its share of what is shared."""

    what: str
    pid: int
    rss: float
    pss: float | None


def rss_megabytes(pid: int) -> float:
    """Return the resident memory of a process."""
    return float(psutil.Process(pid).memory_info().rss) / MEGABYTE


def pss_megabytes(pid: int) -> float | None:
    """Return the proportional memory of a process, None where the system does not tell."""
    try:
        return float(psutil.Process(pid).memory_full_info().pss) / MEGABYTE
    except (psutil.Error, AttributeError):
        return None


async def settled_megabytes(pid: int) -> float:
    """Return the resident memory once it has stopped changing, or after half a minute."""
    deadline = time.monotonic() + SETTLE_SECONDS
    reading, since = rss_megabytes(pid), time.monotonic()
    while time.monotonic() < deadline and time.monotonic() - since < STEADY_SECONDS:
        await asyncio.sleep(0.5)
        now = rss_megabytes(pid)
        if abs(now - reading) > STEADY_MEGABYTES:
            reading, since = now, time.monotonic()
    return rss_megabytes(pid)


def processes_of(home: Path, server_pid: int) -> list[Process]:
    """Return the server and every other process that works in this workspace."""
    found = sorted(at_work_in(home), key=lambda process: (process.pid != server_pid, process.pid))
    return [described for process in found if (described := _describe(process, server_pid))]


def _describe(process: psutil.Process, server_pid: int) -> Process | None:
    try:
        what = "server" if process.pid == server_pid else _name(process.cmdline())
        return Process(what, process.pid, rss_megabytes(process.pid), pss_megabytes(process.pid))
    except psutil.Error:
        return None


def _name(command: list[str]) -> str:
    """Return `core.runs.worker --spare` of a whole command line."""
    after = command.index("-m") + 1 if "-m" in command[:-1] else 0
    return " ".join(command[after : after + 2])
