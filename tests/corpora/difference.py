"""Two readings of one table, held against each other cell by cell."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Column = Sequence[Any]
Classify = Callable[[Any, Any], str]

SAME = ""
MIN_COLUMNS = 3  # of a table in which a row with one cell can be a remark
KNOWN = "known: "  # what begins so is a difference that is meant


class SkippedError(Exception):
    """The other parser has nothing to say about this file, for the reason given."""


@dataclass
class Difference:
    """Cells that two parsers read differently, of one kind of difference: how many, and the first of them."""

    what: str
    where: str
    ours: str
    theirs: str
    count: int = 1

    @property
    def is_known(self) -> bool:
        """Return whether the difference is meant."""
        return self.what.startswith(KNOWN)


@dataclass(frozen=True)
class Reading:
    """What another parser reads: the columns in order, and how its cells compare with ours."""

    columns: Sequence[Column]
    classify: Classify


def differences(ours: Mapping[str, Column], theirs: Reading) -> list[Difference]:
    """Return the differences between the cells, a kind each, or one difference where the shapes differ."""
    theirs = _without_left_out(ours, theirs)
    n_rows = {len(column) for column in (*ours.values(), *theirs.columns)}
    if len(ours) != len(theirs.columns) or len(n_rows) > 1:
        shapes = _shape(list(ours.values())), _shape(theirs.columns)
        return [Difference("another number of rows or columns", "everywhere", *shapes)]
    found: dict[str, Difference] = {}
    for (name, column), other in zip(ours.items(), theirs.columns, strict=True):
        for i, (cell, value) in enumerate(zip(column, other, strict=True), start=1):
            what = theirs.classify(cell, value)
            if what in found:
                found[what].count += 1
            elif what:
                found[what] = Difference(what, f"column {name!r}, row {i:,}", repr(cell)[:200], repr(value)[:200])
    return list(found.values())


def is_filled(cell: object) -> bool:
    """Tell whether there is anything in a cell."""
    return cell is not None and bool(str(cell).strip("\ufeff \t\r\n"))


def _without_left_out(ours: Mapping[str, Column], theirs: Reading) -> Reading:
    """Return the other reading without the rows that ours leaves out and that are no rows of a table by their look."""
    names = list(ours)
    rows = [list(row) for row in zip(*ours.values(), strict=True)]
    others = list(zip(*theirs.columns, strict=True))
    n_more = len(others) - len(rows)
    if n_more <= 0 or len(ours) != len(theirs.columns):
        return theirs
    kept: list[Sequence[Any]] = []
    for other in others:
        row = rows[len(kept)] if len(kept) < len(rows) else None
        is_same = row is not None and not any(map(theirs.classify, row, other))
        if n_more and not is_same and _looks_left_out(other, names):
            n_more -= 1
        else:
            kept.append(other)
    return Reading([list(column) for column in zip(*kept, strict=True)], theirs.classify)


def _looks_left_out(row: Sequence[Any], names: Sequence[str]) -> bool:
    """Tell whether a row is blank, a remark or a comment, or the names once more."""
    texts = [str(cell).strip() for cell in row]
    n_filled = sum(map(is_filled, row))
    are_names = all(text == name or name.startswith(f"{text}.") for text, name in zip(texts, names, strict=True))
    is_remark = n_filled == 1 and len(row) >= MIN_COLUMNS
    return not n_filled or is_remark or texts[0].startswith("#") or are_names


def _shape(columns: Sequence[Column]) -> str:
    return f"{len(columns[0]) if columns else 0:,} rows × {len(columns):,} columns"
