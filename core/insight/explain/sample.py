"""The rows that an explanation looks at: some of those that the network has not seen, encoded once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from torch import Tensor

from core.data import as_frame
from core.insight.explain.groups import Groups, column_groups
from core.scoring.predict import features_of
from core.types import ModelBundle

MAX_ROWS = 5_000
MAX_CELLS = 20_000_000  # float32: 80 MB
LEAST_ROWS = 200  # of a table so wide that MAX_CELLS would leave fewer


@dataclass(frozen=True)
class Sample:
    """Rows of a table: raw as `frame`, encoded as `x` float32 `(n, input_dim)`.

    `places` are their positions in the table, in ascending order, `y` their class codes or numbers `(n,)`, and
    `groups` the features of each column.
    """

    bundle: ModelBundle
    frame: pd.DataFrame
    x: Tensor
    y: NDArray[Any] | None
    places: NDArray[np.intp]
    groups: Groups

    def __len__(self) -> int:
        return len(self.places)


def take_sample(
    bundle: ModelBundle, rows: pd.DataFrame, y: NDArray[Any] | None = None, *, most: int = MAX_ROWS, seed: int = 0
) -> Sample:
    """Draw at most `most` rows, the same ones for the same seed, and encode them.

    Raises DataError (a ValueError) for a bundle that does not say which column its inputs come from.
    """
    groups = column_groups(bundle, [str(name) for name in rows.columns])
    room = max(LEAST_ROWS, MAX_CELLS // max(1, bundle.input_dim))
    places = _drawn(len(rows), min(most, room), seed)
    frame = as_frame(rows.iloc[places].reset_index(drop=True))
    return Sample(
        bundle, frame, features_of(bundle, frame), None if y is None else np.asarray(y)[places], places, groups
    )


def thinned(sample: Sample, most: int, seed: int = 0) -> Sample:
    """Return at most `most` rows of a sample, the same ones for the same seed."""
    if len(sample) <= most:
        return sample
    kept = _drawn(len(sample), most, seed)
    return replace(
        sample,
        frame=sample.frame.iloc[kept].reset_index(drop=True),
        x=sample.x[kept],
        y=None if sample.y is None else sample.y[kept],
        places=sample.places[kept],
    )


def _drawn(n_rows: int, most: int, seed: int) -> NDArray[np.intp]:
    if n_rows <= most:
        return np.arange(n_rows)
    return np.sort(np.random.default_rng(seed).choice(n_rows, most, replace=False))
