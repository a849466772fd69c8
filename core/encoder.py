"""How a table is encoded, imputed and scaled: fitted column by column, and applied to some rows at a time.

The outcome is that of scikit-learn's `DictVectorizer`, the median and `StandardScaler` on the dense matrix,
which is never made. A coerced table is a frame or a stored one, as `core.encoding` says.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd
import psutil
import torch
from numpy.typing import NDArray
from sklearn.feature_extraction import DictVectorizer
from sklearn.preprocessing import StandardScaler

from core.encoding import (
    cut,
    distinct_texts,
    encode_frame,
    finite_medians,
    fit_vectorizer,
    impute,
    is_text,
    scaled,
    text_levels,
)
from core.errors import DataError
from core.rows import FLOAT_BYTES, Rows, Storage, all_rows, is_large
from core.tables.stored import StoredTable, Table

ROWS_AT_ONCE = 65_536
BLOCK_CELLS = 1 << 20  # of numbers that are fitted together
SEPARATOR = DictVectorizer().separator
GAP_MARK = 1.2345678 / 4096  # standard deviations: no whole number and no usual fraction lies there

Floats = NDArray[np.float64]
Positions = NDArray[np.intp]


@dataclass(frozen=True)
class Encoder:
    """What is fitted on the training rows: features, how they are scaled, and what stands for a missing number."""

    vectorizer: DictVectorizer
    scaler: StandardScaler
    medians: Floats

    def encode(self, features: Table, kept: NDArray[np.bool_] | None = None) -> Rows:
        """Return the rows of a coerced table, of which `kept` (n,) may choose some, as the network gets them.

        Raises DataError where they would not fit in memory.
        """
        n_rows = len(features) if kept is None else int(np.count_nonzero(kept))
        if not _has_own_features(features):
            return torch.from_numpy(self._dense(_as_frame(features), kept))
        storage = self.store(features, kept, n_rows)
        rows = all_rows(storage)
        return rows if is_large(*rows.shape) else rows[:]

    def with_gaps_marked(self) -> Encoder:
        """Return an encoder that fills a gap a hair beside the median, so that a network can tell it from a cell."""
        return Encoder(self.vectorizer, self.scaler, self.medians + GAP_MARK * self.scaler.scale_)

    def store(self, features: Table, kept: NDArray[np.bool_] | None, n_rows: int) -> Storage:
        """Return the rows without making them dense; no two columns may share a feature."""
        layout = self._layout
        _check_fits_memory(n_rows * (layout.n_numbers + layout.n_texts) * FLOAT_BYTES)
        storage = layout.storage(n_rows)
        numbers, codes = storage.numbers.numpy(), storage.codes.numpy()
        read = at = 0
        for batch in _batches(features):
            chosen = batch if kept is None else batch[kept[read : read + len(batch)]]
            self._fill(chosen, numbers[at : at + len(chosen)], codes[at : at + len(chosen)])
            read, at = read + len(batch), at + len(chosen)
        return storage

    def _fill(self, frame: pd.DataFrame, numbers: NDArray[np.float32], codes: NDArray[np.int32]) -> None:
        """Write the encoded rows of a frame into as many rows of a storage."""
        layout, vocabulary = self._layout, self.vectorizer.vocabulary_
        numbers[:], codes[:] = layout.absent[layout.number_at], layout.nothing
        for name in frame.columns:
            values, at = frame[name], vocabulary.get(name)
            if not is_text(values):
                if at is not None:
                    numbers[:, layout.number_place[name]] = self._scaled(values.to_numpy(np.float64), at)
                continue
            levels = text_levels(self.vectorizer, values)
            if (place := layout.text_place.get(name)) is not None:
                own = np.where(levels.is_text & (levels.targets >= 0), levels.targets, layout.nothing[place])
                codes[:, place] = own.astype(np.int32)[levels.codes]
            if at is not None:
                cells = np.where(levels.is_text, layout.absent[at], self._scaled(levels.numbers, at))
                numbers[:, layout.number_place[name]] = cells[levels.codes]

    def _scaled(self, numbers: Floats, at: int) -> NDArray[np.float32]:
        """Return the numbers of one feature scaled, missing ones as its median."""
        is_finite = np.isfinite(numbers)
        cells = (np.where(is_finite, numbers, 0.0) - self.scaler.mean_[at]) / self.scaler.scale_[at]
        return np.where(is_finite, cut(cells).astype(np.float32), self._layout.middle[at])

    def _dense(self, frame: pd.DataFrame, kept: NDArray[np.bool_] | None) -> NDArray[np.float32]:
        matrix = encode_frame(self.vectorizer, frame if kept is None else frame[kept])
        return scaled(self.scaler, impute(matrix, self.medians)).astype(np.float32)

    @cached_property
    def _layout(self) -> _Layout:
        return _Layout(self)


class _Layout:
    """Where each feature of an encoder stands in a storage, and what it is where it is set or not."""

    def __init__(self, encoder: Encoder) -> None:
        self.absent, self.present, self.middle = (
            cut((np.broadcast_to(row, encoder.medians.shape) - encoder.scaler.mean_) / encoder.scaler.scale_).astype(
                np.float32
            )
            for row in (np.float64(0), np.float64(1), np.nan_to_num(encoder.medians))
        )
        of_numbers: list[int] = []
        of_texts: dict[str, int] = {}
        for at, feature in enumerate(encoder.vectorizer.feature_names_):
            name, mark, _ = feature.partition(encoder.vectorizer.separator)
            if mark:
                of_texts[name] = at
            else:
                of_numbers.append(at)
        names = encoder.vectorizer.feature_names_
        self.number_at = np.array(of_numbers, dtype=np.intp)
        self.number_place = {names[at]: place for place, at in enumerate(of_numbers)}
        self.text_place = {name: place for place, name in enumerate(of_texts)}
        self.nothing = len(names) + np.arange(len(of_texts), dtype=np.int32)
        self.own_at = np.array(list(of_texts.values()), dtype=np.intp)  # a feature of each column of texts
        self.n_numbers, self.n_texts = len(of_numbers), len(of_texts)

    def storage(self, n_rows: int) -> Storage:
        """Return a storage for so many rows, which are still to be written."""
        code_at = np.concatenate([np.arange(len(self.absent)), self.own_at])
        return Storage(
            absent=torch.from_numpy(self.absent),
            numbers=torch.empty(n_rows, self.n_numbers),
            number_at=torch.from_numpy(self.number_at),
            codes=torch.empty(n_rows, self.n_texts, dtype=torch.int32),
            code_at=torch.from_numpy(code_at),
            code_value=torch.from_numpy(np.concatenate([self.present, self.absent[self.own_at]])),
        )


def fit_encoder(features: Table, rows: Positions) -> Encoder:
    """Fit an encoder on some rows of a coerced table, given by their positions."""
    if not _has_own_features(features):
        return _fit_dense(_as_frame(features).iloc[rows])
    fitted = _Fitted(len(rows))
    for name, values in features.items():
        if is_text(values):
            _fit_texts(fitted, str(name), values, rows)
        else:
            fitted.add_numbers(str(name), values.to_numpy(np.float64)[rows])
    return fitted.encoder()


def _fit_texts(fitted: _Fitted, name: str, values: pd.Series, rows: Positions) -> None:
    codes, cells = distinct_texts(values)
    codes = codes[rows].astype(np.int32)
    counts = np.bincount(codes + 1, minlength=len(cells) + 1)  # -1 stands for the last cell
    counts[-1] += counts[0]
    present = [(cell, count) for cell, count in zip(cells, counts[1:].tolist(), strict=True) if count]
    for cell, count in present:
        if isinstance(cell, str):
            fitted.add_text(f"{name}{SEPARATOR}{cell}", count)
    if not all(isinstance(cell, str) for cell, _ in present):
        numbers = np.array([0.0 if isinstance(cell, str) else float(cell) for cell in cells])
        fitted.add_numbers(name, numbers[codes])


@dataclass
class _Fitted:
    """What is known of each feature: median, mean, variance and scale over the rows it is fitted on."""

    n_rows: int
    known: dict[str, tuple[float, float, float, float]] = field(default_factory=dict)
    waiting: dict[str, Floats] = field(default_factory=dict)

    def add_text(self, feature: str, count: int) -> None:
        """Add a feature that is 1 in `count` rows and 0 in the others."""
        n = self.n_rows
        share = count / n
        variance = share * (n - count) / n
        median = (((n - 1) // 2 >= n - count) + (n // 2 >= n - count)) / 2
        self.known[feature] = (median, share, variance, np.sqrt(variance) if count < n else 1.0)

    def add_numbers(self, feature: str, numbers: Floats) -> None:
        """Add a feature of numbers; a block of them is fitted at once."""
        self.waiting[feature] = numbers
        if (len(self.waiting) + 1) * self.n_rows > BLOCK_CELLS:
            self._fit_block()

    def _fit_block(self) -> None:
        if not self.waiting:
            return
        matrix = np.column_stack(list(self.waiting.values()))
        medians = finite_medians(matrix)
        scaler = _fit_scaler(impute(matrix, medians))
        columns = zip(medians, scaler.mean_, scaler.var_, scaler.scale_, strict=True)
        self.known |= dict(zip(self.waiting, columns, strict=True))
        self.waiting.clear()

    def encoder(self) -> Encoder:
        """Return what was fitted, as scikit-learn's own objects."""
        self._fit_block()
        vectorizer = DictVectorizer(separator=SEPARATOR, sparse=False)
        vectorizer.feature_names_ = sorted(self.known)
        vectorizer.vocabulary_ = {name: index for index, name in enumerate(vectorizer.feature_names_)}
        table = np.array([self.known[name] for name in vectorizer.feature_names_]).reshape(-1, 4)
        scaler = StandardScaler()
        medians, scaler.mean_, scaler.var_, scaler.scale_ = (np.ascontiguousarray(column) for column in table.T)
        scaler.n_features_in_, scaler.n_samples_seen_ = len(table), np.int64(self.n_rows)
        return Encoder(vectorizer, scaler, medians)


def _fit_dense(frame: pd.DataFrame) -> Encoder:
    vectorizer = fit_vectorizer(frame)
    matrix = encode_frame(vectorizer, frame)
    medians = finite_medians(matrix)
    return Encoder(vectorizer, _fit_scaler(impute(matrix, medians)), medians)


def _fit_scaler(matrix: Floats) -> StandardScaler:
    with np.errstate(over="ignore", invalid="ignore"):  # a cell of 1e200 has no finite square
        return StandardScaler().fit(matrix)


def _has_own_features(features: Table) -> bool:
    """Return whether no two columns can share a feature, as `a` with the text `b=c` and `a=b` with the text `c` do."""
    return not any(SEPARATOR in str(name) for name in features.columns)


def _batches(features: Table) -> Iterator[pd.DataFrame]:
    if isinstance(features, StoredTable):
        yield from features.batches()
        return
    for start in range(0, len(features), ROWS_AT_ONCE):
        yield features.iloc[start : start + ROWS_AT_ONCE]


def _as_frame(features: Table) -> pd.DataFrame:
    return features.take(np.arange(len(features))) if isinstance(features, StoredTable) else features


def _check_fits_memory(needed: int) -> None:
    available = psutil.virtual_memory().available
    if needed > available:
        raise DataError(
            f"The encoded table would need {needed / 2**30:.1f} GB of memory and {available / 2**30:.1f} GB are free. "
            "Use fewer rows, or leave columns out."
        )
