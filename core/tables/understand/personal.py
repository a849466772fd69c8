"""Recognise columns about persons: e-mail, phone, name, address, birthday, bank account and credit card."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from core.tables.understand.column import Column
from core.tables.understand.names import PERSON, NameWords, name_words, vocabulary
from core.tables.understand.phrases import exact, plural
from core.tables.understand.suggestion import Suggestion

SHARE = 0.5  # of the cells looked at, before a column is of a kind
CERTAIN = 0.9
MOST_LOOKED = 2_000
OWN_NAMES = 0.5  # of the rows must have a name of their own, where the column is just called name

_EMAIL = re.compile(r"[^@\s\"',;<>]+@[^@\s\"',;<>]+\.[A-Za-z]{2,24}", re.ASCII)
_PHONE = re.compile(r"(?:\+|00)?[(]?[0-9][0-9 ()/.-]{5,18}[0-9]", re.ASCII)
_PHONE_SIGNS = re.compile(r"^\+|^00[1-9]|^\(|^[0-9]{3}[-. ][0-9]{3}[-. ][0-9]{4}$", re.ASCII)
_TITLE = re.compile(r"\b(?:mr|mrs|ms|miss|dr|prof|master|herr|frau|mme|sr|sra)\b\.?", re.IGNORECASE)
_IBAN = re.compile(r"[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?", re.ASCII)
_CARD = re.compile(r"(?:4|5[1-5]|2[2-7]|3[47]|6(?:011|5))[0-9]{11,17}", re.ASCII)
_STREET = re.compile(
    r"[0-9]+[a-z]?\s+\w.*|.*\w(?:str(?:\.|aße|asse)|weg|platz|allee|gasse|straße)\s*[0-9]+.*|.*\w\s[0-9]{1,4}\s?[a-z]?",
    re.IGNORECASE,
)
_FULL_NAME = re.compile(
    r"[^\W\d_a-zß-ÿ][\w'’.-]*,?(?:\s+[\w'’.()\"-]+,?){0,6}",
)
_PHONE_WORDS = vocabulary("phone tel telephone telefon mobile handy cell fax msisdn rufnummer telefonnummer")
_ADDRESS_WORDS = vocabulary("address adresse anschrift street strasse straße addr hausnummer")
_BIRTH_WORDS = vocabulary("birth birthday birthdate dob geburtstag geburtsdatum geboren")
_CHILD_WORDS = vocabulary("first last full given family middle maiden sur christian customer client kunde employee "
                         "contact person patient passenger owner holder student member")  # fmt: skip
_THINGS = vocabulary(
    "file product item company brand firm user host domain column table field category city country state region "
    "district street station store shop school team model course species plan event job class group variable"
)


def find_personal(column: Column) -> Suggestion | None:
    """Return that the column says who somebody is, if it does."""
    words, texts = name_words(column.name), _texts(column)
    if not texts:
        return None
    for what, label, fits, needed in _kinds(column, words):
        rows = sum(count for text, count in texts.items() if fits(text))
        looked = sum(texts.values())
        if rows >= needed * looked:
            vague = what == "name" and _is_just_name(words) and not _have_titles(texts)
            return _suggest(column, what, f"{label} in {plural(rows, 'row')}", rows, looked, vague=vague)
    return None


def find_birthday(column: Column) -> Suggestion | None:
    """Return that a column of dates holds dates of birth, by its name."""
    words = name_words(column.name)
    if not words.has(_BIRTH_WORDS) or words.has(_THINGS):
        return None
    return _suggest(column, "birthday", f"dates of birth in {plural(column.n_present, 'row')}", column.n_present, 0)


def is_iban(text: str) -> bool:
    """Tell whether `text` is an IBAN whose check digits are right (ISO 13616: the rest of 97 is 1)."""
    if not _IBAN.fullmatch(text):
        return False
    plain = text.replace(" ", "")
    digits = "".join(str(int(letter, 36)) for letter in plain[4:] + plain[:4])
    return int(digits) % 97 == 1


def is_card_number(text: str) -> bool:
    """Tell whether `text` has the length and beginning of a credit card number, and its check digit (Luhn)."""
    digits = re.sub(r"[ -]", "", text)
    if not _CARD.fullmatch(digits):
        return False
    places = [int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(digits))]
    return sum(sum(divmod(value, 10)) for value in places) % 10 == 0


def _kinds(column: Column, words: NameWords) -> list[tuple[str, str, Callable[[str], bool], float]]:
    """Return the kinds to look for: a short name, words, a test of a cell, and the share that must pass."""
    kinds: list[tuple[str, str, Callable[[str], bool], float]] = [
        ("email", "e-mail addresses", lambda text: _EMAIL.fullmatch(text) is not None, SHARE),
        ("iban", "bank account numbers (IBAN)", is_iban, SHARE),
        ("card", "credit card numbers", is_card_number, CERTAIN),
    ]
    if words.has(_PHONE_WORDS):
        kinds.append(("phone", "phone numbers", lambda text: _PHONE.fullmatch(text) is not None, SHARE))
    elif column.words and not words.is_id:
        kinds.append(("phone", "what looks like phone numbers", _is_written_phone, CERTAIN))
    if words.has(_ADDRESS_WORDS) and column.words:
        kinds.append(("address", "street addresses", lambda text: _STREET.fullmatch(text) is not None, SHARE))
    has_own = column.n_distinct > OWN_NAMES * column.n_present
    if _is_of_person(words) and column.words and (has_own or not _is_just_name(words)):
        kinds.append(("name", "what seem to be names of persons", _is_name, CERTAIN))
    return kinds


def _is_of_person(words: NameWords) -> bool:
    if not words.has(PERSON) or words.has(_THINGS):
        return False
    return words.last in PERSON and (len(words.words) == 1 or words.words[-1] != "name" or words.has(_CHILD_WORDS))


def _is_just_name(words: NameWords) -> bool:
    return words.words in (("name",), ("names",))


def _have_titles(texts: Mapping[str, int]) -> bool:
    """Tell whether a good part of the names begin with Mr. or the like."""
    return sum(_TITLE.search(text) is not None for text in texts) >= len(texts) / 4


def _is_name(text: str) -> bool:
    return _FULL_NAME.fullmatch(text) is not None and not any(letter.isdigit() for letter in text)


def _is_written_phone(text: str) -> bool:
    digits = sum(letter.isdigit() for letter in text)
    return bool(_PHONE.fullmatch(text) and _PHONE_SIGNS.search(text)) and 8 <= digits <= 15


def _texts(column: Column) -> Mapping[str, int]:
    """Return some of the distinct cells as text, with their counts."""
    if column.is_text:
        cells = zip(*column.distinct, strict=True)
        return {text: int(count) for text, count in list(cells)[:MOST_LOOKED] if text}
    if column.is_instant or not column.numbers.are_whole or column.numbers.values[0] < 1e6:
        return {}
    values, counts = column.numbers.values[:MOST_LOOKED], column.numbers.counts[:MOST_LOOKED]
    return {exact(value): int(count) for value, count in zip(values.tolist(), counts.tolist(), strict=True)}


def _suggest(
    column: Column, what: str, found: str, rows: int, looked: int, *, vague: bool = False
) -> Suggestion:  # fmt: skip
    part = looked if looked and looked < column.n_present else None
    where = f" of the {part:,} looked at" if part else ""
    evidence = f"It holds {found}{where}; nothing of it leaves this machine."
    return Suggestion(
        column.name, "personal", "none" if what == "birthday" else "leave_out", "maybe" if vague else "likely",
        evidence, {"of": what, "count": rows}, (), part or column.n_sampled,
    )  # fmt: skip
