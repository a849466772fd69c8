"""A column that says the same as another is found, and chance is not taken for it."""

import numpy as np

from core.tables.understand.sample import code_cells
from core.tables.understand.suggestion import of_kind
from core.tables.understand.twins import find_twins, row_keys
from tests.core.tables.understand.conftest import Look, column

RNG = np.random.default_rng(2)
N = 500
COLOURS = RNG.choice(["red", "green", "blue"], N)


def sample_of(**cells):
    return {name: code_cells(name, column(values).cells) for name, values in cells.items()}


def test_equal_cells_and_renamed_levels():
    numbers = np.array([{"red": 7, "green": 3, "blue": 5}[colour] for colour in COLOURS])
    found = find_twins(sample_of(a=COLOURS, b=COLOURS, c=numbers, d=RNG.choice(["x", "y", "z"], N)))
    assert [(one.column, one.details) for one in found] == [
        ("b", {"other": "a", "equal": True}),
        ("c", {"other": "a", "equal": False}),
    ]
    assert found[0].evidence == "It holds the same as 'a' in every row."


def test_one_number_written_in_two_ways_is_equal():
    found = find_twins(sample_of(a=["1", "2.0", "3"] * 40, b=[1, 2, 3] * 40))
    assert found[0].details == {"other": "a", "equal": True}


def test_columns_that_differ_in_one_row_are_not_the_same():
    changed = COLOURS.copy()
    changed[np.flatnonzero(COLOURS == "red")[0]] = "green"
    assert find_twins(sample_of(a=COLOURS, b=changed)) == []


def test_numbers_that_rise_together():
    x = RNG.normal(0, 1, N)
    found = find_twins(sample_of(a=x, b=2 * x + 3 + RNG.normal(0, 0.001, N), c=x + RNG.normal(0, 0.3, N)))
    assert [(one.column, one.kind, one.details["other"]) for one in found] == [("b", "near_duplicate", "a")]


def test_one_row_far_out_makes_no_correlation():
    x, y = RNG.normal(0, 1, N), RNG.normal(0, 1, N)
    x[0] = y[0] = 1e6
    assert np.corrcoef(x, y)[0, 1] > 0.999
    assert find_twins(sample_of(a=x, b=y)) == []


def test_repeated_rows_prove_nothing():
    """All cells of a number differ, so any two such columns match: until rows come twice, which looks like proof."""
    x, y = RNG.normal(0, 1, N), RNG.normal(0, 1, N)
    twice = np.concatenate([np.arange(N), np.arange(100)])
    assert find_twins(sample_of(a=x[twice], b=y[twice])) == []


def test_few_and_many_levels_go_together_where_rows_repeat():
    x = np.tile(RNG.normal(0, 1, 100), 5)
    few = np.tile(RNG.integers(0, 20, 100), 5)
    found = find_twins(sample_of(a=x, b=few, c=few + 1, d=x + 1e-5 * np.tile(RNG.normal(0, 1, 100), 5)))
    assert [(one.column, one.kind) for one in found] == [("c", "duplicate"), ("d", "near_duplicate")]


def test_two_rare_flags_in_the_same_row_are_chance():
    flag = np.zeros(N, dtype=int)
    flag[3] = 1
    assert find_twins(sample_of(a=flag, b=flag)) == []


def test_a_curve_is_said_less_surely_than_a_line():
    place = RNG.integers(0, 8, N)
    curve = np.array([5, 1, 4, 2, 8, 0, 7, 3])
    (found,) = find_twins(sample_of(a=place, b=curve[place], c=RNG.normal(0, 1, N)))
    assert found.confidence == "maybe"
    (as_codes,) = find_twins(sample_of(a=place, b=curve[place], c=RNG.normal(0, 1, N)), codes=("a", "b"))
    assert as_codes.confidence == "sure"


def test_row_keys_are_the_same_for_the_same_rows_only():
    sample = sample_of(a=[1, 1, 2, 1], b=["x", "x", "x", None])
    keys = row_keys(sample.values(), 4)
    assert keys[0] == keys[1]
    assert len(set(keys.tolist())) == 3


def test_ids_are_not_compared(look: Look):
    ids = [f"K{i:04d}" for i in range(N)]
    found = look(id=ids, other_id=[f"Z{i:04d}" for i in range(N)], x=RNG.normal(0, 1, N))
    assert of_kind(found, "duplicate", "near_duplicate") == ()
