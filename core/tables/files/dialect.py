"""Find the separator of a text table and where its rows begin, from its beginning."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

from core.errors import TableFileError
from core.tables.files import limits
from core.tables.files.encoding import TextSource
from core.tables.files.header import chosen_header, find_header, is_comment, is_name, title_rows
from core.tables.files.names import ColumnNames, looks_like_number, name_columns
from core.tables.files.quotes import find_quote
from core.tables.files.textrows import SAMPLE_ROWS, cut_rows
from core.tables.options import AUTOMATIC, ReadOptions
from core.tables.report import Notice

SEPARATORS = (",", ";", "\t", "|")
NO_SEPARATOR = "\x1f"  # what a table of one column is read with, unless the text holds it
MIN_CONSISTENT_SHARE = 0.6
MOSTLY_CLEAN = 0.5  # of the rows hold no other separator
MIN_ROWS = 2  # that are left where comments are taken away

_OTHERS = "\x1d\x1c\x01\x02\x03\x04\x05\x06\x07\x08\x0e\x0f\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19"
_HINT = re.compile(r"\"?sep=(.)\"?", re.IGNORECASE)  # a first line that Excel writes and obeys
_COMMENT_LINE = re.compile(r"\s*#(?:[\s#!]|[^,;|\t]*$)")
_NOTHING = re.compile(r"[,;|\s\"']*")
_NATURAL_COMMA = re.compile(r",\s")
_DECIMAL_COMMA = re.compile(r"\s*[+-]?[\d.]*,\d+\s*")


@dataclass(frozen=True)
class Dialect:
    """How the text is cut into cells. `body` is the byte where the first data row begins.

    `separator` is None for one column; `delimiter` is what to cut with all the same. `quote` is empty where
    no mark quotes. `header` are the cells with the names as they stand, and `header_line` is their line,
    from 1; where there are none, it is empty and 0. `has_comments` tells that lines begin with a # that are none
    of its rows.
    """

    separator: str | None
    delimiter: str
    quote: str
    header: tuple[str, ...]
    names: ColumnNames
    header_line: int
    body: int
    body_line: int  # the number of the line at `body`, from 1
    skip_space: bool  # a blank follows the separator, before quotation marks
    has_comments: bool
    evidence: Mapping[str, str]
    changes: tuple[Notice, ...]


class Evenness(NamedTuple):
    """How well a separator cuts the rows: the first thing in which two differ decides."""

    even: float  # share of the rows with the usual number of cells
    mostly_clean: bool  # most rows hold no other separator
    no_titles: bool  # no rows above have to be skipped
    clean: float  # share of the cells that hold no other separator
    n_columns: int


def find_dialect(source: TextSource, options: ReadOptions = AUTOMATIC) -> Dialect:
    """Return the dialect of `source`, with what was chosen in `options`. Raises TableFileError when it has no rows."""
    lines = source.first_lines()
    hint = _HINT.fullmatch(lines[0].strip()) if lines else None
    text = lines[1:] if hint else lines
    quote, quote_evidence = find_quote(text, options.quote)
    separator, separator_evidence = _separator(text, quote, options.separator, hint[1] if hint else None)
    delimiter = separator or _unused_mark(source)
    skip_space = separator is not None and _blank_before_quotes(text, separator, quote)
    rows = list(islice(cut_rows(text, delimiter, quote, skip_space), SAMPLE_ROWS))
    if not rows or (options.separator is None and all(map(_NOTHING.fullmatch, text))):
        raise TableFileError("The file holds only blank lines. Choose a file with a header and rows.")
    n_hint = 1 if hint else 0
    header = find_header(rows) if options.header_row is None else chosen_header(rows, options.header_row - n_hint)
    if header.body >= len(rows) and quote and "".join(text[rows[-1].start :]).count(quote) % 2:
        line = n_hint + rows[-1].first_line
        raise TableFileError(f"The quotation mark that opens in line {line:,} is never closed. Close or remove it.")
    if all(header.has_comments and is_comment(row.cells, len(header.names)) for row in rows[header.body :]):
        raise TableFileError("The file has a header but no rows. Add rows below it.")
    limits.check_cell(max(len(name.encode()) for name in header.names))
    start = rows[header.body].start
    above = "".join(lines[: n_hint + start])
    return Dialect(
        separator=separator,
        delimiter=delimiter,
        quote=quote,
        header=() if header.row is None else tuple(header.names),
        names=name_columns(header.names),
        header_line=0 if header.row is None else rows[header.row].first_line + n_hint,
        body=source.start + len(above.encode()),
        body_line=n_hint + start + 1,
        skip_space=skip_space,
        has_comments=header.has_comments,
        evidence={"separator": separator_evidence, "quote": quote_evidence, "header_row": header.evidence},
        changes=header.changes,
    )


def find_separator(lines: Sequence[str], quote: str = '"') -> str | None:
    """Return the separator that cuts the lines most evenly, or None for a single column."""
    uncommented = [line for line in lines if not _COMMENT_LINE.match(line)]
    if MIN_ROWS <= len(uncommented) < len(lines) and (found := find_separator(uncommented, quote)):
        return found
    best: Evenness | None = None
    choice = None
    for separator in SEPARATORS:
        rows = [row.cells for row in islice(cut_rows(lines, separator, quote), SAMPLE_ROWS)]
        score = _evenness(rows, separator)
        if score and (best is None or score > best):
            best, choice = score, separator
    return choice or _separator_of_names(lines, quote)


def _separator(lines: Sequence[str], quote: str, chosen: str | None, hint: str | None) -> tuple[str | None, str]:
    """Return the separator and how it is known."""
    if chosen is not None:
        return chosen or None, ""
    if hint:
        return hint, f"The first line of the file says so: sep={hint}"
    found = find_separator(lines, quote)
    if found is None:
        return None, "No separator cuts the rows into the same number of cells."
    rows = list(islice(cut_rows(lines, found, quote), SAMPLE_ROWS))
    usual, n_even = Counter(len(row.cells) for row in rows).most_common(1)[0]
    return found, f"It cuts {n_even:,} of the first {len(rows):,} rows into {usual:,} cells each."


def _unused_mark(source: TextSource) -> str:
    """Return a character that the text does not hold."""
    return next((mark for mark in (NO_SEPARATOR, *_OTHERS) if not source.holds(mark)), NO_SEPARATOR)


def _separator_of_names(lines: Sequence[str], quote: str) -> str | None:
    """Return the separator that cuts the first row into names, when the rows below are ragged."""
    for separator in SEPARATORS:
        first, *others = [row.cells for row in islice(cut_rows(lines, separator, quote), SAMPLE_ROWS)] or [[]]
        are_names = sum(map(bool, first)) > 1 and not any(name.startswith(" ") for name in first)
        if are_names and others and 2 * sum(len(row) > 1 for row in others) >= len(others):
            return separator
        if are_names and len(others) == 1 and all(map(is_name, first)) and looks_like_number(others[0][0].strip()):
            return separator
    return None


def _evenness(rows: list[list[str]], separator: str) -> Evenness | None:
    """Return how well `separator` cuts the rows, or None where it does not.

    Titles above count less than other separators left in most rows: a comma in the title and one in each
    row's 2,5 do not separate.
    """
    if not rows:
        return None
    title = title_rows(rows)
    table = rows[title:]
    n_columns, n_even = Counter(map(len, table)).most_common(1)[0]
    if n_columns < 2 or n_even < MIN_CONSISTENT_SHARE * len(table):
        return None
    if separator == "," and len(rows[0]) == 1 and (_all_natural(table) or _all_decimal(table)):
        return None
    clean = [[not _holds_other_separator(cell, separator) for cell in row] for row in table]
    n_clean_rows = sum(map(all, clean))
    clean_cells = sum(map(sum, clean)) / sum(map(len, clean))
    return Evenness(
        round(n_even / len(table), 1),
        n_clean_rows >= MOSTLY_CLEAN * len(table),
        title == 0,
        round(clean_cells, 2),
        n_columns,
    )


def _all_natural(table: list[list[str]]) -> bool:
    """Tell whether each comma is followed by a blank, as between a name and a first name."""
    return all(cell.startswith(" ") for row in table for cell in row[1:])


def _all_decimal(table: list[list[str]]) -> bool:
    """Tell whether each comma stands in a number, as in 2,25, so that there is one column of them."""
    return all(_DECIMAL_COMMA.fullmatch(",".join(row)) for row in table)


def _holds_other_separator(cell: str, separator: str) -> bool:
    if _DECIMAL_COMMA.fullmatch(cell):
        return False
    text = _NATURAL_COMMA.sub(" ", cell)
    return any(other in text for other in SEPARATORS if other != separator)


def _blank_before_quotes(lines: Sequence[str], separator: str, quote: str) -> bool:
    """Tell whether blanks stand before quotation marks; those between them are part of the cell."""
    if not quote:
        return False
    for row in islice(cut_rows(lines, separator, quote), SAMPLE_ROWS):
        cells = [cell for cell in row.cells if cell.startswith(" ") and cell.lstrip(" ").startswith(quote)]
        text = "".join(lines[row.start : row.end]) if cells else ""
        if any(f"{separator}{cell}" in text or text.startswith(cell) for cell in cells):
            return True
    return False
