"""Evaluating and explaining a model, and drawing what was stored: seconds of each."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from streamlit.testing.v1 import AppTest

from core.insight.evaluation import load_evaluation
from core.runs.datasets import add_table
from core.runs.insights import Question, answer_to, ask, failure_of
from core.runs.records import Run
from core.runs.requests import TrainRequest, submit
from core.runs.store import Store, open_store
from core.workspace import Workspace, open_workspace
from tests.benchmarks.figures import Figure, at_most
from tests.benchmarks.scoring import write_table
from tests.processes import end_all_in

APP = Path(__file__).resolve().parents[2] / "app.py"
TITLE = "Evaluating and explaining a model"
ROWS = 7_000
TABS = ("Overview", "Evaluate", "Explain", "Data receipt", "Take away")
REQUEST = TrainRequest(
    {"target_column": "target", "epochs": 20, "validation_size": 0.15, "restore_best": True},
    excluded=("id",), dates=("day",),
)  # fmt: skip


@contextmanager
def trained(n_rows: int = ROWS) -> Iterator[tuple[Workspace, Run]]:
    """Give a workspace with one finished training on a table of `n_rows` × 20 columns."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        workspace = open_workspace(folder / "home")
        store = open_store(workspace)
        try:
            write_table(folder / "table.csv", n_rows, seed=4)
            dataset = add_table(workspace, store, folder / "table.csv", "table.csv")
            yield workspace, _ended(store, submit(workspace, store, "train", dataset.id, REQUEST).id)
        finally:
            store.close()
            end_all_in(workspace.home)


def evaluation_seconds(workspace: Workspace, run: Run) -> float:
    """Return what the evaluation took between the last epoch and the end of the run."""
    document = load_evaluation(workspace.run_dir(run.id))
    assert document is not None, run.message
    return float(document["seconds"])


def explanation_seconds(workspace: Workspace, run: Run) -> float:
    """Return the seconds from asking for the explanation to having it, its process included."""
    start = time.perf_counter()
    ask(workspace, run, Question("explain"))
    while answer_to(workspace, run.id, Question("explain")) is None:
        assert not failure_of(workspace, run.id, Question("explain"))
        time.sleep(0.02)
    return time.perf_counter() - start


def drawing_seconds(workspace: Workspace, run: Run) -> tuple[float, dict[str, float]]:
    """Return the seconds of the first page of a process, which imports what it draws with, and of each tab after."""
    os.environ["ROWSMITH_HOME"], os.environ["ROWSMITH_SPARE"] = str(workspace.home), "0"
    first = _draw(run, TABS[0])
    return first, {tab: _draw(run, tab) for tab in TABS}


def _draw(run: Run, tab: str) -> float:
    """Return what a new session takes to draw a tab of the run's page, on the server."""
    app = AppTest.from_file(APP, default_timeout=120)
    app.switch_page("pages/use/model.py")
    app.query_params.update({"run": run.id, "model_tab": tab})
    start = time.perf_counter()
    app.run()
    seconds = time.perf_counter() - start
    assert not app.exception, app.exception
    return seconds


def _ended(store: Store, run_id: str) -> Run:
    while (run := store.run(run_id)).is_active:
        time.sleep(0.02)
    return run


def figures() -> Iterator[Figure]:
    """Yield all of them."""
    with trained() as (workspace, run):
        evaluated, explained = evaluation_seconds(workspace, run), explanation_seconds(workspace, run)
        first, tabs = drawing_seconds(workspace, run)
    yield Figure(f"{ROWS:,} rows: last epoch to evaluation", evaluated, "s", at_most(3))
    yield Figure(f"{ROWS:,} rows: question to explanation, its process included", explained, "s", at_most(15))
    for tab, seconds in tabs.items():
        yield Figure(f"{tab}, drawn on the server from what is stored", seconds, "s", at_most(0.5))
    yield Figure("the first page that a process draws, imports included", first, "s")
