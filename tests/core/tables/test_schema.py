"""The input schema says what the training table held."""

import numpy as np
import pandas as pd

from core.tables.schema import MAX_CATEGORIES, describe_inputs
from core.types import DateFormat


def described(frame, target="y", excluded=(), dates=()):
    return {column.name: column for column in describe_inputs(frame, target, excluded, dates).columns}


def test_roles_keep_the_order_of_the_file():
    frame = pd.DataFrame({"d": ["2010-02-05"], "x": [1], "id": ["a"], "y": [0]})
    schema = describe_inputs(frame, "y", ["id"], ["d"])
    assert [(c.name, c.role) for c in schema.columns] == [
        ("d", "date"), ("x", "feature"), ("id", "excluded"), ("y", "target"),
    ]  # fmt: skip
    assert schema.feature_columns == ("d", "x")


def test_numbers_have_their_range_and_median():
    x = described(pd.DataFrame({"x": ["1", "4", "NA", "2.5", "", "4", "inf"], "y": 0}))["x"]
    assert (x.kind, x.n_missing, x.n_distinct) == ("number", 3, 3)
    assert (x.minimum, x.maximum, x.median) == (1.0, 4.0, 3.25)
    assert x.categories == ()


def test_texts_have_their_categories_most_frequent_first():
    x = described(pd.DataFrame({"x": ["b", " a ", "a", "None", "c", "b", "a"], "y": 0}))["x"]
    assert (x.kind, x.n_missing, x.n_distinct) == ("text", 1, 3)
    assert x.categories == (("a", 3), ("b", 2), ("c", 1))
    assert (x.minimum, x.median, x.categories_cut) == (None, None, False)


def test_mixed_columns_have_both():
    x = described(pd.DataFrame({"x": ["5", "low", "7"], "y": 0}))["x"]
    assert (x.kind, x.n_distinct, x.minimum, x.maximum) == ("mixed", 3, 5.0, 7.0)
    assert x.categories == (("low", 1),)


def test_at_most_a_thousand_categories_are_kept():
    frame = pd.DataFrame({"x": [f"level {i}" for i in range(MAX_CATEGORIES + 1)] + ["level 7"], "y": 0})
    x = described(frame)["x"]
    assert len(x.categories) == MAX_CATEGORIES
    assert x.categories[0] == ("level 7", 2)
    assert x.categories_cut
    assert x.n_distinct == MAX_CATEGORIES + 1


def test_dates_have_their_format_and_unreadable_ones_are_missing():
    d = described(pd.DataFrame({"d": ["13-02-2010 10:00", "05-02-2010", "soon", None], "y": 0}), dates=["d"])["d"]
    assert (d.kind, d.n_missing, d.n_distinct) == ("date", 2, 2)
    assert d.date_format == DateFormat("day_first", has_time=True)


def test_codes_are_categories_without_a_range():
    frame = pd.DataFrame({"x": [45, 1, 1, None, np.inf], "z": ["007", "7", "7.0", "", "b"], "id": 1, "y": [1] * 5})
    schema = describe_inputs(frame, "y", ["id"], (), ("x", "z", "id", "y"))
    x, z, identity, y = schema.columns
    assert (x.kind, x.n_missing, x.n_distinct, x.categories) == ("text", 2, 2, (("1", 2), ("45", 1)))
    assert (x.minimum, x.maximum, x.median) == (None, None, None)
    assert z.categories == (("7", 2), ("007", 1), ("b", 1))
    assert schema.categorical_columns == ("x", "z")
    assert (identity.kind, identity.is_categorical, y.kind, y.is_categorical) == ("number", False, "number", False)


def test_a_column_without_values_is_empty():
    x = described(pd.DataFrame({"x": [None, "", "NA"], "y": 0}))["x"]
    assert (x.kind, x.n_missing, x.n_distinct, x.minimum) == ("empty", 3, 0, None)


def test_booleans_are_numbers():
    x = described(pd.DataFrame({"x": [True, False, True], "y": 0}))["x"]
    assert (x.kind, x.minimum, x.maximum, x.median) == ("number", 0.0, 1.0, 1.0)
