"""Promises on runs that train for a given time: which they are, how long, and how their networks stand."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from core.leaderboard import Entry, Leaderboard
from core.runs.board import board_of, is_timed, time_budget
from core.runs.records import LEADERBOARD, Run
from core.types import TRAINING_MODES, TrainingConfig

BOARD = Leaderboard(
    (Entry("RealMLP", 3, 40.5, 0.31, 0.6, "fold 4, epoch 12"), Entry("TabM", 2, 61.0, 0.33, 0.4)),
    members=5, loss=0.3, baseline_loss=0.6, seconds=70.0, time_budget=120.0,
)  # fmt: skip


def a_run(**changes: Any) -> Run:
    now = datetime(2026, 3, 1, 12, tzinfo=UTC)
    run = Run("r", "train", "n", "running", "d", {"config": {"training_mode": "auto"}}, now, now)
    return replace(run, **changes)


@pytest.mark.parametrize("mode", TRAINING_MODES)
def test_only_a_blend_counts_its_time(mode: str) -> None:
    assert is_timed(a_run(request={"config": {"training_mode": mode}})) is (mode == "auto")
    assert not is_timed(a_run(request={}))


def test_its_time_is_what_was_asked_for_else_the_usual_one() -> None:
    assert time_budget(a_run(request={"config": {"training_mode": "auto", "time_budget": 90}})) == 90.0
    assert time_budget(a_run()) == TrainingConfig.time_budget


def test_how_the_networks_stand_comes_from_the_end_else_from_the_work() -> None:
    at_work = a_run(vitals={"steps": 4, LEADERBOARD: BOARD.as_dict()})
    assert board_of(at_work) == BOARD
    last = replace(BOARD, members=6)
    assert board_of(replace(at_work, results={LEADERBOARD: last.as_dict()})) == last
    assert board_of(replace(at_work, results={"parameters": 9})) == BOARD
    assert board_of(a_run()) is None


@pytest.mark.parametrize("damaged", [[], "x", {"entries": []}, {"entries": [{"name": "TabM"}]}, {"entries": 3}])
def test_what_cannot_be_read_is_no_board(damaged: Any) -> None:
    assert board_of(a_run(vitals={LEADERBOARD: damaged})) is None
