"""Give the value of cells that are merged over several rows to each of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

Row = list[Any]
Range = tuple[tuple[int, int], tuple[int, int]]  # first row and column, last row and column
Merges = Mapping[int, Sequence[tuple[int, int, bool]]]  # by first row: column, last row, whether it is one column


def upright_merges(ranges: Iterable[Range], first_column: int) -> Merges:
    """Return the merged ranges over several rows, by their first row; columns are counted from `first_column`."""
    merges: dict[int, list[tuple[int, int, bool]]] = {}
    for (top, left), (bottom, right) in ranges:
        if bottom > top and left >= first_column:
            merges.setdefault(top, []).append((left - first_column, bottom, left == right))
    return merges


def filled_down(
    rows: Iterable[Row], merges: Merges, body: int | None = None, counts: Counter[int] | None = None
) -> Iterator[Row]:
    """Yield the rows with the value of merged cells in each of their rows; count them by column in `counts`.

    Above the `body`, or where that is unknown, only cells of one column are filled: wider ones are titles. What
    begins above the body does not reach into it.
    """
    if not merges:
        yield from rows
        return
    active: dict[int, tuple[Any, int]] = {}
    for at, row in enumerate(rows):
        if at == body:
            active.clear()
        for column, (value, last) in list(active.items()):
            if at > last:
                del active[column]
            elif column < len(row) and row[column] == "":
                row[column] = value
                if counts is not None and body is not None and at >= body:
                    counts[column] += 1
        for column, last, is_single in merges.get(at, ()):
            if column < len(row) and row[column] != "" and (is_single or (body is not None and at >= body)):
                active[column] = row[column], last
        yield row
