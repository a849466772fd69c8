"""The workspace that faults are injected into: a table, a run that waits, and copies of both."""

from __future__ import annotations

import io
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from core.runs.datasets import add_table
from core.runs.liveness import log_tail
from core.runs.records import Dataset, Run
from core.runs.requests import TrainRequest
from core.runs.store import Store, open_store
from core.workspace import HOME_VARIABLE, Workspace, open_workspace
from tests.processes import at_work_in, end_all_in

EXCLUDED = ("id",)
SHORT: dict[str, Any] = {
    "target_column": "price",
    "epochs": 5,
    "batch_size": 32,
    "validation_size": 0.2,
    "hidden_dim": 16,
    "learning_rate": 0.02,
}
PATIENCE_SECONDS = 240.0
GONE_SECONDS = 5.0


@dataclass
class Ground:
    """A workspace with its store and one table in it."""

    workspace: Workspace
    store: Store
    dataset: Dataset

    @property
    def home(self) -> Path:
        """Return the workspace's folder."""
        return self.workspace.home

    def queue(self, run_id: str = "run1", **changes: Any) -> Run:
        """Add a waiting training of its own seed without calling a supervisor."""
        config = SHORT | changes
        request = TrainRequest(config, excluded=EXCLUDED).as_dict()
        return self.store.add_run(
            run_id, kind="train", name=run_id, dataset_id=self.dataset.id, request=request, epochs=config["epochs"]
        )

    def words(self, run_id: str) -> str:
        """Return what a run and its log say of themselves, for a failure's message."""
        run = self.store.run(run_id)
        log = [line[:160] for line in log_tail(self.workspace, run_id, 3)]
        return f"{run.name}: {run.state}, epoch {run.epoch}, {run.message!r} {run.trouble!r}, log {log}"


def prepare(home: Path, n_rows: int = 120) -> Ground:
    """Make a workspace with a table of `n_rows` houses in it."""
    workspace = open_workspace(home)
    store = open_store(workspace)
    return Ground(workspace, store, add_table(workspace, store, io.BytesIO(houses(n_rows)), "houses.csv"))


def open_ground(home: Path) -> Ground:
    """Open a workspace that has one table."""
    workspace = open_workspace(home)
    store = open_store(workspace)
    return Ground(workspace, store, store.datasets()[0])


def restore(template: Path, home: Path) -> Ground:
    """Put a fresh copy of `template` where `home` is."""
    shutil.rmtree(home, ignore_errors=True)
    shutil.copytree(template, home)
    return open_ground(home)


@contextmanager
def fresh(folder: Path, n_rows: int = 120) -> Iterator[Ground]:
    """Give a workspace of its own, in which nothing is left running afterwards."""
    ground = prepare(folder / f"home-{time.monotonic_ns()}", n_rows)
    try:
        yield ground
    finally:
        ground.store.close()
        end_all_in(ground.home)


def houses(n_rows: int, seed: int = 7) -> bytes:
    """Return a table whose price follows from area and town, but for a little noise."""
    rng = np.random.default_rng(seed)
    area, town = rng.uniform(40, 200, n_rows).round(1), rng.choice(["Ulm", "Köln"], n_rows)
    price = 3 * area + 50 * (town == "Ulm") + rng.normal(0, 5, n_rows)
    rows = [f"{n},{a},{t},{p:.2f}" for n, (a, t, p) in enumerate(zip(area, town, price, strict=True))]
    return "\n".join(["id,area,town,price", *rows]).encode() + b"\n"


def wait_until(true: Callable[[], bool], seconds: float = PATIENCE_SECONDS, pause: float = 0.05) -> bool:
    """Return whether something comes true within so many seconds."""
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            return False
        time.sleep(pause)
    return True


def orphans_in(home: Path, spared: frozenset[int] = frozenset(), seconds: float = GONE_SECONDS) -> list[str]:
    """Return the processes that still work in a workspace after a moment's patience, as text."""
    wait_until(lambda: all(process.pid in spared for process in at_work_in(home)), seconds)
    return [_words(process) for process in at_work_in(home) if process.pid not in spared]


def _words(process: Any) -> str:
    try:
        return f"{process.pid} {' '.join(process.cmdline())[-80:]}"
    except Exception as error:  # it ended meanwhile, or is not ours to read
        return f"{process.pid} {error}"


def home_of_this_process() -> str | None:
    """Return the workspace that this process was started for."""
    return os.environ.get(HOME_VARIABLE)
