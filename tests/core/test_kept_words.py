"""Words for nothing that were chosen to be values: classes and levels from the file to the predictions."""

import json
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.data import drop_rows_without_target, label_text
from core.errors import ConfigError
from core.scoring.form import row_of, truth_in
from core.scoring.predict import predict_outputs
from core.scoring.scorer import Scorer
from core.serialization import load_bundle, save_bundle
from core.tables.blanks import keep_words
from core.tables.cell import KeptText, coerce_value
from core.tables.codes import coerce_features
from core.tables.coerce import coerce_frame
from core.tables.infer import infer_task
from core.tables.options import ColumnOptions, ReadOptions
from core.tables.paste import read_pasted
from core.tables.read import load_tabular_file
from core.tables.sandbox import read_in_sandbox
from core.trainer import distill_model_from_file, predict_rows, train_model_from_file
from core.types import ModelBundle, TrainingConfig

READING = ReadOptions(
    columns={"country": ColumnOptions(kept_words=("NA",)), "injury": ColumnOptions(kept_words=("None",))}
)
CFG = TrainingConfig("injury", task="auto", epochs=2, hidden_dim=8, batch_size=16, learning_rate=0.05)
COUNTRIES, INJURIES = ("DE", "NA", "FR"), ("minor", "none", "severe")


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A table whose country says the injury; the row beyond the first 120 has neither, the others no gap in them."""
    path = tmp_path_factory.mktemp("kept") / "table.csv"
    cells = {
        "country": [COUNTRIES[i % 3] for i in range(120)] + [""],
        "note": ["NA" if i % 4 else "x" for i in range(121)],
        "shop": ["none" if i % 5 == 0 else str(i % 5) for i in range(121)],
        "injury": [INJURIES[i % 3] for i in range(120)] + [""],
    }
    pd.DataFrame(cells).to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def bundle(table: Path) -> ModelBundle:
    return train_model_from_file(table, CFG, reading=READING)[0]


def features(bundle: ModelBundle) -> list[str]:
    return list(bundle.vectorizer.feature_names_)


def test_the_reader_counts_kept_words_as_values(table: Path, tmp_path: Path) -> None:
    found = {column.name: column for column in read_in_sandbox(table, tmp_path, READING).columns}
    assert (found["country"].n_missing, found["country"].n_distinct, found["country"].missing_words) == (1, 3, {})
    assert (found["injury"].n_missing, found["injury"].n_distinct) == (1, 3)
    assert (found["note"].n_missing, found["note"].missing_words) == (90, {"NA": 90})


def test_a_kept_class_is_learned_and_kept_levels_have_features_of_their_own(bundle: ModelBundle) -> None:
    assert bundle.class_names == ["minor", "none", "severe"]
    assert {type(name) for name in bundle.class_names} == {str}
    assert {"country=DE", "country=FR", "country=NA"} <= set(features(bundle))
    assert "note=NA" not in features(bundle)
    assert {type(name) for name in features(bundle)} == {str}
    assert bundle.record is not None
    assert bundle.record.metrics["n_dropped"] == 1


def test_the_bundle_remembers_what_was_kept(bundle: ModelBundle, tmp_path: Path) -> None:
    loaded = load_bundle(save_bundle(bundle, tmp_path))
    assert loaded.schema == bundle.schema
    assert loaded.schema is not None
    columns = {column.name: column for column in loaded.schema.columns}
    assert columns["country"].kept_words == ("NA",)
    assert columns["note"].kept_words == ()
    assert dict(columns["country"].categories) == {"DE": 40, "FR": 40, "NA": 40}
    assert (columns["country"].n_missing, columns["injury"].n_missing) == (1, 1)


def test_predictions_for_raw_rows_hold_the_kept_class(bundle: ModelBundle, tmp_path: Path) -> None:
    loaded = load_bundle(save_bundle(bundle, tmp_path))
    longer, _ = train_model_from_file(_table_without_gaps(tmp_path), replace(CFG, epochs=40), reading=READING)
    rows = [{"country": code, "note": "x", "shop": "1"} for code in COUNTRIES]
    assert predict_rows(longer, rows) == list(INJURIES)
    kept = outputs_of(loaded, {"country": "NA"})
    assert not np.array_equal(kept, outputs_of(loaded, {"country": None}))
    for spelling in (" NA ", KeptText("NA")):
        assert np.array_equal(kept, outputs_of(loaded, {"country": spelling}))
    for nothing in ("n/a", "", float("nan"), None, pd.NA):
        assert np.array_equal(outputs_of(loaded, {"country": nothing}), outputs_of(loaded, {"country": None}))
    assert np.array_equal(outputs_of(loaded, {"note": "NA"}), outputs_of(loaded, {"note": None}))


def outputs_of(bundle: ModelBundle, row: dict[str, object]) -> np.ndarray:
    return predict_outputs(bundle, [{"note": "x", "shop": "1"} | row]).numpy()


def _table_without_gaps(folder: Path) -> Path:
    path = folder / "again.csv"
    cells = {
        "country": [COUNTRIES[i % 3] for i in range(120)],
        "note": ["x"] * 120,
        "shop": ["1", "2"] * 60,
        "injury": [INJURIES[i % 3] for i in range(120)],
    }
    pd.DataFrame(cells).to_csv(path, index=False)
    return path


def test_a_file_to_predict_is_compared_with_the_truth_and_notes_no_kept_word(bundle: ModelBundle) -> None:
    scorer = Scorer(bundle, ["country", "note", "shop", "injury"])
    text = "country,note,shop,injury\nNA,x,1,none\nDE,x,2,NONE\nNA,x,1,NA\n"
    frame = pd.read_csv(BytesIO(text.encode()), dtype="str", keep_default_na=False)
    scored = scorer.score(frame)
    assert scored.column("row_notes").to_pylist() == [None, None, None]
    truth = scorer.result().truth
    assert truth is not None
    assert (truth.n, truth.n_unknown, truth.n_unknown_labels) == (2, 1, 0)
    assert sum(truth.confusion[1]) == 2


def test_pasted_rows_and_the_form_know_kept_words(bundle: ModelBundle) -> None:
    schema = bundle.schema
    assert schema is not None
    pasted = read_pasted("country\tnote\tshop\nNA\tx\t1\n\tx\t1\n", ["country", "note", "shop"])
    scorer = Scorer(bundle, list(pasted.frame.columns))
    assert scorer.predict(pasted.frame).read["country"].has_value.tolist() == [True, False]
    cells = {"country": "NA", "note": "NA", "shop": "1", "injury": " none "}
    assert row_of(schema, cells) == {"country": "NA", "note": None, "shop": 1.0}
    assert type(row_of(schema, cells)["country"]) is str
    assert truth_in(schema, cells) == "none"
    assert truth_in(schema, {"injury": "null"}) == truth_in(schema, {}) == ""


def test_a_student_learns_the_classes_its_teacher_kept(bundle: ModelBundle, table: Path) -> None:
    student, metrics = distill_model_from_file(table, CFG, teacher_bundle=bundle)
    assert student.class_names == ["minor", "none", "severe"]
    assert metrics.n_dropped == 1


def test_words_can_be_kept_in_all_columns_but_those_where_they_count_as_missing(table: Path) -> None:
    reading = ReadOptions(kept_words=("NA", "none"), columns={"note": ColumnOptions(missing_words=("na",))})
    bundle, metrics = train_model_from_file(
        table, replace(CFG, categorical_columns=("shop",)), reading=reading
    )  # fmt: skip
    assert {"country=NA", "shop=none", "shop=1"} <= set(features(bundle))
    assert "note=NA" not in features(bundle)
    assert bundle.class_names == ["minor", "none", "severe"]
    assert metrics.n_dropped == 1


def test_a_number_column_with_a_kept_word_is_mixed(table: Path) -> None:
    reading = ReadOptions(columns={"shop": ColumnOptions(kept_words=("none",)), **READING.columns})
    bundle, _ = train_model_from_file(table, CFG, reading=reading)
    assert bundle.schema is not None
    shop = next(column for column in bundle.schema.columns if column.name == "shop")
    assert (shop.kind, shop.categories, shop.maximum) == ("mixed", (("none", 25),), 4.0)
    assert {"shop", "shop=none"} <= set(features(bundle))


def test_without_the_choice_the_words_are_missing(table: Path) -> None:
    plain, metrics = train_model_from_file(table, CFG)
    assert plain.class_names == ["minor", "severe"]
    assert metrics.n_dropped == 41
    assert "country=NA" not in features(plain)
    frame = load_tabular_file(table)
    assert (
        frame["country"].dtype == load_tabular_file(table, options=ReadOptions(missing_words=("?",)))["country"].dtype
    )


def test_a_kept_word_stays_one_however_often_it_is_read() -> None:
    values = keep_words(pd.Series([" NA", "na", "n/a", "x", None, "1"], index=range(3, 9)), ("Na",))
    frame = pd.DataFrame({"c": values})
    for _ in range(3):
        frame = coerce_frame(frame)
        assert frame["c"].tolist()[:2] == ["NA", "na"]
        assert frame["c"].isna().tolist() == [False, False, True, False, True, False]
        assert frame["c"].tolist()[5] == 1.0
    codes = coerce_features(pd.DataFrame({"c": values}), {"c"})["c"]
    assert codes.tolist()[:4] == ["NA", "na", codes.tolist()[2], "x"]
    assert codes.tolist()[5] == "1"
    assert list(frame.index) == [3, 4, 5, 6, 7, 8]
    assert coerce_value("NA") != "NA"


def test_a_column_without_kept_words_is_left_alone() -> None:
    for values in (pd.Series(["x", "NA"], dtype="str"), pd.Series([1, 2]), pd.Series([1.5, None])):
        assert keep_words(values, ()) is values
        assert keep_words(values, ("none", "", "x", "1")) is values


def test_a_kept_target_is_no_row_without_a_target() -> None:
    y = keep_words(pd.Series(["none", "a", None, "nan"]), ("none",)).tolist()
    frame, target = drop_rows_without_target(pd.DataFrame({"x": [1, 2, 3, 4]}), y, "classification")
    assert frame["x"].tolist() == [1, 2]
    assert [label_text(cell) for cell in target] == ["none", "a"]
    assert infer_task(keep_words(pd.Series(["1", "2", "none"]), ("none",))) == "classification"


def test_a_word_cannot_be_missing_and_kept_at_once() -> None:
    with pytest.raises(ConfigError, match="'NA' cannot both count as missing and be kept as a value"):
        ReadOptions(missing_words=("na",), kept_words=("NA",)).checked()
    with pytest.raises(ConfigError, match="Words to keep are at most"):
        ReadOptions(columns={"a": ColumnOptions(kept_words=("x" * 300,))}).checked()
    over = ReadOptions(
        missing_words=("-",), kept_words=("NA",), columns={"a": ColumnOptions(None, None, ("NA",), ("-",))}
    )
    assert over.checked().of_column("a") == ColumnOptions(None, None, ("NA",), ("-",))
    assert over.of_column("b") == ColumnOptions(None, None, ("-",), ("NA",))


def test_the_choice_has_a_key_of_its_own_and_none_where_nothing_is_chosen() -> None:
    assert ReadOptions().key == ""
    assert "kept_words" not in ReadOptions(missing_words=("?",)).key
    assert json.loads(READING.key) == {
        "columns": {"country": {"kept_words": ["NA"]}, "injury": {"kept_words": ["None"]}}
    }
    assert ReadOptions.from_dict(json.loads(READING.key)) == READING
