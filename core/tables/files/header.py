"""Find the row of a text table that holds the names of its columns; above it stand titles and comments."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from core.errors import TableFileError
from core.tables.cell import is_missing_text, is_number_text
from core.tables.files.names import looks_headerless, looks_like_number
from core.tables.files.textrows import SAMPLE_ROWS, Row
from core.tables.report import Notice

MAX_TITLE_ROWS = 20
COMMENT = "#"

_COMMENT = re.compile(r"\s*#(?:[\s#!]|$)")


@dataclass(frozen=True)
class Header:
    """Where the names stand: their row among the rows, or None, and the first row of data.

    `has_comments` tells that lines above it, or some that do not fit below it, begin with a #.
    """

    names: list[str]
    row: int | None
    body: int
    evidence: str
    changes: tuple[Notice, ...] = ()
    has_comments: bool = False


def find_header(rows: Sequence[Row]) -> Header:
    """Return the header of a table that begins with `rows`, of which there is one at least."""
    cells = [row.cells for row in rows]
    title = title_rows(cells)
    if short := _header_lacks_one(cells, title):
        evidence = "The row above the data has one name less than there are columns."
        return _made(rows, short, title - 1, title, evidence)
    at = _below_titles(rows, title)
    header, body = cells[at], [row for row in cells[at + 1 :] if not is_comment(row, len(cells[at]))]
    if looks_headerless(header, body):
        said = Notice("The first row holds values, not names; the columns were numbered.")
        evidence = "The first row holds numbers or dates where all rows below do."
        return _made(rows, numbered(len(header)), None, at, evidence, (said,))
    evidence = "It is the first row that is filled like most of the table." if at else "The first row holds names."
    return _made(rows, header, at, at + 1, evidence)


def chosen_header(rows: Sequence[Row], line: int) -> Header:
    """Return the header in `line` of the text, from 1; below 1 there is none, and data begins where it is wide."""
    if line < 1:
        first = title_rows([row.cells for row in rows])
        return _made(rows, numbered(len(rows[first].cells)), None, first, "")
    for at, row in enumerate(rows):
        if row.start < line <= row.end:
            width = max([len(row.cells), *(len(other.cells) for other in rows[at + 1 : at + 2])])
            return _made(rows, row.cells + [""] * (width - len(row.cells)), at, at + 1, "")
    raise TableFileError(f"Line {line:,} is none of the first {SAMPLE_ROWS} rows. Choose another header row.")


def numbered(n_columns: int) -> list[str]:
    """Return names for columns that have none."""
    return [f"column_{i}" for i in range(1, n_columns + 1)]


def titles_notice(n_rows: int) -> tuple[Notice, ...]:
    """Return a notice on the rows that stand above the header; none where there are none."""
    word = "row" if n_rows == 1 else "rows"
    return (Notice(f"Skipped {n_rows} title {word} above the header.", n_rows),) if n_rows > 0 else ()


def title_rows(rows: Sequence[Sequence[str]]) -> int:
    """Return how many rows stand above the first that is as wide as most of the table."""
    plain = [row for row in rows if not (_COMMENT.match(row[0]) or (len(row) == 1 and row[0].startswith(COMMENT)))]
    usual = Counter(map(len, plain if len(plain) > 1 else rows)).most_common(1)[0][0]
    for i, row in enumerate(rows[:MAX_TITLE_ROWS]):
        if len(row) >= usual:
            return i
    return 0


def is_comment(cells: Sequence[str], width: int) -> bool:
    """Tell whether a row that does not fit the table begins with a #."""
    return len(cells) != width and cells[0].lstrip().startswith(COMMENT)


def is_name(text: str) -> bool:
    """Tell whether a cell can be the name of a column: it has a letter and is no number and no word for nothing."""
    bare = text.strip()
    return any(map(str.isalpha, bare)) and not is_number_text(bare) and not is_missing_text(bare)


def _made(
    rows: Sequence[Row], names: list[str], row: int | None, body: int, evidence: str, changes: tuple[Notice, ...] = ()
) -> Header:
    n_titles = body if row is None else row
    above, below = rows[:n_titles], rows[body:]
    has_comments = any(other.cells[0].lstrip().startswith(COMMENT) for other in above) or any(
        _COMMENT.match(other.cells[0]) and is_comment(other.cells, len(names)) for other in below
    )
    return Header(names, row, body, evidence, changes + titles_notice(n_titles), has_comments)


def _below_titles(rows: Sequence[Row], at: int) -> int:
    """Go on from row `at` over comments, and over titles that are padded to the width of the table."""
    while at + 2 < len(rows) and at < MAX_TITLE_ROWS:
        above, names, below = rows[at], rows[at + 1], [row.cells for row in rows[at + 2 :]]
        if not (_is_comment_above(above.cells, names.cells, below) or _is_padded_title(above, names, below)):
            break
        at += 1
    return at


def _is_comment_above(cells: Sequence[str], names: Sequence[str], below: Sequence[Sequence[str]]) -> bool:
    """Tell a comment that holds separators from names of which the first begins with a #."""
    if not _COMMENT.match(cells[0]) or looks_headerless(names, below):
        return False
    return len(cells) != len(names) or _stands_above_numbers(names, below)


def _is_padded_title(above: Row, names: Row, below: Sequence[Sequence[str]]) -> bool:
    """Tell whether a row with few cells stands above the names: a title, or what the names below it share."""
    used = [i for i in range(len(names.cells)) if names.cells[i].strip() or any(_at(row, i) for row in below)]
    n_filled = sum(bool(_at(above.cells, i)) for i in used)
    if len(used) < 3 or 3 * n_filled > 2 * len(used) or len(used) - n_filled < 2:
        return False
    if not all(is_name(names.cells[i]) for i in used):
        return False
    is_apart = n_filled == 1 and names.start > above.end
    return is_apart or _stands_above_numbers(names.cells, below)


def _stands_above_numbers(names: Sequence[str], below: Sequence[Sequence[str]]) -> bool:
    """Tell whether a name stands above nothing but numbers."""
    for i, name in enumerate(names):
        texts = [text for row in below if not is_missing_text(text := _at(row, i))]
        if is_name(name) and texts and all(map(looks_like_number, texts)):
            return True
    return False


def _at(row: Sequence[str], i: int) -> str:
    return row[i].strip() if i < len(row) else ""


def _header_lacks_one(rows: Sequence[list[str]], title: int) -> list[str] | None:
    """Return the names when the row above the data has one name less: a column of row names.

    Where the last cell of each row is blank, the rows merely end with a separator.
    """
    if title == 0:
        return None
    above, width = rows[title - 1], len(rows[title])
    if len(above) != width - 1 or not all(name.strip() for name in above):
        return None
    if all(len(row) == width and not row[-1].strip() for row in rows[title:]):
        return [*above, ""]
    are_values = all(map(is_name, above)) and all(looks_like_number(cell.strip()) for cell in rows[title])
    return ["", *above] if are_values or looks_headerless(rows[title], rows[title + 1 :]) else None
