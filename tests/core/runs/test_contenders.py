"""What a run brings to a comparison: settings in words, evaluated rows, and the cells of the table."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core.errors import RunError
from core.insight.evaluation import DOCUMENT_NAME, ROWS_NAME
from core.runs.contenders import (
    DELETED,
    NO_MODEL,
    NOT_EVALUATED,
    NOT_READ,
    UNKNOWN_TEACHER,
    cells_of,
    contender_of,
    settings_of,
)
from core.runs.datasets import table_path
from core.runs.records import Dataset, Run, utc_now
from core.runs.store import Store
from core.workspace import Workspace

METRICS = {"task": "regression", "test_metric_value": 1.0, "test_loss": 1.0, "train_loss": 1.0}
CONFIG = {"target_column": "price", "training_mode": "mlp_dense", "epochs": 1_500, "random_seed": 1500,
          "time_column": "sold", "categorical_columns": ["b", "a"]}  # fmt: skip


def a_run(run_id: str = "r1", **values: Any) -> Run:
    known: dict[str, Any] = {"request": {"config": CONFIG, "excluded": ["id"], "dates": []}, "metrics": METRICS}
    return Run(run_id, values.pop("kind", "train"), "one", "finished", values.pop("dataset_id", "d" * 16),
               created_at=utc_now(), updated_at=utc_now(), **(known | values))  # fmt: skip


def evaluated(workspace: Workspace, run_id: str, rows: list[int]) -> None:
    folder = workspace.run_dir(run_id)
    folder.mkdir(parents=True)
    document = {"version": 1, "task": "regression", "target": "price", "n_test": len(rows), "class_names": []}
    (folder / DOCUMENT_NAME).write_text(json.dumps(document))
    pq.write_table(pa.table({"row": rows, "truth": [1.0] * len(rows), "prediction": [2.0] * len(rows)}),
                   folder / ROWS_NAME)  # fmt: skip


def test_settings_are_said_as_pages_name_them() -> None:
    found = settings_of(a_run(), "houses")
    assert (found["Epochs"], found["Random seed"]) == ("1,500", "1500")
    assert found["Test share"] == "0.2"  # which was not chosen
    assert (found["Left out"], found["Dates"]) == ("id", "none")
    assert found["Codes (numbers that are categories)"] == "a, b"
    assert (found["In order of time by"], found["Mode"], found["Table"]) == ("sold", "Standard network", "houses")
    student = a_run(kind="distil", request={"config": {}, "temperature": 2.5, "alpha": 0.25})
    assert settings_of(student, "houses")["Kind"] == "Distillation"
    assert settings_of(student, "houses")["Temperature"] == "2.5"
    assert settings_of(student, "houses")["In order of time by"] == "none (at random)"


def test_what_a_mode_decides_itself_is_no_setting_that_differs() -> None:
    blend = settings_of(a_run(request={"config": {"training_mode": "auto", "time_budget": 90.0}}), "houses")
    assert (blend["Mode"], blend["Time in seconds"]) == ("Blend of networks", "90")
    unread = ("Epochs", "Validation share", "Patience", "Keeps the best epoch")
    assert {blend[label] for label in unread} == {NOT_READ}
    network = settings_of(a_run(), "houses")
    assert network["Time in seconds"] == NOT_READ
    assert NOT_READ not in {network[label] for label in unread}
    assert blend.keys() == network.keys()


def test_an_evaluated_run_brings_its_rows_and_others_say_why_not(
    workspace: Workspace, store: Store, dataset: Dataset
) -> None:
    evaluated(workspace, "r1", [3, 9])
    assert contender_of(workspace, store, a_run()).numbers.tolist() == [3, 9]
    assert contender_of(workspace, store, a_run("r2")).trouble == NOT_EVALUATED
    assert contender_of(workspace, store, a_run("r2", metrics=None)).trouble == NO_MODEL
    (workspace.run_dir("r1") / ROWS_NAME).unlink()
    assert "gone or damaged" in contender_of(workspace, store, a_run()).trouble


def test_the_table_of_a_run_may_be_deleted(workspace: Workspace, store: Store) -> None:
    evaluated(workspace, "r1", [3, 9])
    found = contender_of(workspace, store, a_run(dataset_id="gone"))
    assert found.settings["Table"] == DELETED
    assert found.rows is not None
    with pytest.raises(RunError):
        cells_of(workspace, store, "gone", [1])


def test_rows_that_a_student_s_teacher_has_learned_from_do_not_count(
    workspace: Workspace, store: Store, dataset: Dataset
) -> None:
    evaluated(workspace, "s1", [2, 3, 4, 5])
    student = a_run("s1", kind="distil", request={"config": CONFIG, "teacher_run": "t1"})
    assert contender_of(workspace, store, student).note == UNKNOWN_TEACHER
    teacher = store.add_run("t1", kind="train", name="teacher", dataset_id=dataset.id, request={}, epochs=1)
    evaluated(workspace, teacher.id, [4, 5, 6])
    found = contender_of(workspace, store, student)
    assert found.numbers.tolist() == [4, 5]
    assert found.n_test == 4
    assert found.note == "Its teacher may have learned from 2 of its test rows: they do not count."
    evaluated(workspace, "s2", [4, 5])
    assert contender_of(workspace, store, replace(student, id="s2")).note == ""


def test_cells_come_in_the_order_asked_for_from_any_part_of_the_file(
    workspace: Workspace, store: Store, houses: Dataset
) -> None:
    path: Path = table_path(workspace, houses)
    whole = pq.read_table(path)
    pq.write_table(whole, path, row_group_size=50)
    numbers = [120, 1, 51, 50, 2]
    found = cells_of(workspace, store, houses.id, numbers)
    expected = whole.to_pandas().iloc[np.array(numbers) - 1]
    assert found.index.tolist() == [0, 1, 2, 3, 4]
    assert found["id"].tolist() == expected["id"].tolist()
    assert found["price"].tolist() == expected["price"].tolist()
    assert cells_of(workspace, store, houses.id, []).columns.tolist() == whole.column_names
