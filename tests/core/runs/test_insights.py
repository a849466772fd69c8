"""Questions about a trained model, answered by real processes from what a real worker has left."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from core.errors import RunError
from core.insight.evaluation import DOCUMENT_NAME, load_evaluation, load_test_rows
from core.runs.datasets import add_table
from core.runs.insight_worker import Subject
from core.runs.insights import (
    QUICK,
    STOPPED,
    Advance,
    Order,
    Question,
    advance_of,
    answer_to,
    ask,
    failure_of,
    forget,
    is_begun,
    stop,
    withdraw,
    write_advance,
    write_answer,
    write_failure,
)
from core.runs.records import Run
from core.runs.requests import MODEL_NAME, TrainRequest, submit
from core.runs.store import Store, open_store
from core.scoring.files import added_columns
from core.serialization import inspect_bundle, load_bundle
from core.workspace import Workspace, open_workspace
from tests.core.runs.conftest import houses_csv

PATIENCE = 120.0
REQUEST = TrainRequest(
    {"target_column": "price", "epochs": 15, "batch_size": 32, "validation_size": 0.3, "learning_rate": 0.02},
    excluded=("id",), dates=("sold",),
)  # fmt: skip


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Workspace, Store, Run]]:
    folder = tmp_path_factory.mktemp("insights")
    workspace = open_workspace(folder / "home")
    store = open_store(workspace)
    (folder / "houses.csv").write_text(houses_csv(400), encoding="utf-8")
    houses = add_table(workspace, store, folder / "houses.csv", "houses.csv")
    run = submit(workspace, store, "train", houses.id, REQUEST)
    deadline = time.monotonic() + PATIENCE
    while (run := store.run(run.id)).is_active:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert run.state == "finished", run.message
    yield workspace, store, run
    store.close()


def answered(workspace: Workspace, run: Run, question: Question, **how: Any) -> dict[str, Any]:
    deadline = time.monotonic() + PATIENCE
    while not ask(workspace, run, question, **how):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    while (found := answer_to(workspace, run.id, question)) is None:
        assert not (why := failure_of(workspace, run.id, question)), why
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return found


def refused(workspace: Workspace, run: Run, question: Question) -> str:
    deadline = time.monotonic() + PATIENCE
    while not ask(workspace, run, question):
        time.sleep(0.05)
    while not (sentence := failure_of(workspace, run.id, question)):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return sentence


def test_the_worker_leaves_an_evaluation_and_a_calibrated_model(trained: tuple[Workspace, Store, Run]) -> None:
    workspace, _, run = trained
    folder = workspace.run_dir(run.id)
    document = load_evaluation(folder)
    assert document is not None
    assert run.metrics is not None
    assert document["figures"]["rmse"] == pytest.approx(run.metrics["test_metric_value"], rel=1e-4)
    assert load_test_rows(folder).num_rows == run.metrics["n_test"]
    calibration = inspect_bundle(folder / MODEL_NAME).calibration
    assert calibration is not None
    assert document["calibration"]["margins"] == [list(entry) for entry in calibration.margins]
    assert added_columns(load_bundle(folder / MODEL_NAME)) == ["price_prediction", "price_low", "price_high"]
    assert (run.results or {})["notices"] == []


def test_the_model_is_explained(trained: tuple[Workspace, Store, Run]) -> None:
    workspace, _, run = trained
    found = answered(workspace, run, Question("explain"))
    assert found["importance"]["columns"][0]["column"] == "area"
    assert {entry["column"] for entry in found["importance"]["columns"]} == {"area", "town", "sold"}
    rows = set(load_test_rows(workspace.run_dir(run.id))["row"].to_pylist())
    for entry in found["attributions"]:
        assert entry["row"] in rows
        total = entry["base"] + sum(part["effect"] for part in entry["contributions"])
        assert total == pytest.approx(entry["output"])
    assert not ask(workspace, run, Question("explain"))  # the answer is there
    assert advance_of(workspace, run.id, Question("explain")).share == 1


def test_any_row_and_any_column_can_be_asked_for(trained: tuple[Workspace, Store, Run]) -> None:
    workspace, _, run = trained
    row = answered(workspace, run, Question("row", "17"))
    assert row["row"] == 17
    assert "row" in row["part"]
    curve = answered(workspace, run, Question("effect", "town"))
    assert sorted(curve["values"]) == ["Köln", "Ulm"]
    ulm, cologne = (curve["means"][0][curve["values"].index(town)] for town in ("Ulm", "Köln"))
    assert ulm > cologne + 20


def test_what_is_not_there_is_answered_with_a_sentence(trained: tuple[Workspace, Store, Run]) -> None:
    workspace, _, run = trained
    assert refused(workspace, run, Question("row", "401")) == (
        "The table has the rows 1 to 400, and not 401. Choose one of them."
    )
    assert "learned nothing from a column" in refused(workspace, run, Question("effect", "id"))


def test_a_model_of_an_earlier_version_can_be_evaluated_later(trained: tuple[Workspace, Store, Run]) -> None:
    workspace, _, run = trained
    folder = workspace.run_dir(run.id)
    before = load_evaluation(folder)
    (folder / DOCUMENT_NAME).unlink()
    answered(workspace, run, Question("evaluate"), again=True)
    after = load_evaluation(folder)
    assert before is not None
    assert after is not None
    assert after["figures"] == before["figures"]


def test_a_run_without_a_model_cannot_be_asked(trained: tuple[Workspace, Store, Run], tmp_path: Path) -> None:
    workspace, _, run = trained
    folder = workspace.run_dir(run.id)
    (folder / MODEL_NAME).rename(tmp_path / MODEL_NAME)
    try:
        with pytest.raises(RunError, match="has no model"):
            ask(workspace, run, Question("explain"), again=True)
    finally:
        (tmp_path / MODEL_NAME).rename(folder / MODEL_NAME)


def test_a_question_can_be_withdrawn_and_asked_again(trained: tuple[Workspace, Store, Run]) -> None:
    workspace, _, run = trained
    question = Question("row", "3")
    while not ask(workspace, run, question):
        time.sleep(0.05)
    withdraw(workspace, question)
    found = answered(workspace, run, question)
    assert found["row"] == 3


def test_damaged_answers_are_asked_for_anew(trained: tuple[Workspace, Store, Run]) -> None:
    workspace, _, run = trained
    question = Question("row", "5")
    path = workspace.run_dir(run.id) / "insight" / f"{question.stem}.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text("{", encoding="utf-8")
    assert answer_to(workspace, run.id, question) is None
    assert answered(workspace, run, question)["row"] == 5
    assert json.loads(path.read_text(encoding="utf-8"))["row"] == 5
    assert QUICK.name == question.errand.name


def test_what_is_worked_on_is_told_and_stopping_leaves_a_sentence(trained: tuple[Workspace, Store, Run]) -> None:
    workspace, _, run = trained
    question, other = Question("row", "11"), Question("row", "12")
    while not ask(workspace, run, question):
        time.sleep(0.05)
    assert is_begun(workspace, run.id, question)
    assert not ask(workspace, run, other)
    assert not is_begun(workspace, run.id, other)
    stop(workspace, run.id, other)  # which was only waiting
    assert failure_of(workspace, run.id, other) == STOPPED
    assert is_begun(workspace, run.id, question)
    stop(workspace, run.id, question)
    assert failure_of(workspace, run.id, question) == STOPPED
    assert not is_begun(workspace, run.id, question)
    while not ask(workspace, run, other):
        time.sleep(0.05)
    assert not failure_of(workspace, run.id, other)
    stop(workspace, run.id, other)


def test_a_forgotten_answer_is_gone(trained: tuple[Workspace, Store, Run]) -> None:
    workspace, _, run = trained
    order = Order(str(workspace.home), run.id, "row", "13")
    write_answer(workspace, order, {"row": 13})
    write_failure(workspace, order, "It failed.")
    forget(workspace, run.id, Question("row", "13"))
    assert answer_to(workspace, run.id, Question("row", "13")) is None
    assert not failure_of(workspace, run.id, Question("row", "13"))


def test_how_long_it_may_take_is_told(trained: tuple[Workspace, Store, Run]) -> None:
    workspace, _, run = trained
    order, question = Order(str(workspace.home), run.id, "row", "14"), Question("row", "14")
    write_advance(workspace, order, Advance(0.25, "Counting.", 9.0))
    assert advance_of(workspace, run.id, question) == Advance(0.25, "Counting.", 9.0)
    subject = Subject(workspace, order)
    subject.tell(0, 4, "Reading.")
    assert advance_of(workspace, run.id, question) == Advance(0.0, "Reading.")
    subject.tell(1, 4, "Counting.")
    time.sleep(0.05)
    subject.tell(2, 4, "Counting more.")
    told = advance_of(workspace, run.id, question)
    assert (told.share, told.sentence) == (0.5, "Counting more.")
    assert told.seconds_left is not None
    assert told.seconds_left >= 0.05  # as long again as the half that is done
    subject.tell(4, 4, "Counting more.")
    assert advance_of(workspace, run.id, question) == Advance(1.0, "Counting more.", 0.0)
