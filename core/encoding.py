"""Turns a coerced table into a feature matrix, column by column, exactly as `DictVectorizer` would.

A coerced table holds float64 columns, and object columns of text, floats and NaN
(`core.tables.coerce`). It does not know where the table came from.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import psutil
from numpy.typing import NDArray
from sklearn.feature_extraction import DictVectorizer

from core.errors import DataError

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
    vocabulary = vectorizer.vocabulary_
    if values.dtype != object:
        if name in vocabulary:
            matrix[:, vocabulary[name]] += values.to_numpy(np.float64)
        return
    codes, levels = pd.factorize(values, use_na_sentinel=False)
    is_text = [isinstance(level, str) for level in levels]
    names = [f"{name}{vectorizer.separator}{v}" if t else name for v, t in zip(levels, is_text, strict=True)]
    targets = np.array([vocabulary.get(feature, -1) for feature in names], dtype=np.intp)
    cells = np.array([1.0 if t else float(v) for v, t in zip(levels, is_text, strict=True)])
    rows = np.flatnonzero(targets[codes] >= 0)
    matrix[rows, targets[codes[rows]]] += cells[codes[rows]]
