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


def scaled(scaler: Any, matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a matrix scaled, where there is a scaler; what is absurdly far out is cut to `LARGEST_SCALED`."""
    with np.errstate(over="ignore", invalid="ignore"):
        return cut(np.array(matrix if scaler is None else scaler.transform(matrix), dtype=np.float64))


def cut(cells: NDArray[np.float64]) -> NDArray[np.float64]:
    """Cut what is absurdly far out, in place; what is no number becomes 0."""
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
    if not is_text(values):
        return {name}
    return {f"{name}{separator}{v}" if isinstance(v, str) else name for v in values.unique()}


def _encode_column(matrix: NDArray[np.float64], vectorizer: DictVectorizer, name: str, values: pd.Series) -> None:
    if not is_text(values):
        at = vectorizer.vocabulary_.get(name)
        if at is not None:
            matrix[:, at] += values.to_numpy(np.float64)
        return
    levels = text_levels(vectorizer, values)
    rows = np.flatnonzero(levels.targets[levels.codes] >= 0)
    codes = levels.codes[rows]
    matrix[rows, levels.targets[codes]] += levels.numbers[codes]


@dataclass(frozen=True)
class Levels:
    """The distinct cells of a column of texts: `codes[i]` is the cell of row i.

    `targets` are the features they set, -1 for none; `numbers` what these are set to: 1 by a text.
    """

    codes: NDArray[np.integer[Any]]
    is_text: NDArray[np.bool_]
    targets: NDArray[np.intp]
    numbers: NDArray[np.float64]


def text_levels(vectorizer: DictVectorizer, values: pd.Series) -> Levels:
    """Return the distinct cells of a coerced column of texts, with the features they set."""
    name, vocabulary = str(values.name), vectorizer.vocabulary_
    codes, cells = distinct_texts(values)
    features = [f"{name}{vectorizer.separator}{cell}" if isinstance(cell, str) else name for cell in cells]
    return Levels(
        codes,
        np.array([isinstance(cell, str) for cell in cells], dtype=bool),
        np.array([vocabulary.get(feature, -1) for feature in features], dtype=np.intp),
        np.array([1.0 if isinstance(cell, str) else float(cell) for cell in cells]),
    )


def distinct_texts(values: pd.Series) -> tuple[NDArray[np.integer[Any]], list[str | float]]:
    """Return the code of each cell of a coerced column of texts, and the cells: `cells[code]`, also where it is -1."""
    if isinstance(values.dtype, pd.CategoricalDtype):
        return np.asarray(values.cat.codes), [*values.cat.categories, float("nan")]
    codes, distinct = pd.factorize(values, use_na_sentinel=False)
    return codes, list(distinct)


def is_text(values: pd.Series) -> bool:
    """Return whether a coerced column holds texts."""
    return values.dtype == object or isinstance(values.dtype, pd.CategoricalDtype)
