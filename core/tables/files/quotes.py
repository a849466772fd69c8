"""Find the quotation mark of a text table, and double the marks that a backslash escapes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path

from core.tables.files.encoding import TextSource
from core.tables.files.textrows import SAMPLE_ROWS, cut_rows

MIN_SINGLE_QUOTES = 3
MIN_WHOLE_LINES = 2

_QUOTED = (
    re.compile(r"(?:^|[,;|\t])\s?\"[^\"]+\"(?=[,;|\t\r\n]|$)"),
    re.compile(r"(?:^|[,;|\t])\s?'((?:[^']|'')+)'(?=[,;|\t\r\n]|$)"),
    re.compile(r"(?:^|[,;|\t])\s?'"),
)
_HOLDS_SEPARATOR = re.compile(r"[,;|\t]")
_WHOLE_LINE = re.compile(r'"((?:[^"]|"")*)"')
_BACKSLASH = re.compile(r"\\([\"'\\])")


def find_quote(lines: Sequence[str], chosen: str | None) -> tuple[str, str]:
    """Return the quotation mark and how it is known: the usual one, unless only single ones quote cells."""
    if chosen is not None:
        return chosen, ""
    double, single, begun = ([match for line in lines for match in kind.findall(line)] for kind in _QUOTED)
    needed = MIN_SINGLE_QUOTES - any(map(_HOLDS_SEPARATOR.search, single))
    if not double and len(single) == len(begun) >= needed:
        return "'", f"Of the first {len(lines):,} lines, {len(single):,} cells stand between single quotation marks."
    return '"', f"{len(double):,} cells of the first {len(lines):,} lines stand between them." if double else ""


def with_doubled_quotes(source: TextSource, copy: Path) -> tuple[TextSource, str]:
    """Return the text with doubled quotation marks where a backslash escapes them, and how that is known.

    That is so where a backslash stands before a mark in the midst of a quoted cell, and no mark is doubled. A
    backslash before a mark that ends its cell, as in a folder's name, escapes nothing.
    """
    lines = source.first_lines()
    if not any("\\" in line for line in lines):
        return source, ""
    quote, _ = find_quote(lines, None)
    first = _first_escaped(lines, quote)
    if first is None:
        return source, ""
    with source.open_at(source.start) as file, copy.open("w", encoding="utf-8", newline="") as out:
        out.writelines(_BACKSLASH.sub(lambda match: _bare(match[1], quote), line) for line in file)
    evidence = f"A backslash stands before quotation marks within cells, the first in line {first:,}."
    return replace(source, path=copy, start=0), evidence


def without_outer_quotes(source: TextSource, copy: Path) -> tuple[TextSource, str]:
    """Return the text without the quotation marks around each line, where those hide its cells, and how that is known.

    That is so where each line stands between marks as a whole, and a separator within cuts all of them alike, as in
    files that were saved with another separator than they had.
    """
    lines = source.first_lines()
    whole = [_WHOLE_LINE.fullmatch(line.rstrip("\r\n")) for line in lines if line.strip()]
    inner = [match[1].replace('""', '"') for match in whole if match]
    if len(inner) < MIN_WHOLE_LINES or len(inner) < len(whole) or not any(_cuts_alike(inner, mark) for mark in ",;\t|"):
        return source, ""
    with source.open_at(source.start) as file, copy.open("w", encoding="utf-8", newline="") as out:
        out.writelines(map(_inner_line, file))
    return replace(
        source, path=copy, start=0
    ), f"Each of the first {len(inner):,} lines stands between them as a whole."


def _cuts_alike(lines: Sequence[str], separator: str) -> bool:
    rows = [row.cells for row in islice(cut_rows(lines, separator, '"'), SAMPLE_ROWS)]
    is_natural = all(cell.startswith(" ") for row in rows for cell in row[1:])
    return len(rows[0]) > 1 and len(set(map(len, rows))) == 1 and not is_natural


def _inner_line(line: str) -> str:
    text = line.rstrip("\r\n")
    match = _WHOLE_LINE.fullmatch(text)
    return match[1].replace('""', '"') + line[len(text) :] if match else line


def _first_escaped(lines: Sequence[str], quote: str) -> int | None:
    """Return the first line, from 1, with an escaped mark in the midst of a cell; None where marks are doubled."""
    escaped = re.compile(rf"(?:^|[,;|\t])\s?{quote}(?:[^{quote}\\]|\\.)*?\\{quote}(?=[^{quote},;|\t\r\n])")
    doubled = re.compile(rf"(?<=[^\\,;|\t]){quote}{quote}|(?<!\\){quote}{quote}(?![,;|\t\r\n]|$)")
    if any(map(doubled.search, lines)):
        return None
    return next((number for number, line in enumerate(lines, start=1) if escaped.search(line)), None)


def _bare(escaped: str, quote: str) -> str:
    return escaped * 2 if escaped == quote else escaped
