"""The size of a training is known before it starts: the same rows, outputs and weights that training then has."""

import io
from typing import Any

import pytest

from core.errors import ConfigError
from core.models import build_model
from core.runs.datasets import add_table
from core.runs.preflight.sizes import n_hidden, n_parameters, training_size
from core.runs.records import Dataset
from core.runs.requests import TrainRequest
from core.runs.store import Store
from core.trainer import train_model_from_file
from core.types import TRAINING_MODES, TrainingConfig
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


@pytest.mark.parametrize("mode", TRAINING_MODES)
@pytest.mark.parametrize("layers", [0, 1, 3])
def test_weights_and_layers_are_those_of_the_network(mode: str, layers: int, workspace: Workspace, houses: Dataset):
    request = request_for("town", training_mode=mode, num_hidden_layers=layers, hidden_dim=24, task="classification")
    size = training_size(workspace, houses, request)
    network = build_model(size.width, size.n_outputs, mode, 24, layers, 0.1)
    assert n_parameters(size) == sum(weights.numel() for weights in network.parameters())
    n_linear = sum(type(module).__name__ == "Linear" for module in network.modules())
    assert n_hidden(size) == n_linear - 1


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
