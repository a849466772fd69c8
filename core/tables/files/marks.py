"""How numbers are marked: 1,234.56, 1.234,56, 1 234,56 or 1'234.56.

A column says so itself where its cells leave one reading only. Where they leave two (1,234 is a
thousand, or a little over one), the other columns of the table decide; where those do not either, the
column stays text and is reported, because a wrong guess is wrong by a factor of a thousand.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from core.tables.cell import MISSING_WORDS
from core.tables.numbers import GROUP_PATTERNS, PLAIN, Marks, number_pattern

HEAD = 1_000  # texts that are looked at first, and settle most questions
MIN_NUMBERS = 0.9  # share of texts with a digit among those and words in a column of numbers
_NOTHING = pa.array(sorted(MISSING_WORDS))
_DECIMALS = (",", ".")
_COMMA = (Marks(",", "."), Marks(".", ","))  # that a comma can mean two things makes a column ambiguous
_SPACED = (Marks(".", " "), Marks(",", " "), Marks(".", "'"), Marks(",", "'"))
_CERTAIN = {
    Marks(",", "."): r",[0-9]{1,2}$|,[0-9]{4,}$|^-?0?,|\.[0-9]{3},|^-?[0-9]{4,},|\.[0-9]{3}\.|,[0-9]+[eE]",
    Marks(".", ","): r",[0-9]{3}(,[0-9]{3})+|,[0-9]{3}\.|[0-9],[0-9]{2},[0-9]{3}(\.|$)",
}
_PLAIN_WHOLE = r"^-?[0-9]+$"
_ADDRESS = r"^([0-9]{1,2}|1[0-9]{2}|2[0-4][0-9]|25[0-5])(\.([0-9]{1,2}|1[0-9]{2}|2[0-4][0-9]|25[0-5])){3}$"
_POINT_DECIMAL = r"^-?[0-9]*\.([0-9]{1,2}|[0-9]{4,})$|^-?0\.[0-9]+$"


@dataclass(frozen=True)
class MarksFound:
    """What the cells of one column show. `could_be` are the readings that none of them contradicts.

    `is_certain` tells whether they leave only the first of those; `has_points` whether they are plain
    numbers with a decimal point that cannot be a thousands mark, and `is_mixed` whether some of them need a
    decimal comma and others a decimal point.
    """

    could_be: tuple[Marks, ...] = ()
    is_certain: bool = False
    has_points: bool = False
    is_mixed: bool = False

    @property
    def marks(self) -> Marks:
        """Return the marks that the column itself shows, plain ones where it leaves a doubt."""
        return self.could_be[0] if self.is_certain else PLAIN


NO_MARKS = MarksFound()


def find_marks(texts: pa.Array) -> MarksFound:
    """Return how the numbers of a column are marked, from its trimmed texts that are not blank.

    Texts without a digit, such as a dash, say nothing about it, as long as few of them are words.
    """
    texts = given(texts)
    numbers = numbers_among(texts)
    found = _find(numbers)
    if found.marks == PLAIN and len(numbers) == len(texts) > HEAD and _shows_marks(texts.slice(0, HEAD)):
        return _find(texts.filter(pc.match_substring_regex(texts, "[0-9]")))
    return found


def given(texts: pa.Array) -> pa.Array:
    """Return the texts that are no words for nothing."""
    return texts.filter(pc.invert(pc.is_in(pc.utf8_lower(texts), _NOTHING)))


def numbers_among(texts: pa.Array) -> pa.Array:
    """Return the texts with a digit, or none where, by the first texts, too many others are words."""
    head = texts.slice(0, HEAD)
    has_digit = pc.match_substring_regex(head, "[0-9]")
    n_with = pc.sum(has_digit).as_py() or 0
    if n_with == len(head):
        return texts
    n_words = pc.sum(pc.match_substring_regex(head.filter(pc.invert(has_digit)), r"\pL")).as_py() or 0
    if n_with < MIN_NUMBERS * (n_with + n_words):
        return texts.slice(0, 0)
    return texts.filter(pc.match_substring_regex(texts, "[0-9]"))


def _shows_marks(texts: pa.Array) -> bool:
    return any(marks != PLAIN for marks in _find(texts).could_be)


def _find(texts: pa.Array) -> MarksFound:
    if not len(texts):
        return NO_MARKS
    if _some(texts, ","):
        fitting = tuple(marks for marks in _COMMA if fits(texts, marks))
        certain = tuple(marks for marks in fitting if _some(texts, _CERTAIN[marks]))
        if fitting:
            return MarksFound(certain or fitting, bool(certain))
        if _every(texts, "|".join(map(_number, _COMMA))):
            return MarksFound(is_mixed=True)
    if _some(texts, "[ '\u00a0\u2009\u202f\u2019]"):
        for marks in _SPACED:
            if fits(texts, marks) and _some(texts, _grouped(marks)) and _is_no_code(texts, marks):
                return MarksFound((marks,), is_certain=True)
        return NO_MARKS
    return _find_points(texts) if _some(texts, ".") else NO_MARKS


def _find_points(texts: pa.Array) -> MarksFound:
    """Return what points mean where there is no other mark: decimals, but for 1.234.567 and perhaps 1.234."""
    grouped = Marks(",", ".")
    if fits(texts, grouped) and _some(texts, _CERTAIN[grouped]) and _is_no_code(texts, grouped):
        return MarksFound((grouped,), is_certain=True)
    if _every(texts, _grouped(grouped) + "$"):
        return MarksFound((PLAIN, grouped))
    head = texts.slice(0, HEAD)
    return MarksFound((PLAIN,), is_certain=True, has_points=fits(head, PLAIN) and _some(head, _POINT_DECIMAL))


def table_decimal(found: Iterable[MarksFound]) -> str | None:
    """Return the decimal mark that the columns of a table show; None where they show none, or both."""
    counts = Counter(
        column.marks.decimal for column in found if column.is_certain and (column.marks != PLAIN or column.has_points)
    )
    return next(iter(counts)) if len(counts) == 1 else None


def settled(found: MarksFound, decimal: str | None) -> Marks | None:
    """Return the marks of a column in a table with this decimal mark; None where it can be read in two ways."""
    if found.is_certain or not found.could_be:
        return found.marks
    fitting = [marks for marks in found.could_be if decimal is not None and marks.decimal == decimal]
    if fitting:
        return fitting[0]
    return PLAIN if PLAIN in found.could_be else None


def chosen_marks(texts: pa.Array, decimal: str | None, group: str | None) -> Marks:
    """Return the marks that were chosen for a table, where the numbers of a column fit them; else plain ones."""
    texts = numbers_among(given(texts))
    if _every(texts, _PLAIN_WHOLE):
        return PLAIN
    decimals: Sequence[str] = (decimal,) if decimal else tuple(d for d in _DECIMALS if d != group)
    for mark in decimals:
        groups = (group,) if group is not None else tuple(g for g in GROUP_PATTERNS if g != mark)
        for one in (Marks(mark), *(Marks(mark, g) for g in groups if g)):
            if fits(texts, one):
                return one
    return PLAIN


def fits(texts: pa.Array, marks: Marks) -> bool:
    """Tell whether each text is a number under these marks."""
    return _every(texts, _number(marks))


def without_marks(texts: pa.Array, marks: Marks) -> pa.Array:
    """Rewrite numbers with a decimal point and no thousands marks; what is no number stays."""
    if marks == PLAIN:
        return texts
    plain = pc.replace_substring_regex(texts, GROUP_PATTERNS[marks.group], "") if marks.group else texts
    if marks.decimal == ",":
        plain = pc.replace_substring(plain, ",", ".")
    return pc.if_else(are_numbers(texts, marks), plain, texts)


def are_numbers(texts: pa.Array, marks: Marks) -> pa.Array:
    """Return for each text whether it is a number under these marks, whatever blanks stand around it."""
    return pc.match_substring_regex(texts, rf"^\s*-?{number_pattern(marks)}\s*$")


def _is_no_code(texts: pa.Array, marks: Marks) -> bool:
    """Tell numbers from phone numbers and addresses, which have the same number of digits in each place."""
    if marks.group == "'":
        return True
    if marks.group == "." and _every(texts, _ADDRESS):
        return False
    shapes = pc.unique(pc.replace_substring_regex(texts, "[0-9]", "0"))
    return len(shapes) > 1 or len(texts) == 1


def _number(marks: Marks) -> str:
    return rf"^-?{number_pattern(marks)}$"


def _grouped(marks: Marks) -> str:
    return rf"^-?[0-9]{{1,3}}({GROUP_PATTERNS[marks.group]}[0-9]{{3}})+"


def _every(texts: pa.Array, pattern: str) -> bool:
    return _all_match(texts.slice(0, HEAD), pattern) and _all_match(texts.slice(HEAD), pattern)


def _all_match(texts: pa.Array, pattern: str) -> bool:
    return bool(pc.all(pc.match_substring_regex(texts, pattern)).as_py()) if len(texts) else True


def _some(texts: pa.Array, pattern: str) -> bool:
    return any(_any_matches(part, pattern) for part in (texts.slice(0, HEAD), texts.slice(HEAD)))


def _any_matches(texts: pa.Array, pattern: str) -> bool:
    match = pc.match_substring if len(pattern) == 1 else pc.match_substring_regex
    return bool(pc.any(match(texts, pattern)).as_py())
