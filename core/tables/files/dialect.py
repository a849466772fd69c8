"""Find the separator of a text table and the row its columns are named in, from its beginning."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import IO, Any

from core.errors import TableFileError
from core.tables.files import limits
from core.tables.files.encoding import TextSource
from core.tables.files.names import ColumnNames, looks_headerless, name_columns
from core.tables.options import AUTOMATIC, ReadOptions
from core.tables.report import Notice

SEPARATORS = (",", ";", "\t", "|")
NO_SEPARATOR = "\x1f"  # never in a file that passed: what a table of one column is read with
SAMPLE_CHARS = 1 << 20
SAMPLE_ROWS = 500
MAX_TITLE_ROWS = 20
MIN_CONSISTENT_SHARE = 0.6
MIN_SINGLE_QUOTES = 3

_HINT = re.compile(r"\"?sep=(.)\"?", re.IGNORECASE)  # a first line that Excel writes and obeys
_QUOTED = (
    re.compile(r"(?:^|[,;|\t])\s?\"[^\"]+\"(?=[,;|\t\r\n]|$)"),
    re.compile(r"(?:^|[,;|\t])\s?'[^']+'(?=[,;|\t\r\n]|$)"),
    re.compile(r"(?:^|[,;|\t])\s?'"),
)
_NATURAL_COMMA = re.compile(r",\s")
_DECIMAL_COMMA = re.compile(r"\s*[+-]?[\d.]*,\d+\s*")


@dataclass(frozen=True)
class Dialect:
    """How the text is cut into cells. `body` is the byte where the first data row begins.

    `quote` is empty where no mark quotes. `header_line` is the line of the names, from 1, or 0.
    """

    separator: str | None
    quote: str
    names: ColumnNames
    header_line: int
    body: int
    body_line: int  # the number of the line at `body`, from 1
    skip_space: bool  # a blank follows the separator, before quotation marks
    evidence: Mapping[str, str]
    changes: tuple[Notice, ...]

    @property
    def delimiter(self) -> str:
        return self.separator or NO_SEPARATOR


@dataclass(frozen=True)
class _Row:
    cells: list[str]
    start: int  # lines before it
    end: int

    @property
    def first_line(self) -> int:
        """Return its first line, from 1."""
        return self.start + 1


@dataclass(frozen=True)
class _Header:
    """Where the names stand: their row among the rows, or None, and the first row of data."""

    names: list[str]
    row: int | None
    body: int
    evidence: str
    changes: tuple[Notice, ...] = ()


def find_dialect(source: TextSource, options: ReadOptions = AUTOMATIC) -> Dialect:
    """Return the dialect of `source`, with what was chosen in `options`. Raises TableFileError when it has no rows."""
    lines = _sample_lines(source)
    hint = _HINT.fullmatch(lines[0].strip()) if lines else None
    text = lines[1:] if hint else lines
    quote, quote_evidence = _quote(text, options.quote)
    separator, separator_evidence = _separator(text, quote, options.separator, hint[1] if hint else None)
    delimiter = separator or NO_SEPARATOR
    skip_space = separator is not None and _blank_before_quotes(text, separator, quote)
    rows = list(islice(_rows(text, delimiter, quote, skip_space), SAMPLE_ROWS))
    if not rows:
        raise TableFileError("The file holds only blank lines. Choose a file with a header and rows.")
    n_hint = 1 if hint else 0
    header = _find_header(rows) if options.header_row is None else _chosen_header(rows, options.header_row - n_hint)
    if header.body >= len(rows):
        raise TableFileError("The file has a header but no rows. Add rows below it.")
    start = rows[header.body].start
    above = "".join(lines[: n_hint + start])
    return Dialect(
        separator=separator,
        quote=quote,
        names=name_columns(header.names),
        header_line=0 if header.row is None else rows[header.row].first_line + n_hint,
        body=source.start + len(above.encode()),
        body_line=n_hint + start + 1,
        skip_space=skip_space,
        evidence={"separator": separator_evidence, "quote": quote_evidence, "header_row": header.evidence},
        changes=header.changes,
    )


def find_separator(lines: Sequence[str], quote: str = '"') -> str | None:
    """Return the separator that cuts the lines most evenly, or None for a single column."""
    best: tuple[float, float, int] | None = None
    choice = None
    for separator in SEPARATORS:
        rows = [row.cells for row in islice(_rows(lines, separator, quote), SAMPLE_ROWS)]
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
    rows = list(islice(_rows(lines, found, quote), SAMPLE_ROWS))
    usual, n_even = Counter(len(row.cells) for row in rows).most_common(1)[0]
    return found, f"It cuts {n_even:,} of the first {len(rows):,} rows into {usual:,} cells each."


def _quote(lines: Sequence[str], chosen: str | None) -> tuple[str, str]:
    """Return the quotation mark and how it is known: the usual one, unless only single ones quote cells."""
    if chosen is not None:
        return chosen, ""
    n_double, n_single, n_begun = (sum(len(pattern.findall(line)) for line in lines) for pattern in _QUOTED)
    if not n_double and n_single == n_begun >= MIN_SINGLE_QUOTES:
        return "'", f"Of the first {len(lines):,} lines, {n_single:,} cells stand between single quotation marks."
    return '"', f"{n_double:,} cells of the first {len(lines):,} lines stand between them." if n_double else ""


def _find_header(rows: list[_Row]) -> _Header:
    title = _title_rows([row.cells for row in rows])
    header, body = rows[title].cells, [row.cells for row in rows[title + 1 :]]
    if short := _header_lacks_one(rows, title):
        evidence = "The row above the data has one name less than there are columns."
        return _Header(short, title - 1, title, evidence, _titles_notice(title - 1))
    if looks_headerless(header, body):
        names = _numbered(len(header))
        said = Notice("The first row holds values, not names; the columns were numbered.")
        evidence = "The first row holds numbers or dates where all rows below do."
        return _Header(names, None, title, evidence, (said, *_titles_notice(title)))
    evidence = "It is the first row as wide as most of the table." if title else "The first row holds names."
    return _Header(header, title, title + 1, evidence, _titles_notice(title))


def _chosen_header(rows: list[_Row], line: int) -> _Header:
    """Return the header in `line` of the text, from 1; below 1 there is none, and data begins where it is wide."""
    if line < 1:
        first = _title_rows([row.cells for row in rows])
        return _Header(_numbered(len(rows[first].cells)), None, first, "", _titles_notice(first))
    for at, row in enumerate(rows):
        if row.start < line <= row.end:
            width = max([len(row.cells), *(len(other.cells) for other in rows[at + 1 : at + 2])])
            return _Header(row.cells + [""] * (width - len(row.cells)), at, at + 1, "", _titles_notice(at))
    raise TableFileError(f"Line {line:,} is none of the first {SAMPLE_ROWS} rows. Choose another header row.")


def _titles_notice(n_rows: int) -> tuple[Notice, ...]:
    word = "row" if n_rows == 1 else "rows"
    return (Notice(f"Skipped {n_rows} title {word} above the header.", n_rows),) if n_rows > 0 else ()


def _numbered(n_columns: int) -> list[str]:
    return [f"column_{i}" for i in range(1, n_columns + 1)]


def _separator_of_names(lines: Sequence[str], quote: str) -> str | None:
    """Return the separator that cuts the first row into names, when the rows below are ragged."""
    for separator in SEPARATORS:
        first, *others = [row.cells for row in islice(_rows(lines, separator, quote), SAMPLE_ROWS)] or [[]]
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


def _rows(lines: Sequence[str], separator: str, quote: str, skip_space: bool = False) -> Iterator[_Row]:
    """Yield the rows that are not blank, with the lines they span."""
    csv.field_size_limit(max(csv.field_size_limit(), limits.MAX_CELL_BYTES * 4))
    reader = csv.reader(lines, **csv_format(separator, quote, skip_space))
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


def _blank_before_quotes(lines: Sequence[str], separator: str, quote: str) -> bool:
    if not quote:
        return False
    rows = islice(_rows(lines, separator, quote), SAMPLE_ROWS)
    return any(cell.startswith(" ") and cell.lstrip(" ").startswith(quote) for row in rows for cell in row.cells)


def csv_format(separator: str, quote: str, skip_space: bool) -> dict[str, Any]:
    """Return what the csv module has to be told."""
    quoting = {"quotechar": quote} if quote else {"quoting": csv.QUOTE_NONE}
    return {"delimiter": separator, "skipinitialspace": skip_space, **quoting}
