"""`prepare_tensors`: what is fitted on which rows, and what happens to awkward targets."""

from __future__ import annotations

import logging

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.feature_extraction import DictVectorizer
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import LabelEncoder, StandardScaler

from core.data import prepare_tensors
from core.errors import DataError
from core.types import TrainingConfig


def config(**changes: object) -> TrainingConfig:
    return TrainingConfig(target_column="y", **changes)  # type: ignore[arg-type]


def rows_and_labels(n: int = 60) -> tuple[list[dict[str, object]], list[str]]:
    rng = np.random.default_rng(3)
    rows = [
        {"a": float("nan") if i % 9 == 0 else float(rng.normal()), "b": ["red", "blue", "green"][i % 3]}
        for i in range(n)
    ]
    return rows, ["yes" if i % 4 else "no" for i in range(n)]


def test_tensors_equal_a_plain_scikit_learn_pipeline_fitted_on_the_training_rows() -> None:
    """REQ-T06: vectorizer, medians and scaler are fitted on the training rows only."""
    rows, labels = rows_and_labels()
    prepared = prepare_tensors(rows, labels, "classification", config())

    train, test = train_test_split(np.arange(60), test_size=0.2, random_state=42, stratify=labels)
    vectorizer = DictVectorizer(sparse=False)
    x_train = vectorizer.fit_transform([rows[i] for i in train])
    x_test = vectorizer.transform([rows[i] for i in test])
    medians = np.nan_to_num(np.nanmedian(x_train, axis=0))
    x_train, x_test = (np.where(np.isfinite(x), x, medians) for x in (x_train, x_test))
    scaler = StandardScaler().fit(x_train)
    encoder = LabelEncoder().fit(labels)

    np.testing.assert_array_equal(prepared.feature_medians, medians)
    np.testing.assert_array_equal(prepared.x_train.numpy(), scaler.transform(x_train).astype(np.float32))
    np.testing.assert_array_equal(prepared.x_test.numpy(), scaler.transform(x_test).astype(np.float32))
    np.testing.assert_array_equal(prepared.y_train.numpy(), encoder.transform([labels[i] for i in train]))
    np.testing.assert_array_equal(prepared.y_test.numpy(), encoder.transform([labels[i] for i in test]))
    assert prepared.class_names == ["no", "yes"]
    assert prepared.input_dim == prepared.x_train.shape[1] == prepared.x_test.shape[1]


def test_shapes_and_dtypes_are_those_of_the_contract() -> None:
    rows, labels = rows_and_labels()
    by_class = prepare_tensors(rows, labels, "classification", config())
    by_number = prepare_tensors(rows, [float(i) for i in range(60)], "regression", config())
    assert by_class.x_train.dtype == by_number.x_test.dtype == torch.float32
    assert by_class.y_train.dtype == torch.long
    assert by_class.y_train.shape == (48,)
    assert by_number.y_train.dtype == torch.float32
    assert by_number.y_train.shape == (48, 1)
    assert (by_class.output_dim, by_number.output_dim) == (2, 1)
    assert by_number.class_names is None
    assert by_number.label_encoder is None
    assert len(by_class) == 12


def test_a_number_target_is_scaled_by_its_training_rows() -> None:
    rows, _ = rows_and_labels()
    y = np.arange(60) * 1000.0
    prepared = prepare_tensors(rows, y.tolist(), "regression", config())
    train, _ = train_test_split(np.arange(60), test_size=0.2, random_state=42)
    expected = (y[train] - y[train].mean()) / y[train].std()
    np.testing.assert_allclose(prepared.y_train.numpy().ravel(), expected, rtol=1e-5)


def test_frame_and_list_of_dicts_give_the_same_tensors() -> None:
    rows, labels = rows_and_labels()
    from_dicts = prepare_tensors(rows, labels, "classification", config())
    from_frame = prepare_tensors(pd.DataFrame(rows), labels, "classification", config())
    assert torch.equal(from_dicts.x_train, from_frame.x_train)


def test_rows_without_a_target_are_dropped_and_counted(caplog: pytest.LogCaptureFixture) -> None:
    rows, labels = rows_and_labels()
    gaps: list[str | None] = list(labels)
    gaps[5], gaps[17], gaps[30] = None, "  ", "N/A"
    with caplog.at_level(logging.WARNING):
        prepared = prepare_tensors(rows, gaps, "classification", config())
    assert len(prepared.x_train) + len(prepared.x_test) == 57
    assert "3 of 60 rows have no target" in caplog.text


def test_a_class_with_a_single_row_disables_stratification_and_says_so(caplog: pytest.LogCaptureFixture) -> None:
    rows, labels = rows_and_labels()
    with caplog.at_level(logging.WARNING):
        prepared = prepare_tensors(rows, [*labels[:-1], "once"], "classification", config())
    assert prepared.class_names == ["no", "once", "yes"]
    assert "not stratified" in caplog.text


@pytest.mark.parametrize("seed", range(12))
def test_a_class_that_only_the_test_rows_hold_does_not_crash(seed: int) -> None:
    rows, labels = rows_and_labels(20)
    prepared = prepare_tensors(rows, [*labels[:-1], "once"], "classification", config(random_seed=seed))
    assert prepared.output_dim == 3


def test_more_classes_than_test_rows_does_not_crash() -> None:
    rows, _ = rows_and_labels(20)
    prepared = prepare_tensors(rows, [f"c{i // 2}" for i in range(20)], "classification", config())
    assert prepared.output_dim == 10


def test_labels_are_the_text_of_the_cell() -> None:
    rows, _ = rows_and_labels(20)
    prepared = prepare_tensors(rows, [i % 2 for i in range(20)], "classification", config())
    assert prepared.class_names == ["0", "1"]
    booleans = prepare_tensors(rows, [i % 2 == 0 for i in range(20)], "classification", config())
    assert booleans.class_names == ["False", "True"]


def test_text_in_a_number_target_names_column_count_row_and_value() -> None:
    rows, _ = rows_and_labels(20)
    y: list[object] = [1.5] * 20
    y[7], y[11] = "many", "few"
    with pytest.raises(DataError, match="Column 'y' holds 2 values that are not numbers, the first in row 8: 'many'"):
        prepare_tensors(rows, y, "regression", config())


@pytest.mark.parametrize("y", [[None] * 4, ["a", None, None, None]])
def test_fewer_than_two_usable_rows_are_refused(y: list[str | None]) -> None:
    with pytest.raises(DataError, match=r"Only \d of 4 rows can be used, and training needs at least 2"):
        prepare_tensors([{"a": 1.0}] * 4, y, "classification", config())


def test_a_test_share_that_leaves_no_training_row_is_refused() -> None:
    with pytest.raises(DataError, match=r"A share of 0.9 of 2 usable rows"):
        prepare_tensors([{"a": 1.0}] * 2, [1.0, 2.0], "regression", config(test_size=0.9))


def test_a_column_without_any_number_in_the_training_rows_is_filled_with_0() -> None:
    rows = [{"a": float(i), "empty": None} for i in range(20)]
    prepared = prepare_tensors(rows, [float(i) for i in range(20)], "regression", config())
    assert prepared.feature_medians[1] == 0.0
    assert torch.isfinite(prepared.x_train).all()


def test_labels_beside_a_gap_keep_their_text() -> None:
    rows, _ = rows_and_labels(20)
    prepared = prepare_tensors(rows, [None, *([1, 0] * 9), 1], "classification", config())
    assert prepared.class_names == ["0", "1"]
    mixed = prepare_tensors(rows, [1, 2.5] * 10, "classification", config())
    assert mixed.class_names == ["1", "2.5"]


def test_which_words_were_taken_for_no_target_is_said(caplog: pytest.LogCaptureFixture) -> None:
    rows, _ = rows_and_labels(20)
    with caplog.at_level(logging.WARNING):
        prepare_tensors(rows, ["none", "mild", "severe", "mild"] * 5, "classification", config())
    assert "5 of 20 rows have no target, 5 of them written 'none'" in caplog.text


def test_rows_without_a_single_column_are_refused() -> None:
    with pytest.raises(DataError, match="no column to learn from"):
        prepare_tensors([{}] * 10, [float(i) for i in range(10)], "regression", config())


def test_a_target_of_another_length_is_refused() -> None:
    with pytest.raises(DataError, match=r"The table has 3 rows and the target 2 values"):
        prepare_tensors([{"a": 1.0}] * 3, [1.0, 2.0], "regression", config())


def test_cells_beyond_all_measure_become_finite_tensors() -> None:
    rows = [{"a": 1e250 if i == 3 else float(i), "b": float(i)} for i in range(40)]
    prepared = prepare_tensors(rows, [float(i) for i in range(40)], "regression", config())
    assert torch.isfinite(torch.cat([prepared.x_train, prepared.x_test])).all()
