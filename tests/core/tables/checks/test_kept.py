"""Words for nothing that may be values are offered to be kept; what was kept is said, and can be undone."""

import numpy as np
import pytest

from core.tables.checks.check import Action
from core.tables.options import ColumnOptions, ReadOptions
from tests.core.tables.checks.conftest import Ask

RNG = np.random.default_rng(4)
N = 300
X = RNG.normal(0, 1, N)
Y = RNG.choice(["a", "b"], N)
COUNTRIES = RNG.choice(["DE", "FR", "IT", "ES", "PT", "NA"], N)
INJURIES = RNG.choice(["minor", "severe", "none"], N)


def kept(name: str, *words: str) -> ReadOptions:
    return ReadOptions(columns={name: ColumnOptions(kept_words=words)})


def test_a_code_that_counts_as_missing_can_be_kept(ask: Ask):
    found = ask(x=X, country=COUNTRIES, y=Y)["kept_words"]
    assert (found.state, found.title) == ("look", "A value of 'country' may count as missing")
    assert f"'NA' in {(COUNTRIES == 'NA').sum()} rows of 'country' looks like" in found.evidence
    assert found.action == Action("keep_words", ("country",), {"country": ("NA",)})


def test_none_among_a_few_levels_can_be_kept(ask: Ask):
    found = ask(x=X, country=COUNTRIES, injury=INJURIES, y=Y)["kept_words"]
    assert found.title == "A value of 'country' and 'injury' may count as missing"
    assert found.action.words == {"country": ("NA",), "injury": ("none",)}


@pytest.mark.parametrize(
    "cells",
    [
        np.where(RNG.random(N) < 0.3, "NA", RNG.choice(["Ann", "Bob", "Cy", "Di", "Eve", "Flo"], N)),
        np.where(RNG.random(N) < 0.3, "none", X.round(1).astype(str)),
        np.where(RNG.random(N) < 0.3, "nan", RNG.choice(["DE", "FR", "IT", "ES", "PT"], N)),
        np.where(RNG.random(N) < 0.3, "NA", RNG.choice(["OK", "KO"], N)),
        np.where(RNG.random(N) < 0.3, "none", [f"level {i % 50}" for i in range(N)]),
        np.where(RNG.random(N) < 0.3, "None", "2020-01-02"),
    ],
)
def test_words_that_are_hardly_values_are_not_offered(ask: Ask, cells):
    found = ask(x=X, c=cells, y=Y)["kept_words"]
    assert (found.state, found.title) == ("passed", "No value is taken for a missing one")


def test_a_class_that_counts_as_missing_can_be_kept(ask: Ask):
    found = ask(x=X, y=INJURIES)["target_missing"]
    assert found.action == Action("keep_words", ("y",), {"y": ("none",)})
    assert found.evidence.endswith("If such a word is a category, keep it as a value.")
    few = ask(x=X, y=["NA"] * 4 + ["a", "b"] * 148)["target_missing"]
    assert (few.state, few.action.words) == ("fixed", {"y": ("NA",)})
    assert ask(x=X, y=[""] * 4 + ["a", "b"] * 148)["target_missing"].action is None


@pytest.mark.parametrize(
    ("task", "y"), [("regression", X.round(2).astype(str)), ("classification", RNG.choice(["0", "1"], N))]
)
def test_a_target_of_numbers_keeps_no_word(ask: Ask, task, y):
    cells = np.where(np.arange(N) < 9, "NA", y)
    found = ask(task, x=X, y=cells)["target_missing"]
    assert (found.title, found.action) == ("9 rows without 'y' are left out", None)


def test_what_was_kept_is_said_and_can_be_undone(ask: Ask):
    checks = ask(options=kept("y", "None"), x=X, y=INJURIES)
    assert checks["target_missing"].title == "Every row has 'y'"
    assert "3 categories" in checks["target"].evidence
    found = checks["kept_words"]
    assert (found.state, found.title) == ("fixed", "Some cells of 'y' are kept as values")
    assert found.evidence == "As was chosen, these do not count as missing: 'none' in 'y'."
    assert found.action == Action("keep_words", ("y",), {"y": ("None",)}, is_undo=True)


def test_what_was_kept_in_all_columns_is_said(ask: Ask):
    checks = ask(options=ReadOptions(kept_words=("na",)), x=X, country=COUNTRIES, y=Y)
    found = checks["kept_words"]
    assert (found.state, found.columns, found.action) == ("fixed", ("country",), None)


def test_a_kept_word_is_no_missing_value_in_disguise(ask: Ask):
    dots = np.where(np.arange(N) % 3 == 0, ".", COUNTRIES)
    assert ask(options=kept("c", "."), x=X, c=dots, y=Y)["hidden_missing"].state == "passed"
    spoiled = np.where(np.arange(N) % 30 == 0, "none", np.arange(N).astype(str))
    assert ask(options=kept("c", "none"), x=X, c=spoiled, y=Y)["hidden_missing"].state == "passed"
