"""Columns with no level, one, hardly more than one, yes and no, or only sentences."""

import pytest

from core.tables.options import ColumnOptions, ReadOptions
from core.tables.understand.levels import find_free_text, find_levels, top_levels
from tests.core.tables.understand.conftest import Look, column


def test_an_empty_column_is_left_out():
    found = find_levels(column(["", "NA", "."]))
    assert (found.kind, found.advice) == ("empty", "leave_out")


def test_a_constant_column_is_left_out():
    found = find_levels(column([3, 3, 3]))
    assert (found.kind, found.confidence) == ("constant", "sure")
    assert "always '3'" in found.evidence


def test_one_value_or_nothing_is_as_good_as_yes_or_no():
    assert find_levels(column(["x"] * 50 + [None] * 50)) is None
    assert find_levels(column(["x"] * 50 + [None] * 3)).kind == "constant"


def test_a_few_other_rows_teach_nothing():
    found = find_levels(column(["x"] * 997 + ["y"] * 3))
    assert (found.kind, found.confidence) == ("nearly_constant", "likely")
    assert "something else in 3" in found.evidence
    assert find_levels(column(["x"] * 900 + ["y"] * 100)) is None


@pytest.mark.parametrize("pair", [("yes", "no"), ("Y", "N"), ("T", "F"), ("ja", "Nein"), ("TRUE", "FALSE"), (1, 0)])
def test_yes_and_no_in_many_words(pair):
    found = find_levels(column([pair[0]] * 3 + [pair[1]] * 2))
    assert (found.kind, found.advice) == ("boolean", "none")
    assert f"'{pair[0]}' in 3 rows and '{pair[1]}' in 2 rows" in found.evidence


def test_two_other_words_are_no_yes_and_no():
    assert find_levels(column(["red", "blue"] * 20)) is None


def test_sentences_are_free_text_and_short_words_are_not():
    sentences = [f"The machine number {i} stopped after the rain" for i in range(40)]
    found = find_free_text(column(sentences))
    assert (found.kind, found.advice) == ("free_text", "leave_out")
    assert "8 words on average" in found.evidence
    assert find_free_text(column([f"word{i}" for i in range(40)])) is None
    assert find_free_text(column(sentences[:2] * 20)) is None  # a category with a long name


def test_levels_are_counted_by_what_they_mean():
    assert top_levels(column(["1", "1.0", "x", "NA"])) == [("1", 2), ("x", 1)]


def test_a_word_that_is_kept_is_a_level(look: Look):
    cells = ["x"] * 40 + ["NA"] * 5
    [found] = [one for one in look(c=cells, n=list(range(0, 90, 2))) if one.column == "c"]
    assert (found.kind, found.evidence[:34]) == ("constant", "It is always 'x' or missing (5 row")
    options = ReadOptions(columns={"c": ColumnOptions(kept_words=("na",))})
    assert [one for one in look(options, c=cells, n=list(range(0, 90, 2))) if one.column == "c"] == []
