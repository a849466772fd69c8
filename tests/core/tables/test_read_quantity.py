"""A cell that says more than a number gives its number and its unit."""

import pytest

from core.tables.numbers import Marks, Quantity, read_number, read_quantity

COMMA, GROUPS, INDIAN = Marks(",", "."), Marks(".", ","), Marks(".", ",")


@pytest.mark.parametrize(
    ("text", "marks", "value", "unit"),
    [
        ("12 kg", Marks(), 12.0, "kg"),
        ("CHF 12.50", Marks(), 12.5, "CHF"),
        ("1.234,50 €", COMMA, 1234.5, "€"),
        ("-$3.25", GROUPS, -3.25, "$"),
        ("$-3.25", GROUPS, -3.25, "$"),
        ("(1,234.50)", GROUPS, -1234.5, ""),
        ("12,34,567.50", INDIAN, 1234567.5, ""),
        ("5.25-", Marks(), -5.25, ""),
        ("\u22125", Marks(), -5.0, ""),
        ("45 %", Marks(), 0.45, "%"),
        ("7,5%", COMMA, 0.075, "%"),
        ("5 ‰", Marks(), 0.005, "‰"),
        ("1.5e+3 %", Marks(), 15.0, "%"),
        ("1.2k", Marks(), 1200.0, ""),
        (",5", COMMA, 0.5, ""),
    ],
)
def test_the_number_and_its_unit_are_read(text: str, marks: Marks, value: float, unit: str) -> None:
    assert read_quantity(text, marks) == Quantity(value, unit)


@pytest.mark.parametrize("text", ["", "NA", "10-20", "1/2", "(5", "12:30", "1,234.5", "5 of 6"])
def test_what_is_not_one_number_is_none(text: str) -> None:
    assert read_number(text) is None
