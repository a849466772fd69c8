"""Dates are read by one decision per column and become numbers that can be checked by hand."""

import math
from datetime import date, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import DataError
from core.tables.dates import date_feature_names, expand_date_columns, infer_date_format, parse_dates
from core.types import DateFormat

DAY_FIRST = DateFormat("day_first")
MONTH_FIRST = DateFormat("month_first")
FEATURES = [
    "year", "month", "day", "day_of_week", "day_of_year", "week_of_year", "is_month_start", "is_month_end",
    "sin_month", "cos_month", "sin_day_of_week", "cos_day_of_week", "sin_day_of_year", "cos_day_of_year",
    "elapsed_days",
]  # fmt: skip


def read(cell, format=DAY_FIRST):
    dates, n_unreadable = parse_dates(pd.Series([cell], dtype=object), format)
    return (None if pd.isna(dates[0]) else dates[0].to_pydatetime()), n_unreadable


@pytest.mark.parametrize(
    "cell",
    [
        "2010-02-05", "2010/02/05", "2010.2.5", "20100205", 20100205, 20100205.0, "05.02.2010", "5. 2. 2010",
        "5/2/2010", "05-02-10", "5 Feb 2010", "5-Feb-10", "5. February 2010", "Feb 5, 2010", "february 5th 2010",
        "Fri, 5 Feb 2010", "2010-Feb-05", 40214, 40214.0, "40214", date(2010, 2, 5), datetime(2010, 2, 5),
        pd.Timestamp("2010-02-05"), np.datetime64("2010-02-05"), "2010-02-05T00:00:00", " 2010-02-05 ",
    ],
)  # fmt: skip
def test_each_way_to_write_the_fifth_of_february_is_read(cell):
    assert read(cell) == (datetime(2010, 2, 5), 0)


@pytest.mark.parametrize(
    ("cell", "moment"),
    [
        ("2010-02-05 13:45", datetime(2010, 2, 5, 13, 45)),
        ("2010-02-05T13:45:10.25", datetime(2010, 2, 5, 13, 45, 10, 250_000)),
        ("2010-02-05T23:30:00-02:00", datetime(2010, 2, 6, 1, 30)),
        ("2010-02-05T00:30:00+0100", datetime(2010, 2, 4, 23, 30)),
        ("2010-02-05T10:00Z", datetime(2010, 2, 5, 10)),
        ("05.02.2010 1:05 pm", datetime(2010, 2, 5, 13, 5)),
        ("05.02.2010 12:05 AM", datetime(2010, 2, 5, 0, 5)),
        ("5 Feb 2010, 10:30", datetime(2010, 2, 5, 10, 30)),
        (40214.75, datetime(2010, 2, 5, 18)),
        (pd.Timestamp("2010-02-05 10:00", tz="Europe/Berlin"), datetime(2010, 2, 5, 9)),
        ("2010-02", datetime(2010, 2, 1)),
        ("Feb 2010", datetime(2010, 2, 1)),
        ("01/01/69", datetime(1969, 1, 1)),
        ("01/01/68", datetime(2068, 1, 1)),
    ],
)
def test_times_zones_and_short_forms_are_read(cell, moment):
    assert read(cell) == (moment, 0)


@pytest.mark.parametrize(
    "cell",
    ["31.04.2010", "29.02.2011", "2010-13-01", "hello", "3:4", True, 5, 99_999_999, "2010-02-05 25:00",
     "2010-02-05 13:00 pm", "5 Fbr 2010", "05-02/2010", [1], "x" * 100, "1.2.3.4", "٠٥.٠٢.٢٠١٠"],
)  # fmt: skip
def test_what_no_calendar_has_is_unreadable_and_counted(cell):
    assert read(cell) == (None, 1)


@pytest.mark.parametrize("cell", [None, "", "NA", " n/a ", float("nan"), pd.NaT, pd.NA, np.datetime64("NaT")])
def test_blank_cells_are_missing_but_not_unreadable(cell):
    assert read(cell) == (None, 0)


def test_a_column_of_real_dates_is_taken_as_it_is_and_zones_become_utc():
    values = pd.Series(pd.to_datetime(["2010-07-01 00:30", None])).dt.tz_localize("Europe/Berlin")
    dates, n_unreadable = parse_dates(values, DAY_FIRST)
    assert dates[0] == pd.Timestamp("2010-06-30 22:30")
    assert pd.isna(dates[1])
    assert n_unreadable == 0
    assert infer_date_format(values).has_time


def texts(dates, pattern):
    return pd.Series([day.strftime(pattern) for day in dates])


def days(start, n, step=1):
    return [start + timedelta(days=step * i) for i in range(n)]


@settings(deadline=None)
@given(
    st.lists(st.dates(date(1970, 1, 1), date(2068, 12, 31)), min_size=1, max_size=30),
    st.dates(date(1970, 1, 13), date(2068, 12, 31)).filter(lambda day: day.day > 12),
    st.sampled_from(["day_first", "month_first"]),
    st.sampled_from("-/."),
)
def test_one_value_over_twelve_decides_the_whole_column(column, decisive, order, mark):
    pattern = {"day_first": "%d-%m-%Y", "month_first": "%m-%d-%Y"}[order].replace("-", mark)
    values = texts([*column, decisive], pattern)
    format = infer_date_format(values)
    assert format == DateFormat(order)
    dates, n_unreadable = parse_dates(values, format)
    assert n_unreadable == 0
    expected = pd.to_datetime(values, format=pattern)
    assert list(dates) == list(expected)


@given(st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1)))
def test_iso_texts_are_read_the_same_under_each_order(moment):
    for order in ("day_first", "month_first", "year_first"):
        assert read(moment.isoformat(), DateFormat(order)) == (moment, 0)


def test_two_digit_years_may_come_first():
    values = pd.Series(["99-02-05", "98-12-31"])
    assert infer_date_format(values).order == "year_first"
    assert parse_dates(values, DateFormat("year_first"))[0][0] == pd.Timestamp("1999-02-05")


def test_contradictory_columns_follow_the_order_that_reads_more_rows():
    values = pd.Series(["13-01-2010"] * 3 + ["01-13-2010"] * 2)
    assert infer_date_format(values).order == "day_first"
    assert parse_dates(values, DAY_FIRST)[1] == 2
    assert infer_date_format(values[::-1].iloc[:3]).order == "month_first"


@pytest.mark.parametrize(("pattern", "order"), [("%d/%m/%Y", "day_first"), ("%m/%d/%Y", "month_first")])
def test_months_in_a_row_decide_where_no_day_is_over_twelve(pattern, order):
    firsts = [date(2010 + i // 12, 1 + i % 12, 1) for i in range(24)]
    assert infer_date_format(texts(firsts, pattern)).order == order


def test_rows_in_order_decide_where_spacing_does_not():
    column = [date(2010, 1, 2), date(2010, 2, 1), date(2010, 2, 7), date(2010, 3, 4), date(2010, 5, 3)]
    assert infer_date_format(texts(column, "%d/%m/%Y")).order == "day_first"
    assert infer_date_format(texts(column, "%m-%d-%Y")).order == "month_first"


@pytest.mark.parametrize(
    ("cell", "order"), [("05-02-2010", "day_first"), ("05.02.2010", "day_first"), ("05/02/2010", "month_first")]
)
def test_without_evidence_the_separator_decides(cell, order):
    assert infer_date_format(pd.Series([cell])).order == order


def test_a_weekly_series_is_day_first():
    assert infer_date_format(texts(days(date(2010, 2, 5), 10, 7), "%d-%m-%Y")) == DAY_FIRST


def test_iso_columns_are_year_first_and_read_no_ambiguous_text():
    values = pd.Series(["2010-02-05", "2010-02-06"])
    assert infer_date_format(values) == DateFormat("year_first")
    assert read("05-02-2010", DateFormat("year_first")) == (None, 1)


def test_midnight_everywhere_is_no_time():
    assert not infer_date_format(pd.Series(["2010-02-05 00:00:00"])).has_time
    assert infer_date_format(pd.Series(["2010-02-05 00:00:00", "2010-02-05 00:01:00"])).has_time


moments = st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1)).map(lambda m: m.replace(microsecond=0))


@settings(deadline=None)
@given(st.lists(st.one_of(st.none(), moments), min_size=1, max_size=20))
def test_features_are_what_the_calendar_says(column):
    values = pd.Series([None if moment is None else moment.isoformat(" ") for moment in column], dtype=object)
    frame = expand_date_columns(pd.DataFrame({"d": values}), ["d"], {"d": DateFormat("year_first", True)})
    assert list(frame.columns) == [f"d__{name}" for name in [*FEATURES, "hour", "minute"]]
    assert set(frame.dtypes) == {np.dtype("float64")}
    for row, moment in zip(frame.to_dict("records"), column, strict=True):
        if moment is None:
            assert all(math.isnan(value) for value in row.values())
            continue
        day_of_year = moment.timetuple().tm_yday
        last = (moment + timedelta(days=1)).month != moment.month
        expected = [
            moment.year, moment.month, moment.day, moment.weekday(), day_of_year, moment.isocalendar().week,
            float(moment.day == 1), float(last),
            math.sin(2 * math.pi * moment.month / 12), math.cos(2 * math.pi * moment.month / 12),
            math.sin(2 * math.pi * moment.weekday() / 7), math.cos(2 * math.pi * moment.weekday() / 7),
            math.sin(2 * math.pi * day_of_year / 365.25), math.cos(2 * math.pi * day_of_year / 365.25),
            (moment - datetime(1970, 1, 1)).total_seconds() / 86_400, moment.hour, moment.minute,
        ]  # fmt: skip
        assert list(row.values()) == pytest.approx(expected, abs=1e-9)


def test_companion_each_date_column_is_replaced_where_it_stood():
    frame = pd.DataFrame({"a": [1, 2], "d": ["2010-02-05", "x"], "b": ["u", "v"]}, index=[5, 6])
    before = frame.copy()
    result = expand_date_columns(frame, ["d"])
    assert list(result.columns) == ["a", *(f"d__{name}" for name in FEATURES), "b"]
    assert list(result.index) == [5, 6]
    assert result["d__day_of_week"].tolist()[0] == 4
    assert result.loc[6].filter(like="d__").isna().all()
    pd.testing.assert_frame_equal(frame, before)
    assert date_feature_names("d", DateFormat("year_first")) == list(result.columns[1:-1])


def test_a_given_format_is_used_instead_of_the_evidence():
    frame = pd.DataFrame({"d": ["05/02/2010"]})
    assert expand_date_columns(frame, ["d"])["d__month"][0] == 5
    assert expand_date_columns(frame, ["d"], {"d": DAY_FIRST})["d__month"][0] == 2


def test_an_unknown_date_column_is_refused_with_the_names_there_are():
    with pytest.raises(DataError, match=r"no date column 'when'.*'a', 'b'"):
        expand_date_columns(pd.DataFrame({"a": [1], "b": [2]}), ["when"])


def test_a_feature_name_that_is_taken_is_refused():
    with pytest.raises(DataError, match="d__year"):
        expand_date_columns(pd.DataFrame({"d": ["2010-01-01"], "d__year": [1]}), ["d"])


def test_a_column_with_no_date_at_all_gives_missing_numbers():
    result = expand_date_columns(pd.DataFrame({"d": [None, "NA"]}, dtype=object), ["d"])
    assert result.isna().all().all()
    assert set(result.dtypes) == {np.dtype("float64")}


def test_days_that_no_count_of_nanoseconds_reaches_have_their_numbers() -> None:
    expanded = expand_date_columns(pd.DataFrame({"d": ["9999-12-31", "0001-01-01", "1970-01-02"]}), ["d"])
    assert expanded["d__year"].tolist() == [9999, 1, 1970]
    assert expanded["d__elapsed_days"].tolist() == [2932896, -719162, 1]
