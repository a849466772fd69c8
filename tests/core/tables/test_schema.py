"""The input schema says what the training table held."""

import numpy as np
import pandas as pd

from core.tables.schema import MAX_CATEGORIES, days_of, deciles, describe_inputs
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


def test_numbers_have_their_deciles():
    x = described(pd.DataFrame({"x": [*map(str, range(10, -1, -1)), "NA", "inf"], "y": 0}))["x"]
    assert x.quantiles == tuple(map(float, range(11)))
    skewed = described(pd.DataFrame({"x": [0] * 7 + [1, 2, 10], "y": 0}))["x"]
    assert skewed.quantiles[:7] == (0.0,) * 7
    assert np.allclose(skewed.quantiles[7:], [0.3, 1.2, 2.8, 10.0])  # between the ranks 6.3, 7.2 and 8.1, by hand


def test_of_texts_codes_and_left_out_columns_there_are_no_deciles():
    frame = pd.DataFrame({"a": ["x", "y"], "b": [1, 2], "c": [1, 2], "d": [None, ""], "y": ["no", "yes"]})
    columns = describe_inputs(frame, "y", ["c"], (), ["b"]).columns
    assert [column.quantiles for column in columns] == [()] * 5


def test_mixed_features_have_the_deciles_of_their_numbers_and_so_has_a_target_of_numbers():
    frame = pd.DataFrame({"x": ["low", "3", "5"], "z": ["low", 1, 2], "y": [4.0, 4.0, 9.0]})
    columns = described(frame)
    assert columns["x"].quantiles == (3.0, 3.2, 3.4, 3.6, 3.8, 4.0, 4.2, 4.4, 4.6, 4.8, 5.0)
    assert columns["y"].quantiles == tuple(np.quantile([4, 4, 9], np.arange(11) / 10).tolist())
    assert described(frame, target="z")["z"].kind == "mixed"
    assert described(frame, target="z")["z"].quantiles == ()


def test_dates_have_their_deciles_in_days_since_1970():
    cells = ["1970-01-01", "1970-01-02 06:00", "soon", None, "1970-01-03 12:00"]
    d = described(pd.DataFrame({"d": cells, "y": 0}), dates=["d"])["d"]
    assert d.quantiles == (0.0, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 1.75, 2.0, 2.25, 2.5)
    ancient = described(pd.DataFrame({"d": ["0001-01-01", "9999-12-31"], "y": 0}), dates=["d"])["d"]
    assert (ancient.quantiles[0], ancient.quantiles[-1]) == (-719162.0, 2932896.0)
    assert described(pd.DataFrame({"d": ["soon", None], "y": 0}), dates=["d"])["d"].quantiles == ()


def test_days_keep_the_rows_and_their_gaps():
    days = days_of(pd.Series(pd.to_datetime(["1969-12-31 18:00", None, "2000-01-01 00:00"])))
    assert np.array_equal(days, [-0.25, np.nan, 10957.0], equal_nan=True)


def test_deciles_of_the_largest_numbers_stay_finite_and_ascend():
    found = deciles(np.array([-1.7e308, 1.7e308, 1.0, 0.1, 0.1, 0.1]))
    assert found[0] == -1.7e308
    assert found[-1] == 1.7e308
    assert np.isfinite(found).all()
    assert list(found) == sorted(found)
    tenths = deciles(np.full(100, 0.1))
    assert tenths == (0.1,) * 11
