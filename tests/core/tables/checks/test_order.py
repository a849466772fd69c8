"""An order of time among the rows is seen, and an accidental one is not."""

import numpy as np

from tests.core.tables.checks.conftest import Ask

RNG = np.random.default_rng(13)
N = 600
DAYS = np.datetime64("2020-01-01") + np.arange(N)
NOISE = RNG.normal(0, 1, N)
TREND = np.cumsum(RNG.normal(0, 1, N))


def test_rows_sorted_by_a_date_are_better_split_by_it(ask: Ask):
    found = ask("regression", roles={"dates": ("day",)}, day=DAYS.astype("datetime64[us]"), x=NOISE, y=TREND)
    check = found["time_order"]
    assert (check.state, check.title) == ("look", "The rows are in the order of 'day'")
    assert (check.action.kind, check.action.columns) == ("order_by_time", ("day",))
    assert "depends on the time" in check.evidence
    assert "look better than it is" in check.evidence


def test_blocks_of_sorted_rows_are_counted(ask: Ask):
    day = np.tile(np.datetime64("2020-01-03") + 7 * np.arange(120), 5)
    found = ask("regression", store=np.repeat(np.arange(5), 120), day=[str(one) for one in day], y=TREND)
    assert "in 5 blocks" in found["time_order"].evidence


def test_a_trend_is_seen_in_shuffled_rows(ask: Ask):
    rows = RNG.permutation(N)
    found = ask("regression", day=[str(one) for one in DAYS[rows]], y=TREND[rows])["time_order"]
    assert found.title == "'y' changes with 'day'"


def test_dates_that_do_not_matter_pass(ask: Ask):
    rows = RNG.permutation(N)
    found = ask("regression", day=[str(one) for one in DAYS[rows]], x=NOISE, y=RNG.normal(0, 1, N))["time_order"]
    assert found.state == "passed"


def test_a_split_by_time_is_what_was_asked_for(ask: Ask):
    roles = {"dates": ("day",), "time_column": "day"}
    found = ask("regression", roles=roles, day=[str(one) for one in DAYS], y=TREND)["time_order"]
    assert (found.state, found.action.is_undo) == ("fixed", True)


def test_a_share_that_changes_along_the_rows_is_seen_without_a_date(ask: Ask):
    y = (RNG.random(N) < np.linspace(0.02, 0.9, N)).astype(int)
    found = ask(x=NOISE, y=y)["time_order"]
    assert found.title == "'y' changes along the rows"
    assert found.action is None


def test_an_order_that_another_column_explains_is_no_time(ask: Ask):
    group = np.sort(RNG.choice(["a", "b", "c"], N))
    y = (RNG.random(N) < np.array([{"a": 0.1, "b": 0.5, "c": 0.9}[one] for one in group])).astype(int)
    found = ask(group=group, x=NOISE, y=y)["time_order"]
    assert found.state == "passed"
    assert "follows the order of 'group'" in found.evidence
    months = ask(month=group, x=NOISE, y=y)["time_order"]
    assert months.state == "look"
    assert "goes through the file in blocks" in months.evidence


def test_rows_in_no_order_pass(ask: Ask):
    assert ask(x=NOISE, y=RNG.integers(0, 2, N))["time_order"].state == "passed"
