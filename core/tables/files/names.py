"""Decide where a table begins, and give every column a name of its own."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from core.errors import TableFileError
from core.tables.cell import is_missing_text, is_number_text
from core.tables.datecells import State, read_date_cell
from core.tables.files import limits
from core.tables.report import Notice

MAX_SHOWN = 5
MAX_SHOWN_CHARS = 60
MAX_LINES = 100
_DECIMAL_COMMA = re.compile(r"[+-]?[0-9.]*,[0-9]+")


@dataclass(frozen=True)
class ColumnNames:
    """The names of the columns, and what was changed to get them."""

    names: tuple[str, ...]
    changes: tuple[Notice, ...]


def name_columns(header: Sequence[str]) -> ColumnNames:
    """Return `header` without blanks around, blank names filled in and repeated ones numbered."""
    if len(header) > limits.MAX_COLUMNS:
        raise TableFileError(
            f"The table has {len(header):,} columns; at most {limits.MAX_COLUMNS:,} are read. "
            "Check that it was saved with the right separator."
        )
    wanted = [name.strip() or f"column_{i}" for i, name in enumerate(header, start=1)]
    taken: set[str] = set()
    names: list[str] = []
    for name in wanted:
        names.append(_free_name(name, taken, set(wanted)))
        taken.add(names[-1])
    pairs = list(zip(header, names, strict=True))
    repeated = [new for old, new in pairs if old.strip() and old.strip() != new]
    blank = [new for old, new in pairs if not old.strip()]
    trimmed = [new for old, new in pairs if old != old.strip() == new]
    changes = (
        *columns_notice("Columns with a name that came before were renamed", repeated),
        *columns_notice("Columns without a name were named", blank),
        *columns_notice("Blanks around the names of columns were removed", trimmed),
    )
    return ColumnNames(tuple(names), changes)


def looks_headerless(first: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
    """Tell whether the first row is data: it holds a number, or a date, and so does all below it.

    Numbers in order (0, 1, 2 …) are names all the same, and so is a year above what are no years.
    """
    numbers = [text.strip() for text in first if is_number_text(text.strip())]
    if not rows or _in_order(numbers):
        return False
    return any(
        _all_like(is_like, text, [row[i] for row in rows if i < len(row)])
        for i, text in enumerate(first)
        for is_like in (_is_year if _is_year(text.strip()) else looks_like_number, _is_date_text)
    )


def looks_like_number(text: str) -> bool:
    """Tell whether a trimmed text is written as a number, with a point or a comma."""
    return is_number_text(text) or _DECIMAL_COMMA.fullmatch(text) is not None


def shown(items: Sequence[str]) -> str:
    """Return the first few of `items` in words, on one line."""
    rest = len(items) - MAX_SHOWN
    return ", ".join(map(one_line, items[:MAX_SHOWN])) + (f" and {rest:,} more" if rest > 0 else "")


def one_line(text: str) -> str:
    """Return a text without control characters and line ends, cut where it is long."""
    line = "".join(letter if letter.isprintable() else " " for letter in text[: MAX_SHOWN_CHARS + 1])
    return f"{line[:MAX_SHOWN_CHARS]}…" if len(text) > MAX_SHOWN_CHARS else line


def columns_notice(what: str, names: Sequence[str]) -> tuple[Notice, ...]:
    """Return a notice on the columns `names`; none where there are no such columns."""
    if not names:
        return ()
    listed = shown([f"'{name}'" for name in names])
    return (Notice(f"{what}: {listed}.", len(names), columns=tuple(names)),)


def rows_notice(what: str, lines: Sequence[int], place: str = "line") -> tuple[Notice, ...]:
    """Return a notice on the rows in `lines` of the file, or rows of the sheet; none where there are no such rows."""
    if not lines:
        return ()
    word = place if len(lines) == 1 else f"{place}s"
    sentence = f"{what}: {word} {shown([f'{line:,}' for line in lines])}."
    return (Notice(sentence, len(lines), tuple(lines[:MAX_LINES])),)


def _free_name(name: str, taken: set[str], wanted: set[str]) -> str:
    if name not in taken:
        return name
    number = 2
    while f"{name}.{number}" in taken or f"{name}.{number}" in wanted:
        number += 1
    return f"{name}.{number}"


def _in_order(numbers: list[str]) -> bool:
    values = [float(number) for number in numbers]
    return len(values) > 1 and all(b - a == 1 for a, b in pairwise(values))


def _all_like(is_like: Callable[[str], bool], first: str, texts: list[str]) -> bool:
    present = [text.strip() for text in texts if not is_missing_text(text)]
    return is_like(first.strip()) and bool(present) and all(map(is_like, present))


def _is_date_text(text: str) -> bool:
    return not is_number_text(text) and read_date_cell(text).state >= State.FIXED


def _is_year(text: str) -> bool:
    return text.isdecimal() and 1900 <= int(text[:5]) <= 2100
