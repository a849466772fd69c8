"""A member of a blend: when it can learn the logarithm of the target, and which rows it holds out."""

from __future__ import annotations

import time

import numpy as np
import pandas as pd
import pytest
import torch
from numpy.typing import NDArray

from core.added.folds import FOLDS, STRETCHES_A_FOLD
from core.added.members import Assignment, Problem, kept, taken_up, train_member
from core.encoder import fit_encoder
from core.fitting import RowSets
from core.networks.tabm import TabM
from core.tables.codes import coerce_features
from core.tables.dates import expand_date_columns
from core.types import TrainingConfig

ROWS = 240
X = np.linspace(-1, 1, ROWS)
TARGETS = {
    "prices": (np.exp(2 * X + 3), True),
    "prices with a nought": (np.append(np.exp(2 * X[1:] + 3), 0.0), False),
    "prices and a debt": (np.append(np.exp(2 * X[1:] + 3), -1.0), False),
    "even": (X + 5, False),
    "skewed to the left": (30 - np.exp(2 * X + 1), False),
}


def problem_of(target: NDArray[np.float64]) -> Problem:
    """Return the problem of predicting `target` from the numbers it was made of."""
    features = coerce_features(pd.DataFrame({"x": X, "other": np.arange(ROWS) % 7}), ())
    encoder = fit_encoder(features, np.arange(ROWS)).with_gaps_marked()
    x = encoder.encode(features)
    y = torch.from_numpy((target - target.mean()) / target.std()).float()[:, None]
    cfg = TrainingConfig("y", training_mode="auto", hidden_dim=32, time_budget=60.0)
    rows = RowSets(x, y, x[:0], y[:0], x[:8], y[:8])
    zero = -float(target.mean() / target.std())
    return Problem(rows, encoder, cfg, "regression", 1, torch.device("cpu"), in_time=False, zero=zero)


@pytest.mark.parametrize("name", TARGETS)
def test_a_target_above_nought_and_skewed_has_a_logarithm(name: str) -> None:
    target, has_log = TARGETS[name]
    assert problem_of(target).has_log is has_log


def test_a_member_learns_the_logarithm_and_predicts_the_number() -> None:
    torch.manual_seed(0)
    problem = problem_of(TARGETS["prices"][0])
    assignment = Assignment("tabm_log", 0, 1)
    member = train_member(problem, assignment, curve_seconds=1e9, is_over=_at(time.perf_counter() + 20))
    body = member.network.body
    assert isinstance(body, TabM)
    assert body.on_log
    held = problem.y[torch.from_numpy(member.held), 0].numpy()
    assert np.corrcoef(member.predicted[:, 0], held)[0, 1] > 0.98
    assert member.loss < 0.1 * problem.baseline_loss
    again = taken_up(problem, kept(member, 0.0))
    np.testing.assert_array_equal(again.predicted, member.predicted)
    assert again.network.body.on_log


def dated(dates: dict[str, pd.DatetimeIndex], *, in_time: bool = False) -> Problem:
    """Return the problem of predicting noise from some dates and a number."""
    rng = np.random.default_rng(3)
    frame = pd.DataFrame({**dates, "size": rng.normal(0, 1, ROWS)})
    features = coerce_features(expand_date_columns(frame, list(dates)), ())
    encoder = fit_encoder(features, np.arange(ROWS)).with_gaps_marked()
    x, y = encoder.encode(features), torch.from_numpy(rng.normal(0, 1, (ROWS, 1))).float()
    cfg = TrainingConfig("y", training_mode="auto", time_budget=60.0)
    rows = RowSets(x, y, x[:0], y[:0], x[:8], y[:8])
    return Problem(rows, encoder, cfg, "regression", 1, torch.device("cpu"), in_time=in_time)


def days(order: NDArray[np.intp]) -> pd.DatetimeIndex:
    return pd.DatetimeIndex(pd.Timestamp("2021-03-01") + pd.to_timedelta(order, unit="D"))


def test_the_folds_of_rows_with_one_date_are_stretches_of_time() -> None:
    order = np.random.default_rng(1).permutation(ROWS)
    problem = dated({"sold": days(order)})
    third = problem.held(Assignment("tabm", 0, 2))
    assert np.array_equal(third, order * FOLDS * STRETCHES_A_FOLD // ROWS % FOLDS == 2)
    assert problem.groups is not None
    assert len(set(problem.groups[third])) == STRETCHES_A_FOLD


def test_several_dates_or_one_that_hardly_moves_say_nothing_of_time() -> None:
    order = np.random.default_rng(1).permutation(ROWS)
    assert dated({"sold": days(order), "built": days(order[::-1])}).moments is None
    assert dated({"sold": days(order % 9)}).moments is None
    assert dated({"sold": days(np.where(order < ROWS / 2, 0, order))}).moments is None
    assert dated({"sold": days(order), "loaded": days(order % 2)}).moments is not None
    assert dated({}).moments is None


def test_rows_in_time_order_are_taken_by_it() -> None:
    problem = dated({"sold": days(np.arange(ROWS)[::-1])}, in_time=True)
    first = np.arange(ROWS // FOLDS // STRETCHES_A_FOLD)
    assert np.flatnonzero(problem.held(Assignment("tabm", 0, 0)))[: len(first)].tolist() == first.tolist()
    assert dated({}).groups is None  # each row is one of its own


def _at(moment: float):  # type: ignore[no-untyped-def]
    return lambda: time.perf_counter() >= moment
