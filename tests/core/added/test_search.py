"""What a search trains next, by members that are made up: scouts first, then more of what does well."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
import torch

from core.added import search
from core.added.lane import Order
from core.added.members import Assignment, Member, Problem
from core.added.search import SCOUT_CURVE, Search
from core.encoder import fit_encoder
from core.fitting import RowSets
from core.loop import Control
from core.tables.codes import coerce_features
from core.types import TrainingConfig

ROWS, BUDGET = 240, 100.0
Train = Callable[..., Member]


class Unscaled:
    """A target that is learned as it is."""

    scale_ = np.ones(1)


def problem_of(codes: np.ndarray) -> Problem:
    """Return the problem of predicting noise around 0 from a column and some codes."""
    rng = np.random.default_rng(0)
    features = coerce_features(pd.DataFrame({"x": rng.normal(0, 1, ROWS), "code": codes}), ())
    encoder = fit_encoder(features, np.arange(ROWS)).with_gaps_marked()
    x, y = encoder.encode(features), torch.from_numpy(rng.normal(0, 1, (ROWS, 1))).float()
    cfg = TrainingConfig("y", training_mode="auto", time_budget=BUDGET)
    return Problem(RowSets(x, y, x[:0], y[:0], x[:8], y[:8]), encoder, cfg, "regression", 1, torch.device("cpu"), False)


def made_up(orders: list[Order], *, takes: dict[str, float], off: dict[str, float]) -> Train:
    """Return a way to train: a kind `takes` so many seconds, at most what it is given, and is `off` by so much."""

    def train(problem: Problem, order: Order, is_halted: object, on_epoch: object) -> Member:
        time.sleep(0.01)
        orders.append(order)
        kind = order.assignment.kind
        held = np.flatnonzero(problem.held(order.assignment))
        seconds = min(order.curve_seconds, takes[kind])
        error = off[kind] * (1 + 1 / seconds) * (-1) ** np.arange(len(held))
        return Member(
            order.assignment, None, held, problem.y[held].double().numpy() + error[:, None],
            float((error**2).mean()), 0.0, seconds, 0.0, 1, was_cut=False,
        )  # fmt: skip

    return train


@pytest.fixture
def searched(monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[Search, list[Order]]]:
    def run(n_members: int, **how: dict[str, float]) -> tuple[Search, list[Order]]:
        orders: list[Order] = []
        monkeypatch.setattr(search, "MOST_LANES", 1)
        monkeypatch.setattr(search, "train", made_up(orders, **how))
        found = Search(problem_of(np.arange(ROWS) % 5), Unscaled(), time.perf_counter())
        found.run(Control(should_stop=lambda: len(found.members) >= n_members))
        return found, orders

    return run


LONG = {"tabm": 90.0, "realmlp": 90.0, "tabm_numbers": 90.0}
ALIKE = {"tabm": 0.2, "realmlp": 0.2, "tabm_numbers": 0.2}


def test_each_kind_has_a_scout_and_the_first_fold_again(searched: Callable[..., tuple[Search, list[Order]]]) -> None:
    found, orders = searched(7, takes=LONG, off=ALIKE)
    assert [order.assignment for order in orders[:3]] == [Assignment(kind, 0, 0) for kind in LONG]
    assert all(order.curve_seconds == pytest.approx(SCOUT_CURVE * BUDGET) for order in orders[:3])
    again = {kind for kind in LONG if len([order for order in orders if order.assignment.kind == kind]) > 1}
    assert again
    for kind in again:
        folds = [order.assignment.fold for order in orders if order.assignment.kind == kind]
        assert folds == [0, *range(len(folds) - 1)]
    assert all(0.2 * BUDGET < order.curve_seconds < 0.45 * BUDGET for order in orders[3:])
    assert len({order.assignment for order in orders[3:]}) == len(orders) - 3
    for kind in again:
        first, second, *_ = found._of(kind)
        assert second.loss < first.loss
        assert all(one is not first for one in found._used(kind))
        assert any(one is second for one in found._used(kind))
        assert found._standings.losses[kind] == pytest.approx(
            np.mean([one.loss for one in found._used(kind)]), rel=0.05
        )


def test_a_scout_that_ended_of_itself_is_a_member(searched: Callable[..., tuple[Search, list[Order]]]) -> None:
    found, orders = searched(6, takes=dict.fromkeys(LONG, 4.0), off=ALIKE)
    assert len({order.assignment for order in orders[:6]}) == 6
    assert all(len(found._used(kind)) == len(found._of(kind)) for kind in LONG)


def test_what_does_well_gets_the_time(searched: Callable[..., tuple[Search, list[Order]]]) -> None:
    off = {"tabm": 1.0, "realmlp": 3.0, "tabm_numbers": 0.1}
    _, orders = searched(24, takes=LONG, off=off)
    counts = Counter(order.assignment.kind for order in orders)
    assert counts["tabm_numbers"] > 3 * counts["realmlp"]
    assert counts["tabm_numbers"] > 2 * counts["tabm"]


def test_what_may_be_as_good_has_its_turn_after_half_the_time_of_the_best() -> None:
    found = Search(problem_of(np.arange(ROWS) % 5), Unscaled(), time.perf_counter())
    found._standings.shares = {"tabm": 0.9, "realmlp": 0.1, "tabm_numbers": 0.0}
    found._spent |= {"tabm": 30.0, "realmlp": 14.0, "tabm_numbers": 14.0}
    assert min(LONG, key=found._turn) != "tabm"
    found._standings.beaten = {"realmlp", "tabm_numbers"}
    assert min(LONG, key=found._turn) == "tabm"
    found._spent |= {"tabm": 90.0}
    assert min(LONG, key=found._turn) != "tabm"  # 0.15 of the time is for each


def test_a_kind_that_would_be_another_is_not_trained() -> None:
    assert set(problem_of(np.arange(ROWS) % 5).kinds) == {"tabm", "realmlp", "tabm_numbers"}
    assert set(problem_of(np.random.default_rng(1).normal(0, 1, ROWS)).kinds) == {"tabm", "realmlp"}
