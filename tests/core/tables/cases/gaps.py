"""What the reader does not do yet as a careful analyst would expect: the reason, and its cases."""

from __future__ import annotations

_GAPS: dict[str, tuple[str, ...]] = {
    "the parser of workbooks reads a date below zero as midnight": ("a negative date is a number",),
    "a sheet in UTF-16 counts as empty": ("XML in UTF-16",),
    "the parser of workbooks loses tabs and line ends of ODS": ("blanks, tabs and line ends of ODS",),
}

KNOWN_GAPS = {name: reason for reason, names in _GAPS.items() for name in names}
