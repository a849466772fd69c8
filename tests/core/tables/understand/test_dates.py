"""Dates are found however they are written, and the order of day and month is read off the cells."""

from datetime import datetime

import numpy as np
import pandas as pd
import pytest

from core.tables.dates import infer_date_format, parse_dates
from core.tables.understand.dates import find_date, is_date, unreadable_share
from tests.core.tables.understand.conftest import column

DAYS = pd.date_range("2020-01-01", periods=90, freq="D")


@pytest.mark.parametrize(
    ("form", "order", "shown"),
    [
        ("%d.%m.%Y", "day_first", "'13.01.2020' shows that the day comes first"),
        ("%m/%d/%Y", "month_first", "'01/13/2020' shows that the month comes first"),
        ("%Y-%m-%d", "year_first", "in one way only"),
        ("%d %b %Y", "year_first", "in one way only"),
    ],
)
def test_the_cells_show_the_order(form, order, shown):
    found = find_date(column(DAYS.strftime(form).tolist()))
    assert (found.kind, found.advice, found.confidence) == ("date", "as_date", "sure")
    assert found.details["order"] == order
    assert not found.details["ambiguous"]
    assert shown in found.evidence


def test_dates_that_fit_both_orders_are_said_to_be_ambiguous():
    found = find_date(column(["01/02/2020", "03/04/2020", "07/05/2020", "02/02/2020"]))
    assert found.details["ambiguous"]
    assert found.confidence == "likely"
    assert "either way round" in found.evidence


def test_an_order_that_was_chosen_is_followed():
    found = find_date(column(["01/02/2020", "03/04/2020", "07/05/2020"]), "day_first")
    assert found.details["order"] == "day_first"
    assert "as was chosen" in found.evidence
    assert found.confidence == "sure"


def test_the_order_of_most_cells_decides_and_the_others_are_named():
    found = find_date(column([*DAYS.strftime("%d.%m.%Y"), "02.28.2020"]))
    assert found.details == {"order": "day_first", "ambiguous": False, "has_time": False, "unreadable": 1}
    assert "'02.28.2020' cannot be read so" in found.evidence


def test_two_digit_years_are_said_to_be_so():
    found = find_date(column(DAYS.strftime("%d.%m.%y").tolist()))
    assert "two digits" in found.evidence
    assert found.details["order"] == "day_first"


@pytest.mark.parametrize(
    ("cells", "name", "kind"),
    [
        ([20200131, 20200229, 20191231], "x", "date"),
        ([43_000, 43_100, 43_900], "order date", "date"),
        ([202001, 202002, 202003, 202005], "x", "year_month"),
        ([1_600_000_000, 1_600_086_400], "created_at", "unix_time"),
        ([1_600_000_000_000, 1_600_086_400_000], "x", "unix_time"),
    ],
)
def test_numbers_that_are_dates_can_be_read_as_such(cells, name, kind):
    """What is suggested, a training must be able to do."""
    found = find_date(column(cells, name))
    assert (found.kind, found.advice) == (kind, "as_date")
    assert is_date(column(cells, name))
    values = pd.Series(cells)
    dates, n_unreadable = parse_dates(values, infer_date_format(values))
    assert n_unreadable == 0
    assert dates.dt.year.between(2017, 2020).all()


def test_unix_times_are_read_to_the_second():
    dates, _ = parse_dates(pd.Series([1_600_000_000, 1_600_000_000_500]), infer_date_format(pd.Series([0])))
    assert dates.tolist() == [datetime(2020, 9, 13, 12, 26, 40), datetime(2020, 9, 13, 12, 26, 40, 500_000)]


@pytest.mark.parametrize(
    ("cells", "name"),
    [
        ([20200231, 20200101], "x"),  # no such day
        ([43_000, 43_100, 43_900], "salary"),
        ([202013, 202001, 202002], "x"),
        ([1_600_000_000, 1_600_086_400], "population"),
        ([f"CUST-{i:04d}" for i in range(400, 460)], "x"),
        (["12 kg", "13 kg", "14 kg"], "x"),
        (["2020-01-01"] * 5, "x"),
        (["a", "b"], "date"),
    ],
)
def test_what_is_no_date_is_left_alone(cells, name):
    assert find_date(column(cells, name)) is None


def test_times_of_day_are_told_from_dates():
    found = find_date(column(["18:00:00", "19:30:00", "7:05 pm"]))
    assert (found.kind, found.advice) == ("time", "none")
    assert not is_date(column(["18:00:00", "19:30:00"]))


def test_real_dates_need_no_reading():
    found = find_date(column(np.array(DAYS, dtype="datetime64[us]")))
    assert "from 2020-01-01 to 2020-03-30" in found.evidence


def test_the_share_of_unreadable_levels():
    assert unreadable_share(["2020-01-01", "soon", 20200101.0, "99.99.2020"]) == 0.5
