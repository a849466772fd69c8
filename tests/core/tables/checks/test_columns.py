"""What follows from what the columns are: followed already, to be followed, or nothing to do."""

import numpy as np
import pytest

from core.tables.options import ColumnOptions, ReadOptions
from tests.core.tables.checks.conftest import Ask

RNG = np.random.default_rng(12)
N = 500
Y = RNG.choice(["a", "b"], N)
STORE = RNG.integers(1, 30, N)
SALES = RNG.normal(0, 3, 31)[STORE] + RNG.normal(0, 1, N)
DAYS = [f"{1 + i % 28:02d}.{1 + i % 12:02d}.2020" for i in RNG.permutation(N)]
CELLS = {
    "id": [f"K-{i:04d}" for i in range(N)],
    "store": STORE,
    "sales": SALES,
    "when": DAYS,
    "weight": [f"{i % 80} kg" for i in range(N)],
    "note": [f"The machine number {i} stopped after the rain" for i in range(N)],
    "site": ["x"] * N,
    "mail": [f"u{i % 200}@mail.com" for i in range(N)],
    "sales_again": 2 * SALES,
    "y": Y,
}


def test_what_is_not_followed_is_shown_with_one_button(ask: Ask):
    checks = ask(**CELLS)
    expected = {
        "ids": ("leave_out", ("id",)),
        "codes": ("as_category", ("store",)),
        "dates": ("as_date", ("when",)),
        "numbers_as_text": ("as_number", ("weight",)),
        "free_text": ("leave_out", ("note",)),
        "constants": ("leave_out", ("site",)),
        "personal": ("leave_out", ("mail",)),
        "same_columns": ("leave_out", ("sales_again",)),
    }
    shown = {name: (checks[name].action.kind, checks[name].columns) for name in expected}
    assert shown == expected
    assert all(checks[name].state == "look" for name in expected)
    assert not any(checks[name].action.is_undo for name in expected)


def test_what_is_followed_is_fixed_and_can_be_undone(ask: Ask):
    roles = {
        "excluded": ("id", "note", "site", "mail", "sales_again"),
        "dates": ("when",),
        "categories": ("store",),
    }
    checks = ask(roles=roles, **CELLS)
    for name in ("ids", "free_text", "constants", "personal", "same_columns", "dates", "codes"):
        assert checks[name].state == "fixed", name
        assert checks[name].action.is_undo
    assert checks["dates"].title == "'when' is used as dates"
    assert checks["numbers_as_text"].state == "look"  # only reading again can follow that


def test_columns_left_out_for_other_reasons_are_not_spoken_of(ask: Ask):
    checks = ask(roles={"excluded": ("store", "when", "weight")}, **CELLS)
    for name in ("codes", "dates", "numbers_as_text"):
        assert checks[name].state == "passed", name


def test_a_column_that_says_the_same_as_one_left_out_is_needed(ask: Ask):
    assert ask(roles={"excluded": ("sales",)}, **CELLS)["same_columns"].state == "passed"


def test_numbers_that_stand_for_nothing(ask: Ask):
    x, z = RNG.normal(50, 5, N), RNG.normal(50, 5, N)
    x[:20], z[:30] = -999, -999
    found = ask("regression", x=x, y=z)["hidden_missing"]
    assert found.columns == ("x", "y")
    assert "'-999' in 20 rows of 'x'" in found.evidence
    assert found.action.words == {"x": ("-999",), "y": ("-999",)}


def test_a_word_for_nothing_among_the_categories_of_a_target(ask: Ask):
    found = ask(x=SALES, y=np.where(RNG.random(N) < 0.1, "unknown", Y))["hidden_missing"]
    assert found.action.words == {"y": ("unknown",)}
    assert "'unknown' among the categories of 'y'" in found.evidence


def test_a_column_marked_as_a_date_that_is_none(ask: Ask):
    found = ask(roles={"dates": ("kind", "when")}, kind=RNG.choice(["red", "blue"], N), when=DAYS, y=Y)
    assert found["unreadable_dates"].columns == ("kind",)
    assert found["unreadable_dates"].action.is_undo


def test_dates_that_could_be_either_way_round(ask: Ask):
    days = [f"{1 + i % 12:02d}/{1 + i // 12 % 12:02d}/2020" for i in range(N)]
    found = ask(roles={"dates": ("when",)}, when=days, x=SALES, y=Y)["unreadable_dates"]
    assert found.title == "Day and month of 'when' could be either way round"
    chosen = ReadOptions(columns={"when": ColumnOptions(date_order="month_first")})
    assert (
        ask(roles={"dates": ("when",)}, options=chosen, when=days, x=SALES, y=Y)["unreadable_dates"].state == "passed"
    )


def test_very_many_levels_and_what_they_cost(ask: Ask):
    towns = RNG.choice([f"town {i % 17} {i}" for i in range(300)], N)
    found = ask(x=SALES, town=towns, y=Y)["many_levels"]
    n_towns = len(set(towns))
    assert found.columns == ("town",)
    assert f"{n_towns} categories ({N / n_towns:.1f} rows each)" in found.evidence
    as_code = ask(roles={"categories": ("n",)}, n=RNG.integers(0, 300, N), y=Y)["many_levels"]
    assert as_code.columns == ("n",)
    assert ask(n=RNG.integers(0, 300, N), y=Y)["many_levels"].state == "passed"


def test_mostly_empty_columns(ask: Ask):
    half, hardly = RNG.random(N) < 0.4, np.arange(N) % 50 == 0
    found = ask(
        a=np.where(half, SALES, np.nan), b=np.where(hardly, SALES, np.nan), c=SALES, y=Y
    )["mostly_missing"]  # fmt: skip
    assert found.columns == ("b", "a")
    assert "'b' 98.0 %" in found.evidence
    assert found.action.columns == ("b",)


@pytest.mark.parametrize("name", ["ids", "codes", "dates", "numbers_as_text", "personal", "mostly_missing"])
def test_nothing_to_say_is_said(ask: Ask, name):
    check = ask(x=SALES, y=Y)[name]
    assert check.state == "passed"
    assert check.title
    assert check.evidence.endswith(".")


def test_what_was_chosen_about_reading_is_fixed_and_can_be_undone(ask: Ask):
    options = ReadOptions(
        columns={"x": ColumnOptions(type="number", missing_words=("-999",))}, duplicates="leave_out"
    )  # fmt: skip
    checks = ask(options=options, x=SALES, y=Y)
    for name in ("hidden_missing", "numbers_as_text", "duplicate_rows"):
        assert checks[name].state == "fixed", name
        assert checks[name].action.is_undo
    assert checks["hidden_missing"].action.words == {"x": ("-999",)}
    assert checks["numbers_as_text"].columns == ("x",)
