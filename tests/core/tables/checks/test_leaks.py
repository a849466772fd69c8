"""Columns that know the answer are found, whether by their values or by being filled in."""

import numpy as np

from core.tables.checks.leaks import stand_out
from tests.core.tables.checks.conftest import Ask

RNG = np.random.default_rng(6)
N = 800
Y = RNG.integers(0, 2, N)
PLAIN = Y + RNG.normal(0, 1.5, N)


def test_a_copy_of_the_target_under_another_name_is_a_leak(ask: Ask):
    found = ask(y=Y, x=PLAIN, outcome=np.where(Y == 1, "won", "lost"))["leak"]
    assert (found.state, found.columns) == ("look", ("outcome",))
    assert "says the same as the target" in found.evidence
    assert "look better than it is" in found.evidence
    assert (found.action.kind, found.action.columns) == ("leave_out", ("outcome",))
    assert found.examples[0].cells["outcome"] == ("won" if Y[0] else "lost")


def test_a_column_that_stands_far_out_is_a_leak(ask: Ask):
    found = ask(y=Y, x=PLAIN, late=Y + RNG.normal(0, 0.25, N))["leak"]
    assert found.columns == ("late",)
    assert "AUC 0.9" in found.evidence


def test_a_number_that_follows_from_another_is_a_leak(ask: Ask):
    y = RNG.normal(100, 20, N)
    found = ask("regression", y=y, x=y + RNG.normal(0, 30, N), with_tax=1.19 * y + RNG.normal(0, 0.5, N))["leak"]
    assert found.columns == ("with_tax",)


def test_good_columns_among_others_as_good_are_no_leak(ask: Ask):
    checks = ask(y=Y, **{f"x{i}": Y + RNG.normal(0, 0.4, N) for i in range(4)})
    assert checks["leak"].state == "passed"
    assert "The best single column is" in checks["leak"].evidence


def test_what_is_left_out_is_no_leak(ask: Ask):
    assert ask(roles={"excluded": ("copy",)}, y=Y, x=PLAIN, copy=Y)["leak"].state == "passed"


def test_which_columns_stand_out():
    assert stand_out({"a": 0.999, "b": 0.7}, True) == ["a"]
    assert stand_out({"a": 0.999, "b": 0.96, "c": 0.7}, True) == ["a", "b"]
    assert stand_out({"a": 0.985, "b": 0.98, "c": 0.7}, True) == ["a", "b"]
    assert stand_out({"a": 0.97, "b": 0.96, "c": 0.7}, True) == []  # an easy question
    assert stand_out({"a": 0.96, "b": 0.93}, True) == []
    assert stand_out({"a": 0.94, "b": 0.5}, True) == []  # good, but not suspicious
    assert stand_out({"store": 0.91, "b": 0.2}, False) == []
    assert stand_out({"a": 0.99, "b": 0.2}, False) == ["a"]


def test_being_filled_in_can_give_the_answer_away(ask: Ask):
    reason = np.where((Y == 1) & (RNG.random(N) < 0.4), "price", None)
    found = ask(y=Y, x=PLAIN, reason=reason)["presence_leak"]
    assert (found.state, found.columns) == ("look", ("reason",))
    assert "the answer is '1' in 100.0 %" in found.evidence


def test_a_few_filled_rows_with_one_answer_are_chance(ask: Ask):
    note = np.full(N, None, dtype=object)
    note[np.flatnonzero(Y == 1)[:15]] = "x"
    assert ask(y=Y, x=PLAIN, note=note)["presence_leak"].state == "passed"
    usual = np.where(RNG.random(N) < 0.97, 1, 0)
    filled = np.where((usual == 1) & (RNG.random(N) < 0.1), "x", None)  # as pure as any 80 rows may be
    assert ask(y=usual, x=PLAIN, note=filled)["presence_leak"].state == "passed"


def test_missing_at_random_is_no_leak(ask: Ask):
    assert ask(y=Y, x=np.where(RNG.random(N) < 0.3, np.nan, PLAIN))["presence_leak"].state == "passed"


def test_being_filled_in_can_tell_a_number(ask: Ask):
    sold = RNG.random(N) < 0.5
    y = np.where(sold, 100, 0) + RNG.normal(0, 5, N)
    found = ask("regression", y=y, agent=np.where(sold, "Ann", None))["presence_leak"]
    assert found.columns == ("agent",)
    assert f"explains {100 * np.corrcoef(y, sold)[0, 1] ** 2:.1f} %" in found.evidence


def test_a_target_that_never_changes_has_no_leak(ask: Ask):
    assert ask(y=["a"] * 50, x=range(50))["leak"].state == "passed"
