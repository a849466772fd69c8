"""Says whether the cells of a table's column could be those of one of the model's."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.scoring.cells import MARKS
from core.tables.cell import is_missing_text, is_number_text
from core.tables.codes import code_text
from core.tables.dates import parse_dates
from core.tables.numbers import PLAIN, Marks, read_quantity
from core.tables.understand.phrases import percent
from core.types import N_QUANTILES, ColumnSchema, DateFormat

MAX_CELLS = 2_000
_MIN_CELLS = 20  # fewer do not show how they are distributed
_MIN_TELLING = 200  # cells that may tell a column alone
_MIN_DISTINCT_TEXTS, _MIN_DISTINCT_NUMBERS = 3, 30


@dataclass(frozen=True)
class Fit:
    """How well cells suit a column of the model.

    `share` of them the model can use. `closeness` says how near their distribution is to that of training, from 0,
    also where that cannot be told, to 1. `is_telling` where so many different cells are hardly so by chance.
    """

    share: float
    closeness: float
    is_telling: bool
    words: str


@dataclass(frozen=True)
class CellSample:
    """The cells of a table's column, as far as they hold something, with how often each occurs."""

    cells: Counter[str]
    _dates: dict[DateFormat, float] = field(default_factory=dict)

    @classmethod
    def of(cls, texts: Sequence[str | None]) -> CellSample:
        """Return what there is of some cells, at most `MAX_CELLS` spread over all of them."""
        step = max(1, -(-len(texts) // MAX_CELLS))
        held = (text for text in texts[::step] if isinstance(text, str) and not is_missing_text(text))
        return cls(Counter(text.strip() for text in held))

    @cached_property
    def n(self) -> int:
        """How many cells hold something."""
        return self.cells.total()

    @cached_property
    def codes(self) -> Counter[str]:
        """The cells as codes."""
        found: Counter[str] = Counter()
        for cell, n in self.cells.items():
            found[str(code_text(cell))] += n
        return found

    @cached_property
    def numbers(self) -> NDArray[np.float64]:
        """The cells that are numbers, sorted, under the marks that read the most."""
        readings = (self._numbers_under(marks) for marks in ((PLAIN,) if self._is_plain else MARKS))
        return max(readings, key=len)

    @cached_property
    def _is_plain(self) -> bool:
        return all(map(is_number_text, self.cells))

    def share_of_dates(self, date_format: DateFormat) -> float:
        """Return the share of the cells that are dates in a format."""
        if date_format not in self._dates:
            cells = pd.Series(list(self.cells), dtype=object)
            is_date = parse_dates(cells, date_format)[0].notna().to_numpy()
            self._dates[date_format] = float(np.array(list(self.cells.values()))[is_date].sum()) / max(1, self.n)
        return self._dates[date_format]

    def _numbers_under(self, marks: Marks) -> NDArray[np.float64]:
        found = ((read_quantity(cell, marks), n) for cell, n in self.cells.items())
        numbers = [(quantity.value, n) for quantity, n in found if quantity is not None]
        values, counts = zip(*numbers, strict=True) if numbers else ((), ())
        return np.sort(np.repeat(np.array(values, dtype=np.float64), np.array(counts, dtype=np.intp)))


def fit_of(column: ColumnSchema, sample: CellSample) -> Fit | None:
    """Return how well a sample suits a column of the model; None where that cannot be told."""
    if not sample.n or column.kind == "empty":
        return None
    if column.date_format is not None:
        share = sample.share_of_dates(column.date_format)
        return Fit(share, share, False, f"{_cells(share)} are dates")
    if column.kind == "number":
        return _fit_of_numbers(column, sample)
    return _fit_of_texts(column, sample)


def _fit_of_numbers(column: ColumnSchema, sample: CellSample) -> Fit | None:
    if column.minimum is None or column.maximum is None:
        return None
    numbers = sample.numbers
    share = float(((numbers >= column.minimum) & (numbers <= column.maximum)).sum()) / sample.n
    words = f"{_cells(share)} are numbers in the range of training"
    if not column.quantiles or not len(numbers):
        return Fit(share, 0.0, False, words)
    is_telling = len(set(column.quantiles)) >= N_QUANTILES - 2 and len(np.unique(numbers)) >= _MIN_DISTINCT_NUMBERS
    closeness = _closeness(_distance(column.quantiles, numbers), len(numbers))
    return Fit(share, closeness, is_telling and sample.n >= _MIN_TELLING, words)


def _fit_of_texts(column: ColumnSchema, sample: CellSample) -> Fit | None:
    known = dict(column.categories)
    cells = sample.codes if column.is_categorical else sample.cells
    counts = {cell: n for cell, n in cells.items() if cell in known}
    n_known = sum(counts.values())
    if column.kind == "mixed":
        n_known += sum(n for cell, n in cells.items() if cell not in known and is_number_text(cell))
    share = n_known / sample.n
    if share < 0.5 and _expects_new(column):
        return None
    is_varied = len(counts) >= _MIN_DISTINCT_TEXTS and 2 * sum(n * n for n in counts.values()) <= n_known**2
    is_telling = is_varied and sample.n >= _MIN_TELLING and column.kind == "text"
    closeness = _closeness(1 - _shared(known, cells), sample.n) if column.kind == "text" else 0.0
    return Fit(share, closeness, is_telling, f"{_cells(share)} are categories that the model knows")


def _cells(share: float) -> str:
    return "all its cells" if share == 1 else f"{percent(share)} of its cells"


def _expects_new(column: ColumnSchema) -> bool:
    """Tell whether most cells may be new, as names are: as many as there were texts seen once (Good and Turing)."""
    counts = [n for _, n in column.categories]
    return column.categories_cut or 2 * counts.count(1) > sum(counts)


def _closeness(distance: float, n: int) -> float:
    """Return what a distance of two distributions leaves of 1 when what chance adds is taken off."""
    return min(1.0, 1 - distance + 1 / math.sqrt(n)) if n >= _MIN_CELLS else 0.0


def _distance(quantiles: Sequence[float], numbers: NDArray[np.float64]) -> float:
    """Return the largest distance between the distributions of sorted `numbers` and of training, at its deciles."""
    shares = np.linspace(0, 1, N_QUANTILES)
    below, up_to = (np.searchsorted(numbers, quantiles, side=side) / len(numbers) for side in ("left", "right"))
    return float(np.maximum(below - shares, shares - up_to).max(initial=0.0))


def _shared(then: Mapping[str, int], now: Mapping[str, int]) -> float:
    """Return the share of the rows that two counts have in common."""
    n_then, n_now = sum(then.values()), sum(now.values())
    return sum(min(then[cell] / n_then, n / n_now) for cell, n in now.items() if cell in then)
