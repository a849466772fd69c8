"""The receipt tells the fate of every row and column, and its counts add up to the file and the network."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.receipt import Receipt
from core.serialization import inspect_bundle, save_bundle
from core.tables.options import ReadOptions
from core.trainer import distill_model_from_file, train_model_from_file
from core.types import ModelBundle, TrainingConfig

CFG = TrainingConfig(
    "a=b",
    task="classification",
    epochs=2,
    hidden_dim=8,
    batch_size=16,
    validation_size=0.2,
    categorical_columns=("shop",),
)


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "id": range(100),
            "a=b": [["yes", "no", ""][i % 3 if i < 9 else i % 2] for i in range(100)],
            "a": rng.choice(["b", "b=c", "1"], 100),
            "a=c": rng.normal(size=100),
            "when": pd.date_range("2021-01-01", periods=100).astype(str),
            "shop": rng.integers(1, 5, 100),
            "nothing": [None] * 100,
        }
    )
    path = tmp_path_factory.mktemp("receipt") / "table.csv"
    frame.to_csv(path, index=False)
    with path.open("a") as file:
        file.write("100,yes,b,0.5,2021-06-01,1,,surplus\n")
    return path


@pytest.fixture(scope="module")
def bundle(table: Path) -> ModelBundle:
    reading = ReadOptions(long_rows="leave_out")
    return train_model_from_file(table, CFG, exclude_columns=["id"], date_columns=["when"], reading=reading)[0]


def receipt_of(bundle: ModelBundle) -> Receipt:
    assert bundle.record is not None
    return Receipt.from_dict(json.loads(json.dumps(bundle.record.receipt)))


def test_the_rows_add_up_to_those_of_the_file(bundle: ModelBundle):
    receipt = receipt_of(bundle)
    rows = {row.fate: row.count for row in receipt.rows}
    assert sum(rows.values()) == receipt.n_rows == 101
    assert rows["left out in reading"] == 1
    assert rows["without a target, left out"] == 3
    assert rows["kept aside for the final figure (test)"] == 20
    assert rows["kept aside to judge each epoch (validation)"] == 16
    assert rows["learned from"] == 61
    assert any("line 102" in change for change in receipt.changes)


def test_the_columns_add_up_to_the_inputs_of_the_network(bundle: ModelBundle):
    receipt = receipt_of(bundle)
    fates = {column.name: (column.fate, column.n_inputs) for column in receipt.columns}
    assert list(fates) == ["id", "a=b", "a", "a=c", "when", "shop", "nothing"]
    assert fates["id"] == ("left out by choice", 0)
    assert fates["a=b"] == ("the target", 0)
    assert fates["when"] == ("a date, told in numbers", 15)
    assert fates["shop"] == ("a feature of codes, one input for each", 4)
    assert fates["a=c"] == ("a feature, one number", 1)
    assert fates["a"][1] == 3  # two texts, and one for the number 1 among them
    assert receipt.n_inputs == bundle.input_dim


def test_the_receipt_travels_in_the_bundle_and_to_a_student(bundle: ModelBundle, table: Path, tmp_path: Path):
    path = save_bundle(bundle, tmp_path)
    record = inspect_bundle(path).record
    assert record is not None
    assert Receipt.from_dict(record.receipt) == receipt_of(bundle)
    student, _ = distill_model_from_file(
        table, CFG, teacher_bundle=bundle, exclude_columns=["id"], date_columns=["when"],
        reading=ReadOptions(long_rows="leave_out"),
    )  # fmt: skip
    assert receipt_of(student) == receipt_of(bundle)
