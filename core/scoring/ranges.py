"""How far to trust each prediction: the range a number lies in, or the labels possible, at the bundle's level."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from core.calibration import Calibration, possible

MOST_LABELS = 10  # that are written out in one cell
MARK = " | "


@dataclass(frozen=True)
class Ranges:
    """What a bundle adds beside its predictions: `_low` and `_high`, or `_possible`; nothing without a level."""

    target: str
    calibration: Calibration
    labels: pa.Array | None

    @property
    def fields(self) -> list[pa.Field]:
        """Return the columns that are added."""
        if self.calibration.margin is None:
            return []
        if self.labels is None:
            return [pa.field(f"{self.target}_low", pa.float64()), pa.field(f"{self.target}_high", pa.float64())]
        return [pa.field(f"{self.target}_possible", pa.string())]

    def columns(self, predictions: pa.Array, probabilities: NDArray[np.float64] | None) -> list[pa.Array]:
        """Return the cells of these columns for some rows: predictions (n,), probabilities (n, k)."""
        margin = self.calibration.margin
        if margin is None:
            return []
        if probabilities is None or self.labels is None:
            return [pc.subtract(predictions, margin), pc.add(predictions, margin)]
        return [_possible_labels(possible(probabilities, margin), self.labels.to_pylist())]


def _possible_labels(is_possible: NDArray[np.bool_], labels: list[Any]) -> pa.Array:
    """Return the possible labels of each row as one text; few sets of labels occur, so each is written once."""
    packed = np.ascontiguousarray(np.packbits(is_possible, axis=1))
    keys = packed.view(np.dtype((np.void, packed.shape[1]))).ravel()
    _, first, codes = np.unique(keys, return_index=True, return_inverse=True)
    texts = [_listed([labels[at] for at in np.flatnonzero(is_possible[row])]) for row in first]
    return pa.array(texts, pa.string()).take(pa.array(codes.ravel()))


def _listed(labels: list[Any]) -> str:
    shown = MARK.join(map(str, labels[:MOST_LABELS]))
    return shown if len(labels) <= MOST_LABELS else f"{shown}{MARK}and {len(labels) - MOST_LABELS:,} more"
