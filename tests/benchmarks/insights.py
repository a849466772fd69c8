"""Evaluating and explaining a model: seconds from the last epoch to the evaluation, and for the explanation."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from core.insight.evaluation import load_evaluation
from core.runs.datasets import add_table
from core.runs.insights import Question, answer_to, ask, failure_of
from core.runs.records import Run
from core.runs.requests import TrainRequest, submit
from core.runs.store import Store, open_store
from core.workspace import Workspace, open_workspace
from tests.benchmarks.scoring import write_table
from tests.processes import end_all_in

ROWS = 7_000
REQUEST = TrainRequest(
    {"target_column": "target", "epochs": 20, "validation_size": 0.15, "restore_best": True},
    excluded=("id",), dates=("day",),
)  # fmt: skip


def insight_seconds(n_rows: int = ROWS) -> tuple[float, float]:
    """Return the seconds of the evaluation, and from asking for the explanation to having it."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        workspace = open_workspace(folder / "home")
        store = open_store(workspace)
        try:
            write_table(folder / "table.csv", n_rows, seed=4)
            dataset = add_table(workspace, store, folder / "table.csv", "table.csv")
            run = _ended(store, submit(workspace, store, "train", dataset.id, REQUEST).id)
            document = load_evaluation(workspace.run_dir(run.id))
            assert document is not None, run.message
            return document["seconds"], _explained(workspace, run)
        finally:
            store.close()
            end_all_in(workspace.home)


def _ended(store: Store, run_id: str) -> Run:
    while (run := store.run(run_id)).is_active:
        time.sleep(0.02)
    return run


def _explained(workspace: Workspace, run: Run) -> float:
    start = time.perf_counter()
    ask(workspace, run, Question("explain"))
    while answer_to(workspace, run.id, Question("explain")) is None:
        assert not failure_of(workspace, run.id, Question("explain"))
        time.sleep(0.02)
    return time.perf_counter() - start


def print_insights() -> None:
    """Print both."""
    evaluated, explained = insight_seconds()
    print(f"  {ROWS:,} rows: last epoch to evaluation {evaluated:.2f} s (promised: within 3)")
    print(f"  {ROWS:,} rows: question to explanation {explained:.2f} s, its process included (promised: within 15)")


if __name__ == "__main__":
    print_insights()
