"""The studies of a model through real processes, and what may be asked of whom."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from core.errors import RunError
from core.insight.evaluation import load_test_rows
from core.runs.datasets import add_table
from core.runs.insights import Question, answer_to, ask, failure_of
from core.runs.records import Run
from core.runs.requests import TrainRequest, submit
from core.runs.store import Store, open_store
from core.runs.studying import answer_more_data, answer_splits, is_at_work, is_studied, stop_study
from core.workspace import Workspace, open_workspace
from tests.core.runs.conftest import houses_csv

PATIENCE = 120.0
MORE, SPLITS = Question("more_data"), Question("splits", "sold")
REQUEST = TrainRequest(
    {"target_column": "price", "epochs": 8, "batch_size": 32, "validation_size": 0.2, "learning_rate": 0.02},
    excluded=("id",), dates=("sold",), device="cpu",
)  # fmt: skip


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Workspace, Store, Run]]:
    folder = tmp_path_factory.mktemp("studies")
    workspace = open_workspace(folder / "home")
    store = open_store(workspace)
    Path(folder / "houses.csv").write_text(houses_csv(300), encoding="utf-8")
    houses = add_table(workspace, store, folder / "houses.csv", "houses.csv")
    run = submit(workspace, store, "train", houses.id, REQUEST)
    wait_until(lambda: not store.run(run.id).is_active)
    run = store.run(run.id)
    assert run.state == "finished", run.message
    yield workspace, store, run
    store.close()


def wait_until(is_so: Callable[[], Any]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def answered(workspace: Workspace, run: Run, question: Question) -> dict[str, Any]:
    wait_until(lambda: ask(workspace, run, question))
    wait_until(lambda: answer_to(workspace, run.id, question) or failure_of(workspace, run.id, question))
    found = answer_to(workspace, run.id, question)
    assert found is not None, failure_of(workspace, run.id, question)
    return found


def test_both_studies_can_be_asked_of_a_run_and_one_can_be_stopped(trained: tuple[Workspace, Store, Run]) -> None:
    workspace, _, run = trained
    assert run.metrics is not None
    wait_until(lambda: ask(workspace, run, MORE))
    wait_until(lambda: is_studied(workspace, run.id, MORE))
    assert not is_studied(workspace, run.id, SPLITS)
    stop_study(workspace, run.id, MORE)
    wait_until(lambda: not is_at_work(workspace, MORE))
    assert answer_to(workspace, run.id, MORE) is None
    assert failure_of(workspace, run.id, MORE) == ""

    curve = answered(workspace, run, MORE)
    assert curve["points"][2]["n_rows"] == run.metrics["n_train"]
    rows = load_test_rows(workspace.run_dir(run.id)).to_pandas()
    assert curve["points"][2]["error"]["estimate"] == pytest.approx((rows["truth"] - rows["prediction"]).abs().mean())
    assert (curve["points"][2]["epochs_run"], curve["points"][0]["epochs_run"]) == (8, 8)

    split = answered(workspace, run, SPLITS)
    assert split["at_random"]["is_own"]
    assert split["at_random"]["error"]["estimate"] == pytest.approx(curve["points"][2]["error"]["estimate"])
    assert split["column"] == "sold"


@pytest.mark.parametrize("answer", [answer_more_data, answer_splits])
def test_a_student_is_not_asked(answer: Callable[[Any], dict[str, Any]]) -> None:
    with pytest.raises(RunError, match="Ask this of the teacher's run"):
        answer(SimpleNamespace(run=SimpleNamespace(kind="distil", metrics=None)))
