"""Choices about reading a file hold for the training, travel in the bundle, and hold for predictions."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.serialization import load_bundle, save_bundle
from core.tables.blanks import without_words
from core.tables.options import ColumnOptions, ReadOptions
from core.trainer import predict_rows, train_model_from_file
from core.types import ModelBundle, TrainingConfig

READING = ReadOptions(
    separator=";",
    missing_words=("?",),
    columns={
        "day": ColumnOptions(date_order="month_first"),
        "level": ColumnOptions(missing_words=("-999",)),
        "weight": ColumnOptions("number"),
    },
)
CFG = TrainingConfig("price", task="regression", epochs=3, hidden_dim=8, batch_size=16)


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "day": [f"{1 + i % 12:02d}/{1 + i % 9:02d}/2021" for i in range(80)],
            "level": np.where(rng.random(80) < 0.2, -999, rng.integers(0, 50, 80)),
            "weight": [f"{w:.1f} kg" for w in rng.normal(10, 2, 80)],
            "kind": rng.choice(["a", "b", "?"], 80),
            "price": rng.normal(size=80).round(3),
        }
    )
    path = tmp_path_factory.mktemp("choices") / "table.csv"
    frame.to_csv(path, sep=";", index=False)
    return path


@pytest.fixture(scope="module")
def bundle(table: Path) -> ModelBundle:
    return train_model_from_file(table, CFG, date_columns=["day"], reading=READING)[0]


def test_the_table_is_read_as_chosen(bundle: ModelBundle):
    assert bundle.schema is not None
    columns = {column.name: column for column in bundle.schema.columns}
    assert columns["day"].date_format is not None
    assert columns["day"].date_format.order == "month_first"
    assert (columns["level"].minimum or 0) >= 0
    assert columns["level"].missing_words == ("?", "-999")
    assert columns["weight"].kind == "number"
    assert {text for text, _ in columns["kind"].categories} == {"a", "b"}


def test_predictions_count_the_same_words_as_missing_and_read_dates_alike(bundle: ModelBundle, tmp_path: Path):
    loaded = load_bundle(save_bundle(bundle, tmp_path))
    assert loaded.schema == bundle.schema
    row = {"day": "03/02/2021", "level": 12, "weight": 9.5, "kind": "a"}
    for model in (bundle, loaded):
        for word in ("-999", -999, -999.0, "?", None):
            assert predict_rows(model, [row | {"level": word}]) == predict_rows(model, [row | {"level": None}])
        assert predict_rows(model, [row | {"kind": "?"}]) == predict_rows(model, [row | {"kind": None}])
        assert predict_rows(model, [row]) == predict_rows(model, [row | {"day": "2021-03-02"}])


def test_a_row_that_is_changed_by_no_choice_is_left_alone():
    values = pd.Series([1, 2, 3], index=[5, 6, 7])
    assert without_words(values, ("?",)) is values
    assert without_words(values, ()) is values
    masked = without_words(pd.Series(["x", "-999", " ? ", None, "Ü"]), ("?", "-999.0", "ü"))
    assert masked.isna().tolist() == [False, True, True, True, True]


def test_without_choices_nothing_changes(table: Path):
    plain, _ = train_model_from_file(table, CFG, date_columns=["day"])
    chosen, _ = train_model_from_file(table, CFG, date_columns=["day"], reading=ReadOptions())
    assert plain.schema == chosen.schema
    for one, other in zip(plain.model.state_dict().values(), chosen.model.state_dict().values(), strict=True):
        assert (one == other).all()
