"""One column over the rows that are looked at: its distinct cells, and what they mean as numbers and texts."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import isnan
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from core.tables.cell import coerce_value
from core.tables.kept import Coerce

MOST_TEXTS = 20_000

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]


@dataclass(frozen=True)
class Numbers:
    """The distinct finite numbers of a column, rising, with the rows that hold each."""

    values: Floats
    counts: Counts

    @property
    def n(self) -> int:
        """Return how many rows hold a number."""
        return int(self.counts.sum())

    @property
    def are_whole(self) -> bool:
        """Tell whether there are numbers, all of them whole and exact."""
        return len(self.values) > 0 and bool(((self.values == np.rint(self.values)) & (abs(self.values) < 2**53)).all())

    def without(self, value: float) -> Numbers:
        """Return the others."""
        keep = self.values != value
        return Numbers(self.values[keep], self.counts[keep])

    def quantile(self, share: float) -> float:
        """Return the number that this share of the rows does not exceed."""
        place = np.searchsorted(np.cumsum(self.counts), share * self.n)
        return float(self.values[min(int(place), len(self.values) - 1)])


class Column:
    """A column of the kinds that the readers give: numbers, true or false, timestamps or texts.

    `cells` are the rows looked at, `n_rows` all rows of the table. Of texts at most 20,000 distinct
    ones are looked at; their counts are of the rows that hold them. `coerce` says what each means.
    """

    def __init__(
        self, name: str, cells: pa.ChunkedArray, n_rows: int | None = None, coerce: Coerce = coerce_value
    ) -> None:
        self.name = name
        self.cells = cells
        self.n_rows = len(cells) if n_rows is None else n_rows
        self._coerce = coerce

    @property
    def is_text(self) -> bool:
        """Tell whether the cells are kept as they stand in the file."""
        return bool(pa.types.is_string(self.cells.type))

    @property
    def is_instant(self) -> bool:
        """Tell whether the cells are dates already."""
        return bool(pa.types.is_timestamp(self.cells.type))

    @property
    def n_cells(self) -> int:
        """Return how many of the rows looked at hold anything."""
        return len(self.cells) - int(self.cells.null_count)

    @property
    def n_sampled(self) -> int | None:
        """Return how many rows are looked at, None where that is all of them."""
        return len(self.cells) if len(self.cells) < self.n_rows else None

    @property
    def is_cut(self) -> bool:
        """Tell whether there are more distinct texts than are looked at."""
        return self.is_text and self.n_raw > MOST_TEXTS

    @property
    def n_looked(self) -> int | None:
        """Return how many rows the counts of texts are of, None where that is all of them."""
        if self.is_cut:
            return int(self.distinct[1].sum()) + int(self.cells.null_count)
        return self.n_sampled

    @cached_property
    def counted(self) -> pa.Array:
        """Return the distinct cells as they stand (`values`), with the rows that hold each (`counts`)."""
        return pc.value_counts(self.cells.drop_null())

    @property
    def n_raw(self) -> int:
        """Return how many different cells there are, as they stand in the file."""
        return len(self.counted)

    @cached_property
    def distinct(self) -> tuple[list[str], Counts]:
        """Return the distinct texts, trimmed, with their counts; equal ones may come twice for their blanks."""
        if not self.is_text:
            return [], np.zeros(0, dtype=np.int64)
        counted = self.counted
        if len(counted) > MOST_TEXTS:
            places = np.linspace(0, len(counted) - 1, MOST_TEXTS).astype(np.int64)
            counted = counted.take(pa.array(places))
        return pc.utf8_trim_whitespace(counted.field("values")).to_pylist(), counted.field("counts").to_numpy()

    @cached_property
    def meanings(self) -> list[Any]:
        """Return what each of the distinct texts means: a text, a number, or NaN for nothing."""
        return [self._coerce(text) for text in self.distinct[0]]

    @cached_property
    def words(self) -> dict[str, int]:
        """Return the texts that are neither numbers nor words for nothing, with their counts."""
        words: dict[str, int] = {}
        for meaning, count in zip(self.meanings, self.distinct[1].tolist(), strict=True):
            if isinstance(meaning, str):
                words[meaning] = words.get(meaning, 0) + count
        return words

    @cached_property
    def texts(self) -> list[str]:
        """Return the distinct texts that are no words for nothing, as they are written."""
        texts = zip(self.distinct[0], self.meanings, strict=True)
        return list(dict.fromkeys(text for text, meaning in texts if isinstance(meaning, str) or not isnan(meaning)))

    @cached_property
    def numbers(self) -> Numbers:
        """Return the distinct finite numbers, those written as text among them; none of a column of dates."""
        if self.is_instant:
            return _counted(np.zeros(0), np.zeros(0, dtype=np.int64))
        if self.is_text:
            floats = np.array([np.nan if isinstance(cell, str) else float(cell) for cell in self.meanings])
            return _counted(floats, self.distinct[1])
        if pa.types.is_floating(self.cells.type):
            return _counted(*np.unique(self.cells.drop_null().to_numpy(), return_counts=True))
        values = self.counted.field("values").cast(pa.float64(), safe=False)
        return _counted(values.to_numpy(zero_copy_only=False), self.counted.field("counts").to_numpy())

    @cached_property
    def n_present(self) -> int:
        """Return how many of the distinct cells' rows hold a number or a text that is not a word for nothing."""
        if self.is_instant:
            return len(self.cells) - int(self.cells.null_count)
        return self.numbers.n + sum(self.words.values())

    @cached_property
    def n_distinct(self) -> int:
        """Return how many different numbers and texts there are among the distinct cells looked at."""
        if self.is_instant:
            return self.n_raw
        return len(self.numbers.values) + len(self.words)


def _counted(values: Floats, counts: Counts) -> Numbers:
    """Return finite numbers with their counts, rising, equal ones (1 and 1.0) put together."""
    finite = np.isfinite(values) if len(values) else np.zeros(0, dtype=bool)
    kept, places = np.unique(np.asarray(values, dtype=np.float64)[finite], return_inverse=True)
    summed = np.bincount(places, weights=np.asarray(counts)[finite], minlength=len(kept)).astype(np.int64)
    return Numbers(kept, summed)
