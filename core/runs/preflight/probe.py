"""Measures this machine for one training: `python -m core.runs.preflight.probe`, with the order on its input."""

from __future__ import annotations

import json
import logging
import os
import sys
import time
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil

from core.errors import AppError
from core.runs.datasets import table_path
from core.runs.errand import end_with_the_sender
from core.runs.jobs import import_torch
from core.runs.preflight.estimate import Order, write_pace
from core.runs.preflight.pace import Pace
from core.runs.preflight.sizes import training_size
from core.runs.requests import TrainRequest
from core.runs.store import Store, open_store
from core.workspace import open_workspace

POLITENESS = 10  # a run that starts meanwhile goes first


def main() -> int:
    """Measure what the order asks for and write it; return the exit code."""
    order = Order(**json.loads(sys.stdin.buffer.readline()))
    end_with_the_sender()
    logging.basicConfig(stream=sys.stderr, level=logging.ERROR)
    os.nice(POLITENESS)
    import_torch()
    start = time.time() - psutil.Process().create_time()
    try:
        pace = replace(_measure(order), start=start)
    except AppError as error:
        pace = Pace(trouble=error.sentence)
    write_pace(Path(order.place), pace)
    return 0


def _measure(order: Order) -> Pace:
    from core.runs.preflight.measure import measure

    workspace = open_workspace(order.home)
    store = open_store(workspace)
    try:
        dataset, request = store.dataset(order.dataset_id), TrainRequest.from_dict(order.request)
        size = training_size(workspace, dataset, request, order.task)
        is_busy = _a_run_works(store)
        with TemporaryDirectory(dir=workspace.incoming) as folder:
            pace = measure(table_path(workspace, dataset), size, request, Path(folder))
        return replace(pace, is_busy=is_busy or pace.is_busy or _a_run_works(store))
    finally:
        store.close()


def _a_run_works(store: Store) -> bool:
    """Return whether a run is at work, which the figures would then show."""
    return any(run.state != "queued" for run in store.active_runs())


if __name__ == "__main__":
    sys.exit(main())
