"""The time that a training will take on this machine, measured by a short probe in a process of its own.

datasets/<sha256>/<reading>/pace/<key>.json   what was measured, for one choice of columns and network

A probe holds the workspace's lock while it works, so there is one at a time. It ends with the process that
started it.
"""

from __future__ import annotations

import hashlib
import json
import math
import platform
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.errors import AppError, DiskError
from core.networks.shape import FAMILIES
from core.runs.datasets import table_path
from core.runs.errand import Errand, recall, send
from core.runs.launch import cpu_budget, threads_for
from core.runs.preflight.pace import Pace
from core.runs.preflight.sizes import TrainingSize
from core.runs.records import Dataset
from core.types import TIMED_MODE
from core.workspace import Workspace, disk_sentence, write_atomically

if TYPE_CHECKING:
    from core.runs.requests import TrainRequest

FOLDER_NAME = "pace"
PROBE = Errand("core.runs.preflight.probe", "probe", threads_for(1), seconds=60.0)
TOO_LATE = f"Measuring took longer than {PROBE.seconds:.0f} seconds, so expect a slow training."
FORMAT = 4
MOST_COMPARED = 100_000  # rows, at most, that the models beside the network are fitted on when it is evaluated
PROCESSORS = Path("/proc/cpuinfo")

_KEYED_SETTINGS = ("target_column", "hidden_dim", "num_hidden_layers", "dropout", "batch_size", "time_column")


@dataclass(frozen=True)
class ModeEstimate:
    """Seconds of a whole run in one mode, in a process that has imported everything, and of one of its epochs.

    They are for all epochs asked for: `may_end_early` says that there can be fewer. Of a training that lasts
    a given time, `least_seconds` are those that one epoch of its quickest network needs.
    """

    seconds: float
    epoch_seconds: float
    may_end_early: bool = False
    least_seconds: float = 0.0


@dataclass(frozen=True)
class Estimate:
    """What a training will take. Where `trouble` says why it could not be measured, there are no modes."""

    modes: Mapping[str, ModeEstimate]
    start_seconds: float
    imported_bytes: int
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
    modes = {mode: _mode_estimate(pace, size.in_mode(mode), mode) for mode in pace.modes}
    if families := [family for family in FAMILIES if family in modes]:
        modes[TIMED_MODE] = _timed_estimate(pace, size, [modes[family] for family in families])
    return Estimate(
        modes=modes,
        start_seconds=pace.start,
        imported_bytes=pace.imported_bytes,
        is_busy=pace.is_busy,
        trouble=pace.trouble,
    )


def start_probe(workspace: Workspace, dataset: Dataset, request: TrainRequest, size: TrainingSize) -> bool:
    """Have the machine measured in a process of its own; tell whether one was started.

    None is when one is at work in this workspace, or the figures are there. Raises DiskError.
    """
    place = pace_path(workspace, dataset, request, size)
    order = Order(str(workspace.home), dataset.id, request.as_dict(), size.task, str(place))

    def is_measured() -> bool:
        return estimate_for(workspace, dataset, request, size) is not None

    def note(is_late: bool) -> None:
        trouble = TOO_LATE if is_late else "Measuring ended before there was a result."
        with suppress(AppError):  # the table may have been deleted meanwhile
            write_pace(place, Pace(trouble=trouble))

    return send(workspace, PROBE, asdict(order), place, is_answered=is_measured, on_failure=note)


def stop_probe(workspace: Workspace) -> None:
    """End the probe that is at work in this workspace, whose figures a run that starts now would spoil."""
    recall(workspace, PROBE)


def pace_path(workspace: Workspace, dataset: Dataset, request: TrainRequest, size: TrainingSize) -> Path:
    """Return where the figures for this choice of columns and network, on this machine, are kept."""
    settings = {name: getattr(size.cfg, name) for name in _KEYED_SETTINGS}
    columns = [sorted(names) for names in (request.excluded, request.dates, size.cfg.categorical_columns)]
    batches = [size.in_mode(family).settled.batch_size for family in FAMILIES]
    chosen = [*columns, size.task, request.device, settings, batches]
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
    seconds += pace.evaluate.at(min(size.n_rows, MOST_COMPARED))
    seconds += pace.cell * size.n_usable * max(0, size.width - pace.width)
    seconds += own.row * (size.n_fitted + 2 * size.n_test)  # the final losses, and the metric
    if mode == "tree_teacher_distillation":
        seconds += pace.forest.at(size.n_fitted * math.log2(size.n_fitted + 1))
    if size.is_added:
        seconds += pace.front.at(size.n_fitted)
    return ModeEstimate(seconds + size.cfg.epochs * epoch, epoch, size.may_end_early)


def _timed_estimate(pace: Pace, size: TrainingSize, families: list[ModeEstimate]) -> ModeEstimate:
    """Return what a training takes that lasts its time; evaluating its model comes on top."""
    around = pace.first + pace.evaluate.at(min(size.n_rows, MOST_COMPARED))
    epoch = min(its.epoch_seconds for its in families)
    least = min(its.seconds - (size.cfg.epochs - 1) * its.epoch_seconds for its in families) - around
    return ModeEstimate(around + size.cfg.time_budget, epoch, least_seconds=least)


def _machine() -> list[Any]:
    return [cpu_budget(), threads_for(1), version("torch"), platform.machine(), _processor()]


def _processor() -> str:
    with suppress(OSError), PROCESSORS.open(encoding="utf-8", errors="replace") as lines:
        return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
    return ""
