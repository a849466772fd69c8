"""Rows of a file that are no rows of its table: its names once more, and blank rows and remarks below it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from core.tables.cell import is_missing_text
from core.tables.datecells import State, read_date_cell
from core.tables.files.header import is_name
from core.tables.files.names import looks_like_number, one_line, rows_notice
from core.tables.report import Notice

MAX_REMARKS = 10
MIN_COLUMNS = 3  # of a table below which a row with one cell is a remark
BLANKS = " \t\r\n\u00a0"

_REPEATED = "Rows that hold the names of the columns again were left out"


@dataclass(frozen=True)
class Stray:
    """A row at the end of a file with one filled cell, or none (`text` is empty), and its line or row in the file.

    `is_apart` tells that a blank line, which is no row, stands above it.
    """

    at: int  # the column of the filled cell
    text: str
    line: int = 0
    is_apart: bool = False


@dataclass(frozen=True)
class Tail:
    """How many rows at the end of a file are no rows of its table, and what to tell of them."""

    n_rows: int = 0
    changes: tuple[Notice, ...] = ()


def stray_rows(rows_from_end: Iterable[Sequence[str]]) -> list[tuple[int, str]]:
    """Return the column and the text of the rows at the end with one filled cell at most, in their order.

    A table of one column has none, and one of two columns only blank ones: there, they can be rows like others.
    """
    found: list[tuple[int, str]] = []
    n_filled = 0
    for cells in rows_from_end:
        filled = [(at, text) for at, text in enumerate(cells) if text.strip(BLANKS)]
        n_filled += len(filled)
        is_stray = len(cells) > 1 and len(filled) <= (len(cells) >= MIN_COLUMNS)
        if not is_stray or n_filled > MAX_REMARKS:
            break
        found.append(filled[0] if filled else (0, ""))
    return found[::-1]


def find_tail(
    strays: Sequence[Stray],
    values_of: Callable[[int], Sequence[str]],
    *,
    n_above: int,
    has_gaps: bool,
    place: str = "line",
) -> Tail:
    """Decide which of the rows at the end are no rows of the table.

    Blank ones are none. A row with one text is a remark where all `values_of` its column are numbers or dates, or
    where it stands apart from a table of `n_above` rows that has no gaps elsewhere. `place` is what the file calls
    a line.
    """
    filled = [i for i, stray in enumerate(strays) if stray.text]
    first = len(strays)
    for i in reversed(filled):
        if not n_above or not is_name(strays[i].text):
            break
        is_apart = strays[i].is_apart or (i > 0 and not strays[i - 1].text)
        if _are_values(values_of(strays[i].at)) or (is_apart and not has_gaps):
            first = i
    while first > 0 and not strays[first - 1].text:
        first -= 1
    left_out = strays[first:]
    remarks = [stray for stray in left_out if stray.text]
    blank_lines = [stray.line for stray in left_out if not stray.text]
    return Tail(len(left_out), (*_remarks_notice(remarks, place), *_blanks_notice(blank_lines)))


def are_telling(names: Sequence[str]) -> bool:
    """Tell whether a row with the same cells as these names can only be the header again.

    They must differ, most of them be words, and at least two.
    """
    given = [name.strip() for name in names if name.strip()]
    n_words = sum(map(is_name, given))
    return n_words >= 2 and 2 * n_words >= len(given) == len(set(given))


def repeated_notice(n_rows: int, lines: Sequence[int], place: str = "line") -> tuple[Notice, ...]:
    """Return a notice on rows that hold the names again; `lines` may be unknown."""
    if lines or not n_rows:
        return rows_notice(_REPEATED, lines, place)
    return (Notice(f"{_REPEATED}: {n_rows:,}.", n_rows),)


def _are_values(texts: Sequence[str]) -> bool:
    present = [text.strip() for text in texts if not is_missing_text(text)]
    return bool(present) and all(looks_like_number(text) or _is_date(text) for text in present)


def _is_date(text: str) -> bool:
    return read_date_cell(text).state >= State.FIXED


def _remarks_notice(remarks: Sequence[Stray], place: str) -> tuple[Notice, ...]:
    if not remarks:
        return ()
    lines = tuple(stray.line for stray in remarks if stray.line)
    word = place if len(lines) == 1 else f"{place}s"
    where = f", in {word} {', '.join(f'{line:,}' for line in lines)}" if lines else ""
    text = one_line(remarks[0].text.strip())
    return (Notice(f"Remarks below the table were left out{where}: '{text}'.", len(remarks), lines),)


def _blanks_notice(lines: Sequence[int]) -> tuple[Notice, ...]:
    if not lines:
        return ()
    known = tuple(line for line in lines if line)[:MAX_REMARKS]
    return (Notice(f"Blank rows below the table were left out: {len(lines):,}.", len(lines), known),)
