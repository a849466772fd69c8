"""strace, which counts the system calls of a worker and makes the n-th of them fail or kill."""

from __future__ import annotations

import random
import re
import shutil
import subprocess
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tests.faults.tally import Skipped

WRITING = ("write", "pwrite64", "fsync", "fdatasync", "ftruncate", "rename", "unlink", "openat")
CAN_BE_FULL = ("write", "pwrite64", "fsync", "fdatasync", "ftruncate", "rename", "openat")
ATTACH_SECONDS = 20.0

_CALL = re.compile(r"^(\d+)\s+(\w+)\((.*)$")


@dataclass(frozen=True, order=True)
class Point:
    """The n-th call of a thread of a worker; `lasting` for this one and all that follow."""

    call: str
    n: int
    lasting: bool = False

    def injection(self, what: str) -> str:
        """Return what strace is told to do at this point, `what` being a signal or an error."""
        return f"inject={self.call}:{what}:when={self.n}{'+' if self.lasting else ''}"

    def __str__(self) -> str:
        return f"{self.call} {self.n}{' and after' if self.lasting else ''}"


def check_strace() -> None:
    """Raise Skipped where processes cannot be traced."""
    if shutil.which("strace") is None:
        raise Skipped("strace is not installed")
    if subprocess.run(["strace", "-o", "/dev/null", "true"], capture_output=True, check=False).returncode:
        raise Skipped("this machine lets no process be traced")


def attach(pid: int, calls: Iterable[str], log: Path, injection: str | None = None) -> subprocess.Popen[bytes]:
    """Trace a process with all its threads from now on; return the tracer, which ends with it."""
    options = ["-e", f"trace={','.join(calls)}", *(["-e", injection] if injection else ["-y"])]
    tracer = subprocess.Popen(
        ["strace", "-f", "-qq", "-s", "0", "-o", str(log), *options, "-p", str(pid)],
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + ATTACH_SECONDS
    while not _is_traced(pid):
        if time.monotonic() > deadline or tracer.poll() is not None:
            raise Skipped("strace could not attach to a worker")
        time.sleep(0.002)
    return tracer


def points_in(log: Path, home: Path) -> list[Point]:
    """Return every call in a log by which a thread writes to `home`, once for each ordinal."""
    counts: Counter[tuple[str, str]] = Counter()
    found = set()
    for line in log.read_text(encoding="utf-8", errors="replace").splitlines():
        match = _CALL.match(line)
        if match is None:
            continue
        thread, call, rest = match.groups()
        counts[thread, call] += 1
        if str(home) in rest and (call != "openat" or "O_CREAT" in rest):
            found.add(Point(call, counts[thread, call]))
    return sorted(found)


def spread(points: list[Point], n: int, seed: int) -> list[Point]:
    """Return `n` of the points, each call represented by its share and chosen evenly, or all there are."""
    if n >= len(points):
        return points
    step, start = len(points) / n, random.Random(seed).random()
    return [points[min(len(points) - 1, int((start + k) * step))] for k in range(n)]


def _is_traced(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
    except OSError:
        return False
    return "TracerPid:\t0\n" not in status
