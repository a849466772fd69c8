"""Which features belong to which column: shuffling them together is shuffling the raw column."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from core.errors import DataError
from core.insight.explain.groups import column_groups
from core.scoring.predict import features_of
from core.types import ModelBundle
from tests.core.insight.explain.models import model_of

COLUMNS = ["a", "a=b", "a=n", "mixed", "code", "day", "nothing", "gaps"]


@pytest.mark.parametrize("column", COLUMNS)
def test_shuffling_a_raw_column_is_shuffling_its_features(
    odd_bundle: ModelBundle, odd_frame: pd.DataFrame, column: str
) -> None:
    order = np.random.default_rng(0).permutation(len(odd_frame))
    shuffled = odd_frame.assign(**{column: odd_frame[column].to_numpy()[order]})
    x, group = features_of(odd_bundle, odd_frame), column_groups(odd_bundle)[column]
    expected = features_of(odd_bundle, shuffled)
    assert column == "nothing" or not np.array_equal(x, expected)
    x[:, group] = x[:, group][order]
    np.testing.assert_array_equal(x, expected)


def test_each_feature_belongs_to_one_input_column(odd_bundle: ModelBundle) -> None:
    groups = column_groups(odd_bundle)
    assert list(groups) == COLUMNS
    assert sorted(np.concatenate(list(groups.values())).tolist()) == list(range(odd_bundle.input_dim))
    assert len(groups["day"]) == 15
    assert len(groups["a"]) == len(groups["code"]) == 3


def test_without_a_schema_the_tables_columns_tell_where_a_name_is_cut() -> None:
    table = pd.DataFrame({"a": ["x", "y"], "a=b": ["x", "z"], "n": [1.0, 2.0]})
    bundle = model_of(table.astype({"a": object, "a=b": object}), lambda x: x[:, :1])
    groups = column_groups(bundle, list(table.columns))
    names = bundle.vectorizer.feature_names_
    assert {column: [names[i] for i in group] for column, group in groups.items()} == {
        "a": ["a=x", "a=y"], "a=b": ["a=b=x", "a=b=z"], "n": ["n"],
    }  # fmt: skip


def test_a_model_that_does_not_name_its_inputs_is_refused_in_words(price_bundle: ModelBundle) -> None:
    nameless: Any = SimpleNamespace(**{**vars(price_bundle), "vectorizer": object()})
    with pytest.raises(DataError, match="does not say which column"):
        column_groups(nameless)
