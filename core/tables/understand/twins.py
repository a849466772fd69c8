"""Recognise columns that say the same as an earlier one: cell by cell, level by level, or by their correlation."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from core.tables.understand.phrases import quoted
from core.tables.understand.sample import Sample, SampledColumn
from core.tables.understand.suggestion import Confidence, Kind, Suggestion

MIN_REPEATS = 20  # rows beyond the first of each level: else the levels of any two columns match
MIN_UNUSUAL = 10  # rows that are not all alike: else two rare flags match by chance
FEW_LEVELS, MANY_ROWS = 50, 10
MIN_PRESENT = 20
CORRELATED = 0.999
RANKED = 0.99
MIN_LEVELS = 10  # of numbers whose correlation is looked at
MOST_NUMBERS = 500
STRAIGHT = 0.98
FACTOR = np.uint64(0xBF58476D1CE4E5B9)


def find_twins(sample: Sample, codes: Collection[str] = (), n_looked: int | None = None) -> list[Suggestion]:
    """Return, for each column that says what an earlier one says already, which one that is.

    `codes` are numbers that are names. Where there are many levels, rows that come twice are looked at once: they
    prove nothing.
    """
    rows = _first_of_each(sample)
    once = [replace(column, codes=column.codes[rows]) for column in sample.values()]
    columns = [every if _are_few(every) else one for every, one in zip(sample.values(), once, strict=True)]
    found = list(_same_levels(columns, frozenset(codes), n_looked))
    known = {suggestion.column for suggestion in found if suggestion.is_firm} | set(codes)
    return found + list(_correlated([column for column in once if column.name not in known], n_looked))


def row_keys(columns: Iterable[SampledColumn], n_rows: int) -> NDArray[np.uint64]:
    """Return a number for each row, the same for rows that are the same in all columns: `(n_rows,)`."""
    keys = np.zeros(n_rows, dtype=np.uint64)
    for column in columns:
        keys = mix(keys, column.codes.view(np.uint64))
    return keys


def mix(keys: NDArray[np.uint64], bits: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return new keys of rows that take one more column into account."""
    mixed = (keys ^ bits) * FACTOR
    return mixed ^ (mixed >> np.uint64(31))


def same_levels(one: SampledColumn, other: SampledColumn) -> bool:
    """Tell whether each level of one column goes with one level of the other, missing cells included."""
    pairs = np.unique(one.codes * (other.n_levels + 1) + other.codes)
    return len(pairs) == len(np.unique(one.codes)) == len(np.unique(other.codes))


def _are_few(column: SampledColumn) -> bool:
    """Tell whether the levels are few, each in many rows: they match no other column's by chance."""
    return column.n_levels <= FEW_LEVELS and column.n_present >= MANY_ROWS * column.n_levels


def _first_of_each(sample: Sample) -> NDArray[np.intp]:
    n_rows = len(next(iter(sample.values())).codes) if sample else 0
    return np.sort(np.unique(row_keys(sample.values(), n_rows), return_index=True)[1])


def _same_levels(columns: Iterable[SampledColumn], codes: frozenset[str], n_looked: int | None) -> Iterator[Suggestion]:
    """Compare only columns whose levels have the same numbers of rows."""
    earlier: dict[tuple[int, bytes], list[SampledColumn]] = {}
    for column in columns:
        n_levels = int((column.counts > 0).sum())
        if n_levels < 2 or column.n_present - n_levels < MIN_REPEATS or _n_unusual(column) < MIN_UNUSUAL:
            continue
        group = earlier.setdefault((len(column.codes), np.sort(column.counts).tobytes()), [])
        twin = next((one for one in group if same_levels(one, column)), None)
        if twin is None:
            group.append(column)
            continue
        equal = bool(np.array_equal(_cells(twin), _cells(column)))
        evidence = (
            f"It holds the same as {quoted(twin.name)} in every row."
            if equal
            else f"Each of its {n_levels:,} values goes with one value of {quoted(twin.name)}, and the other way "
            "round, so that it says the same in other words."
        )
        yield _suggest(column, twin, "duplicate", _confidence(twin, column, codes, equal), evidence, n_looked, equal)


def _n_unusual(column: SampledColumn) -> int:
    """Return how many rows are not like the most frequent ones, be they a level or missing."""
    n_missing = len(column.codes) - column.n_present
    return len(column.codes) - max(n_missing, int(column.counts.max()))


def _confidence(one: SampledColumn, other: SampledColumn, codes: frozenset[str], equal: bool) -> Confidence:
    """Return how sure it is that one is enough: from numbers on a curve a network may learn different things."""
    if equal or not (one.is_number and other.is_number) or {one.name, other.name} <= codes:
        return "sure"
    return "likely" if abs(_correlation(one, other)) > STRAIGHT else "maybe"


def _cells(column: SampledColumn) -> NDArray[np.object_]:
    return np.array([*column.levels, None], dtype=object)[column.codes]


def _correlated(columns: list[SampledColumn], n_looked: int | None) -> Iterator[Suggestion]:
    numbers = [column for column in columns if column.is_number and column.n_levels >= MIN_LEVELS][:MOST_NUMBERS]
    if len(numbers) < 2:
        return
    filled = np.stack([_standard(column) for column in numbers])
    present = (filled != 0).astype(np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        # Missing cells are 0 and so are left out of every sum, pair by pair.
        rough = filled @ filled.T / np.sqrt((filled**2 @ present.T) * (present @ filled.T**2))
    for later in range(1, len(numbers)):
        for earlier in np.flatnonzero(np.abs(rough[later, :later]) > CORRELATED - 0.01):
            share = _correlation(numbers[earlier], numbers[later])
            if abs(share) > CORRELATED and _ranked(numbers[earlier], numbers[later]) > RANKED:
                evidence = (
                    f"It rises and falls with {quoted(numbers[earlier].name)} (correlation {share:.4f}), "
                    "so that it says nearly the same."
                )
                yield _suggest(numbers[later], numbers[earlier], "near_duplicate", "likely", evidence, n_looked)
                break


def _standard(column: SampledColumn) -> NDArray[np.float64]:
    values = column.numbers
    with np.errstate(over="ignore", invalid="ignore"):
        spread = float(np.nanstd(values))
        scaled = (values - np.nanmean(values)) / spread if 0 < spread < np.inf else np.zeros_like(values)
    result: NDArray[np.float64] = np.nan_to_num(scaled, posinf=0.0, neginf=0.0)
    return result


def _correlation(one: SampledColumn, other: SampledColumn) -> float:
    """Return Pearson's correlation over the rows where both have a number, 0 where those are few."""
    rows = ~np.isnan(one.numbers) & ~np.isnan(other.numbers)
    if rows.sum() < MIN_PRESENT or rows.sum() < max(one.n_present, other.n_present) / 2:
        return 0.0
    return _pearson(one.numbers[rows], other.numbers[rows])


def _ranked(one: SampledColumn, other: SampledColumn) -> float:
    """Return the size of the correlation of the ranks, which a few rows far out do not make."""
    rows = (one.codes >= 0) & (other.codes >= 0)
    ranks = [np.unique(column.numbers[rows], return_inverse=True)[1].astype(np.float64) for column in (one, other)]
    return abs(_pearson(*ranks))


def _pearson(x: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        share = float(np.corrcoef(x, y)[0, 1])
    return share if np.isfinite(share) else 0.0


def _suggest(
    column: SampledColumn, other: SampledColumn, kind: Kind, confidence: Confidence, evidence: str,
    n_looked: int | None, equal: bool = False,
) -> Suggestion:  # fmt: skip
    details = {"other": other.name, "equal": equal}
    return Suggestion(column.name, kind, "leave_out", confidence, evidence, details, (), n_looked)
