"""Columns that name their rows are found, and amounts that happen to be all different are not."""

import uuid

import numpy as np
import pytest

from core.tables.understand.ids import find_id, is_padded
from tests.core.tables.understand.conftest import column

N = 60
SHUFFLED = np.random.default_rng(0).permutation(N)


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        ([f"CUST-{i:04d}" for i in SHUFFLED], "'CUST' with a number"),
        ([f"{i:06d}" for i in SHUFFLED], "6 digits with leading zeros"),
        ([str(uuid.UUID(int=i)) for i in range(1, N)], "UUID"),
        ([f"{i * 7919:x}".rjust(20, "a") + "0f" for i in SHUFFLED], "hexadecimal"),
        ([f"{i:04d}-{'ABCDE'[i % 5]}XQZW" for i in SHUFFLED], "letters and digits in one way"),
        ([f"{'abcdefgh'[i % 8]}{'klmnopqr'[i // 8]}" for i in range(N)], "all different"),
    ],
)
def test_texts_that_name_their_rows_are_ids(cells, words):
    found = find_id(column(cells))
    assert found is not None
    assert (found.kind, found.advice, found.confidence) == ("id", "leave_out", "sure")
    assert words in found.evidence


def test_numbers_that_count_the_rows_are_told_from_shuffled_ones():
    assert find_id(column(np.arange(5, 5 + N))).kind == "row_number"
    shuffled = find_id(column(SHUFFLED))
    assert shuffled.kind == "id"
    assert "every whole number from 0 to 59 once" in shuffled.evidence


def test_all_different_numbers_are_an_id_by_their_name_or_their_equal_length():
    numbers = 7 * SHUFFLED + 1_000
    assert find_id(column(numbers, "population")) is None
    assert find_id(column(numbers, "orderNo")).confidence == "sure"
    assert find_id(column(numbers + 10**9, "x")).confidence == "likely"


@pytest.mark.parametrize(
    "cells",
    [
        np.arange(1960, 1960 + N),  # years
        np.linspace(0, 1, N),
        np.arange(N) // 2,
        list(range(19)),  # too few rows to tell
        [f"{i},{i:03d}" for i in range(1, N)],  # amounts as text
        [f"the {i} words of a sentence" for i in range(N)],
    ],
)
def test_what_names_no_row_is_no_id(cells):
    assert find_id(column(cells)) is None


def test_texts_that_repeat_are_no_id_unless_nearly_none_does_and_the_name_says_so():
    cells = [f"k{i}" for i in range(N - 1)] + ["k0"]
    assert find_id(column(cells, "label")) is None
    assert "nearly all different (59 of 60)" in find_id(column(cells, "key")).evidence


def test_a_row_number_is_known_in_blocks_of_a_long_table():
    blocks = np.concatenate([np.arange(0, 3_000), np.arange(9_000, 12_000)])
    found = find_id(column(blocks, n_rows=12_000))
    assert (found.kind, found.n_looked) == ("row_number", 6_000)


def test_more_texts_than_are_looked_at_are_counted_all():
    found = find_id(column([f"u{i:06d}" for i in range(30_000)]))
    assert "30,000 texts are all different" in found.evidence


def test_padded_means_one_length_and_a_leading_zero():
    assert is_padded(["001", "120"])
    assert not is_padded(["101", "120"])
    assert not is_padded(["01", "120"])
