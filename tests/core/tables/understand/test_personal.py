"""What says who somebody is is found by its shape and its check digits, or by the column's name and shape."""

import pytest

from core.tables.understand.personal import find_birthday, find_personal, is_card_number, is_iban
from tests.core.tables.understand.conftest import column

NAMES = ["Anna Meier", "Ben O'Neill", "Carla García-López", "Dora Ünal", "Emil van der Berg"] * 6


@pytest.mark.parametrize(
    "text", ["DE89 3704 0044 0532 0130 00", "GB82WEST12345698765432", "FR1420041010050500013M02606"]
)
def test_the_examples_of_the_standard_are_ibans(text):
    assert is_iban(text)


@pytest.mark.parametrize("text", ["DE88370400440532013000", "GB82WEST12345698765423", "DE89", "hello"])
def test_a_wrong_check_digit_is_no_iban(text):
    assert not is_iban(text)


@pytest.mark.parametrize("text", ["4111111111111111", "5500 0000 0000 0004", "340000000000009"])
def test_card_numbers_pass_the_luhn_check(text):
    assert is_card_number(text)


@pytest.mark.parametrize("text", ["4111111111111112", "1234567890123456", "41111"])
def test_other_numbers_are_no_cards(text):
    assert not is_card_number(text)


@pytest.mark.parametrize(
    ("cells", "name", "what"),
    [
        ([f"user{i}@mail.example.com" for i in range(30)], "x", "email"),
        (["DE89370400440532013000", "GB82WEST12345698765432"] * 9, "x", "iban"),
        (["4111111111111111", "5500000000000004"] * 9, "x", "card"),
        ([4111111111111111, 5500000000000004] * 9, "x", "card"),
        ([f"+49 30 {i}" for i in range(1_000_000, 1_000_030)], "x", "phone"),
        ([f"030{i}" for i in range(1_000_000, 1_000_030)], "Telefon", "phone"),
        ([f"{i} Main Street" for i in range(30)], "home address", "address"),
        (NAMES, "customer_name", "name"),
        ([name.split()[-1] for name in NAMES], "lastName", "name"),
    ],
)
def test_persons_are_found(cells, name, what):
    found = find_personal(column(cells, name))
    assert found is not None
    assert (found.kind, found.advice, found.details["of"]) == ("personal", "leave_out", what)
    assert found.details["count"] == len(cells)
    assert "nothing of it leaves this machine" in found.evidence


@pytest.mark.parametrize(
    ("cells", "name"),
    [
        (NAMES, "company_name"),
        (NAMES, "title"),
        ([f"1005-00-073-{i:04d}" for i in range(30)], "nsn"),
        (list(range(1_000_000_000, 1_000_000_060)), "amount"),
        (["05-02-2010", "12-02-2010"] * 9, "x"),
        (["red", "blue"] * 9, "customer_name2x"),
    ],
)
def test_other_columns_are_not_about_persons(cells, name):
    assert find_personal(column(cells, name)) is None


def test_a_column_just_called_name_needs_a_title_to_be_likely():
    some = [f"{name} {i}th" if i < 0 else name for i, name in enumerate(NAMES[:5])]
    assert find_personal(column(some, "name")).confidence == "maybe"
    assert find_personal(column([f"Mr. {name}" for name in some], "name")).confidence == "likely"


def test_birthdays_by_their_name():
    assert find_birthday(column(["01.02.1980", "13.05.1990"], "date_of_birth")).advice == "none"
    assert find_birthday(column(["01.02.1980", "13.05.1990"], "sold")) is None
