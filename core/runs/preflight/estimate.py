"""The time that a training will take on this machine, measured by a short probe in a process of its own.

datasets/<sha256>/<reading>/pace/<key>.json   what was measured, for one choice of columns and network

A probe holds the workspace's lock while it works, so there is one at a time. It ends with the process that
started it.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import math
import os
import platform
import signal
import subprocess
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from core.errors import AppError, DiskError
from core.runs.datasets import table_path
from core.runs.launch import cpu_budget, environment, module_command, threads_for
from core.runs.preflight.pace import Pace
from core.runs.preflight.sizes import TrainingSize
from core.runs.records import Dataset
from core.workspace import Workspace, disk_sentence, write_atomically

if TYPE_CHECKING:
    from core.runs.requests import TrainRequest

MODULE = "core.runs.preflight.probe"
LOCK_NAME = "probe.lock"
LOG_NAME = "probe.log"
FOLDER_NAME = "pace"
LONGEST_SECONDS = 60.0
FORMAT = 1
PROCESSORS = Path("/proc/cpuinfo")

_KEYED_SETTINGS = ("target_column", "hidden_dim", "num_hidden_layers", "dropout", "batch_size", "time_column")


@dataclass(frozen=True)
class ModeEstimate:
    """Seconds of a whole run in one mode, in a process that has imported everything, and of one of its epochs."""

    seconds: float
    epoch_seconds: float


@dataclass(frozen=True)
class Estimate:
    """What a training will take. Where `trouble` says why it could not be measured, there are no modes.

    Times are for all epochs asked for: `may_end_early` says that patience can make them fewer.
    """

    modes: Mapping[str, ModeEstimate]
    start_seconds: float
    imported_bytes: int
    may_end_early: bool
    is_busy: bool
    trouble: str = ""


@dataclass(frozen=True)
class Order:
    """What a probe is told: the training to measure for, and where to write what it found."""

    home: str
    dataset_id: str
    request: Mapping[str, Any]
    task: str
    place: str


def estimate_for(workspace: Workspace, dataset: Dataset, request: TrainRequest, size: TrainingSize) -> Estimate | None:
    """Return what a training takes in each mode; None while that has not been measured here."""
    try:
        text = pace_path(workspace, dataset, request, size).read_text(encoding="utf-8")
        return estimate_of(Pace.from_dict(json.loads(text)), size)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def estimate_of(pace: Pace, size: TrainingSize) -> Estimate:
    """Add up what was measured for a training of this size."""
    cfg = size.cfg
    return Estimate(
        modes={mode: _mode_estimate(pace, size, mode) for mode in pace.modes},
        start_seconds=pace.start,
        imported_bytes=pace.imported_bytes,
        may_end_early=cfg.validation_size > 0 and 0 < cfg.early_stopping_patience < cfg.epochs,
        is_busy=pace.is_busy,
        trouble=pace.trouble,
    )


def start_probe(workspace: Workspace, dataset: Dataset, request: TrainRequest, size: TrainingSize) -> bool:
    """Have the machine measured in a process of its own; tell whether one was started.

    None is when one is at work in this workspace, or the figures are there. Raises DiskError.
    """
    place = pace_path(workspace, dataset, request, size)
    order = Order(str(workspace.home), dataset.id, request.as_dict(), size.task, str(place))
    try:
        with (workspace.home / LOCK_NAME).open("ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if estimate_for(workspace, dataset, request, size) is not None:
                return False
            place.unlink(missing_ok=True)  # a damaged one
            process = _start(workspace, lock.fileno())
            lock.truncate(0)
            lock.write(str(process.pid).encode("ascii"))
    except BlockingIOError:
        return False
    except OSError as error:
        raise DiskError(disk_sentence(error, workspace.home)) from error
    threading.Thread(target=_attend, args=(process, order), name="attend-probe", daemon=True).start()
    return True


def stop_probe(workspace: Workspace) -> None:
    """End the probe that is at work in this workspace, whose figures a run that starts now would spoil."""
    try:
        with (workspace.home / LOCK_NAME).open("rb") as lock:
            pid = int(lock.read() or b"0")
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)  # nobody holds it: the number is an old one
    except BlockingIOError:
        with suppress(psutil.Error, ProcessLookupError):
            if MODULE in psutil.Process(pid).cmdline():
                os.killpg(pid, signal.SIGTERM)
    except (OSError, ValueError):
        return


def pace_path(workspace: Workspace, dataset: Dataset, request: TrainRequest, size: TrainingSize) -> Path:
    """Return where the figures for this choice of columns and network, on this machine, are kept."""
    settings = {name: getattr(size.cfg, name) for name in _KEYED_SETTINGS}
    columns = [sorted(names) for names in (request.excluded, request.dates, size.cfg.categorical_columns)]
    chosen = [*columns, size.task, request.device, settings]
    text = json.dumps([FORMAT, chosen, _machine()])
    key = hashlib.sha256(text.encode("ascii")).hexdigest()[:16]
    return table_path(workspace, dataset).with_name(FOLDER_NAME) / f"{key}.json"


def forget_pace(workspace: Workspace, dataset: Dataset, request: TrainRequest, size: TrainingSize) -> None:
    """Forget what was measured, so that it is measured again."""
    pace_path(workspace, dataset, request, size).unlink(missing_ok=True)


def write_pace(place: Path, pace: Pace) -> None:
    """Keep what was measured. Raises DiskError, also where the table was deleted meanwhile."""
    try:
        place.parent.mkdir(exist_ok=True)
    except OSError as error:
        raise DiskError(disk_sentence(error, place)) from error
    write_atomically(place, json.dumps(pace.as_dict()).encode("ascii"))


def _mode_estimate(pace: Pace, size: TrainingSize, mode: str) -> ModeEstimate:
    own = pace.modes[mode]
    epoch = size.steps * own.step + size.n_validation * own.row
    seconds = pace.first + pace.prepare.at(size.n_rows) + pace.finish.at(size.n_rows)
    seconds += pace.cell * size.n_usable * max(0, size.width - pace.width)
    seconds += own.row * (size.n_fitted + 2 * size.n_test)  # the final losses, and the metric
    if mode == "tree_teacher_distillation":
        seconds += pace.forest.at(size.n_fitted * math.log2(size.n_fitted + 1))
    return ModeEstimate(seconds + size.cfg.epochs * epoch, epoch)


def _machine() -> list[Any]:
    return [cpu_budget(), threads_for(1), version("torch"), platform.machine(), _processor()]


def _processor() -> str:
    with suppress(OSError), PROCESSORS.open(encoding="utf-8", errors="replace") as lines:
        return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
    return ""


def _start(workspace: Workspace, lock: int) -> subprocess.Popen[bytes]:
    """Start the probe; it inherits the lock, which is free again when it has ended."""
    with (workspace.home / LOG_NAME).open("wb") as log:
        return subprocess.Popen(
            module_command(MODULE),
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=environment(workspace, threads_for(1)),
            start_new_session=True,
            pass_fds=(lock,),
        )


def _attend(process: subprocess.Popen[bytes], order: Order) -> None:
    """Tell a probe what to do, end one that takes too long, and note where it left nothing.

    Its input stays open: when this process ends, that ends too, and the probe with it.
    """
    trouble = "Measuring ended before there was a result."
    with process:  # which closes its input at the end
        _tell(process, order)
        try:
            process.wait(LONGEST_SECONDS)
        except subprocess.TimeoutExpired:
            trouble = f"Measuring took longer than {LONGEST_SECONDS:.0f} seconds, so expect a slow training."
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
    if process.returncode != -signal.SIGTERM and not Path(order.place).exists():
        with suppress(AppError):  # the table may have been deleted meanwhile
            write_pace(Path(order.place), Pace(trouble=trouble))


def _tell(process: subprocess.Popen[bytes], order: Order) -> None:
    if process.stdin is not None:
        with suppress(BrokenPipeError):
            process.stdin.write(json.dumps(asdict(order)).encode("ascii") + b"\n")
            process.stdin.flush()
