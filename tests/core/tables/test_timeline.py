"""When rows are is read from dates or numbers, and the latest are kept aside without dividing a time."""

from __future__ import annotations

import logging
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import DataError
from core.tables.schema import describe_inputs
from core.tables.timeline import Timeline, read_timeline, split_by_time, timeline_of
from core.types import DateFormat

NAN = float("nan")


def days(timeline: Timeline) -> list[str]:
    return ["" if np.isnan(time) else timeline.text(time) for time in timeline.order]


@pytest.mark.parametrize(
    ("cells", "found"),
    [
        (["05-02-2010", "12-02-2010", "13-02-2010"], ["2010-02-05", "2010-02-12", "2010-02-13"]),
        (["02/05/2010", "02/12/2010", "02/13/2010"], ["2010-02-05", "2010-02-12", "2010-02-13"]),
        (["2012-06-01 14:30", "soon", None, "2012-06-02"], ["2012-06-01 14:30:00", "", "", "2012-06-02"]),
        (["2010-02", "Mar 2010"], ["2010-02-01", "2010-03-01"]),
        (pd.to_datetime(["2012-06-01", ""]), ["2012-06-01", ""]),
        (pd.to_datetime(["2012-06-01T23:30-02:00"]), ["2012-06-02 01:30:00"]),
        ([2011, 2010, 2012], ["2011", "2010", "2012"]),
        (["2011", "n/a", "2010"], ["2011", "", "2010"]),
        ([1, 2.5, -3, np.inf, None], ["1", "2.5", "-3", "", ""]),
        (pd.array([20_000, None], "Int64"), ["20000", ""]),
        (["1", "2", "yesterday"], ["1", "2", ""]),
        (["20120601", "2012-06-02"], ["2012-06-01", "2012-06-02"]),
    ],
)  # fmt: skip
def test_cells_are_read_as_dates_where_that_reads_more_of_them_else_as_numbers(cells: Any, found: list[str]) -> None:
    assert days(read_timeline(pd.Series(cells), "when")) == found


def test_dates_are_read_as_the_schema_has_them() -> None:
    values = pd.Series(["05-02-2010", "06-02-2010"])
    assert days(read_timeline(values, "when", DateFormat("month_first"))) == ["2010-05-02", "2010-06-02"]
    serials = pd.Series([40_214, 40_215])
    assert days(read_timeline(serials, "when")) == ["40214", "40215"]
    assert days(read_timeline(serials, "when", DateFormat("year_first"))) == ["2010-02-05", "2010-02-06"]
    years = pd.Series([2010, 2011])  # marked as dates, but no dates
    assert days(read_timeline(years, "when", DateFormat("year_first"))) == ["2010", "2011"]


def test_a_table_has_a_timeline_where_a_column_is_chosen() -> None:
    frame = pd.DataFrame({"when": ["05-02-2010", "13-02-2010"], "y": [1, 2]})
    assert timeline_of(frame, None) is None
    for schema in (None, describe_inputs(frame, "y", (), ["when"]), describe_inputs(frame, "y", ["when"], ())):
        timeline = timeline_of(frame, "when", schema)
        assert timeline is not None
        assert days(timeline) == ["2010-02-05", "2010-02-13"]


@pytest.mark.parametrize("cells", [["a", "b"], [None, ""], [np.inf, np.nan]])
def test_a_column_without_readable_dates_or_numbers_is_refused(cells: list[Any]) -> None:
    with pytest.raises(DataError, match=r"Column 'when' cannot order the rows in time: none of its 2 cells is a read"):
        read_timeline(pd.Series(cells), "when")


def test_the_latest_rows_are_kept_aside_in_time_order() -> None:
    earlier, latest = split_by_time(np.array([5.0, 1, 4, 2, 3]), 0.4, "t")
    assert (earlier.tolist(), latest.tolist()) == ([1, 3, 4], [2, 0])


def test_the_share_is_rounded_up_as_in_a_random_split() -> None:
    earlier, latest = split_by_time(np.arange(11.0), 0.2, "t")
    assert (len(earlier), len(latest)) == (8, 3)


def test_rows_without_a_time_are_earlier_than_all_others() -> None:
    earlier, latest = split_by_time(np.array([NAN, 9, 8, NAN, 7]), 0.2, "t")
    assert (earlier.tolist(), latest.tolist()) == ([0, 3, 4, 2], [1])
    earlier, latest = split_by_time(np.array([NAN, 1, NAN, 2, NAN]), 0.8, "t")  # a known time stays among the earlier
    assert (earlier.tolist(), latest.tolist()) == ([0, 2, 4, 1], [3])


@pytest.mark.parametrize(
    ("times", "share", "n_latest"),
    [
        ([1, 1, 1, 2, 2, 2, 3, 3, 3, 3], 0.2, 4),  # 0 or 4
        ([1, 1, 1, 1, 1, 2, 2, 2, 2, 3], 0.2, 1),  # 1 or 5
        ([1, 1, 1, 2, 2, 2, 2, 2, 3, 3], 0.4, 2),  # 2 or 7
        ([1, 1, 1, 1, 2, 2, 3, 3, 3, 3], 0.5, 4),  # 4 or 6 are as near: the later
        ([1, 2, 2, 2, 2, 2, 2, 2, 2, 2], 0.2, 9),  # the only way
    ],
)
def test_rows_of_one_time_are_never_divided(times: list[float], share: float, n_latest: int) -> None:
    earlier, latest = split_by_time(np.array(times, dtype=float), share, "t")
    assert latest.tolist() == list(range(10 - n_latest, 10))
    assert earlier.tolist() == list(range(10 - n_latest))


def test_a_share_that_is_missed_noticeably_is_said(caplog: pytest.LogCaptureFixture) -> None:
    split_by_time(np.array([1.0, 1, 1, 2, 2]), 0.2, "Year")
    assert caplog.messages == [
        "The latest rows by column 'Year' are 40 % of 5 rather than 20 %, for rows with the same time stay together."
    ]
    caplog.clear()
    with caplog.at_level(logging.DEBUG):
        split_by_time(np.repeat(np.arange(200.0), 3), 0.2, "Week")
    assert not caplog.messages


@pytest.mark.parametrize(
    ("times", "words"),
    [([3.0, 3, 3], "has the same time in every row of 3"), ([NAN, 3, 3], "the same time"), ([NAN, NAN], "has no time")],
)
def test_without_two_times_no_rows_are_the_latest(times: list[float], words: str) -> None:
    with pytest.raises(DataError, match=words):
        split_by_time(np.array(times), 0.5, "t")


@given(
    st.lists(st.one_of(st.just(NAN), st.integers(0, 6).map(float)), min_size=2, max_size=40),
    st.floats(0.01, 0.99),
)
def test_every_row_is_on_one_side_and_none_of_the_earlier_is_as_late_as_the_latest(
    times: list[float], share: float
) -> None:
    order = np.array(times)
    if len(np.unique(order[~np.isnan(order)])) < 2:
        return
    earlier, latest = split_by_time(order, share, "t")
    assert sorted([*earlier, *latest]) == list(range(len(times)))
    assert np.nanmax(order[earlier]) < order[latest].min()
    for side in (earlier, latest):
        filled = np.where(np.isnan(order[side]), -1.0, order[side])
        assert (np.diff(filled) >= 0).all()


def test_rows_can_be_chosen_and_put_in_order() -> None:
    timeline = Timeline("t", np.array([3.0, NAN, 1, 2]), is_date=False)
    assert timeline.rows(np.array([True, True, False, True])).order.tolist()[::2] == [3.0, 2.0]
    np.testing.assert_array_equal(timeline.in_order().order, [NAN, 1, 2, 3])
