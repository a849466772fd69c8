"""Why a process is gone, or does not get on, in one sentence."""

from __future__ import annotations

import re
import signal
from dataclasses import dataclass
from pathlib import Path

import psutil

from core.runs.launch import LOG_NAME
from core.runs.processes import ProcessId, boot_id
from core.runs.records import Run, RunState
from core.workspace import Workspace

TAIL_BYTES = 64 * 1024
EXIT_LATER = 75  # EX_TEMPFAIL: what a worker says that may do its job another time
STALL_SECONDS = 30.0  # without a step, and without using the processor
SUSPENDED_SECONDS = 5.0  # of a process that someone has halted
BUSY_SHARE = 0.05  # of one processor: a process that uses more is at work

_NOUNS = {"train": "training", "distil": "distillation", "score": "prediction"}
_CRASHES = (signal.SIGSEGV, signal.SIGBUS, signal.SIGILL, signal.SIGFPE, signal.SIGABRT)
_FATAL = re.compile(r"^Fatal Python error: (.+)$", re.MULTILINE)
_OOM_KILLS = re.compile(r"^oom_kill (\d+)$", re.MULTILINE)


@dataclass(frozen=True)
class Death:
    """What is known of a worker that is gone: its exit code if its parent saw it, the log, the memory."""

    code: int | None
    log: str
    out_of_memory: bool = False


def verdict(run: Run, death: Death) -> tuple[RunState, str]:
    """Return the state of a run whose worker is gone, and why. What came from outside can be resumed."""
    noun = _NOUNS[run.kind]
    if run.state == "cancelling":
        return "interrupted", f"The {noun} was ended as you asked."
    is_by_itself = death.code is None or death.code >= 0
    if run.process is None and is_by_itself and death.code != EXIT_LATER:
        return "failed", f"The {noun} process did not start{_last_words(death)}. The log says more."
    if run.process is not None and run.process.boot != boot_id():
        return "interrupted", f"The computer was restarted during this {noun}."
    if death.code is None:
        return _unseen(noun, death)
    return _left(noun, death.code, death) if death.code >= 0 else _signalled(noun, -death.code, death)


def log_tail(workspace: Workspace, run_id: str, n: int = 20) -> list[str]:
    """Return the last `n` lines of a run's log; none when there is no log."""
    try:
        with (workspace.run_dir(run_id) / LOG_NAME).open("rb") as log:
            size = log.seek(0, 2)
            log.seek(max(0, size - TAIL_BYTES))
            text = log.read().decode("utf-8", errors="replace")
    except OSError:
        return []
    return text.splitlines()[-n:] if n > 0 else []


def oom_kills() -> int:
    """Return how many processes this system has ended since its start for want of memory; 0 where it does not say."""
    try:
        found = _OOM_KILLS.search(Path("/proc/vmstat").read_text(encoding="ascii"))
    except OSError:
        return 0
    return int(found.group(1)) if found else 0


@dataclass(frozen=True)
class Sign:
    """When a run was last seen to get on, on the observer's own clock, and how far it was."""

    moment: float
    progress: tuple[int, int]  # epoch, steps
    cpu_seconds: float


def sign_of(run: Run, process: ProcessId, now: float, last: Sign | None) -> Sign:
    """Return the last sign of life of a run's process: `last`, or one of this moment `now`, in seconds."""
    progress = (run.epoch, int((run.vitals or {}).get("steps", 0)))
    try:
        times = psutil.Process(process.pid).cpu_times()
    except psutil.Error:
        return last or Sign(now, progress, 0.0)
    cpu_seconds = times.user + times.system
    if last and progress == last.progress and cpu_seconds - last.cpu_seconds <= BUSY_SHARE * (now - last.moment):
        return last
    return Sign(now, progress, cpu_seconds)


def trouble_of(process: ProcessId, silent_seconds: float) -> str:
    """Say what keeps a process that has given no sign of life for so long; empty where it is too early to say."""
    if silent_seconds >= SUSPENDED_SECONDS and _status(process) == psutil.STATUS_STOPPED:
        return f"No progress for {silent_seconds:.0f} s: the process is suspended. Let it go on, or end it."
    if silent_seconds >= STALL_SECONDS:
        return f"No progress for {silent_seconds:.0f} s, and the process uses no processor time. It can be ended."
    return ""


def _status(process: ProcessId) -> str:
    try:
        return str(psutil.Process(process.pid).status())
    except psutil.Error:
        return ""


def _unseen(noun: str, death: Death) -> tuple[RunState, str]:
    fatal = _FATAL.search(death.log)
    if fatal:
        return "failed", f"The {noun} process crashed ({fatal.group(1)}). The last lines of its log say more."
    return "interrupted", f"The {noun} process is gone and left no reason."


def _left(noun: str, code: int, death: Death) -> tuple[RunState, str]:
    if code == EXIT_LATER:
        said = death.log.rstrip().rpartition("\n")[2]
        is_whole = said.endswith(".") and not said[:1].isdigit()  # the disk may have cut it, or kept only lines before
        why = said if is_whole else "The disk took nothing more, not even the log. Free some space."
        return "interrupted", f"The {noun} could not go on. {why}"
    return "failed", f"The {noun} process ended by itself (exit code {code}){_last_words(death)}."


def _signalled(noun: str, number: int, death: Death) -> tuple[RunState, str]:
    if number in _CRASHES:
        name = signal.Signals(number).name
        return "failed", f"The {noun} process crashed (signal {number}, {name}). The last lines of its log say more."
    if number == signal.SIGKILL and death.out_of_memory:
        return "failed", (
            f"Memory ran out, so the operating system ended the {noun} process. "
            "Leave out columns with many different values, use fewer rows or a smaller network."
        )
    if number == signal.SIGKILL:
        return "interrupted", f"The {noun} process was killed (signal 9) from outside."
    return "interrupted", f"The {noun} process was ended by signal {number}."


def _last_words(death: Death) -> str:
    """Return the last line of the log, which of a Python error is the error itself."""
    lines = [line.strip() for line in death.log.splitlines() if line.strip()]
    return f": {lines[-1][:200].rstrip('.')}" if lines else ""
