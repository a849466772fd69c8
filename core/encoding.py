"""Turns a coerced table into a feature matrix, column by column, exactly as `DictVectorizer` would.

A coerced table holds float64 columns, and object columns of text, floats and NaN
(`core.tables.coerce`), which may be categoricals. It does not know where the table came from.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import psutil
from numpy.typing import NDArray
from sklearn.feature_extraction import DictVectorizer
from sklearn.preprocessing import StandardScaler

from core.errors import DataError

LARGEST_SCALED = 1e9  # standard deviations
BYTES_PER_CELL = 20  # float64, its scaled copy and the float32 tensor, which coexist for a moment


def fit_vectorizer(frame: pd.DataFrame) -> DictVectorizer:
    """Fit a `DictVectorizer` on the rows of a coerced frame without making a dict of any row."""
    vectorizer = DictVectorizer(sparse=False)
    names = {name for column in frame.columns for name in _feature_names(frame[column], vectorizer.separator)}
    vectorizer.feature_names_ = sorted(names)
    vectorizer.vocabulary_ = {name: index for index, name in enumerate(vectorizer.feature_names_)}
    return vectorizer


def encode_frame(vectorizer: DictVectorizer, frame: pd.DataFrame) -> NDArray[np.float64]:
    """Encode a coerced frame of n rows as float64 `(n, n_features)`; what the vectorizer never saw is left out.

    Equal to `vectorizer.transform(frame.to_dict("records"))`. Raises DataError where the dense
    matrix would not fit in memory.
    """
    check_fits_memory(len(frame), vectorizer, frame)
    matrix = np.zeros((len(frame), len(vectorizer.vocabulary_)), dtype=np.float64)
    for column in frame.columns:
        _encode_column(matrix, vectorizer, str(column), frame[column])
    return matrix


def check_fits_memory(n_rows: int, vectorizer: DictVectorizer, frame: pd.DataFrame) -> None:
    """Raise DataError, with the sizes and the column to blame, where the encoded table would not fit."""
    needed = n_rows * len(vectorizer.vocabulary_) * BYTES_PER_CELL
    available = psutil.virtual_memory().available
    if needed <= available:
        return
    texts = [column for column in frame.columns if frame[column].dtype == object]
    widest = max(texts, key=lambda column: frame[column].nunique(), default=None)
    blame = f" Column {widest!r} alone has {frame[widest].nunique():,} different texts." if widest is not None else ""
    raise DataError(
        f"The table would need {needed / 2**30:.1f} GB of memory and {available / 2**30:.1f} GB are free.{blame} "
        "Exclude columns with very many different texts."
    )


def encode_scaled(
    vectorizer: DictVectorizer, scaler: StandardScaler, medians: NDArray[np.float64], frame: pd.DataFrame
) -> NDArray[np.float32] | None:
    """Encode, impute and scale a coerced frame of n rows at once: float32 `(n, n_features)`.

    Equal to `encode_frame`, `impute` and `scaled` behind one another, without a matrix of float64: what a text that
    is there, or is not, becomes is known before. None where columns share a feature, as `a` with the text `b=c` and
    `a=b` with the text `c` do.
    """
    if any(vectorizer.separator in str(name) for name in frame.columns) or medians.shape != scaler.scale_.shape:
        return None
    check_fits_memory(len(frame), vectorizer, frame)
    absent, present, middle = (
        _scaled(scaler, np.broadcast_to(row, medians.shape)).astype(np.float32)
        for row in (np.float64(0), np.float64(1), np.nan_to_num(medians))
    )
    matrix = np.empty((len(frame), len(medians)), dtype=np.float32)
    matrix[:] = absent
    for name in map(str, frame.columns):
        values, at = frame[name], vectorizer.vocabulary_.get(name)
        if _is_text(values):
            levels = _text_levels(vectorizer, values)
            rows = np.flatnonzero(levels.is_text[levels.codes] & (levels.targets[levels.codes] >= 0))
            targets = levels.targets[levels.codes[rows]]
            matrix[rows, targets] = present[targets]
            if at is None:
                continue
            rows = np.flatnonzero(~levels.is_text[levels.codes])
            numbers = levels.numbers[levels.codes[rows]]
        elif at is None:
            continue
        else:
            rows, numbers = np.arange(len(frame)), values.to_numpy(np.float64)
        is_finite = np.isfinite(numbers)
        cells = (np.where(is_finite, numbers, 0.0) - scaler.mean_[at]) / scaler.scale_[at]
        matrix[rows, at] = np.where(is_finite, _cut(cells).astype(np.float32), middle[at])
    return matrix


def scaled(scaler: Any, matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a matrix scaled, where there is a scaler; what is absurdly far out is cut to `LARGEST_SCALED`."""
    with np.errstate(over="ignore", invalid="ignore"):
        return _cut(np.array(matrix if scaler is None else scaler.transform(matrix), dtype=np.float64))


def _scaled(scaler: StandardScaler, row: NDArray[np.float64]) -> NDArray[np.float64]:
    return _cut((row - scaler.mean_) / scaler.scale_)


def _cut(cells: NDArray[np.float64]) -> NDArray[np.float64]:
    np.nan_to_num(cells, copy=False)
    return np.clip(cells, -LARGEST_SCALED, LARGEST_SCALED, out=cells)


def impute(matrix: NDArray[np.float64], medians: NDArray[np.float64] | None) -> NDArray[np.float64]:
    """Replace what is not finite by the column's median, in place; by 0 where the shapes differ (EC-T03)."""
    rows, columns = np.nonzero(~np.isfinite(matrix))
    usable = medians is not None and np.shape(medians) == (matrix.shape[1],)
    matrix[rows, columns] = np.nan_to_num(np.asarray(medians, dtype=np.float64))[columns] if usable else 0.0
    return matrix


def finite_medians(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return each column's median over its finite values, 0 where it has none: `(n, f) -> (f,)`."""
    medians = np.zeros(matrix.shape[1])
    for index in range(matrix.shape[1]):
        values = matrix[:, index]
        finite = values[np.isfinite(values)]
        if finite.size:
            medians[index] = np.median(finite)
    return medians


def features_in(vectorizer: Any) -> list[str]:
    """Return the names of the features a vectorizer gives, none for one that does not tell."""
    return list(getattr(vectorizer, "feature_names_", ()))


def numeric_features(vectorizer: DictVectorizer) -> list[str]:
    """Return the vectorizer's features that are columns themselves rather than `column=text`."""
    return [name for name in vectorizer.feature_names_ if vectorizer.separator not in name]


def known_columns(vectorizer: DictVectorizer, columns: Sequence[str]) -> list[str]:
    """Return the columns that the vectorizer was fitted on; `columns` tells where a name like `a=b=c` is cut."""
    known: dict[str, None] = {}
    for feature in vectorizer.feature_names_:
        parts = feature.split(vectorizer.separator)
        names = [vectorizer.separator.join(parts[:end]) for end in range(len(parts), 0, -1)]
        known[next((name for name in names if name in columns), parts[0])] = None
    return list(known)


def _feature_names(values: pd.Series, separator: str) -> set[str]:
    name = str(values.name)
    if values.dtype != object:
        return {name}
    return {f"{name}{separator}{v}" if isinstance(v, str) else name for v in values.unique()}


def _encode_column(matrix: NDArray[np.float64], vectorizer: DictVectorizer, name: str, values: pd.Series) -> None:
    if not _is_text(values):
        at = vectorizer.vocabulary_.get(name)
        if at is not None:
            matrix[:, at] += values.to_numpy(np.float64)
        return
    levels = _text_levels(vectorizer, values)
    rows = np.flatnonzero(levels.targets[levels.codes] >= 0)
    codes = levels.codes[rows]
    matrix[rows, levels.targets[codes]] += levels.numbers[codes]


@dataclass(frozen=True)
class _Levels:
    """The distinct cells of a column of texts: `codes[i]` is the cell of row i.

    `targets` are the features they set, -1 for none; `numbers` what these are set to: 1 by a text.
    """

    codes: NDArray[np.intp]
    is_text: NDArray[np.bool_]
    targets: NDArray[np.intp]
    numbers: NDArray[np.float64]


def _text_levels(vectorizer: DictVectorizer, values: pd.Series) -> _Levels:
    name, vocabulary = str(values.name), vectorizer.vocabulary_
    if isinstance(values.dtype, pd.CategoricalDtype):
        codes, cells = np.asarray(values.cat.codes, dtype=np.intp), [*values.cat.categories, float("nan")]
        codes = np.where(codes < 0, len(cells) - 1, codes)
    else:
        codes, distinct = pd.factorize(values, use_na_sentinel=False)
        cells = list(distinct)
    is_text = np.array([isinstance(cell, str) for cell in cells], dtype=bool)
    features = [f"{name}{vectorizer.separator}{cell}" if isinstance(cell, str) else name for cell in cells]
    return _Levels(
        codes,
        is_text,
        np.array([vocabulary.get(feature, -1) for feature in features], dtype=np.intp),
        np.array([1.0 if isinstance(cell, str) else float(cell) for cell in cells]),
    )


def _is_text(values: pd.Series) -> bool:
    return values.dtype == object or isinstance(values.dtype, pd.CategoricalDtype)
