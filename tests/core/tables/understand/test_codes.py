"""Numbers that are names are told from amounts by their name, their gaps and what the other columns say."""

import numpy as np
import pytest

from core.tables.understand.codes import Candidate, find_code, find_padded, may_be_code
from core.tables.understand.names import name_words
from core.tables.understand.order import judge_order, other_values
from core.tables.understand.sample import code_cells
from tests.core.tables.understand.conftest import Look, column

RNG = np.random.default_rng(5)
N = 3_000


def order_of(numbers: np.ndarray, *others: np.ndarray) -> float | None:
    """Return how ordered `numbers` are by `others`."""
    sample = {f"c{i}": code_cells(f"c{i}", column(cells).cells) for i, cells in enumerate([numbers, *others])}
    names, values = other_values(sample)
    found = judge_order(sample["c0"], values[:, [name != "c0" for name in names]])
    return None if found is None else found.share


def test_the_means_of_a_code_jump_and_those_of_an_amount_do_not():
    levels = RNG.integers(0, 30, N)
    level_of_store = RNG.normal(0, 1, 30)
    assert order_of(levels, level_of_store[levels] + RNG.normal(0, 0.5, N)) < 0.4
    assert order_of(levels, np.sqrt(levels) + RNG.normal(0, 0.5, N)) > 0.9
    assert order_of(levels, RNG.normal(0, 1, N)) is None  # nothing depends on it


def test_noise_alone_shows_no_disorder():
    """Small groups have rough means; the correction for noise must not take that for a jump."""
    levels = RNG.integers(0, 60, N)
    share = order_of(levels, 0.02 * levels + RNG.normal(0, 1, N))
    assert share is not None
    assert share > 0.6


def test_codes_are_found_by_their_name(look: Look):
    store = RNG.integers(1, 40, N)
    found = look(store=store, sales=RNG.normal(0, 3, 41)[store] + RNG.normal(0, 1, N))
    (code,) = [one for one in found if one.column == "store"]
    assert (code.kind, code.advice, code.confidence) == ("code", "as_category", "sure")
    assert "39 different numbers" in code.evidence


def test_codes_without_a_name_are_found_by_gaps_and_disorder(look: Look):
    codes = np.sort(RNG.choice(np.arange(1_000, 9_999), 40, replace=False))
    place = RNG.integers(0, 40, N)
    found = look(a=codes[place], b=RNG.normal(0, 3, 40)[place] + RNG.normal(0, 1, N))
    assert [one.kind for one in found if one.column == "a"] == ["code"]


@pytest.mark.parametrize("name", ["age", "n_rooms", "rating", "total_price", "year_built", "order_count"])
def test_amounts_counts_and_ratings_are_no_codes(look: Look, name: str):
    numbers = RNG.integers(1, 12, N)
    found = look(**{name: numbers, "y": RNG.normal(0, 3, 13)[numbers] + RNG.normal(0, 1, N)})
    assert not [one for one in found if one.column == name and one.kind == "code"]


def test_an_ordered_number_without_a_name_is_no_code(look: Look):
    numbers = RNG.integers(0, 40, N)
    assert not [one for one in look(a=numbers, b=numbers + RNG.normal(0, 3, N)) if one.column == "a"]


def test_months_and_hours_are_said_less_surely(look: Look):
    found = look(month=RNG.integers(1, 13, N), hr=RNG.integers(0, 24, N), b=RNG.normal(0, 1, N))
    assert {one.column: (one.kind, one.confidence) for one in found} == {
        "month": ("calendar", "maybe"),
        "hr": ("calendar", "maybe"),
    }


def test_numbers_with_leading_zeros_are_codes():
    found = find_padded(column(["01067", "80331", "10115"] * 9))
    assert (found.kind, found.confidence) == ("code", "sure")
    assert find_padded(column(["1067", "80331", "10115"] * 9)) is None


@pytest.mark.parametrize("cells", [np.arange(-5, 5).repeat(20), RNG.normal(0, 1, 200), np.arange(200)])
def test_negative_fractional_and_all_different_numbers_are_not_asked_about(cells):
    assert not may_be_code(column(cells, "code"))


def test_without_evidence_only_a_name_counts():
    numbers = column(RNG.integers(1, 9, 400), "region").numbers
    assert find_code(Candidate("region", numbers), None).confidence == "likely"
    assert find_code(Candidate("x", numbers), None) is None


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("MS.SubClass", ("ms", "sub", "class")),
        ("customerID", ("customer", "id")),
        ("ROLE_ROLLUP_1", ("role", "rollup")),
        ("kundennr", ("kunden", "nr")),
        ("zipcode", ("zip", "code")),
        ("paid", ("paid",)),
    ],
)
def test_names_are_taken_apart(name, words):
    assert name_words(name).words == words


@pytest.mark.parametrize(
    ("name", "is_code", "is_quantity"),
    [
        ("price_category", True, False),
        ("store_size", False, True),
        ("num_stores", False, True),
        ("Region", True, False),
        ("column_5", False, False),
    ],
)
def test_the_last_word_says_what_it_is(name, is_code, is_quantity):
    assert (name_words(name).is_code, name_words(name).is_quantity) == (is_code, is_quantity)
