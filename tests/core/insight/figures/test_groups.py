"""How the values of a column are grouped and what the groups are called."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest

from core.insight.figures.groups import groups_of


def counted(values: Any, **choices: Any) -> dict[tuple[str, str], int]:
    """Return how many rows each group holds, by its kind and label, in the order of the groups."""
    groups = groups_of(values if isinstance(values, pd.Series) else pd.Series(values), **choices)
    n = Counter(groups.codes.tolist())
    names = list(zip(groups.kinds, groups.labels, strict=True))
    return {names[code]: n[code] for code in range(len(names)) if n[code]}


def test_few_categories_stand_for_themselves_the_most_frequent_first() -> None:
    assert counted(["b", "a", "b", None, "a", "b", " ", np.nan, "c"]) == {
        ("category", "b"): 3,
        ("category", "a"): 2,
        ("category", "c"): 1,
        ("missing", "missing"): 3,
    }


@pytest.mark.parametrize(("k", "shown"), [(12, 12), (13, 11), (10_000, 11)])
def test_of_many_categories_eleven_are_shown_and_the_others_together(k: int, shown: int) -> None:
    cells = [f"c{place}" for place in range(k) for _ in range(1 + (place < 11))]
    found = counted(cells)
    assert sum(kind == "category" for kind, _ in found) == shown
    assert found.get(("others", "all others"), 0) == (k - 11 if k > 12 else 0)
    assert sum(found.values()) == len(cells)


def test_a_category_called_missing_is_not_taken_for_missing_cells() -> None:
    found = counted(["missing", "all others", None])
    assert found[("category", "missing")] == found[("missing", "missing")] == found[("category", "all others")] == 1


@pytest.mark.parametrize(
    "values",
    [
        pd.Series([True, False, True]),
        pd.Series([True, False, True], dtype="boolean"),
        pd.Series([True, False, True], dtype=object),
    ],
)
def test_truth_values_are_categories(values: pd.Series) -> None:
    assert counted(values) == {("category", "True"): 2, ("category", "False"): 1}


def test_codes_are_categories_where_the_caller_says_so() -> None:
    values = pd.Series(np.repeat(np.arange(20), 3))
    assert {kind for kind, _ in counted(values)} == {"range"}
    assert {kind for kind, _ in counted(values, is_categorical=True)} == {"category", "others"}


@pytest.mark.parametrize("dtype", ["float64", "Float64", object])
def test_few_different_numbers_stand_for_themselves(dtype: Any) -> None:
    values = pd.Series([2.0, 1.0, 2.0, None, 0.5], dtype=dtype)
    assert counted(values) == {
        ("category", "0.5"): 1,
        ("category", "1"): 1,
        ("category", "2"): 2,
        ("missing", "missing"): 1,
    }


def test_numbers_come_in_six_ranges_of_about_the_same_rows() -> None:
    values = pd.Series(np.linspace(0, 1, 60_000))
    found = counted(values)
    assert [label for _, label in found] == [
        "under 0.17",
        "0.17 to under 0.33",
        "0.33 to under 0.5",
        "0.5 to under 0.67",
        "0.67 to under 0.83",
        "0.83 and more",
    ]
    assert found[("range", "0.17 to under 0.33")] == ((values >= 0.17) & (values < 0.33)).sum()
    assert all(abs(n - 10_000) < 700 for n in found.values())


def test_ranges_of_whole_numbers_name_both_ends() -> None:
    found = counted(np.repeat(np.arange(12), 50))
    assert list(found) == [
        ("range", "under 2"),
        ("range", "2 to 3"),
        ("range", "4 to 5"),
        ("range", "6 to 7"),
        ("range", "8 to 9"),
        ("range", "10 and more"),
    ]
    assert set(found.values()) == {100}


def test_a_number_that_most_rows_hold_leaves_the_others_in_ranges() -> None:
    found = counted([0] * 900 + list(range(1_000, 1_100)))
    assert found == {("range", "under 1,000"): 900, ("range", "1,000 and more"): 100}


@pytest.mark.parametrize(
    "numbers",
    [
        np.geomspace(1e-9, 1e9, 600),
        1e12 + np.arange(300) * 1e-3,
        np.linspace(-5e-7, 5e-7, 300),
        np.append(np.linspace(0, 1, 200), [np.inf, -np.inf, 1e308, -1e308]),
        np.arange(300) * 1e17,
        np.append(np.zeros(200), np.arange(9) * 5e-324),
    ],
)
def test_ranges_of_any_numbers_have_different_names_and_hold_every_row(numbers: Any) -> None:
    found = counted(numbers)
    assert sum(found.values()) == len(numbers)
    assert 1 <= len(found) <= 6
    groups = groups_of(pd.Series(numbers))
    assert len(set(groups.labels)) == len(groups.labels)
    order = np.argsort(numbers)
    assert (np.diff(groups.codes[order]) >= 0).all()


@pytest.mark.parametrize(
    ("first", "last", "labels"),
    [
        ("2021-03-05", "2021-03-05", ["2021-03-05"]),
        ("2021-02-27", "2021-03-02", ["2021-02-27", "2021-02-28", "2021-03-01", "2021-03-02"]),
        ("2021-03-01", "2021-03-16", [f"2021-03-{day:02d} to 2021-03-{day + 1:02d}" for day in range(1, 17, 2)]),
        ("2020-11-20", "2021-01-05", ["2020-11", "2020-12", "2021-01"]),
        ("2020-11-20", "2021-08-05", ["2020 quarter 4", "2021 quarter 1", "2021 quarter 2", "2021 quarter 3"]),
        ("2019-01-01", "2021-06-30", ["2019 first half", "2019 second half", "2020 first half", "2020 second half",
                                      "2021 first half"]),
        ("2015-05-01", "2021-06-30", [str(year) for year in range(2015, 2022)]),
        ("2000-01-01", "2021-06-30", ["2000 to 2004", "2005 to 2009", "2010 to 2014", "2015 to 2019", "2020 to 2024"]),
    ],
)  # fmt: skip
def test_dates_come_in_at_most_eight_periods_of_the_calendar(first: str, last: str, labels: list[str]) -> None:
    days = pd.Series(pd.date_range(first, last, freq="D"))
    found = counted(days)
    assert list(found) == [("period", label) for label in labels]
    assert sum(found.values()) == len(days)


def test_dates_of_any_sort_are_read_as_dates() -> None:
    moments = [datetime(2021, 1, 31, 23, 59), datetime(2021, 6, 1), datetime(2021, 12, 1)]
    expected = {("period", "2021 quarter 1"): 1, ("period", "2021 quarter 2"): 1, ("period", "2021 quarter 4"): 1}
    assert counted(pd.Series(moments)) == expected
    assert counted(pd.Series(moments, dtype=object)) == expected
    assert counted(pd.Series([date(2021, 1, 31), date(2021, 6, 1), date(2021, 12, 1)], dtype=object)) == expected
    assert counted(pd.Series([moment.replace(tzinfo=UTC) for moment in moments])) == expected
    assert counted(pd.Series([*moments, None]))[("missing", "missing")] == 1


def test_dates_far_apart_and_before_1970_come_in_order() -> None:
    days = pd.Series(np.array(["0001-01-01", "1969-12-31", "9999-12-31"], dtype="datetime64[s]"))
    groups = groups_of(days)
    assert len(set(groups.codes.tolist())) > 1
    assert groups.codes.tolist() == sorted(groups.codes.tolist())
    assert len(groups.labels) <= 9


@pytest.mark.parametrize("dtype", ["float64", object, "str", "datetime64[ns]"])
@pytest.mark.parametrize("n", [0, 3])
def test_a_column_of_missing_cells_is_one_group(n: int, dtype: Any) -> None:
    assert counted(pd.Series([None] * n, dtype=dtype)) == ({("missing", "missing"): n} if n else {})


def test_pandas_categories_and_mixed_cells_are_categories() -> None:
    assert counted(pd.Series(["a", "b", "a"], dtype="category")) == {("category", "a"): 2, ("category", "b"): 1}
    assert counted(pd.Series(["a", 5, "a", None], dtype=object)) == {
        ("category", "a"): 2,
        ("category", "5"): 1,
        ("missing", "missing"): 1,
    }
