"""What simpler ways reach on the same rows: guessing, a linear model, and gradient-boosted trees.

They may look at every row that the network's training could look at, its validation rows included.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api.types import is_numeric_dtype
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, Ridge

from core.inference import rows_per_pass
from core.rows import EncodedRows, parts

MOST_ROWS = 100_000
MOST_CELLS = 20_000_000  # of rows × features × classes, for the linear model
MOST_TREES_ROWS = 400_000  # of rows × classes, for the trees
MOST_CLASSES = 60
ROWS_A_PART = 100_000  # of the test rows, that the trees are asked about together
MOST_LEVELS = 254  # of a category that scikit-learn's trees take

ONE_CLASS = "Left out: the rows to learn from are all of one category."

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Rows:
    """Some rows twice: as the network gets them, `x` (n, input_dim), and as the columns they came from."""

    x: NDArray[np.float32] | EncodedRows
    frame: pd.DataFrame

    def __len__(self) -> int:
        return len(self.frame)

    def dense(self, positions: NDArray[np.intp]) -> NDArray[np.float32]:
        """Return what the network gets for the rows at `positions`: `(b, input_dim)`."""
        if isinstance(self.x, EncodedRows):
            return self.x.take(positions).numpy()
        return self.x[positions]

    def parts(self) -> Iterator[NDArray[np.float32]]:
        """Yield what the network gets for all rows, in order, at once where that is not large."""
        if isinstance(self.x, EncodedRows):
            yield from (part.numpy() for part in parts(self.x, rows_per_pass(self.x.shape[1])))
        else:
            yield self.x


@dataclass(frozen=True)
class Reference:
    """A simpler model and what it says of the test rows: probabilities (n, k), or numbers (n,).

    `seconds` is what fitting took, on `n_rows` rows; without `outputs`, `note` says why.
    """

    name: str
    title: str
    outputs: Numbers | None
    seconds: float = 0.0
    n_rows: int = 0
    note: str = ""


TITLES = {"guess": "Always guessing the same", "linear": "Linear model", "boosting": "Gradient-boosted trees"}


def references(
    fit: Rows,
    y: NDArray[Any],
    test: Rows,
    *,
    n_classes: int | None,
    seed: int,
    should_stop: Callable[[], bool] | None = None,
) -> Iterator[Reference]:
    """Yield the three references, fitted to `y` (n,): class codes, or numbers where `n_classes` is None."""
    if n_classes is not None and len(np.unique(y)) < 2:
        yield _guess("guess", fit, y, test, n_classes, seed)
        yield from (Reference(name, TITLES[name], None, note=ONE_CLASS) for name in ("linear", "boosting"))
        return
    for name, make in (("guess", _guess), ("linear", _linear), ("boosting", _boosting)):
        if should_stop is not None and should_stop():
            return
        yield make(name, fit, y, test, n_classes, seed)


def _guess(name: str, fit: Rows, y: NDArray[Any], test: Rows, n_classes: int | None, seed: int) -> Reference:
    model = DummyRegressor() if n_classes is None else DummyClassifier(strategy="prior")
    return _fitted(name, model, np.zeros((len(fit), 1)), y, [np.zeros((len(test), 1))], n_classes)


def _linear(name: str, fit: Rows, y: NDArray[Any], test: Rows, n_classes: int | None, seed: int) -> Reference:
    if n_classes is not None and n_classes > MOST_CLASSES:
        return _left_out(name, n_classes)
    model = Ridge() if n_classes is None else LogisticRegression(max_iter=300)
    chosen = _sampled(len(fit), min(MOST_ROWS, MOST_CELLS // (fit.x.shape[1] * (n_classes or 1))), seed)
    scale = 1.0 if n_classes is not None else float(np.std(y)) or 1.0
    return _fitted(name, model, fit.dense(chosen), y[chosen] / scale if n_classes is None else y[chosen],
                   test.parts(), n_classes, scale)  # fmt: skip


def _boosting(name: str, fit: Rows, y: NDArray[Any], test: Rows, n_classes: int | None, seed: int) -> Reference:
    if n_classes is not None and n_classes > MOST_CLASSES:
        return _left_out(name, n_classes)
    chosen = _sampled(len(fit), min(MOST_ROWS, MOST_TREES_ROWS // (n_classes or 1)), seed)
    own = fit.frame.iloc[chosen]
    used = [column for column in fit.frame if own[column].notna().any()]
    texts = [column for column in used if not is_numeric_dtype(fit.frame[column].dtype)]
    levels = {column: _levels(own[column]) for column in texts}
    kind = HistGradientBoostingRegressor if n_classes is None else HistGradientBoostingClassifier
    is_category = [column in texts for column in used]
    model = kind(categorical_features=is_category if texts else None, random_state=seed)
    return _fitted(
        name,
        model,
        _tree_matrix(own, used, levels),
        y[chosen],
        (_tree_matrix(part, used, levels) for part in _frame_parts(test.frame)),
        n_classes,
    )


def _fitted(
    name: str, model: Any, x: Any, y: NDArray[Any], x_test: Iterable[Any], n_classes: int | None, scale: float = 1.0
) -> Reference:
    """Fit a model, and ask it about the test rows, which come in parts."""
    started = time.perf_counter()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            warnings.simplefilter("ignore", RuntimeWarning)
            model.fit(x, y)
    except ValueError as error:
        return Reference(name, TITLES[name], None, note=f"It could not be fitted: {error}")
    seconds = time.perf_counter() - started
    if n_classes is None:
        outputs = np.concatenate([np.asarray(model.predict(part), dtype=np.float64) for part in x_test]) * scale
    else:
        shares = np.concatenate([model.predict_proba(part) for part in x_test])
        outputs = np.zeros((len(shares), n_classes))
        outputs[:, np.asarray(model.classes_, dtype=np.intp)] = shares
    return Reference(name, TITLES[name], outputs, seconds, len(y), note="")


def _left_out(name: str, n_classes: int) -> Reference:
    return Reference(name, TITLES[name], None, note=f"Left out: with {n_classes:,} categories it would take too long.")


def _sampled(n_rows: int, most: int, seed: int) -> NDArray[np.intp]:
    """Return the positions of all rows, or of `most` of them in order."""
    if n_rows <= most:
        return np.arange(n_rows)
    return np.sort(np.random.default_rng(seed).choice(n_rows, max(most, 1), replace=False))


def _frame_parts(frame: pd.DataFrame) -> Iterator[pd.DataFrame]:
    for start in range(0, max(1, len(frame)), ROWS_A_PART):
        yield frame.iloc[start : start + ROWS_A_PART]


def _tree_matrix(frame: pd.DataFrame, used: list[Any], levels: dict[Any, pd.Index]) -> Numbers:
    """Return numbers as they are, missing ones as NaN, and texts as the codes of their categories: (n, columns).

    A text's code says how many were more frequent; the rarest share the last, and one never seen is missing.
    """
    matrix = np.full((len(frame), max(1, len(used))), np.nan)
    for at, column in enumerate(used):
        if column in levels:
            matrix[:, at] = _codes(frame[column], levels[column])
        else:
            matrix[:, at] = pd.to_numeric(frame[column], errors="coerce").astype(np.float64)
    matrix[~np.isfinite(matrix)] = np.nan
    return matrix


def _levels(column: pd.Series) -> pd.Index:
    """Return the different texts of a column, the most frequent first."""
    codes, texts = _distinct_texts(column)
    counts = pd.Series(np.bincount(codes[codes >= 0], minlength=len(texts)), index=texts)
    return counts.groupby(level=0).sum().sort_values(ascending=False, kind="stable").index


def _codes(column: pd.Series, levels: pd.Index) -> Numbers:
    codes, texts = _distinct_texts(column)
    places = np.append(levels.get_indexer(pd.Index(texts, dtype=object)), -1)  # the last stands for what is missing
    of_texts = np.where(places < 0, np.nan, np.minimum(places, MOST_LEVELS - 1))
    return np.asarray(of_texts[codes], dtype=np.float64)


def _distinct_texts(column: pd.Series) -> tuple[NDArray[np.intp], list[str]]:
    """Return which of the texts each cell is, -1 where it is missing, and the texts."""
    codes, cells = pd.factorize(column)
    return codes, [cell if isinstance(cell, str) else f"{cell:.15g}" for cell in cells]
