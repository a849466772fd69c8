"""The task follows from the target's values."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from core.errors import DataError
from core.tables.files.profile import profile_column
from core.tables.infer import infer_task, task_of_column


def test_any_text_means_classification():
    assert infer_task(pd.Series([1.5, 2.5, "x", *range(1000)])) == "classification"


@pytest.mark.parametrize(("n_distinct", "task"), [(20, "classification"), (21, "regression")])
def test_twenty_distinct_numbers_are_few_in_a_small_table(n_distinct, task):
    y = np.arange(200) % n_distinct
    assert infer_task(pd.Series(y)) == task
    assert infer_task([str(value) for value in y]) == task


@pytest.mark.parametrize(("n_distinct", "task"), [(50, "classification"), (51, "regression")])
def test_five_percent_of_the_rows_are_few_in_a_large_table(n_distinct, task):
    assert infer_task(pd.Series(np.arange(1000) % n_distinct)) == task


def test_missing_cells_do_not_count_as_values_or_rows():
    y = pd.Series([*(str(i % 21) for i in range(400)), *["NA"] * 400, *[None] * 400])
    assert infer_task(y) == "regression"


def test_booleans_are_two_numbers():
    assert infer_task(pd.Series([True, False] * 50)) == "classification"
    assert infer_task(pd.Series([True, None, False], dtype=object)) == "classification"


@pytest.mark.parametrize("y", [[], [None, "", "NA", float("nan")], ["inf"]])
def test_a_target_without_values_is_refused_in_a_sentence(y):
    with pytest.raises(DataError, match="holds no value"):
        infer_task(pd.Series(y, dtype=object))


@pytest.mark.parametrize(
    "cells",
    [
        ["a", "b"],
        [1.5, None, 2.5] * 9,
        list(range(60)),
        ["1", "2", "na"] * 30,
        [True, False],
        [str(i) for i in range(99)],
    ],
)
def test_the_profile_of_a_column_leads_to_the_same_task(cells):
    y = pd.Series(cells)
    profile = profile_column("y", pa.chunked_array([pa.array(cells)]))
    assert task_of_column(profile, len(y)) == infer_task(y)


def test_a_column_without_values_has_no_task():
    profile = profile_column("y", pa.chunked_array([pa.array([None, None], pa.float64())]))
    with pytest.raises(DataError, match="'y' holds no value in its 2 rows"):
        task_of_column(profile, 2)
