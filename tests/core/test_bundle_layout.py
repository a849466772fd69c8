"""The file as other programs see it, and what is cut so that very wide tables and long runs still fit."""

from __future__ import annotations

import hashlib
import json
import math
import time
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy
from sklearn.feature_extraction import DictVectorizer
from sklearn.preprocessing import StandardScaler

from core.bundle.inputs import MAX_CURVE_POINTS, plain
from core.models import LinearBaseline
from core.serialization import inspect_bundle, load_bundle, save_bundle
from core.types import ColumnSchema, InputSchema
from tests.core.bundle_samples import make_bundle, make_record

MEMBERS = ["manifest.json", "preprocess.json", "arrays.safetensors", "weights.safetensors"]


def test_the_file_is_a_stored_zip_of_json_and_safetensors(tmp_path: Path) -> None:
    bundle = make_bundle()
    with zipfile.ZipFile(save_bundle(bundle, tmp_path)) as archive:
        assert archive.namelist() == MEMBERS
        assert archive.testzip() is None
        assert {info.compress_type for info in archive.infolist()} == {zipfile.ZIP_STORED}
        members = {name: archive.read(name) for name in MEMBERS}
    weights = safetensors.numpy.load(members["weights.safetensors"])
    state = bundle.model.state_dict()
    assert weights.keys() == state.keys()
    assert all(np.array_equal(weights[name], state[name].numpy()) for name in state)
    arrays = safetensors.numpy.load(members["arrays.safetensors"])
    assert np.array_equal(arrays["scaler.mean"], bundle.scaler.mean_)
    assert np.array_equal(arrays["feature_medians"], bundle.feature_medians)
    assert json.loads(members["preprocess.json"])["vectorizer"]["feature_names"] == bundle.vectorizer.feature_names_
    parts = json.loads(members["manifest.json"])["parts"]
    assert {name: part["sha256"] for name, part in parts.items()} == {
        name: hashlib.sha256(members[name]).hexdigest() for name in MEMBERS[1:]
    }


def test_the_manifest_begins_with_the_format_in_every_version(tmp_path: Path) -> None:
    data = save_bundle(make_bundle(), tmp_path).read_bytes()
    assert data[43:].startswith(b'{"format":"rowsmith-model","format_version":1,"needs":"0.1.0",')


def test_losses_that_are_not_finite_come_back_as_none_known(tmp_path: Path) -> None:
    bundle = make_bundle()
    bundle.record = replace(make_record(), train_losses=(1.0, math.nan, math.inf), metrics={"test_loss": math.nan})
    record = inspect_bundle(save_bundle(bundle, tmp_path)).record
    assert record is not None
    assert record.train_losses[0] == 1.0
    assert [math.isnan(loss) for loss in record.train_losses] == [False, True, True]
    assert record.metrics == {"test_loss": None}


def test_a_very_long_curve_keeps_evenly_spaced_points(tmp_path: Path) -> None:
    bundle = make_bundle()
    bundle.record = replace(make_record(), train_losses=tuple(map(float, range(100_000))))
    record = inspect_bundle(save_bundle(bundle, tmp_path)).record
    assert record is not None
    assert record.train_losses == tuple(map(float, range(0, 100_000, 5)))
    assert len(record.train_losses) <= MAX_CURVE_POINTS


def test_a_thousand_categories_of_a_hundred_columns_all_come_back(tmp_path: Path) -> None:
    texts = tuple((f"category {n}", 1000 - n) for n in range(1000))
    columns = tuple(ColumnSchema(f"c{n}", "feature", "text", categories=texts) for n in range(100))
    bundle = replace(make_bundle(), schema=InputSchema(columns))
    assert load_bundle(save_bundle(bundle, tmp_path)).schema == bundle.schema


def test_categories_of_a_very_wide_table_are_cut_and_say_so(tmp_path: Path) -> None:
    texts = tuple((f"尺寸 {n}", 1000 - n) for n in range(1000))
    columns = tuple(ColumnSchema(f"column number {n}", "feature", "text", categories=texts) for n in range(16_384))
    found = inspect_bundle(save_bundle(replace(make_bundle(), schema=InputSchema(columns)), tmp_path)).schema
    assert found is not None
    assert [column.name for column in found.columns] == [column.name for column in columns]
    assert all(column.categories_cut for column in found.columns)
    assert all(column.categories == texts[: len(column.categories)] for column in found.columns)


DECILES = (
    -1e308,
    -2.5,
    -0.0,
    0.1 + 0.2,
    1 / 3,
    1.0,
    1e16,
    1e22,
    1.7976931348623157e308,
    1.7976931348623157e308,
    1.7976931348623157e308,
)


def test_deciles_come_back_to_the_last_bit(tmp_path: Path) -> None:
    columns = (
        ColumnSchema("x", "feature", "number", quantiles=DECILES),
        ColumnSchema("m", "feature", "mixed", quantiles=(5e-324, *[7.0] * 10)),
        ColumnSchema("d", "date", "date", quantiles=tuple(14_610.25 + n for n in range(11))),
        ColumnSchema("t", "feature", "text"),
        ColumnSchema("y", "target", "number", quantiles=tuple(map(float, range(11)))),
    )
    path = save_bundle(replace(make_bundle(), schema=InputSchema(columns)), tmp_path)
    for found in (inspect_bundle(path).schema, load_bundle(path).schema):
        assert found is not None
        assert found.columns == columns
        assert math.copysign(1, found.columns[0].quantiles[2]) == -1
    with zipfile.ZipFile(path) as archive:
        lists = json.loads(archive.read("manifest.json"))["schema"]
    assert lists["quantiles"][3:] == ["", "0 1 2 3 4 5 6 7 8 9 10"]


def test_a_model_without_deciles_is_written_as_ever(tmp_path: Path) -> None:
    """So an older file, which has no such entry, loads, and has none."""
    path = save_bundle(make_bundle(), tmp_path)
    assert b"quantiles" not in path.read_bytes()
    schema = load_bundle(path).schema
    assert schema is not None
    assert {column.quantiles for column in schema.columns} == {()}


def test_deciles_that_are_not_finite_are_left_out(tmp_path: Path) -> None:
    column = ColumnSchema("x", "feature", "number", quantiles=(*map(float, range(10)), math.inf))
    found = inspect_bundle(save_bundle(replace(make_bundle(), schema=InputSchema((column,))), tmp_path)).schema
    assert found is not None
    assert found.columns == (replace(column, quantiles=()),)


@pytest.mark.parametrize("scale", [1e-12, 1.0, 1e9])
def test_the_deciles_of_twenty_thousand_columns_fit_rounded(scale: float, tmp_path: Path) -> None:
    rng = np.random.default_rng(7)
    deciles = np.sort(rng.normal(size=(20_000, 11)) * scale, axis=1)
    columns = tuple(
        ColumnSchema(f"column number {n}", "feature", "number", n, n, *row[[0, 10, 5]].tolist(), quantiles=tuple(row))
        for n, row in enumerate(deciles)
    )
    path = save_bundle(replace(make_bundle(), schema=InputSchema(columns)), tmp_path)
    schema = inspect_bundle(path).schema
    assert schema is not None
    has_deciles = np.array([bool(column.quantiles) for column in schema.columns])
    assert has_deciles.mean() > 0.98
    found = np.array([column.quantiles for column in schema.columns if column.quantiles])
    middle = deciles[has_deciles, 9] - deciles[has_deciles, 1]
    assert np.all(np.abs(found - deciles[has_deciles]).max(axis=1) <= middle * 1e-4)
    assert path.stat().st_size < 6 * 2**20


def test_the_widest_table_with_everything_that_a_column_can_have_is_saved_and_read(tmp_path: Path) -> None:
    texts = tuple((f"category {n}", 1000 - n) for n in range(1000))
    deciles = tuple(n * 1.01 for n in range(11))
    mixed = [
        ColumnSchema(f"column number {n}", "feature", "mixed", 3, 9, 0.1, 0.7, 0.3, texts, quantiles=deciles)
        for n in range(19_999)
    ]
    codes = ColumnSchema(
        "code", "feature", "text", categories=texts, is_categorical=True, missing_words=("?",), kept_words=("NA",)
    )
    schema = InputSchema((*mixed, codes))
    found = inspect_bundle(save_bundle(replace(make_bundle(), schema=schema), tmp_path)).schema
    assert found is not None
    assert {column.quantiles for column in found.columns[:-1]} == {deciles}
    assert {column.categories for column in found.columns} == {texts[:1]}
    last = found.columns[-1]
    assert (last.is_categorical, last.missing_words, last.kept_words) == (True, ("?",), ("NA",))
    assert {column.kept_words for column in found.columns[:-1]} == {()}


def test_a_column_of_essays_costs_the_other_columns_nothing(tmp_path: Path) -> None:
    essays = ColumnSchema("essay", "feature", "text", categories=tuple(("x" * 20_000 + str(n), 1) for n in range(300)))
    short = ColumnSchema("size", "feature", "text", categories=(("S", 3), ("M", 2)))
    found = inspect_bundle(save_bundle(replace(make_bundle(), schema=InputSchema((essays, short))), tmp_path)).schema
    assert found is not None
    assert found.columns[1] == short
    assert found.columns[0].categories_cut
    assert len(found.columns[0].categories) > 10


def test_a_vectorizer_of_long_texts_comes_back(tmp_path: Path) -> None:
    rows = [{"essay": "x" * 20_000 + str(n)} for n in range(300)]
    assert_wide(rows, tmp_path)


@pytest.mark.parametrize("n_features", [200_000])
def test_a_very_wide_bundle_loads_in_seconds(n_features: int, tmp_path: Path) -> None:
    start = time.process_time()
    assert_wide([{f"column={n}": 1.0 for n in range(n_features)}, {}], tmp_path)
    assert time.process_time() - start < 30


def assert_wide(rows: list[dict[str, object]], folder: Path) -> None:
    """Save and load a linear model on these rows."""
    bundle = make_bundle("linear_glm_baseline")
    bundle.vectorizer = DictVectorizer(sparse=True).fit(rows)
    matrix = bundle.vectorizer.transform(rows)
    n = matrix.shape[1]
    bundle.scaler = StandardScaler(with_mean=False).fit(matrix)
    bundle.model, bundle.model_config, bundle.input_dim = LinearBaseline(n, 3).eval(), None, n
    bundle.feature_medians = np.zeros(n)
    loaded = load_bundle(save_bundle(bundle, folder))
    assert loaded.vectorizer.vocabulary_ == bundle.vectorizer.vocabulary_
    assert loaded.scaler.transform(matrix).toarray().tobytes() == bundle.scaler.transform(matrix).toarray().tobytes()


def test_settings_of_any_kind_are_kept_as_plain_values() -> None:
    settings = {"a": np.int64(3), "b": (1, 2.5), "c": Path("x"), 4: {"d": math.inf}, "e": None, "f": True}
    assert plain(settings) == {"a": 3, "b": [1, 2.5], "c": "x", "4": {"d": None}, "e": None, "f": True}
