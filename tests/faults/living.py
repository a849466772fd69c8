"""Real supervisors, workers and servers of a workspace: starting, finding and signalling them."""

from __future__ import annotations

import os
import signal
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

from core.runs import summon
from core.runs.datasets import table_path
from core.runs.processes import is_alive
from core.runs.records import Run
from core.runs.requests import TrainRequest, submit
from tests.faults import soundness
from tests.faults.ground import EXCLUDED, PATIENCE_SECONDS, SHORT, Ground, fresh, wait_until
from tests.processes import at_work_in

ENDLESS = 100_000
END_SECONDS = 5.0
SUPERVISOR, WORKER, SPARE = "core.runs.supervisor", "core.runs.worker", "--spare"


@contextmanager
def scene(n_rows: int = 120, **variables: str) -> Iterator[Ground]:
    """Give a workspace of its own under these environment variables, and end what still works in it."""
    with (
        tempfile.TemporaryDirectory(prefix="rowsmith-faults-") as folder,
        environment(variables),
        fresh(Path(folder), n_rows) as place,
    ):
        yield place


@contextmanager
def environment(variables: Mapping[str, str]) -> Iterator[None]:
    """Set variables for this process and those it starts meanwhile."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def begin(place: Ground, name: str = "training", **changes: Any) -> Run:
    """Ask for a training as a page does."""
    request = TrainRequest(SHORT | changes, excluded=EXCLUDED)
    return submit(place.workspace, place.store, "train", place.dataset.id, request, name)


def until(place: Ground, run_id: str, reached: Callable[[Run], bool], seconds: float = PATIENCE_SECONDS) -> Run:
    """Return the run once it is so. Raises AssertionError where it does not come to that."""

    def is_so() -> bool:
        run = place.store.run(run_id)
        return reached(run) or not run.is_active

    assert wait_until(is_so, seconds), f"in vain: {place.words(run_id)}"
    run = place.store.run(run_id)
    assert reached(run), f"ended before: {place.words(run_id)}"
    return run


def learning(run: Run) -> bool:
    """Return whether a few epochs are done."""
    return run.epoch >= 3


def rests(run: Run) -> bool:
    """Return whether no process works on the run."""
    return not run.is_active


def found(place: Ground, word: str) -> list[psutil.Process]:
    """Return the processes of a workspace that have `word` on their command line."""
    return [process for process in at_work_in(place.home) if word in words_of(process)]


def send(process: psutil.Process, number: signal.Signals) -> None:
    """Signal a process, unless it is gone."""
    try:
        process.send_signal(number)
    except psutil.NoSuchProcess:
        return


def undisturbed(place: Ground, **changes: Any) -> tuple[soundness.Weights, soundness.Curve]:
    """Return the weights and the curve of the same training done in this process, at once."""
    import torch

    from core.trainer import train_model_from_file
    from core.types import TrainingConfig

    torch.set_num_threads(1)
    curve: soundness.Curve = []
    bundle, _ = train_model_from_file(
        table_path(place.workspace, place.dataset),
        TrainingConfig(**(SHORT | changes)),
        exclude_columns=EXCLUDED,
        on_epoch=lambda report: curve.append((report.epoch, report.train_loss, report.validation_loss)),
    )
    return dict(bundle.model.state_dict()), curve


def cancel(place: Ground, run_id: str) -> float:
    """Ask for a run's end; return the seconds until its processes are gone and it says so."""
    asked = time.monotonic()
    worker = place.store.run(run_id).process
    place.store.request_cancel(run_id)
    summon.ensure(place.workspace)
    gone = wait_until(lambda: rests(place.store.run(run_id)) and (worker is None or not is_alive(worker)), 30, 0.02)
    assert gone, f"cancelled, it does not end: {place.words(run_id)}"
    return time.monotonic() - asked


def words_of(process: psutil.Process) -> list[str]:
    try:
        return list(process.cmdline())
    except psutil.Error:
        return []
