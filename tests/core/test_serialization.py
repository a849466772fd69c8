"""Saving, loading and looking at a bundle: what comes back predicts byte for byte as what went in."""

from __future__ import annotations

import json
import math
import os
import random
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.feature_extraction import DictVectorizer
from sklearn.preprocessing import LabelEncoder, MinMaxScaler, StandardScaler
from torch import nn

from core.errors import BundleError, ConfigError
from core.models import MLP
from core.serialization import FORMAT_VERSION, inspect_bundle, load_bundle, save_bundle
from core.types import CLASSIFICATION_ONLY_MODES, TRAINING_MODES, Metrics, ModelBundle
from tests.core.bundle_samples import NASTY, NEW_ROWS, ROWS, features, make_bundle, outputs

ROOT = Path(__file__).resolve().parents[2]
PAIRS = [
    (mode, task)
    for mode in TRAINING_MODES
    for task in ("classification", "regression")
    if task == "classification" or mode not in CLASSIFICATION_ONLY_MODES
]


def there_and_back(bundle: ModelBundle, folder: Path) -> ModelBundle:
    """Save and load."""
    return load_bundle(save_bundle(bundle, folder))


def assert_same_attributes(ours: object, theirs: object) -> None:
    """Compare two scikit-learn objects attribute by attribute, types and bytes included."""
    assert type(ours) is type(theirs)
    assert vars(ours).keys() == vars(theirs).keys()
    for name, value in vars(theirs).items():
        found = vars(ours)[name]
        assert type(found) is type(value), name
        if isinstance(value, np.ndarray):
            assert (found.dtype, found.shape, found.tobytes()) == (value.dtype, value.shape, value.tobytes()) or (
                value.dtype == object and found.tolist() == value.tolist()
            ), name
        else:
            assert found == value, name


@pytest.mark.parametrize(("mode", "task"), PAIRS)
@pytest.mark.parametrize("dropout", [0.0, 0.3])
def test_a_bundle_comes_back_predicting_byte_for_byte(mode: str, task: str, dropout: float, tmp_path: Path) -> None:
    bundle = make_bundle(mode, task, dropout=dropout, num_hidden_layers=3)
    loaded = there_and_back(bundle, tmp_path)
    assert outputs(loaded, NEW_ROWS) == outputs(bundle, NEW_ROWS)
    assert features(loaded, NEW_ROWS).tobytes() == features(bundle, NEW_ROWS).tobytes()
    for name in ("task", "target_column", "input_dim", "output_dim", "class_names", "model_config", "schema", "record"):
        assert getattr(loaded, name) == getattr(bundle, name), name
    assert not loaded.model.training
    assert loaded.feature_medians is not None
    assert bundle.feature_medians is not None
    assert loaded.feature_medians.tobytes() == bundle.feature_medians.tobytes()


@pytest.mark.parametrize("mode", ["mlp_dense", "linear_glm_baseline", "tabresnet"])
def test_every_tensor_and_buffer_comes_back(mode: str, tmp_path: Path) -> None:
    bundle = make_bundle(mode)
    theirs, ours = bundle.model.state_dict(), there_and_back(bundle, tmp_path).model.state_dict()
    assert theirs.keys() == ours.keys()
    assert all(ours[name].dtype == theirs[name].dtype and torch.equal(ours[name], theirs[name]) for name in theirs)
    counters = [name for name in theirs if name.endswith("num_batches_tracked")]
    assert all(theirs[name] == 3 for name in counters)  # the sample has been trained for three steps


def test_a_loaded_network_can_be_trained_on(tmp_path: Path) -> None:
    model = there_and_back(make_bundle(), tmp_path).model
    assert all(parameter.requires_grad for parameter in model.parameters())
    before = model.state_dict()["net.0.weight"].clone()
    optimizer = torch.optim.SGD(model.train().parameters(), lr=0.1)
    model(torch.randn(4, 10)).square().sum().backward()
    optimizer.step()
    assert not torch.equal(before, model.state_dict()["net.0.weight"])


def test_the_scikit_learn_objects_come_back_attribute_by_attribute(tmp_path: Path) -> None:
    for task in ("classification", "regression"):
        bundle = make_bundle(task=task)
        loaded = there_and_back(bundle, tmp_path / task)
        assert_same_attributes(loaded.vectorizer, bundle.vectorizer)
        assert_same_attributes(loaded.scaler, bundle.scaler)
        for name in ("label_encoder", "target_scaler"):
            if getattr(bundle, name) is None:
                assert getattr(loaded, name) is None
            else:
                assert_same_attributes(getattr(loaded, name), getattr(bundle, name))


@pytest.mark.parametrize("with_mean", [True, False])
@pytest.mark.parametrize("with_std", [True, False])
@pytest.mark.parametrize("with_missing", [True, False])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_scaler_of_any_flags_comes_back(
    with_mean: bool, with_std: bool, with_missing: bool, dtype: str, tmp_path: Path
) -> None:
    bundle = make_bundle()
    matrix = features(bundle, ROWS).astype(dtype)
    matrix[0, 0] = np.nan if with_missing else matrix[0, 0]
    bundle.scaler = StandardScaler(with_mean=with_mean, with_std=with_std, copy=False).fit(matrix)
    loaded = there_and_back(bundle, tmp_path)
    assert_same_attributes(loaded.scaler, bundle.scaler)
    assert loaded.scaler.transform(matrix.copy()).tobytes() == bundle.scaler.transform(matrix.copy()).tobytes()


@pytest.mark.parametrize("sparse", [True, False])
@pytest.mark.parametrize("sort", [True, False])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_vectorizer_of_any_settings_comes_back(sparse: bool, sort: bool, dtype: type, tmp_path: Path) -> None:
    bundle = make_bundle()
    bundle.vectorizer = DictVectorizer(dtype=dtype, sparse=sparse, sort=sort, separator="→").fit(ROWS)
    loaded = there_and_back(bundle, tmp_path)
    assert_same_attributes(loaded.vectorizer, bundle.vectorizer)
    assert features(loaded, NEW_ROWS).tobytes() == features(bundle, NEW_ROWS).tobytes()
    assert loaded.vectorizer.get_feature_names_out().tolist() == bundle.vectorizer.get_feature_names_out().tolist()


@pytest.mark.parametrize(
    "labels",
    [
        ["b", "a", "longer"], np.array(["b", "a", "c"], dtype=object), np.array(["b", "a", "c"], dtype="<U40"),
        [3, -1, 2**62], [0.5, 1e300, -2.25], ["", " ", "é"], list(NASTY[:3]), ["nan", "None", "1.0"],
    ],
)  # fmt: skip
def test_labels_of_any_kind_come_back(labels: list[object], tmp_path: Path) -> None:
    bundle = make_bundle()
    bundle.label_encoder = LabelEncoder().fit(labels)
    bundle.class_names = [str(name) for name in bundle.label_encoder.classes_]
    loaded = there_and_back(bundle, tmp_path)
    assert_same_attributes(loaded.label_encoder, bundle.label_encoder)
    assert loaded.class_names == bundle.class_names
    assert loaded.label_encoder.inverse_transform([2, 0, 1]).tolist() == (
        bundle.label_encoder.inverse_transform([2, 0, 1]).tolist()
    )


def test_a_bundle_with_one_class_comes_back(tmp_path: Path) -> None:
    bundle = make_bundle("linear_glm_baseline")
    bundle.label_encoder, bundle.class_names, bundle.output_dim = LabelEncoder().fit(["only"]), ["only"], 1
    bundle.model_config = None
    bundle.model = type(bundle.model)(10, 1)
    loaded = there_and_back(bundle, tmp_path)
    assert loaded.class_names == ["only"]
    assert loaded.label_encoder.inverse_transform([0]).tolist() == ["only"]


@pytest.mark.parametrize("task", ["classification", "regression"])
def test_a_bundle_without_what_is_optional_comes_back(task: str, tmp_path: Path) -> None:
    bundle = make_bundle(task=task)
    bundle.label_encoder = bundle.target_scaler = bundle.class_names = bundle.schema = bundle.record = None
    bundle.feature_medians = None
    loaded = there_and_back(bundle, tmp_path)
    assert outputs(loaded, NEW_ROWS[1:2]) == outputs(bundle, NEW_ROWS[1:2])
    for name in ("label_encoder", "target_scaler", "class_names", "schema", "record", "feature_medians"):
        assert getattr(loaded, name) is None, name


@pytest.mark.parametrize("mode", ["mlp_dense", "linear_glm_baseline", "tabresnet"])
@pytest.mark.parametrize("dropout", [0.0, 0.25])
@pytest.mark.parametrize("num_hidden_layers", [1, 4])
def test_the_architecture_is_read_off_the_network_where_none_is_given(
    mode: str, dropout: float, num_hidden_layers: int, tmp_path: Path
) -> None:
    bundle = make_bundle(mode, dropout=dropout, num_hidden_layers=num_hidden_layers, hidden_dim=12)
    bundle.model_config = None
    loaded = there_and_back(bundle, tmp_path)
    assert repr(loaded.model) == repr(bundle.model)
    assert outputs(loaded, NEW_ROWS) == outputs(bundle, NEW_ROWS)
    assert bundle.model_config is None  # the caller's bundle is left as it was


def test_no_hidden_layers_means_one_as_in_the_networks(tmp_path: Path) -> None:
    bundle = make_bundle(num_hidden_layers=0)
    assert outputs(there_and_back(bundle, tmp_path), NEW_ROWS) == outputs(bundle, NEW_ROWS)


def test_names_that_others_would_render_or_run_come_back_as_they_are(tmp_path: Path) -> None:
    bundle = make_bundle()
    rows = [dict.fromkeys(NASTY, "x"), dict.fromkeys(NASTY[:-1], 1.0)]
    bundle.vectorizer = DictVectorizer(sparse=False).fit(rows)
    n = len(bundle.vectorizer.feature_names_)
    bundle.scaler = StandardScaler().fit(bundle.vectorizer.transform(rows))
    bundle.feature_medians, bundle.input_dim, bundle.model_config = np.zeros(n), n, None
    bundle.model = MLP(n, 3, 4, 1, 0.0).eval()
    bundle.target_column = NASTY[0]
    bundle.label_encoder = LabelEncoder().fit(NASTY[:3])
    bundle.class_names = bundle.label_encoder.classes_.tolist()
    loaded = there_and_back(bundle, tmp_path)
    assert loaded.vectorizer.feature_names_ == bundle.vectorizer.feature_names_
    assert loaded.class_names == sorted(NASTY[:3])
    assert loaded.target_column == NASTY[0]
    assert outputs(loaded, rows) == outputs(bundle, rows)


def test_saving_and_loading_leave_bundle_and_random_states_alone(tmp_path: Path) -> None:
    bundle = make_bundle()
    bundle.model.train()
    weights = {name: tensor.clone() for name, tensor in bundle.model.state_dict().items()}
    states = random.getstate(), str(np.random.get_state()), torch.get_rng_state()
    there_and_back(bundle, tmp_path)
    assert (random.getstate(), str(np.random.get_state())) == states[:2]
    assert torch.equal(torch.get_rng_state(), states[2])
    assert bundle.model.training
    assert all(torch.equal(weights[name], tensor) for name, tensor in bundle.model.state_dict().items())


def test_the_same_bundle_gives_the_same_bytes(tmp_path: Path) -> None:
    first, second = (save_bundle(make_bundle(), tmp_path / name) for name in ("a", "b"))
    assert first.read_bytes() == second.read_bytes()


def test_folders_are_made_and_nothing_else_is_left_in_them(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b c" / "ü"
    metrics = Metrics("classification", 0.1, math.nan, "accuracy", np.float64(0.5))
    path = save_bundle(make_bundle(), str(folder), metrics)
    assert path == folder / "model.rowsmith"
    assert sorted(os.listdir(folder)) == ["metrics.json", "model.rowsmith"]
    found = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    assert (found["train_loss"], found["test_loss"], found["test_metric_value"]) == (0.1, None, 0.5)
    assert found["test_metric_name"] == "accuracy"


def test_metrics_are_written_only_where_they_are_given(tmp_path: Path) -> None:
    save_bundle(make_bundle(), tmp_path / "without")
    save_bundle(make_bundle(), tmp_path / "with", {"accuracy": 0.5})
    assert not (tmp_path / "without" / "metrics.json").exists()
    assert json.loads((tmp_path / "with" / "metrics.json").read_text(encoding="utf-8")) == {"accuracy": 0.5}


def test_saving_again_replaces_the_file_whole_and_a_refusal_keeps_the_old_one(tmp_path: Path) -> None:
    path = save_bundle(make_bundle(seed=1), tmp_path)
    assert save_bundle(make_bundle(seed=2), tmp_path) == path
    kept = path.read_bytes()
    broken = make_bundle(seed=3)
    with torch.no_grad():
        broken.model.net[0].weight[0, 0] = math.nan
    with pytest.raises(BundleError, match="holds a value that is not finite"):
        save_bundle(broken, tmp_path)
    assert path.read_bytes() == kept
    assert os.listdir(tmp_path) == ["model.rowsmith"]


def test_a_folder_that_cannot_be_written_is_an_error_of_the_disk(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for folder in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(BundleError, match="could not be written") as caught:
            save_bundle(make_bundle(), folder)
        assert isinstance(caught.value, OSError)


def test_a_disk_that_takes_only_half_of_the_file_leaves_nothing_and_keeps_the_old_one(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")
    path = save_bundle(make_bundle(seed=1), tmp_path)
    kept = path.read_bytes()
    bundle = make_bundle(seed=2)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(kept) // 2, limits[1]))
    try:
        with pytest.raises(BundleError, match="could not be written") as caught:
            save_bundle(bundle, tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert isinstance(caught.value, OSError)
    assert os.listdir(tmp_path) == ["model.rowsmith"]
    assert path.read_bytes() == kept


class HandMade(nn.Module):
    """A network that is none of ours."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x[:, :3]


class Inherited(MLP):
    """A network that looks like ours and computes something else."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return -super().forward(x)


def unfit(**changes: object) -> ModelBundle:
    return replace(make_bundle(), **changes)


def odd_network() -> MLP:
    model = MLP(10, 3, 8, 2, 0.1)
    model.net[2] = nn.Tanh()
    return model.eval()


def odd_scaler() -> StandardScaler:
    return StandardScaler().set_output(transform="pandas").fit(features(make_bundle(), ROWS))


UNFIT = {
    "hand-made network": (lambda: unfit(model=HandMade()), "only networks of core.models"),
    "inherited network": (lambda: unfit(model=Inherited(10, 3, 8, 2, 0.1)), "only networks of core.models"),
    "a function": (lambda: unfit(model=len), "only networks of core.models"),
    "no network": (lambda: unfit(model=None), "only networks of core.models"),
    "changed network": (lambda: unfit(model=odd_network()), "not built as its model_config says"),
    "network of another width": (lambda: unfit(model=MLP(10, 3, 9, 2, 0.1)), "not built as its model_config says"),
    "double precision": (lambda: unfit(model=MLP(10, 3, 8, 2, 0.1).double()), "must be float32"),
    "unknown mode": (lambda: unfit(model_config={"training_mode": "x"}), "lacks the entry 'input_dim'"),
    "config with more": (
        lambda: unfit(model_config=(make_bundle().model_config or {}) | {"k": 8}),
        "unknown entry 'k'",
    ),
    "another input_dim": (lambda: unfit(input_dim=11), "input_dim is given twice"),
    "another scaler": (lambda: unfit(scaler=MinMaxScaler().fit([[1.0] * 10])), "must be scikit-learn's StandardScaler"),
    "no scaler": (lambda: unfit(scaler=None), "must be scikit-learn's StandardScaler"),
    "unfitted scaler": (lambda: unfit(scaler=StandardScaler()), "is not fitted"),
    "scaler with another output": (lambda: unfit(scaler=odd_scaler()), "'_sklearn_output_config'"),
    "scaler of other features": (lambda: unfit(scaler=StandardScaler().fit([[1.0], [2.0]])), "is 1, not 10"),
    "no vectorizer": (lambda: unfit(vectorizer=None), "must be scikit-learn's DictVectorizer"),
    "unfitted vectorizer": (lambda: unfit(vectorizer=DictVectorizer()), "is not fitted"),
    "encoder of fewer labels": (lambda: unfit(label_encoder=LabelEncoder().fit(["a"])), "it has 1 labels"),
    "medians of another shape": (lambda: unfit(feature_medians=np.zeros(3)), "'feature_medians'"),
    "medians of text": (lambda: unfit(feature_medians=["a"] * 10), "must hold float64"),
    "medians not finite": (lambda: unfit(feature_medians=np.full(10, np.nan)), "not finite"),
    "names fewer than classes": (lambda: unfit(class_names=["a", "b"]), "it names 2 classes"),
    "target not a text": (lambda: unfit(target_column=None), "None, not a text"),
    "target half a character": (lambda: unfit(target_column="a\ud800"), "half a character"),
    "unknown task": (lambda: unfit(task="ranking"), "'ranking', not one of"),
}


@pytest.mark.parametrize("name", UNFIT)
def test_a_bundle_that_a_file_cannot_hold_is_refused_before_anything_is_written(name: str, tmp_path: Path) -> None:
    make, words = UNFIT[name]
    with pytest.raises(BundleError) as caught:
        save_bundle(make(), tmp_path / "out")
    assert words in caught.value.sentence
    assert caught.value.sentence.startswith("This model cannot be saved: ")
    assert not list((tmp_path).rglob("*.*"))


def test_a_missing_file_is_a_file_not_found_error_and_a_bundle_error(tmp_path: Path) -> None:
    for path in (tmp_path / "none.rowsmith", str(tmp_path / "no" / "folder"), "a\0b"):
        for read in (load_bundle, inspect_bundle):
            with pytest.raises(FileNotFoundError) as caught:
                read(path)
            assert isinstance(caught.value, BundleError)
            assert caught.value.sentence.startswith("There is no model file ")


def test_a_folder_a_pipe_and_a_device_are_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path, words in ((tmp_path, "a folder"), (tmp_path / "pipe", "a pipe"), (Path("/dev/zero"), "a device")):
        for read in (load_bundle, inspect_bundle):
            with pytest.raises(BundleError, match=words):
                read(path)


def test_a_file_of_more_than_four_gigabytes_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "model.rowsmith"
    with path.open("wb") as file:
        file.truncate(2**33)  # takes no room on the disk
    with pytest.raises(BundleError, match="8 GB large"):
        load_bundle(path)


def test_an_unknown_device_is_an_error_of_the_setting(tmp_path: Path) -> None:
    path = save_bundle(make_bundle(), tmp_path)
    with pytest.raises(ConfigError, match="Choose cpu"):
        load_bundle(path, map_location="abacus")
    assert next(load_bundle(path, torch.device("cpu")).model.parameters()).device.type == "cpu"


def test_looking_gives_what_loading_gives_without_torch_or_scikit_learn(tmp_path: Path) -> None:
    bundle = make_bundle()
    path = save_bundle(bundle, tmp_path)
    summary = inspect_bundle(path)
    for name in ("task", "target_column", "input_dim", "output_dim", "model_config", "schema", "record"):
        assert getattr(summary, name) == getattr(bundle, name), name
    assert summary.class_names == tuple(bundle.class_names or ())
    assert (summary.format_version, summary.n_bytes) == (FORMAT_VERSION, path.stat().st_size)
    code = (
        "import sys; from core.serialization import inspect_bundle; inspect_bundle(sys.argv[1]); "
        "print([name for name in ('torch', 'sklearn', 'safetensors') if name in sys.modules])"
    )
    command = [sys.executable, "-c", code, str(path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
