"""The distinct cells of a column, so that each kind of cell is looked at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray


@dataclass(frozen=True)
class DistinctCells:
    """`cells[codes[i]]` is the cell of row i. Cells that cannot be hashed each stand for themselves."""

    codes: NDArray[np.intp]  # (n_rows,)
    cells: list[Any]

    @property
    def counts(self) -> NDArray[np.intp]:
        """Return how many rows hold each distinct cell."""
        return np.bincount(self.codes, minlength=len(self.cells))


def distinct_cells(values: pd.Series) -> DistinctCells:
    """Return the distinct cells of `values`, missing ones among them, in order of appearance."""
    if values.dtype == object:
        return _distinct_objects(values.tolist())
    codes, cells = pd.factorize(values, use_na_sentinel=False)
    return DistinctCells(codes, cells.tolist())


def _distinct_objects(cells: list[Any]) -> DistinctCells:
    """Tell 1, 1.0 and True apart, which pandas would count as one."""
    seen: dict[Any, int] = {}
    distinct: list[Any] = []
    codes = np.empty(len(cells), dtype=np.intp)
    for row, cell in enumerate(cells):
        try:
            code = seen.setdefault((cell.__class__, cell), len(distinct))
        except TypeError:  # a list, a dict: it cannot be hashed
            code = len(distinct)
        if code == len(distinct):
            distinct.append(cell)
        codes[row] = code
    return DistinctCells(codes, distinct)
