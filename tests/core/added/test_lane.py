"""A process that trains members: what comes back from it, and how it ends."""

from __future__ import annotations

import pickle
import time
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

from core.added.lane import LaneEndedError, Order, RemoteLane, train
from core.added.members import Assignment, Member, Problem
from core.encoder import fit_encoder
from core.epoch import EpochReport
from core.errors import DataError, TrainingError
from core.fitting import RowSets
from core.tables.codes import coerce_features
from core.types import TrainingConfig

ROWS = 160


def problem_of(frame: pd.DataFrame) -> Problem:
    """Return the problem of predicting numbers that follow from the first column."""
    features = coerce_features(frame, ())
    encoder = fit_encoder(features, np.arange(len(frame))).with_gaps_marked()
    x, y = encoder.encode(features), torch.linspace(-1, 1, len(frame))[:, None]
    cfg = TrainingConfig("y", training_mode="auto", hidden_dim=8, time_budget=60.0)
    rows = RowSets(x, y, x[:0], y[:0], x[:8], y[:8])
    return Problem(rows, encoder, cfg, "regression", 1, torch.device("cpu"), False)


@pytest.fixture(scope="module")
def problem() -> Problem:
    rng = np.random.default_rng(0)
    number = np.linspace(-1, 1, ROWS) + rng.normal(0, 0.1, ROWS)
    return problem_of(pd.DataFrame({"a": number, "b": rng.integers(0, 4, ROWS)}))


@pytest.fixture
def lane(problem: Problem) -> Iterator[RemoteLane]:
    lane = RemoteLane(problem)
    yield lane
    lane.end()
    assert not lane.is_running


def order(kind: str, seconds: float = 30.0) -> Order:
    return Order(Assignment(kind, 0, 1), seconds, time.perf_counter() + seconds)


def test_it_trains_what_this_process_would(problem: Problem, lane: RemoteLane) -> None:
    reports: list[EpochReport] = []
    unhurried = order("tabm", 1e9)  # so that its rate goes by the epochs rather than by the clock
    theirs = lane.train(unhurried, reports.append)
    with torch.random.fork_rng():
        threads = torch.get_num_threads()
        torch.set_num_threads(1)
        ours = train(problem, unhurried, lambda: False, lambda report: None)
        torch.set_num_threads(threads)
    assert np.array_equal(theirs.held, ours.held)
    np.testing.assert_allclose(theirs.predicted, ours.predicted, atol=1e-6)
    assert (theirs.steps, theirs.was_cut) == (ours.steps, False)
    assert reports


@pytest.mark.parametrize("kind", ["tabm", "realmlp"])
def test_a_member_is_sent_with_its_weights_and_nothing_else(problem: Problem, kind: str) -> None:
    with torch.random.fork_rng():
        member = train(problem, replace(order(kind), curve_seconds=0.3), lambda: False, lambda report: None)
    weights = sum(tensor.nbytes for tensor in member.network.state_dict().values())
    assert len(pickle.dumps(member.network)) < 2 * weights + 100_000
    assert all(weight.untyped_storage().nbytes() == weight.nbytes for weight in member.network.parameters())


def test_a_rate_that_follows_the_clock_ends_with_it_and_the_others_at_the_deadline(lane: RemoteLane) -> None:
    curved = lane.train(replace(order("realmlp"), curve_seconds=0.5), lambda report: None)
    assert (curved.was_cut, curved.steps > 0) == (False, True)
    assert curved.seconds < 20
    with pytest.raises(TrainingError, match="before its first step"):
        lane.train(Order(Assignment("tabm", 0, 0), 30.0, time.perf_counter()), lambda report: None)
    assert lane.train(order("tabm"), lambda report: None).steps > 0  # it is there for the next


def test_what_goes_wrong_there_is_raised_here() -> None:
    lane = RemoteLane(problem_of(pd.DataFrame({"a": np.ones(20)})))
    with pytest.raises(DataError, match="No column has more than one value"):
        lane.train(order("tabm"), lambda report: None)
    lane.end()
    with pytest.raises(LaneEndedError, match="ended before its time"):
        lane.train(order("tabm"), lambda report: None)


def test_halted_it_gives_what_it_has(lane: RemoteLane) -> None:
    members: list[Member] = []
    told: list[EpochReport] = []

    def tell(report: EpochReport) -> None:
        if not told:
            lane.halt()
        told.append(report)

    members.append(lane.train(order("realmlp", 600.0), tell))
    assert members[0].was_cut
    assert np.isfinite(members[0].predicted).all()
