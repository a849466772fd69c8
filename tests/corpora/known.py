"""Differences from other parsers that were looked at byte by byte, and in which our reading is the right one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tests.corpora.difference import Difference
from tests.corpora.oracles import Compared

_END_MARK = "its last byte is Ctrl-Z, with which DOS ends a text; it belongs to no cell"
_WRAPPED = "each line stands in quotation marks as a whole, with three cells inside; the other parsers keep one"
_MERGED = (
    "two cells are merged downwards: both rows hold the value, and a notice says so; openpyxl fills only the first"
)

SEEN = {
    ("duckdb/data__csv__fuzzing__21.csv", "a text"): _END_MARK,
    ("duckdb/data__csv__quoted_values_delimited.csv", "another number of rows or columns"): _WRAPPED,
    ("duckdb/data__csv__bad_escape.csv", "a text"): (
        r"it writes quotation marks within a text as \"; pandas, which is not told so, ends the text there"
    ),
    ("frictionless/data__multiline-headers.xlsx", "a value where openpyxl has none"): _MERGED,
}  # by file and what differs: why it is meant


def is_meant(name: str, difference: Difference) -> bool:
    """Tell whether a difference is one of a kind that is meant everywhere, or was seen to be right in this file."""
    return difference.is_known or (name, difference.what) in SEEN


def seen(compared: Sequence[Compared]) -> Iterator[tuple[str, str, str]]:
    """Yield the differences that were found again: the file, the other parser and why ours is right."""
    for one in compared:
        for difference in one.differences:
            if (one.name, difference.what) in SEEN:
                yield one.name, one.oracle, SEEN[one.name, difference.what]


def gone(compared: Sequence[Compared]) -> Iterator[str]:
    """Yield the files that were compared, but no longer differ in the way listed here."""
    names = {one.name for one in compared if not one.skipped}
    found = {(one.name, difference.what) for one in compared for difference in one.differences}
    yield from (f"{name}: {what}" for name, what in SEEN if name in names and (name, what) not in found)
