"""A sample of the rows with every column as numbers, to compare columns with each other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from core.tables.cell import coerce_value
from core.tables.kept import Coerce
from core.tables.understand.phrases import exact

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]

SAMPLE_ROWS = 20_000
SAMPLE_CELLS = 8_000_000


@dataclass(frozen=True)
class SampledColumn:
    """One column of the sampled rows.

    `codes` (n,) is the place of each row's level among `levels`, -1 where it is missing; a level is a
    float or a text. Dates are the microseconds since 1970.
    """

    name: str
    codes: Codes
    levels: tuple[float | str, ...]

    @cached_property
    def numbers(self) -> Floats:
        """Return the number of each row, NaN for texts and missing cells: `(n,)`."""
        values = np.array([np.nan if isinstance(level, str) else level for level in self.levels] + [np.nan])
        result: Floats = values[self.codes]
        return result

    @property
    def n_levels(self) -> int:
        """Return how many levels there are."""
        return len(self.levels)

    @cached_property
    def counts(self) -> Codes:
        """Return the rows of each level: `(n_levels,)`."""
        return np.bincount(self.codes[self.codes >= 0], minlength=self.n_levels)

    @property
    def n_present(self) -> int:
        """Return how many rows have a level."""
        return int((self.codes >= 0).sum())

    @cached_property
    def n_texts(self) -> int:
        """Return how many levels are texts."""
        return sum(isinstance(level, str) for level in self.levels)

    @property
    def is_number(self) -> bool:
        """Tell whether there are numbers and no texts."""
        return self.n_levels > 0 and self.n_texts == 0


def level_text(level: float | str) -> str:
    """Return a level as a cell would hold it."""
    return level if isinstance(level, str) else exact(level)


Sample = Mapping[str, SampledColumn]


def sample_size(n_rows: int, n_columns: int) -> int:
    """Return how many rows to sample: fewer of a wide table."""
    return min(n_rows, SAMPLE_ROWS, max(1_000, SAMPLE_CELLS // max(1, n_columns)))


def sample_column(name: str, cells: pa.ChunkedArray, n_sample: int, coerce: Coerce = coerce_value) -> SampledColumn:
    """Return the cells of `n_sample` rows that are spread evenly over `cells`."""
    if n_sample < len(cells):
        cells = cells.take(pa.array(sampled_rows(len(cells), n_sample)))
    return code_cells(name, cells, coerce)


def sampled_rows(n_rows: int, n_sample: int) -> Codes:
    """Return the positions of `n_sample` rows that are spread evenly: `(n_sample,)`."""
    return np.linspace(0, n_rows - 1, n_sample).round().astype(np.int64)


def code_cells(name: str, cells: pa.ChunkedArray, coerce: Coerce = coerce_value) -> SampledColumn:
    """Return all of `cells`, as levels that mean different things: 1, 1.0 and '1' are one, blanks and what `coerce`
    finds nothing in are missing.
    """
    if pa.types.is_string(cells.type):
        return _code_texts(name, cells, coerce)
    kept = cells.cast(pa.int64()) if pa.types.is_timestamp(cells.type) else cells
    floats = kept.cast(pa.float64(), safe=False).to_numpy()
    levels, codes = np.unique(floats, return_inverse=True)
    n_finite = int(np.isfinite(levels).sum())
    return _without_infinite(name, levels, codes, n_finite)


def _without_infinite(name: str, levels: Floats, codes: Codes, n_finite: int) -> SampledColumn:
    """Leave out NaN, which is last, and the infinities."""
    if n_finite == len(levels):
        return SampledColumn(name, codes, tuple(levels.tolist()))
    finite = np.isfinite(levels)
    places = np.where(finite, np.cumsum(finite) - 1, -1)
    return SampledColumn(name, places[codes], tuple(levels[finite].tolist()))


def _code_texts(name: str, cells: pa.ChunkedArray, coerce: Coerce) -> SampledColumn:
    encoded = pc.dictionary_encode(cells.combine_chunks())
    places: dict[float | str, int] = {}
    lookup = []
    for text in encoded.dictionary.to_pylist():
        meaning = coerce(text)
        is_missing = not isinstance(meaning, str) and not np.isfinite(meaning)
        level = meaning if isinstance(meaning, str) else float(meaning)
        lookup.append(-1 if is_missing else places.setdefault(level, len(places)))
    codes = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    return SampledColumn(name, np.array([*lookup, -1], dtype=np.int64)[codes], tuple(places))
