"""Starting a worker so that it outlives the thread and the server that started it."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

import core
from core.errors import RunError
from core.runs.processes import ProcessId, identify
from core.runs.spare import SpareWorker
from core.workspace import HOME_VARIABLE, Workspace, disk_sentence, write_atomically

LOG_NAME = "log.txt"
EXIT_NAME = "exit.txt"
SPARE_ARGUMENT = "--spare"
THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")

_CGROUP = Path("/sys/fs/cgroup")


def launch_worker(workspace: Workspace, run_id: str, spare: SpareWorker | None = None) -> ProcessId:
    """Start the worker of a run in its own session, its words going to the run's log.

    A spare that is waiting gets the run; else a process is started. Returns who it is. Raises
    RunError when none can be started.
    """
    folder = workspace.run_dir(run_id)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        process = (spare.hand_over(workspace, run_id) if spare else None) or _start(workspace, run_id, folder)
    except OSError as error:
        raise RunError(disk_sentence(error, folder)) from error
    worker = identify(process.pid)  # a child that nobody has waited for still has its pid
    threading.Thread(target=_reap, args=(process, folder), name=f"reap-{run_id}", daemon=True).start()
    return worker


def keep_spare(workspace: Workspace, spare: SpareWorker) -> None:
    """See to it that a worker is waiting for the next run."""
    spare.keep(_command(SPARE_ARGUMENT), _environment(workspace))


def cpu_budget() -> int:
    """Return how many processors this process may use: its affinity, cut by the control group's quota."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min([allowed, *_quotas(Path("/proc/self/cgroup"), _CGROUP)]))


def _start(workspace: Workspace, run_id: str, folder: Path) -> subprocess.Popen[bytes]:
    with (folder / LOG_NAME).open("ab") as log:
        return subprocess.Popen(
            _command(run_id),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=folder,
            env=_environment(workspace),
            start_new_session=True,
            close_fds=True,
        )


def _command(argument: str) -> list[str]:
    return [sys.executable, "-P", "-X", "faulthandler", "-m", "core.runs.worker", argument]


def _environment(workspace: Workspace) -> dict[str, str]:
    """Let the worker find `core` where this process did, and this workspace; leave a core to the pages."""
    root = str(Path(core.__file__).parents[1])
    known = os.environ.get("PYTHONPATH")
    threads = str(max(1, cpu_budget() - 1))
    return {
        **os.environ,
        **dict.fromkeys(THREAD_VARIABLES, threads),
        "PYTHONPATH": f"{root}{os.pathsep}{known}" if known else root,
        HOME_VARIABLE: str(workspace.home),
        "CUBLAS_WORKSPACE_CONFIG": ":4096:8",
    }


def _reap(process: subprocess.Popen[bytes], folder: Path) -> None:
    """Wait for the worker, so that it leaves no zombie, and note how it ended if that was not well."""
    code = process.wait()
    with suppress(RunError):  # the run may have been deleted meanwhile
        if code != 0 and folder.is_dir():
            write_atomically(folder / EXIT_NAME, str(code).encode("ascii"))


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
