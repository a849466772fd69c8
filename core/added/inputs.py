"""Fits a front on the training rows, and makes the inputs that a network learns from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.model_selection import KFold
from sklearn.preprocessing import TargetEncoder
from torch import Tensor

from core.encoder import Encoder
from core.errors import DataError
from core.inference import rows_per_pass
from core.networks.front import Front
from core.networks.shape import (
    LEAST_GAPS,
    MOST_CODES,
    MOST_FLAGS,
    MOST_TARGETS,
    MOST_VALUES,
    ROWS_A_CODE,
    ROWS_A_VALUE,
    FrontShape,
)
from core.rows import Rows, parts

FOLDS = 5
ELAPSED, YEAR = "__elapsed_days", "__year"  # as `core.tables.dates` names them
CODE_WITHIN = 0.25  # of the distance of two whole numbers
FLOAT32_ERROR, TOO_NEAR = 2.0**-23, 0.2  # of a number, twice its rounding error; beyond that codes are not told apart
FEW_CODES = 8  # of a column, that are inputs of their own whatever their order says
ORDER_TELLS = 0.5  # of what codes in any order would give, half-way to where neighbours are alike
CHANCE = 2.0  # times what the sum of squares of so many means of noise is off by
MOST_SCALE = 1e30  # so that scaled numbers are finite

Floats = NDArray[np.float64]


@dataclass
class _Plan:
    """Which encoded columns become what; `levels` holds the columns of each text with many levels."""

    numbers: list[int] = field(default_factory=list)
    flags: list[int] = field(default_factory=list)
    levels: list[list[int]] = field(default_factory=list)


def fit_front(
    x: Rows, y: Tensor, encoder: Encoder, *, n_classes: int | None, seed: int, has_codes: bool = True
) -> tuple[Front, Tensor]:
    """Fit a front on encoded training rows `x` (n, input_dim) with targets `y`, as `core.data` makes them.

    Returns it with the inputs that these rows give `(n, n_numbers + n_binary)`: levels are encoded by the targets of
    other rows (cross-fitting; Micci-Barreca, 2001; Prokhorenkova et al., 2018), which at prediction all rows do.
    Without `has_codes`, whole numbers are numbers only. Raises DataError where all rows are alike.
    """
    plan = _plan(encoder)
    summaries = list(_summaries(x, plan, encoder, _stacked_targets(y, n_classes), has_codes=has_codes))
    shape = _shape(plan, summaries, encoder, n_classes)
    if shape.n_numbers + shape.n_binary == 0:
        raise DataError(
            f"No column has more than one value in the {len(x):,} rows to learn from. Add rows, or other columns."
        )
    front = Front(shape)
    _fill(front, plan, summaries, encoder)
    raw = torch.cat([front.raw_numbers(part) for part in parts(x, rows_per_pass(x.shape[1]))])
    levels = torch.cat([front.levels(part) for part in parts(x, rows_per_pass(x.shape[1]))])
    encoded = _fit_encodings(front, levels, y, n_classes, seed)
    raw[:, front.shape.numbers :] = encoded
    _fit_scale(front, raw, np.array([number.gap for number in summaries if number.is_number]))
    binary = torch.cat([front.binary(part) for part in parts(x, rows_per_pass(x.shape[1]))])
    return front, torch.cat([front.numbers(raw), binary], dim=1)


def has_codes(x: Rows, y: Tensor, encoder: Encoder, *, n_classes: int | None) -> bool:
    """Return whether some numbers of encoded rows are codes, so that it matters how they go in; as `fit_front`."""
    found = _summaries(x, _plan(encoder), encoder, _stacked_targets(y, n_classes))
    return any(number.is_code or number.is_encoded for number in found)


def share_of_codes(x: Rows, y: Tensor, encoder: Encoder, *, n_classes: int | None) -> float:
    """Return which share of the inputs that whole numbers of few values would make as codes they make."""
    plan = _plan(encoder)
    made, possible = (
        sum(len(number.codes) for number in _summaries(x, plan, encoder, targets) if number.is_code)
        for targets in (_stacked_targets(y, n_classes), None)
    )
    return made / possible if possible else 1.0


def differences(cells: NDArray[np.float32], gap: np.float32, targets: Floats) -> tuple[float, float]:
    """Return how much the mean `targets` `(n, t)` of a column's values `(n,)` differ, beyond what chance explains.

    Neighbouring values first, then all: of codes in any order they differ as much, of amounts neighbours less (von
    Neumann's ratio, 1941, with rows for weights). Both are 0 where chance may well explain what all differ by.
    """
    known = cells != gap
    values, at = np.unique(cells[known], return_inverse=True)
    if len(values) < 3 or len(at) <= len(values):
        return 0.0, 0.0
    y, counts = targets[known] - targets[known].mean(axis=0), np.bincount(at).astype(np.float64)
    means = np.stack([np.bincount(at, column) / counts for column in y.T], axis=1)
    chance = (len(values) - 1) * ((y - means[at]) ** 2).sum() / (len(y) - len(values))
    by_all = (counts[:, None] * means**2).sum() - chance
    if by_all <= CHANCE * chance * np.sqrt(2 / (len(values) - 1)):
        return 0.0, 0.0
    weights = counts[1:] * counts[:-1] / (counts[1:] + counts[:-1])
    return float((weights[:, None] * np.diff(means, axis=0) ** 2).sum() - chance), float(by_all)


def days_in(encoder: Encoder) -> list[int]:
    """Return the encoded columns that count the days of a date."""
    names = encoder.vectorizer.feature_names_
    return [at for at, name in enumerate(names) if _is_elapsed(name, set(names))]


def columns_of(x: Rows, at: list[int]) -> NDArray[np.float32]:
    """Return some encoded columns of all rows `(n, columns)`."""
    return torch.cat([part[:, at] for part in parts(x, rows_per_pass(x.shape[1]))]).numpy()


def inputs_of(front: Front, x: Rows) -> Tensor:
    """Return the inputs that rows give at prediction."""
    return torch.cat([front(part) for part in parts(x, rows_per_pass(x.shape[1]))])


@dataclass(frozen=True)
class _Summary:
    """What was found in one column of numbers: its different cells but for gaps, in order, as they are encoded."""

    at: int
    values: NDArray[np.float32]
    gap: np.float32
    has_gaps: bool
    codes: NDArray[np.float32]
    within: float  # half of that apart, two codes are told
    n_rows: int

    @property
    def is_number(self) -> bool:
        return len(self.values) > 2

    @property
    def is_code(self) -> bool:
        return 2 < len(self.codes) <= min(MOST_CODES, self.n_rows // ROWS_A_CODE)

    @property
    def is_encoded(self) -> bool:
        return MOST_CODES < len(self.codes) <= min(MOST_VALUES, self.n_rows // ROWS_A_VALUE)


def _plan(encoder: Encoder) -> _Plan:
    plan, texts, names = _Plan(), dict[str, list[int]](), set(encoder.vectorizer.feature_names_)
    mean, var = encoder.scaler.mean_, encoder.scaler.var_
    for at, feature in enumerate(encoder.vectorizer.feature_names_):
        name, mark, _ = feature.partition(encoder.vectorizer.separator)
        if mark and np.isclose(var[at], mean[at] * (1 - mean[at]), rtol=1e-6, atol=1e-12):
            texts.setdefault(name, []).append(at)
        elif not _is_elapsed(feature, names):
            plan.numbers.append(at)
    for group in texts.values():
        if len(group) > MOST_FLAGS:
            plan.levels.append(group)
        else:
            plan.flags += group
    return plan


def _is_elapsed(feature: str, names: set[str]) -> bool:
    """Tell whether a feature counts the days of a date, by which a network learns single days by heart.

    Those to predict for come later, beyond all it has seen; the year says how things change.
    """
    date = feature.removesuffix(ELAPSED)
    return date != feature and date + YEAR in names


def _encoded(encoder: Encoder, cells: Floats) -> NDArray[np.float32]:
    """Return one row `(input_dim,)` as `core.encoder` encodes it."""
    row: NDArray[np.float32] = ((cells - encoder.scaler.mean_) / encoder.scaler.scale_).astype(np.float32)
    return row


def _summaries(
    x: Rows, plan: _Plan, encoder: Encoder, targets: Floats | None, *, has_codes: bool = True
) -> Iterator[_Summary]:
    """Yield what was found in each column of numbers.

    Whole ones are codes where the single values say something of the `targets` `(n, t)`; of those that are few, where
    their order does not say it as well. Without targets, all may be.
    """
    cells, gap_values = columns_of(x, plan.numbers), _encoded(encoder, encoder.medians)
    for i, at in enumerate(plan.numbers):
        found = _summary(cells[:, i], at, gap_values[at], encoder, has_codes)
        if targets is not None and (found.is_encoded or (found.is_code and len(found.codes) > FEW_CODES)):
            by_neighbours, by_all = differences(cells[:, i], found.gap, targets)
            if by_all == 0 or (found.is_code and by_neighbours < ORDER_TELLS * by_all):
                found = replace(found, codes=found.codes[:0])
        yield found


def _summary(cells: NDArray[np.float32], at: int, gap: np.float32, encoder: Encoder, has_codes: bool) -> _Summary:
    is_gap = cells == gap
    values = np.unique(cells[~is_gap])
    mean, scale = encoder.scaler.mean_[at], encoder.scaler.scale_[at]
    numbers = values.astype(np.float64) * scale + mean
    close = FLOAT32_ERROR * scale * np.abs(values.astype(np.float64)) + 1e-9 * (1 + np.abs(mean))
    is_whole = (
        bool(len(values)) and bool((np.abs(numbers - np.rint(numbers)) <= close).all()) and close.max() < TOO_NEAR
    )
    codes = values if is_whole and has_codes else values[:0]
    return _Summary(
        at, values, gap, bool(LEAST_GAPS <= is_gap.mean() <= 1 - LEAST_GAPS), codes, CODE_WITHIN / scale, len(cells)
    )


def _shape(plan: _Plan, summaries: list[_Summary], encoder: Encoder, n_classes: int | None) -> FrontShape:
    targets = 1 if n_classes is None or n_classes == 2 else min(n_classes, MOST_TARGETS)
    return FrontShape(
        numbers=sum(number.is_number for number in summaries),
        gaps=sum(number.has_gaps for number in summaries),
        flags=len(plan.flags) + sum(len(number.values) == 2 for number in summaries),
        codes=sum(len(number.codes) for number in summaries if number.is_code),
        levels=tuple(map(len, plan.levels)),
        encodings=targets + 1,
        values=tuple(len(number.codes) for number in summaries if number.is_encoded),
    )


def _fill(front: Front, plan: _Plan, summaries: list[_Summary], encoder: Encoder) -> None:
    half = _encoded(encoder, np.full(len(encoder.medians), 0.5))
    pairs = [number for number in summaries if len(number.values) == 2]
    codes = [number for number in summaries if number.is_code]
    gaps = [number for number in summaries if number.has_gaps]
    _set(front.number_at, [number.at for number in summaries if number.is_number])
    _set(front.gap_at, [number.at for number in gaps])
    _set(front.gap_value, [number.gap for number in gaps])
    _set(front.flag_at, plan.flags + [number.at for number in pairs])
    _set(front.flag_above, [*half[plan.flags], *(float(number.values.mean()) for number in pairs)])
    _set(front.code_at, [number.at for number in codes for _ in number.codes])
    _set(front.code_value, [code for number in codes for code in number.codes])
    _set(front.code_within, [number.within for number in codes for _ in number.codes])
    in_levels = [at for group in plan.levels for at in group]
    _set(front.level_at, in_levels)
    _set(front.level_above, half[in_levels])
    if encoded := [number for number in summaries if number.is_encoded]:
        _set(front.value_at, [number.at for number in encoded])
        _set(front.value_gap, [number.gap for number in encoded])
        _set(front.value_within, [number.within for number in encoded])
        _set(front.value_code, [code for number in encoded for code in number.codes])


def _set(buffer: Tensor, values: object) -> None:
    buffer.copy_(torch.as_tensor(np.array(values), dtype=buffer.dtype).reshape(buffer.shape))


def _fit_encodings(front: Front, levels: Tensor, y: Tensor, n_classes: int | None, seed: int) -> Tensor:
    """Fill the encodings of all levels; return those of the training rows, cross-fitted `(n, n_encoded)`."""
    n_columns = levels.shape[1]
    own = torch.zeros(len(levels), n_columns, front.shape.encodings)
    if not n_columns or len(levels) < 2:
        return own.flatten(1)
    cells = levels.cpu().numpy()
    tables = front.tables()
    folds = KFold(min(FOLDS, len(levels)), shuffle=True, random_state=seed)
    for place, target in enumerate(_targets(y, n_classes)):
        encoder = TargetEncoder(target_type="continuous", cv=folds)
        own[:, :, place] = torch.from_numpy(encoder.fit_transform(cells, target).astype(np.float32))
        for column, table in enumerate(tables):
            table[:, place] = float(encoder.target_mean_)
            table[torch.from_numpy(encoder.categories_[column]), place] = torch.from_numpy(
                encoder.encodings_[column].astype(np.float32)
            )
    for column, table in enumerate(tables):
        table[:, -1] = torch.log1p(torch.bincount(levels[:, column], minlength=len(table)).float())
        own[:, column, -1] = table[levels[:, column], -1]
    return own.flatten(1)


def _stacked_targets(y: Tensor, n_classes: int | None) -> Floats:
    return np.stack(list(_targets(y, n_classes)), axis=1)


def _targets(y: Tensor, n_classes: int | None) -> Iterator[Floats]:
    """Yield the numbers that levels are encoded by `(n,)`: the scaled target, or whether a row is of a class."""
    if n_classes is None:
        yield y[:, 0].double().cpu().numpy()
        return
    commonest = torch.bincount(y, minlength=n_classes).argsort(descending=True, stable=True)
    chosen = [1] if n_classes == 2 else commonest[:MOST_TARGETS].tolist()
    for label in chosen:
        yield (y == label).double().cpu().numpy()


def _fit_scale(front: Front, raw: Tensor, gaps: NDArray[np.float32]) -> None:
    """Fit how numbers are scaled: the middle half is 1 wide, or where that is no width, the whole is 2."""
    table = raw.cpu().numpy().astype(np.float64)
    for column in range(table.shape[1]):
        own = table[:, column]
        cells = own[own != gaps[column]] if column < len(gaps) else own
        low, lower, middle, upper, high = np.quantile(cells, [0, 0.25, 0.5, 0.75, 1])
        wide = upper - lower or (high - low) / 2
        front.low[column], front.high[column], front.center[column] = low, high, middle
        front.scale[column] = min(1 / wide, MOST_SCALE) if wide > 0 else 0.0
