"""Numbers with something about them are found, with their marks, and texts that only begin with a number are not."""

import pytest

from core.tables.numbers import Marks
from core.tables.understand.amounts import amount_marks, find_amounts
from tests.core.tables.understand.conftest import column


@pytest.mark.parametrize(
    ("form", "unit", "decimal"),
    [
        ("{:.1f} kg", "kg", "."),
        ("{:.0f} %", "%", "."),
        ("${:,.2f}", "$", "."),
        ("({:.1f})", "", "."),
        ("{:.1f}k", "", "."),
    ],
)
def test_amounts_with_a_unit_or_sign_are_numbers(form, unit, decimal):
    found = find_amounts(column([form.format(17.3 * i) for i in range(1, 80)]))
    assert (found.kind, found.advice, found.confidence) == ("amount", "as_number", "sure")
    assert (found.details["unit"], found.details["decimal"], found.details["share"]) == (unit, decimal, 1.0)


def test_decimal_commas_are_recognised():
    found = find_amounts(column([f"€ 1.{i:03d},50" for i in range(40)]))
    assert (found.details["decimal"], found.details["thousands"], found.details["unit"]) == (",", ".", "€")
    assert amount_marks(["1,5 km", "12,25 km"]).marks == Marks(",", ".")


def test_cells_that_are_no_amount_are_named():
    found = find_amounts(column([f"{i} kg" for i in range(40)] + ["heavy", "?"]))
    assert found.details["unread"] == ["heavy", "?"]
    assert "not a number is 'heavy'" in found.evidence


def test_what_cannot_be_told_is_not_decided():
    found = find_amounts(column([f"{i},{i:03d} km" for i in range(1, 40)]))
    assert found.details["ambiguous"]
    assert found.advice == "none"


def test_different_units_are_not_mixed():
    found = find_amounts(column([f"{i} kg" for i in range(1, 30)] + [f"{i}00 g" for i in range(1, 30)]))
    assert found.advice == "none"
    assert "'kg' 29 times, 'g' 29 times" in found.evidence


@pytest.mark.parametrize(
    "cells",
    [
        [f"{i}{'ABCDEFGH'[i % 8]}" for i in range(80)],  # seats
        [f"{i} Main Street" if i % 2 else f"{i} High Road" for i in range(80)],
        [f"{i % 3}Story" for i in range(80)],  # three different ones: a category
        [f"10.0.{i}.1" for i in range(80)],
        [f"A{i}" for i in range(80)],
        [f"{i}-{i + 10}" for i in range(80)],
        [f"0{i:02d} 123 456" for i in range(80)],
        ["12 kg", "red", "blue"] * 20,
    ],
)
def test_other_texts_are_no_amounts(cells):
    assert find_amounts(column(cells)) is None
