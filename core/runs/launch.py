"""Starting the processes that do the work, so that they outlive whatever started them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import core
from core.errors import DiskError
from core.runs.spare import SpareWorker
from core.workspace import HOME_VARIABLE, Workspace, disk_sentence

LOG_NAME = "log.txt"
SPARE_ARGUMENT = "--spare"
THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")

_CGROUP = Path("/sys/fs/cgroup")

Process = subprocess.Popen[bytes]


def start_worker(
    workspace: Workspace, run_id: str, threads: int, spare: SpareWorker | None = None
) -> subprocess.Popen[bytes]:
    """Start the worker of a run in its own session, its words going to the run's log.

    A spare that is waiting gets the run; else a process is started. Raises DiskError when the
    run's folder cannot be written, and OSError when no process can be started.
    """
    folder = workspace.run_dir(run_id)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        log = (folder / LOG_NAME).open("ab")
    except OSError as error:
        raise DiskError(disk_sentence(error, folder)) from error
    with log:
        waiting = spare.hand_over(workspace, run_id, threads) if spare else None
        return waiting or start_detached(
            module_command("core.runs.worker", run_id), environment(workspace, threads), log.fileno(), folder
        )


def keep_spare(workspace: Workspace, spare: SpareWorker) -> None:
    """See to it that a worker is waiting for the next run."""
    spare.keep(module_command("core.runs.worker", SPARE_ARGUMENT), environment(workspace, threads_for(1)))


def start_detached(command: list[str], variables: dict[str, str], output: int, folder: Path) -> Process:
    """Start a process in a session of its own, which no terminal and no parent's end reaches."""
    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        cwd=folder,
        env=variables,
        start_new_session=True,
        close_fds=True,
    )


def module_command(module: str, *arguments: str) -> list[str]:
    """Return the command that runs a module of `core` with this Python."""
    return [sys.executable, "-P", "-X", "faulthandler", "-m", module, *arguments]


def environment(workspace: Workspace, threads: int) -> dict[str, str]:
    """Let a process find `core` where this one did, and this workspace, and give it its share of the processors."""
    root = str(Path(core.__file__).parents[1])
    known = os.environ.get("PYTHONPATH")
    return {
        **os.environ,
        **dict.fromkeys(THREAD_VARIABLES, str(threads)),
        "PYTHONPATH": f"{root}{os.pathsep}{known}" if known else root,
        HOME_VARIABLE: str(workspace.home),
        "CUBLAS_WORKSPACE_CONFIG": ":4096:8",
    }


def threads_for(n_workers: int) -> int:
    """Return the threads of each of so many workers; one processor is left to the pages."""
    return max(1, (cpu_budget() - 1) // max(1, n_workers))


def threads_of_blend(threads: int) -> int:
    """Return the threads of a blend that was given so many: that of the pages too, behind which it stands back."""
    return min(cpu_budget(), threads + 1)


def cpu_budget() -> int:
    """Return how many processors this process may use: its affinity, cut by the control group's quota."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min([allowed, *_quotas(Path("/proc/self/cgroup"), _CGROUP)]))


def _quotas(membership: Path, root: Path) -> list[int]:
    """Return the whole processors that the version 2 control groups above this process grant, if they limit."""
    try:
        lines = membership.read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
    inside = next((line[3:].strip("/") for line in lines if line.startswith("0::")), "")
    group = root / inside
    return [quota for folder in (group, *group.parents) if (quota := _quota(folder)) is not None]


def _quota(folder: Path) -> int | None:
    try:
        limit, period = (folder / "cpu.max").read_text(encoding="ascii").split()
    except (OSError, ValueError):
        return None
    return None if limit == "max" else int(limit) // int(period)
