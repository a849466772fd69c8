"""Lays the rows of training and those counted now side by side, in bins that both can be counted in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from core.scoring.tallies import NumberTally, TextTally
from core.types import ColumnSchema, InputSchema

MIN_EXPECTED = 5  # rows that training lets expect in a bin; with fewer, bins are put together
LIKELY_ROWS = 200  # of a training table that does not tell how many it had
_DIVISIONS = (10, 5, 2, 1)

BinKind = Literal["numbers", "category", "rare", "rest", "unseen", "missing"]


@dataclass(frozen=True)
class Bin:
    """Rows of one kind: how many training had, and how many there are now; `members` are put together in it."""

    kind: BinKind
    then: float
    now: float
    text: str = ""
    members: tuple[Bin, ...] = ()


@dataclass(frozen=True)
class Counted:
    """What was counted of a column."""

    numbers: NumberTally
    texts: TextTally
    n_missing: int

    @property
    def n(self) -> int:
        """How many cells were counted."""
        return self.numbers.n + self.texts.n + self.n_missing


@dataclass(frozen=True)
class TrainingRows:
    """How many rows the training table had: exactly, or how many it may be taken to have had at least."""

    n: int
    is_exact: bool

    @classmethod
    def of(cls, schema: InputSchema, n_rows: int | None) -> TrainingRows:
        """Return the rows that a column tells, all cells of which are counted in the schema, else `n_rows`."""
        columns = schema.columns
        told = [c.n_missing + sum(count for _, count in c.categories) for c in columns if _tells_rows(c)]
        at_least = max((column.n_missing + column.n_distinct for column in columns), default=0)
        if told:
            return cls(max(told), is_exact=True)
        if n_rows is not None and n_rows >= at_least:
            return cls(n_rows, is_exact=True)
        return cls(max(at_least, LIKELY_ROWS), is_exact=False)


def bins_of(column: ColumnSchema, counted: Counted, rows: TrainingRows) -> list[Bin]:
    """Return the bins in which a column can be compared; those with no row then and now are left out.

    Missing cells are left out too where training had some, but it is not known of how many rows.
    """
    n_texts = sum(count for _, count in column.categories)
    n_present = max(0, rows.n - column.n_missing)
    if column.kind in ("number", "date"):
        bins = _number_bins(column, counted, n_present)
    elif column.kind == "mixed" and not column.categories_cut and rows.is_exact:
        bins = [*_number_bins(column, counted, n_present - n_texts), *_category_bins(column, counted, rows)]
    elif column.kind == "mixed" and not rows.is_exact:
        bins = _number_bins(column, counted, n_present - n_texts)
    elif column.kind in ("text", "mixed"):
        bins = _category_bins(column, counted, rows)
    else:
        return []
    if rows.is_exact or not column.n_missing:
        bins.append(Bin("missing", column.n_missing, counted.n_missing))
    return [part for part in bins if part.then or part.now]


def _tells_rows(column: ColumnSchema) -> bool:
    return column.kind == "empty" or (column.kind == "text" and not column.categories_cut)


def _number_bins(column: ColumnSchema, counted: Counted, n_then: float) -> list[Bin]:
    """Return the parts between the deciles, fewer where there are few rows; one where the deciles are not known."""
    n_least = min(n_then, counted.numbers.n)
    n_bins = next((n for n in _DIVISIONS if n_least / n >= MIN_EXPECTED), 1) if column.quantiles else 1
    if n_bins == 1:
        return [Bin("numbers", n_then, counted.numbers.n)]
    parts = counted.numbers.counts.reshape(n_bins, -1).sum(axis=1).tolist()
    return [Bin("numbers", n_then / n_bins, part) for part in parts]


def _category_bins(column: ColumnSchema, counted: Counted, rows: TrainingRows) -> list[Bin]:
    """Return a bin for each category that is not too rare, one for the rare ones and one for those never seen.

    Texts never seen are expected, as many as there were texts seen once (Good and Turing). Where there are no
    more, or training kept only the most frequent categories, they count with the rare ones.
    """
    share = min(rows.n, counted.n) / max(1, rows.n + counted.n)  # of both, that are in the smaller table
    known = [
        Bin("category", then, now, text)
        for (text, then), now in zip(column.categories, counted.texts.known.tolist(), strict=True)
    ]
    common = [part for part in known if (part.then + part.now) * share >= MIN_EXPECTED]
    rare = [part for part in known if (part.then + part.now) * share < MIN_EXPECTED]
    if column.categories_cut:
        return [*common, *_with_rest(rare, column, counted, rows)]
    n_unseen = counted.texts.n_unseen + (counted.numbers.n if column.kind == "text" else 0)
    n_single = sum(part.then == 1 for part in known)
    if n_unseen * rows.n <= n_single * counted.n:
        return [*common, _together("rare", rare, now=n_unseen)]
    return [*common, _together("rare", rare, then=-n_single), Bin("unseen", n_single, n_unseen)]


def _with_rest(rare: Sequence[Bin], column: ColumnSchema, counted: Counted, rows: TrainingRows) -> list[Bin]:
    """Return the rare categories with all that training did not keep, or alone where that is not known."""
    if not rows.is_exact:
        return [_together("rare", rare)]
    n_kept = sum(count for _, count in column.categories)
    return [
        _together(
            "rest", rare,
            then=rows.n - column.n_missing - n_kept, now=counted.texts.n_unseen + counted.numbers.n,
        )
    ]  # fmt: skip


def _together(kind: BinKind, parts: Sequence[Bin], *, then: float = 0, now: float = 0) -> Bin:
    n_then, n_now = sum(part.then for part in parts) + then, sum(part.now for part in parts) + now
    return Bin(kind, max(0, n_then), n_now, members=tuple(parts))
