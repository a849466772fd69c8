"""Cut the first lines of a text into rows of cells."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from core.tables.files import limits

SAMPLE_ROWS = 500


@dataclass(frozen=True)
class Row:
    """The cells of a row, and how many lines stand before it and before what follows it."""

    cells: list[str]
    start: int
    end: int

    @property
    def first_line(self) -> int:
        """Return its first line, from 1."""
        return self.start + 1

    @property
    def is_blank(self) -> bool:
        """Tell whether no cell holds more than blanks."""
        return not any(cell.strip() for cell in self.cells)


def cut_rows(lines: Sequence[str], separator: str, quote: str, skip_space: bool = False) -> Iterator[Row]:
    """Yield the rows that are not blank, with the lines they span; stop where a line cannot be cut."""
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
        row = Row(cells, start, reader.line_num)
        if not row.is_blank:
            yield row
        start = reader.line_num


def csv_format(separator: str, quote: str, skip_space: bool) -> dict[str, Any]:
    """Return what the csv module has to be told."""
    quoting = {"quotechar": quote} if quote else {"quoting": csv.QUOTE_NONE}
    return {"delimiter": separator, "skipinitialspace": skip_space, **quoting}
