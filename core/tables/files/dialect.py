"""Find the separator of a text table and the row its columns are named in, from its beginning."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import IO

from core.errors import TableFileError
from core.tables.files import limits
from core.tables.files.encoding import TextSource
from core.tables.files.names import ColumnNames, looks_headerless, name_columns

SEPARATORS = (",", ";", "\t", "|")
NO_SEPARATOR = "\x1f"  # never in a file that passed: what a table of one column is read with
SAMPLE_CHARS = 1 << 20
SAMPLE_ROWS = 500
MAX_TITLE_ROWS = 20
MIN_CONSISTENT_SHARE = 0.6

_NATURAL_COMMA = re.compile(r",\s")
_DECIMAL_COMMA = re.compile(r"\s*[+-]?[\d.]*,\d+\s*")


@dataclass(frozen=True)
class Dialect:
    """How the text is cut into cells. `body` is the byte where the first data row begins."""

    separator: str | None
    names: ColumnNames
    body: int
    body_line: int  # the number of the line at `body`, from 1
    skip_space: bool  # a blank follows the separator, before quotation marks
    notices: tuple[str, ...]

    @property
    def delimiter(self) -> str:
        return self.separator or NO_SEPARATOR


@dataclass(frozen=True)
class _Row:
    cells: list[str]
    start: int  # line, from 0
    end: int


def find_dialect(source: TextSource) -> Dialect:
    """Return the dialect of `source`. Raises TableFileError when it has no rows."""
    lines = _sample_lines(source)
    separator = find_separator(lines)
    skip_space = separator is not None and _blank_before_quotes(lines, separator)
    rows = list(islice(_rows(lines, separator or NO_SEPARATOR, skip_space), SAMPLE_ROWS))
    if not rows:
        raise TableFileError("The file holds only blank lines. Choose a file with a header and rows.")
    title = _title_rows([row.cells for row in rows])
    header, body = rows[title], rows[title + 1 :]
    names, notices = header.cells, list[str]()
    if short := _header_lacks_one(rows, title):
        names, body, title = short, rows[title:], title - 1
    elif looks_headerless(header.cells, [row.cells for row in body]):
        names, body = [f"column_{i}" for i in range(1, len(header.cells) + 1)], rows[title:]
        notices.append("The first row holds values, not names; the columns were numbered.")
    if not body:
        raise TableFileError("The file has a header but no rows. Add rows below it.")
    if title:
        notices.append(f"Skipped {title} title {'row' if title == 1 else 'rows'} above the header.")
    start = body[0].start
    offset = source.start + sum(len(line.encode()) for line in lines[:start])
    return Dialect(separator, name_columns(names), offset, start + 1, skip_space, tuple(notices))


def find_separator(lines: Sequence[str]) -> str | None:
    """Return the separator that cuts the lines most evenly, or None for a single column."""
    best: tuple[float, float, int] | None = None
    choice = None
    for separator in SEPARATORS:
        rows = [row.cells for row in islice(_rows(lines, separator), SAMPLE_ROWS)]
        score = _evenness(rows, separator)
        if score and (best is None or score > best):
            best, choice = score, separator
    return choice or _separator_of_names(lines)


def _separator_of_names(lines: Sequence[str]) -> str | None:
    """Return the separator that cuts the first row into names, when the rows below are ragged."""
    for separator in SEPARATORS:
        first, *others = [row.cells for row in islice(_rows(lines, separator), SAMPLE_ROWS)] or [[]]
        are_names = len(first) > 1 and all(name and not name.startswith(" ") for name in first)
        if are_names and others and 2 * sum(len(row) > 1 for row in others) >= len(others):
            return separator
    return None


def _sample_lines(source: TextSource) -> list[str]:
    with source.open_at(source.start) as file:
        return _whole_lines(file)


def _whole_lines(file: IO[str]) -> list[str]:
    lines: list[str] = []
    n_chars = 0
    while n_chars < SAMPLE_CHARS and (line := file.readline(limits.MAX_CELL_BYTES * 4)):
        lines.append(line)
        n_chars += len(line)
    return lines


def _rows(lines: Sequence[str], separator: str, skip_space: bool = False) -> Iterator[_Row]:
    """Yield the rows that are not blank, with the lines they span."""
    csv.field_size_limit(max(csv.field_size_limit(), limits.MAX_CELL_BYTES * 4))
    reader = csv.reader(lines, delimiter=separator, skipinitialspace=skip_space)
    start = 0
    while True:
        try:
            cells = next(reader, None)
        except csv.Error:
            return
        if cells is None:
            return
        if any(cell.strip() for cell in cells):
            yield _Row(cells, start, reader.line_num)
        start = reader.line_num


def _evenness(rows: list[list[str]], separator: str) -> tuple[float, float, int] | None:
    """Return how evenly and cleanly `separator` cuts the rows, or None where it does not."""
    if not rows:
        return None
    title = _title_rows(rows)
    table = rows[title:]
    n_columns, n_even = Counter(map(len, table)).most_common(1)[0]
    if n_columns < 2 or n_even < MIN_CONSISTENT_SHARE * len(table):
        return None
    cells = [cell for row in table for cell in row]
    if separator == "," and len(rows[0]) == 1 and (_all_natural(table) or _all_decimal(table)):
        return None
    clean = sum(not _holds_other_separator(cell, separator) for cell in cells) / len(cells)
    return round(n_even / len(table), 1), round(clean, 2), n_columns


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


def _title_rows(rows: list[list[str]]) -> int:
    """Return how many rows stand above the first that is as wide as most of the table."""
    usual = Counter(map(len, rows)).most_common(1)[0][0]
    for i, row in enumerate(rows[:MAX_TITLE_ROWS]):
        if len(row) >= usual:
            return i
    return 0


def _header_lacks_one(rows: list[_Row], title: int) -> list[str] | None:
    """Return the names when the row above the data has one name less: a column of row names.

    Where the last cell of each row is blank, the rows merely end with a separator.
    """
    if title == 0:
        return None
    above, width = rows[title - 1].cells, len(rows[title].cells)
    if len(above) != width - 1 or not all(name.strip() for name in above):
        return None
    if all(len(row.cells) == width and not row.cells[-1].strip() for row in rows[title:]):
        return [*above, ""]
    is_data = looks_headerless(rows[title].cells, [row.cells for row in rows[title + 1 :]])
    return ["", *above] if is_data else None


def _blank_before_quotes(lines: Sequence[str], separator: str) -> bool:
    rows = islice(_rows(lines, separator), SAMPLE_ROWS)
    return any(cell.startswith(" ") and cell.lstrip(" ").startswith('"') for row in rows for cell in row.cells)
