"""Find the cells of an ODS sheet that are merged over several rows, which its parser does not tell."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path
from typing import IO
from xml.etree import ElementTree

_CHUNK = 1 << 20
_OVERLAP = 64
_SPANS_ROWS = re.compile(rb"number-rows-spanned=[\"'](?!1[\"'])")
_TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
_CELLS = (f"{_TABLE}table-cell", f"{_TABLE}covered-table-cell")
_MOST_RANGES = 1_000_000

Range = tuple[tuple[int, int], tuple[int, int]]


def ods_merges(path: Path, sheet: str) -> list[Range]:
    """Return the merged ranges of `sheet`, as first and last row and column from 0; none where they are not found."""
    try:
        with zipfile.ZipFile(path) as archive:
            with archive.open("content.xml") as content:
                if not _spans_rows(content):
                    return []
            with archive.open("content.xml") as content:
                return _ranges(content, sheet)
    except (zipfile.BadZipFile, KeyError, ValueError, ElementTree.ParseError, NotImplementedError, OSError):
        return []


def _spans_rows(content: IO[bytes]) -> bool:
    rest = b""
    while chunk := content.read(_CHUNK):
        if _SPANS_ROWS.search(rest + chunk):
            return True
        rest = chunk[-_OVERLAP:]
    return False


def _ranges(content: IO[bytes], sheet: str) -> list[Range]:
    found: list[Range] = []
    is_inside, row, column = False, 0, 0
    for event, element in ElementTree.iterparse(content, events=("start", "end")):  # noqa: S314
        if event == "start":
            if element.tag == f"{_TABLE}table":
                is_inside = element.get(f"{_TABLE}name") == sheet
            continue
        if element.tag in _CELLS and is_inside:
            n_rows, n_columns = _count(element, "number-rows-spanned"), _count(element, "number-columns-spanned")
            if n_rows > 1 and len(found) < _MOST_RANGES:
                found.append(((row, column), (row + n_rows - 1, column + n_columns - 1)))
            column += _count(element, "number-columns-repeated")
        elif element.tag == f"{_TABLE}table-row":
            row, column = row + _count(element, "number-rows-repeated"), 0
            element.clear()
        elif element.tag == f"{_TABLE}table" and is_inside:
            return found
    return found


def _count(element: ElementTree.Element, name: str) -> int:
    return int(element.get(f"{_TABLE}{name}", "1"))
