"""Promises on asking for a job: what cannot work is refused in a sentence before a process is started."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from core.errors import AppError
from core.runs.records import Dataset
from core.runs.requests import (
    DistilRequest,
    Request,
    ScoreRequest,
    TrainRequest,
    check_request,
    default_name,
    request_of,
    submit,
)
from core.runs.store import Store
from core.workspace import Workspace

CONFIG = {"target_column": "price", "epochs": 5}


@pytest.mark.parametrize(
    ("kind", "request_"),
    [
        ("train", TrainRequest(CONFIG, excluded=("id",), dates=("sold",), device="cpu")),
        ("distil", DistilRequest("run", None, CONFIG, excluded=("id",), student_dropout=0.2)),
        ("train", TrainRequest(CONFIG | {"categorical_columns": ("town", "area"), "time_column": "sold"})),
        ("score", ScoreRequest("/models/model.rowsmith", "houses")),
    ],
)
def test_a_request_comes_back_from_the_store_as_it_was(
    store: Store, dataset: Dataset, kind: Any, request_: Request
) -> None:
    store.add_run("r", kind=kind, name="n", dataset_id=dataset.id, request=request_.as_dict())
    assert request_of(store.run("r")) == request_


@pytest.mark.parametrize(
    ("request_", "sentence"),
    [
        (TrainRequest({}), "No target column is chosen"),
        (
            TrainRequest({"target_column": "cost"}),
            "no column 'cost'. Choose one of: 'id', 'area', 'town', 'sold', 'price'",
        ),
        (TrainRequest(CONFIG, excluded=("price",)), "target_column cannot be excluded"),
        (TrainRequest(CONFIG, dates=("price",)), "'price' is the target and cannot be a date"),
        (TrainRequest(CONFIG, excluded=("nothing",)), "no column 'nothing'"),
        (TrainRequest(CONFIG, excluded=("id", "area", "town", "sold")), "Keep at least one"),
        (TrainRequest(CONFIG | {"epochs": 0}), "Epochs is 0"),
        (TrainRequest(CONFIG | {"categorical_columns": ["tow"]}), "no categorical column 'tow'. Did you mean 'town'?"),
        (TrainRequest(CONFIG | {"categorical_columns": "price"}), "'price' is the target and cannot be a categorical"),
        (TrainRequest(CONFIG | {"categorical_columns": ["id"]}, excluded=("id",)), "'id' is excluded and cannot be"),
        (TrainRequest(CONFIG | {"categorical_columns": ["sold"]}, dates=("sold",)), "'sold' is a date column and"),
        (TrainRequest(CONFIG | {"categorical_columns": {"town": 1}}), "Give a list of column names"),
        (TrainRequest(CONFIG | {"time_column": "price"}), "'price' is the target and cannot be the time column"),
        (TrainRequest(CONFIG | {"time_column": "day"}), "no time column 'day'"),
        (DistilRequest("run", None, CONFIG | {"time_column": "day"}), "no time column 'day'"),
        (TrainRequest(CONFIG | {"training_mode": "magic"}), "'magic' is unknown"),
        (TrainRequest(CONFIG | {"colour": 1}), "no setting 'colour'"),
        (
            TrainRequest(CONFIG | {"training_mode": "imbalance_aware", "task": "regression"}),
            "'imbalance_aware' predicts categories",
        ),
        (DistilRequest(None, None, CONFIG), "No teacher is chosen"),
        (DistilRequest("nowhere", None, CONFIG), "There is no run 'nowhere'"),
        (DistilRequest(None, "/nowhere/model.rowsmith", CONFIG), "no model file"),
        (ScoreRequest("/nowhere/model.rowsmith"), "no model file"),
    ],
)
def test_what_cannot_work_is_refused_before_anything_is_started(
    workspace: Workspace, store: Store, houses: Dataset, request_: Request, sentence: str
) -> None:
    kinds: dict[type, Any] = {TrainRequest: "train", DistilRequest: "distil", ScoreRequest: "score"}
    with pytest.raises(AppError) as refused:
        submit(workspace, store, kinds[type(request_)], houses.id, request_)
    assert sentence in refused.value.sentence
    assert store.runs() == []
    assert list((workspace.home / "runs").iterdir()) == []


def test_a_file_that_is_no_model_is_refused_at_once(
    workspace: Workspace, store: Store, houses: Dataset, tmp_path: Path
) -> None:
    (tmp_path / "model.rowsmith").write_bytes(b"no model at all")
    with pytest.raises(AppError, match="model"):
        submit(workspace, store, "score", houses.id, ScoreRequest(str(tmp_path / "model.rowsmith")))
    assert store.runs() == []


def test_a_request_that_can_work_passes(workspace: Workspace, store: Store, houses: Dataset) -> None:
    check_request(workspace, store, houses, TrainRequest(CONFIG, excluded=("id",), dates=("sold",)))
    chosen = CONFIG | {"categorical_columns": ["town", "area"], "time_column": "sold"}
    check_request(workspace, store, houses, TrainRequest(chosen, excluded=("id", "sold")))


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        (TrainRequest({"training_mode": "tabresnet"}), "Deep network"),
        (DistilRequest("r", None, {}), "Distilled standard network"),
        (ScoreRequest("model.rowsmith"), "Predictions"),
    ],
)
def test_a_run_has_a_readable_name(dataset: Dataset, request_: Request, words: str) -> None:
    moment = datetime(2026, 11, 22, 14, 5)
    assert default_name(replace(dataset, name="churn"), request_, moment) == f"churn · {words} · 22 Nov 14:05"


def test_a_run_that_cannot_be_started_says_why_and_stays_in_the_list(
    workspace: Workspace, store: Store, houses: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.executable", "/nowhere/python")
    with pytest.raises(AppError, match=r"No process could be started: .*No such file"):
        submit(workspace, store, "train", houses.id, TrainRequest(CONFIG))
    (run,) = store.runs()
    assert run.state == "interrupted"
    assert "No such file" in run.message


def test_a_training_that_cannot_fit_is_refused_with_what_it_needs_and_what_there_is(
    workspace: Workspace, store: Store, houses: Dataset
) -> None:
    wide = TrainRequest(CONFIG | {"hidden_dim": 8_192, "num_hidden_layers": 64}, device="cpu")
    with pytest.raises(AppError, match=r"This run needs about [\d.,]+ GB of memory and [\d.,]+ [GM]B are free\. "):
        submit(workspace, store, "train", houses.id, wide)
    assert store.runs() == []
