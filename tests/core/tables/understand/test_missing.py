"""Words and numbers that stand for nothing stand out, and ordinary ones do not."""

import numpy as np
import pyarrow as pa
import pytest

from core.tables.understand.missing import find_missing, is_nothing_word
from tests.core.tables.understand.conftest import column

RNG = np.random.default_rng(3)
PLAIN = RNG.normal(50, 10, 1_000).round(1)
WHOLE = RNG.integers(5, 60, 1_000)


def with_some(cells: np.ndarray, value: float, n: int = 50) -> np.ndarray:
    changed = cells.astype(float)
    changed[:n] = value
    return changed


@pytest.mark.parametrize(
    ("cells", "value", "confidence"),
    [
        (PLAIN, -999.0, "sure"),
        (PLAIN, -200.0, "sure"),
        (PLAIN - 60, -999.0, "sure"),  # there are other negative numbers
        (WHOLE, -1.0, "likely"),
        (WHOLE, 9999.0, "likely"),
        (PLAIN + 100, 0.0, "maybe"),
    ],
)
def test_a_number_that_stands_out_is_found(cells, value, confidence):
    found = find_missing(column(with_some(cells, value)))
    assert (found.kind, found.advice, found.confidence) == ("hidden_missing", "missing_words", confidence)
    assert found.details == {"words": [f"{value:.0f}"], "counts": [50]}
    assert "50 rows (5.0 %)" in found.evidence


@pytest.mark.parametrize(
    "cells",
    [
        PLAIN,
        RNG.normal(5, 8, 1_000).round(),  # degrees, some of them -1
        RNG.poisson(1.0, 1_000),  # many zeros, and nothing strange about them
        RNG.integers(0, 100, 1_000),  # up to 99
        RNG.lognormal(8, 1.5, 1_000).round(),  # a long tail
        np.where(RNG.random(1_000) < 0.6, 0, RNG.normal(500, 50, 1_000)),  # mostly nothing, and meant so
        RNG.choice([-1, 0, 1], 1_000),
        np.minimum(RNG.normal(50, 10, 1_000).round(), 65),  # cut off
    ],
)
def test_ordinary_numbers_do_not_stand_out(cells):
    assert find_missing(column(cells)) is None


def test_a_code_may_be_far_from_the_others():
    cells = with_some(RNG.integers(7000, 7060, 1_000), 999.0)
    assert find_missing(column(cells, "store")) is None


def test_words_for_nothing_in_a_column_of_texts():
    found = find_missing(column(["red", "?", "blue", "n.v."] * 5))
    assert found.details["words"] == ["?", "n.v."]
    assert found.confidence == "likely"
    assert find_missing(column(["red", "unknown", "blue"] * 5)).confidence == "maybe"  # it may be an answer
    assert find_missing(column(["red", "blue"] * 5)) is None
    assert find_missing(column(["*", None] * 5)) is None  # a mark


def test_few_words_between_numbers_are_spoilers():
    cells = [str(i) for i in range(95)] + ["n.a."] * 3 + ["<5"] * 2
    found = find_missing(column(cells))
    assert (found.kind, found.advice, found.confidence) == ("number_words", "missing_words", "sure")
    assert dict(zip(found.details["words"], found.details["counts"], strict=True)) == {"n.a.": 3, "<5": 2}
    assert "95.0 % of its cells are numbers" in found.evidence


def test_other_words_between_numbers_are_less_sure_and_must_be_few():
    assert find_missing(column([str(i) for i in range(98)] + ["free"] * 2)).confidence == "likely"
    assert find_missing(column([str(i) for i in range(85)] + ["free"] * 15)) is None


@pytest.mark.parametrize("day", ["1900-01-01", "9999-12-31"])
def test_a_date_far_from_the_others_stands_for_nothing(day):
    days = np.arange(np.datetime64("2020-01-01"), np.datetime64("2020-04-01"))
    cells = np.concatenate([days, np.repeat(np.datetime64(day), 9)]).astype("datetime64[us]")
    found = find_missing(column(pa.array(cells)))
    assert found.confidence == "sure"
    assert found.details["words"] == [f"{day} 00:00:00"]
    assert find_missing(column(pa.array(days.astype("datetime64[us]")))) is None


@pytest.mark.parametrize(
    "word", ["?", "--", "N.A.", "not available", "#DIV/0!", "keine Angabe", "Unknown", "\\N", "xxx"]
)
def test_words_for_nothing(word):
    assert is_nothing_word(word)


@pytest.mark.parametrize("word", ["X", "none of these", "north", "0", "A+", "e"])
def test_other_words(word):
    assert not is_nothing_word(word)
