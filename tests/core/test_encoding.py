"""Encoding column by column gives what scikit-learn's vectorizer gives dict by dict."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.feature_extraction import DictVectorizer

from core import encoding
from core.encoding import (
    encode_frame,
    finite_medians,
    fit_vectorizer,
    impute,
    known_columns,
    numeric_features,
)
from core.errors import DataError
from core.tables.coerce import coerce_frame

CELLS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**6), 10**6),
    st.floats(allow_nan=True, allow_infinity=True, width=32),
    st.sampled_from(["", "NA", "red", " red ", "blue", "1", "2.5", "a=b", "=", "é", "x=red"]),
)
NAMES = st.sampled_from(["x", "y", "x=red", "z", "a b", "x=1"])


@st.composite
def tables(draw: st.DrawFn) -> pd.DataFrame:
    columns = draw(st.lists(NAMES, min_size=1, max_size=4, unique=True))
    n_rows = draw(st.integers(1, 12))
    cells = {c: draw(st.lists(CELLS, min_size=n_rows, max_size=n_rows)) for c in columns}
    return coerce_frame(pd.DataFrame({c: pd.Series(v, dtype=object) for c, v in cells.items()}))


@settings(max_examples=200, deadline=None)
@given(tables(), tables())
def test_encoding_equals_dict_vectorizer_on_random_tables(train: pd.DataFrame, other: pd.DataFrame) -> None:
    reference = DictVectorizer(sparse=False).fit(train.to_dict("records"))
    fitted = fit_vectorizer(train)
    assert fitted.feature_names_ == reference.feature_names_
    assert fitted.vocabulary_ == reference.vocabulary_
    for frame in (train, other):
        np.testing.assert_array_equal(encode_frame(fitted, frame), reference.transform(frame.to_dict("records")))


def test_a_text_never_seen_in_training_is_none_of_the_known_ones() -> None:
    fitted = fit_vectorizer(pd.DataFrame({"colour": pd.Series(["red", "blue"], dtype=object)}))
    matrix = encode_frame(fitted, pd.DataFrame({"colour": pd.Series(["green", "red"], dtype=object)}))
    assert matrix.tolist() == [[0.0, 0.0], [0.0, 1.0]]


def test_medians_ignore_what_is_not_finite_and_are_0_for_a_column_without_numbers() -> None:
    matrix = np.array([[1.0, np.nan], [np.inf, np.nan], [4.0, np.nan], [9.0, np.nan]])
    assert finite_medians(matrix).tolist() == [4.0, 0.0]


def test_imputing_replaces_exactly_what_is_not_finite() -> None:
    matrix = np.array([[1.0, np.nan], [-np.inf, 5.0]])
    assert impute(matrix, np.array([10.0, 20.0])).tolist() == [[1.0, 20.0], [10.0, 5.0]]


def test_numeric_features_are_the_columns_that_are_features_themselves() -> None:
    frame = coerce_frame(pd.DataFrame({"n": [1, 2], "t": ["a", "b"]}))
    assert numeric_features(fit_vectorizer(frame)) == ["n"]


def test_a_table_that_would_not_fit_in_memory_is_refused_with_sizes_and_the_column_to_blame(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    frame = coerce_frame(pd.DataFrame({"id": [f"u{i}" for i in range(2000)], "n": range(2000)}))
    monkeypatch.setattr(encoding, "BYTES_PER_CELL", 10**9)
    with pytest.raises(DataError, match=r"GB of memory and .* GB are free. Column 'id' alone has 2,000 different"):
        encode_frame(fit_vectorizer(frame), frame)


def test_a_column_named_like_a_one_hot_feature_adds_up_as_scikit_learn_does() -> None:
    frame = coerce_frame(pd.DataFrame({"a": ["x", "y"], "a=x": [5, 7]}))
    reference = DictVectorizer(sparse=False).fit(frame.to_dict("records"))
    expected = reference.transform(frame.to_dict("records"))
    np.testing.assert_array_equal(encode_frame(fit_vectorizer(frame), frame), expected)


def test_known_columns_are_found_behind_their_features() -> None:
    fitted = fit_vectorizer(coerce_frame(pd.DataFrame({"n": [1, 2], "t": ["a=b", "c"], "x=y": [1, 2]})))
    assert sorted(known_columns(fitted, ["n", "t", "x=y"])) == ["n", "t", "x=y"]
    assert sorted(known_columns(fitted, ["n"])) == ["n", "t", "x"]
