"""The size of a training is known before it starts: the same rows, outputs and weights that training then has."""

import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from core.errors import ConfigError
from core.models import build_model
from core.runs.datasets import add_table
from core.runs.preflight.sizes import TrainingSize, n_hidden, n_parameters, training_size
from core.runs.preflight.widths import EncodedColumn
from core.runs.records import Dataset
from core.runs.requests import TrainRequest
from core.runs.store import Store
from core.trainer import train_model_from_file
from core.types import SPECIFIED_MODES, TrainingConfig
from core.workspace import Workspace
from tests.core.runs.conftest import houses_csv


def request_for(target: str, **settings: Any) -> TrainRequest:
    return TrainRequest(config={"target_column": target, **settings}, excluded=("id",), dates=("sold",))


def test_rows_width_and_outputs_are_those_of_the_training(workspace: Workspace, store: Store, tmp_path):
    text = houses_csv(150).replace(",Ulm,", ",,", 7)  # a few towns are missing
    path = tmp_path / "houses.csv"
    path.write_text(text)
    dataset = add_table(workspace, store, path, path.name)
    settings = {"task": "classification", "validation_size": 0.15, "epochs": 1}
    size = training_size(workspace, dataset, request_for("town", **settings))
    bundle, metrics = train_model_from_file(
        path, TrainingConfig("town", **settings), exclude_columns=["id"], date_columns=["sold"]
    )
    assert (size.n_usable, size.n_rows) == (143, 150)
    assert (size.width, size.n_outputs) == (bundle.input_dim, bundle.output_dim)
    counted = (metrics.n_train, metrics.n_validation, metrics.n_test)
    assert (size.n_fitted, size.n_validation, size.n_test) == pytest.approx(counted, abs=1)
    assert size.steps == 2  # of 64 rows each


@pytest.mark.parametrize("mode", SPECIFIED_MODES)
@pytest.mark.parametrize("layers", [0, 1, 3])
def test_weights_and_layers_are_those_of_the_network(mode: str, layers: int, workspace: Workspace, houses: Dataset):
    request = request_for("town", training_mode=mode, num_hidden_layers=layers, hidden_dim=24, task="classification")
    size = training_size(workspace, houses, request)
    network = build_model(size.width, size.n_outputs, mode, 24, layers, 0.1)
    assert n_parameters(size) == sum(weights.numel() for weights in network.parameters())
    n_linear = sum(type(module).__name__ == "Linear" for module in network.modules())
    assert n_hidden(size) == n_linear - 1


def many_kinds(n_rows: int) -> pd.DataFrame:
    """Return a table with every kind of column that an added mode tells apart."""
    rng = np.random.default_rng(0)
    rooms = rng.integers(1, 9, n_rows)
    return pd.DataFrame(
        {
            "area": rng.normal(80, 20, n_rows).round(3),
            "rooms": rooms,
            "floor": np.where(rng.random(n_rows) < 0.1, np.nan, rng.integers(0, 12, n_rows)),
            "is_new": rng.integers(0, 2, n_rows),
            "town": rng.choice(["Ulm", "Bonn", "Trier"], n_rows),
            "street": [f"street {i}" for i in rng.integers(0, 60, n_rows)],
            "sold": [f"{2020 + i % 4}-{1 + i % 12:02d}-{1 + i % 28:02d}" for i in range(n_rows)],
            "price": rooms * 50_000.0 + rng.normal(0, 1_000, n_rows),
        }
    )


def without_codes(size: TrainingSize) -> tuple[EncodedColumn, ...]:
    return tuple(replace(column, codes=0) for column in size.columns)


@pytest.mark.parametrize(
    ("mode", "target", "task"),
    [("tabm", "price", "regression"), ("tabm", "town", "classification"), ("realmlp", "price", "regression")],
)
def test_inputs_batches_and_weights_of_an_added_mode_are_about_those_of_the_training(
    mode: str, target: str, task: str, workspace: Workspace, store: Store, tmp_path: Path
):
    path = tmp_path / "kinds.csv"
    many_kinds(900).to_csv(path, index=False)
    dataset = add_table(workspace, store, path, path.name)
    settings = {"training_mode": mode, "task": task, "epochs": 1, "batch_size": 128}
    request = TrainRequest(config={"target_column": target, **settings}, dates=("sold",), device="cpu")
    size = training_size(workspace, dataset, request)
    bundle, metrics = train_model_from_file(
        path, TrainingConfig(target, **settings), date_columns=["sold"], device="cpu"
    )
    found, expected = bundle.model.front.shape, size.front
    assert (expected.gaps, expected.levels, expected.encodings) == (found.gaps, found.levels, found.encodings)
    assert expected.numbers == pytest.approx(found.numbers, abs=2)
    assert expected.n_binary - expected.codes == pytest.approx(found.n_binary - found.codes, abs=2)
    assert expected.codes >= found.codes  # those whose order says as much are none
    weights = sum(weights.numel() for weights in bundle.model.parameters())
    per_code = (n_parameters(size) - n_parameters(replace(size, columns=without_codes(size)))) / expected.codes
    assert n_parameters(size) - per_code * (expected.codes - found.codes) == pytest.approx(weights, rel=0.1)
    assert size.settled.batch_size == 64  # 128 is twice the usual one, of 32 here
    assert (size.n_fitted, size.n_validation) == pytest.approx((metrics.n_train, metrics.n_validation), abs=1)
    assert size.n_validation == 108  # 15 % of those that are not for the test


def test_one_size_gives_that_of_every_mode(workspace: Workspace, houses: Dataset):
    size = training_size(workspace, houses, request_for("price", validation_size=0.0, epochs=100))
    added = size.in_mode("tabm")
    assert (size.n_validation, size.may_end_early) == (0, False)
    assert added.n_validation > 0
    assert added.may_end_early
    assert not added.in_mode("mlp_dense").may_end_early
    short = training_size(workspace, houses, request_for("price", training_mode="tabm", epochs=10))  # one wave
    assert not short.may_end_early
    assert added.in_mode("realmlp").may_end_early


def test_a_blend_learns_from_all_rows_and_has_weights_of_its_largest_network(workspace: Workspace, houses: Dataset):
    size = training_size(workspace, houses, request_for("price", training_mode="auto", validation_size=0.5))
    assert size.is_timed
    assert (size.n_validation, size.n_fitted) == (0, 96)
    assert not size.may_end_early
    families = [n_parameters(size.in_mode(family)) for family in ("tabm", "realmlp")]
    assert n_parameters(size) == max(families)


@pytest.mark.parametrize(("target", "task"), [("town", "classification"), ("price", "regression")])
def test_an_automatic_task_is_what_training_would_decide(target: str, task: str, workspace: Workspace, houses: Dataset):
    size = training_size(workspace, houses, request_for(target))
    assert (size.task, size.n_outputs) == (task, 2 if task == "classification" else 1)


def test_few_different_numbers_are_categories(workspace: Workspace, store: Store):
    text = "x,y\n" + "".join(f"{i},{i % 3}\n" for i in range(60))
    dataset = add_table(workspace, store, io.BytesIO(text.encode()), "few.csv")
    size = training_size(workspace, dataset, TrainRequest(config={"target_column": "y"}))
    assert (size.task, size.n_outputs) == ("classification", 3)


def test_settings_out_of_bounds_are_refused_in_one_sentence(workspace: Workspace, houses: Dataset):
    with pytest.raises(ConfigError, match="Learning rate is 0"):
        training_size(workspace, houses, request_for("price", learning_rate=0.0))
