"""Columns of codes are categories from the file to the prediction, whatever way their cells are written."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.feature_extraction import DictVectorizer

from core import distill
from core.checkpoint import read_checkpoint
from core.config import checked_config
from core.data import prepare_tensors
from core.errors import AppError, CheckpointMismatchError, ConfigError, DataError
from core.fitting import fit_and_score
from core.scoring import predict_proba_rows
from core.scoring.files import score_frame
from core.scoring.predict import features_of
from core.serialization import inspect_bundle
from core.trainer import distill_model_from_file, load_bundle, predict_rows, save_bundle, train_model_from_file
from core.types import CLASSIFICATION_ONLY_MODES, EPOCH_MODES, InputSchema, ModelBundle, TrainingConfig

FEATURES = ["area", "kind", "kind=A1", "kind=b", "store", "store=1", "store=2", "store=3"]


def config(**changes: Any) -> TrainingConfig:
    return TrainingConfig(**{"target_column": "y", "epochs": 2, "categorical_columns": ("store",), **changes})


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    """Return sales of three stores by their numbers: the second sells most, and a few numbers are missing."""
    rng = np.random.default_rng(5)
    store = rng.integers(1, 4, 200)
    sales = np.array([10.0, 90.0, 30.0])[store - 1] + rng.normal(0, 1, 200)
    kind = rng.choice(["A1", "b", ""], 200)
    frame = pd.DataFrame({"store": store, "area": rng.normal(size=200).round(3), "kind": kind, "y": sales.round(3)})
    frame["store"] = frame["store"].astype("Int64").mask(np.arange(200) % 40 == 39)
    return frame


@pytest.fixture(scope="module")
def table(frame: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("data") / "sales.csv"
    frame.to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def bundle(table: Path) -> ModelBundle:
    return train_model_from_file(table, config(epochs=30, learning_rate=0.01))[0]


def schema_of(bundle: ModelBundle) -> InputSchema:
    assert bundle.schema is not None
    return bundle.schema


def assert_alike(bundle: ModelBundle, rows: list[dict[str, Any]]) -> None:
    """The network is given the very same for every row; what it puts out may differ in the last digit."""
    x = features_of(bundle, rows)
    assert torch.equal(x, x[:1].expand_as(x))
    first, *others = predict_rows(bundle, rows)
    assert others == [first if isinstance(first, str) else pytest.approx(first, rel=1e-5)] * len(others)


def column_of(bundle: ModelBundle, name: str) -> Any:
    return next(column for column in schema_of(bundle).columns if column.name == name)


# Encoding


def test_codes_are_encoded_one_hot_and_a_missing_one_is_none_of_them(frame: pd.DataFrame) -> None:
    """The reference is scikit-learn's own vectorizer on dicts written by hand."""
    x_rows = frame.drop(columns="y")
    prepared = prepare_tensors(x_rows, frame["y"].tolist(), "regression", config())
    nan = float("nan")
    by_hand = [
        {"store": nan if pd.isna(s) else str(int(s)), "area": a, "kind": k or nan}
        for s, a, k in x_rows.itertuples(index=False)
    ]
    reference = DictVectorizer(sparse=False).fit(by_hand)
    assert prepared.vectorizer.feature_names_ == reference.feature_names_ == FEATURES
    every = torch.cat([prepared.x_train, prepared.x_test]).numpy()
    expected = prepared.scaler.transform(np.nan_to_num(reference.transform(by_hand), nan=0.0))
    np.testing.assert_allclose(np.sort(every, axis=0), np.sort(expected, axis=0), rtol=1e-5, atol=1e-6)


def test_frames_and_dicts_of_any_writing_give_the_same_tensors(frame: pd.DataFrame) -> None:
    x_rows, y = frame.drop(columns="y"), frame["y"].tolist()
    expected = prepare_tensors(x_rows, y, "regression", config())
    dicts = x_rows.to_dict("records")
    texts = [{**row, "store": "" if pd.isna(row["store"]) else f" {row['store']}"} for row in dicts]
    floats = [{**row, "store": None if pd.isna(row["store"]) else float(row["store"])} for row in dicts]
    ragged = [{key: cell for key, cell in row.items() if not pd.isna(cell)} for row in dicts]
    written: list[Any] = [dicts, texts, floats, ragged, pd.DataFrame(texts), pd.DataFrame(floats)]
    for rows in written:
        found = prepare_tensors(rows, y, "regression", config())
        assert found.vectorizer.feature_names_ == expected.vectorizer.feature_names_
        assert torch.equal(found.x_train, expected.x_train)
        assert torch.equal(found.x_test, expected.x_test)


def test_leading_zeros_are_part_of_a_code() -> None:
    rows = [{"c": code} for code in ["007", "7", "7.0", "07"] * 5]
    prepared = prepare_tensors(rows, [float(i) for i in range(20)], "regression", config(categorical_columns=["c"]))
    assert prepared.vectorizer.feature_names_ == ["c=007", "c=07", "c=7"]


def test_a_list_a_tuple_or_one_name_will_do() -> None:
    for columns in (["a", "b", "a"], ("a", "b")):
        assert checked_config(config(categorical_columns=columns)).categorical_columns == ("a", "b")
    assert checked_config(config(categorical_columns="store")).categorical_columns == ("store",)
    assert checked_config(TrainingConfig("y")).categorical_columns == ()


# Prediction


def test_1_as_text_float_integer_or_true_is_the_same_store(bundle: ModelBundle) -> None:
    rows = [{"store": cell, "area": 0.5, "kind": "b"} for cell in (1, "1", 1.0, "1.0", " 1", np.int8(1), True)]
    assert_alike(bundle, rows)
    alone = predict_rows(bundle, rows[:1])
    for cell in (1, "1", 1.0, True):
        frame = pd.DataFrame({"store": [cell], "area": [0.5], "kind": ["b"]})
        assert score_frame(bundle, frame)[0]["y_prediction"].tolist() == alone


def test_a_network_learns_what_the_order_of_the_numbers_hides(bundle: ModelBundle, table: Path) -> None:
    found = [predict_rows(bundle, [{"store": store, "area": 0.0, "kind": "b"}])[0] for store in (1, 2, 3)]
    assert found == pytest.approx([10, 90, 30], abs=10)


def test_an_unknown_code_is_none_of_the_known_ones_and_a_lacking_column_is_missing(bundle: ModelBundle) -> None:
    assert_alike(bundle, [{"store": cell, "area": 0.0, "kind": "b"} for cell in (4, "001", -7, 2.5)])
    assert_alike(bundle, [{"area": 0.0, "kind": "b"}, {"store": None, "area": 0.0, "kind": "b"}])


def test_unknown_codes_are_noted_as_values_that_training_never_saw(bundle: ModelBundle) -> None:
    frame = pd.DataFrame({"store": [1, 2, 99, -1], "area": [0.1, 0.2, 0.3, 0.4], "kind": ["b"] * 4})
    notes = score_frame(bundle, frame)[0]["row_notes"]
    assert notes.isna().tolist() == [True, True, False, False]
    assert notes[2] == "store: '99' was never seen in training"
    for cells in (["1", "2", ""], [1.0, 2.0, float("nan")], pd.array([1, 2, None], "Int64")):
        scored, _ = score_frame(bundle, pd.DataFrame({"store": cells, "area": 0.1, "kind": "b"}))
        assert scored["row_notes"].isna().all()


def test_the_schema_has_the_codes_with_their_counts_and_no_range(bundle: ModelBundle, frame: pd.DataFrame) -> None:
    store = column_of(bundle, "store")
    counts = frame["store"].value_counts()
    assert store.categories == tuple((str(code), int(count)) for code, count in counts.items())
    assert (store.kind, store.is_categorical, store.n_distinct) == ("text", True, 3)
    assert (store.minimum, store.maximum, store.median, store.n_missing) == (None, None, None, 5)
    assert schema_of(bundle).categorical_columns == ("store",)
    assert not column_of(bundle, "kind").is_categorical


# The file of a model


def test_a_model_comes_back_from_its_file_with_its_codes(bundle: ModelBundle, tmp_path: Path) -> None:
    path = save_bundle(bundle, tmp_path)
    loaded, summary = load_bundle(path), inspect_bundle(path)
    assert loaded.schema == summary.schema == bundle.schema
    rows = [{"store": cell, "area": 0.5, "kind": "b"} for cell in (1, "2", 3.0, "007", None)]
    assert predict_rows(loaded, rows) == predict_rows(bundle, rows)
    assert summary.record is not None
    assert summary.record.config["categorical_columns"] == ["store"]
    assert "Read as categories, not as numbers: store." in summary.record.model_card


def test_a_model_without_codes_is_written_as_ever(table: Path, tmp_path: Path) -> None:
    """So an older file, which has no such entry, loads, and has no codes."""
    plain = train_model_from_file(table, config(categorical_columns=()))[0]
    data = save_bundle(plain, tmp_path).read_bytes()
    assert b"is_categorical" not in data
    loaded = load_bundle(tmp_path / "model.rowsmith")
    assert schema_of(loaded).categorical_columns == ()
    assert column_of(loaded, "store").kind == "number"


# Every way to train


@pytest.mark.parametrize("mode", EPOCH_MODES)
@pytest.mark.parametrize("task", ["classification", "regression"])
def test_every_mode_learns_from_codes(mode: str, task: str, frame: pd.DataFrame, tmp_path: Path) -> None:
    if task == "regression" and mode in CLASSIFICATION_ONLY_MODES:
        return
    path = tmp_path / "sales.csv"
    frame.assign(y=np.where(frame["y"] > 25, "much", "little") if task == "classification" else frame["y"]).to_csv(
        path, index=False
    )
    bundle, _ = train_model_from_file(path, config(training_mode=mode, task=task, epochs=1))
    assert [name for name in bundle.vectorizer.feature_names_ if name.startswith("store=")] == FEATURES[5:]
    rows = [{"store": cell, "area": 0.5, "kind": "b"} for cell in (1, "1", 1.0)]
    assert_alike(bundle, rows)
    if task == "classification":
        assert np.ptp(predict_proba_rows(bundle, rows), axis=0).max() < 1e-5


def test_a_student_reads_codes_as_its_teacher_does(
    bundle: ModelBundle, table: Path, caplog: pytest.LogCaptureFixture
) -> None:
    rows = [{"store": cell, "area": 0.5, "kind": "b"} for cell in (1, "1", 1.0)]
    for chosen in ((), ["store"]):
        student, _ = distill_model_from_file(table, config(categorical_columns=chosen), teacher_bundle=bundle)
        assert student.schema == bundle.schema
        assert_alike(student, rows)
        assert student.record is not None
        assert student.record.config["categorical_columns"] == ["store"]
    assert not caplog.messages
    distill_model_from_file(table, config(categorical_columns=("area",)), teacher_bundle=bundle)
    assert caplog.messages == ["The categorical columns of the student are those of its teacher: 'store'."]


def test_a_student_sees_the_one_hot_rows_that_its_teacher_learned_from(
    bundle: ModelBundle, table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: dict[str, Any] = {}

    def spy(model: Any, rows: Any, *rest: Any) -> Any:
        seen.update(rows=rows)
        return fit_and_score(model, rows, *rest)

    monkeypatch.setattr(distill, "fit_and_score", spy)
    distill_model_from_file(table, config(), teacher_bundle=bundle)
    x_train = bundle.scaler.inverse_transform(seen["rows"].x_train.numpy())
    assert set(np.unique(x_train[:, 5:].round(3))) == {0.0, 1.0}
    assert 0.9 < x_train[:, 5:].sum(axis=1).mean() <= 1.0


def test_a_teacher_without_a_schema_is_told_which_columns_are_codes(bundle: ModelBundle, table: Path) -> None:
    bare = replace(bundle, schema=None, record=None)
    student, _ = distill_model_from_file(table, config(), teacher_bundle=bare)
    assert schema_of(student).categorical_columns == ("store",)
    same, _ = distill_model_from_file(table, config(), teacher_bundle=bundle)
    rows = [{"store": 2, "area": 0.5, "kind": "b"}]
    assert predict_rows(student, rows) == predict_rows(same, rows)


# Checkpoints


def test_a_checkpoint_is_of_one_choice_of_codes(table: Path, tmp_path: Path) -> None:
    path = tmp_path / "run.safetensors"
    both = ["store", "kind"]
    train_model_from_file(table, config(categorical_columns=both), checkpoint_path=path)
    train_model_from_file(table, config(categorical_columns=tuple(both[::-1]), epochs=3), resume_from=path)
    for other in ((), ("store",)):
        with pytest.raises(
            CheckpointMismatchError, match="other settings: categorical_columns was \"'kind', 'store'\""
        ):
            train_model_from_file(table, config(categorical_columns=other, epochs=3), resume_from=path)


def test_a_checkpoint_from_before_there_were_codes_is_gone_on_from(table: Path, tmp_path: Path) -> None:
    path = tmp_path / "run.safetensors"
    train_model_from_file(table, config(categorical_columns=()), checkpoint_path=path)
    assert "categorical_columns" not in read_checkpoint(path).identity.settings
    with pytest.raises(CheckpointMismatchError, match="categorical_columns was None"):
        train_model_from_file(table, config(epochs=3), resume_from=path)


def test_a_checkpoint_of_very_many_columns_of_codes_can_be_read(tmp_path: Path) -> None:
    n_columns = 1_500
    columns = [f"code {i}" for i in range(n_columns)]
    cells = pd.DataFrame(np.arange(20)[:, None] % 2 * np.ones((1, n_columns), int), columns=columns)
    cells.assign(y=np.arange(20.0)).to_csv(tmp_path / "wide.csv", index=False)
    cfg = config(categorical_columns=columns, epochs=1, hidden_dim=2, num_hidden_layers=1)
    train_model_from_file(tmp_path / "wide.csv", cfg, checkpoint_path=tmp_path / "run.safetensors")
    train_model_from_file(tmp_path / "wide.csv", replace(cfg, epochs=2), resume_from=tmp_path / "run.safetensors")


# Refusals


@pytest.mark.parametrize(
    ("changes", "arguments", "kind", "sentence"),
    [
        ({"categorical_columns": ("stor",)}, {}, DataError, r"no categorical column 'stor'\. Did you mean 'store'\?"),
        ({"categorical_columns": ("y",)}, {}, ConfigError, "'y' is the target and cannot be a categorical column"),
        ({}, {"exclude_columns": ["store"]}, ConfigError, "'store' is excluded and cannot be a categorical column"),
        ({}, {"date_columns": ["store"]}, ConfigError, "'store' is a date column and cannot be a categorical column"),
        ({"categorical_columns": {"store"}}, {}, ConfigError, "The categorical columns are {'store'}"),
        ({"categorical_columns": ["store", 3]}, {}, ConfigError, r"The categorical columns are \['store', 3\]"),
        ({"categorical_columns": None}, {}, ConfigError, "The categorical columns are None"),
    ],
)
def test_what_cannot_be_codes_is_refused_in_a_sentence(
    changes: Any, arguments: Any, kind: type[AppError], sentence: str, table: Path
) -> None:
    with pytest.raises(kind, match=sentence) as refused:
        train_model_from_file(table, config(**changes), **arguments)
    assert refused.value.sentence.endswith((".", "?"))


def test_rows_that_lack_a_column_of_codes_altogether_are_refused() -> None:
    with pytest.raises(DataError, match="no categorical column 'store'"):
        prepare_tensors([{"area": 1.0}] * 10, [1.0, 2.0] * 5, "regression", config())
    with pytest.raises(ConfigError, match="'y' is the target"):
        prepare_tensors([{"y": 1.0}] * 10, [1.0, 2.0] * 5, "regression", config(categorical_columns=["y"]))


def test_only_missing_cells_train_too(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    pd.DataFrame({"store": [""] * 20, "area": range(20), "y": np.arange(20.0)}).to_csv(tmp_path / "t.csv", index=False)
    bundle, _ = train_model_from_file(tmp_path / "t.csv", config(task="regression"))
    store = column_of(load_bundle(save_bundle(bundle, tmp_path)), "store")
    assert (store.kind, store.is_categorical, store.n_missing) == ("empty", True, 20)
    assert_alike(bundle, [{"store": None, "area": 3}, {"store": 7, "area": 3}])


def test_the_record_is_plain(bundle: ModelBundle) -> None:
    assert bundle.record is not None
    assert json.loads(json.dumps(bundle.record.config)) == bundle.record.config
