"""Promises of the queue: a limit, order kept, one job for each GPU, and predictions that wait for no training."""

from datetime import UTC, datetime
from typing import Any

import pytest

from core.runs.launch import cpu_budget
from core.runs.queueing import LIMIT_VARIABLE, job_limit, lane_of, startable
from core.runs.records import Run, RunKind, RunState


def a_run(run_id: str, state: RunState = "queued", kind: RunKind = "train", device: str | None = None) -> Run:
    now = datetime(2026, 3, 1, tzinfo=UTC)
    request: dict[str, Any] = {"device": device}
    return Run(
        id=run_id, kind=kind, name="n", state=state, dataset_id="d", request=request, created_at=now, updated_at=now
    )


def started(*runs: Run, given: tuple[str, ...] = (), limit: int = 1, has_gpu: bool = False) -> list[str]:
    return [run.id for run in startable(runs, given, limit, has_gpu=has_gpu)]


def test_the_first_come_first() -> None:
    runs = [a_run("a"), a_run("b"), a_run("c")]
    assert started(*runs) == ["a"]
    assert started(*runs, limit=2) == ["a", "b"]
    assert started(*runs, limit=9) == ["a", "b", "c"]


@pytest.mark.parametrize("state", ["starting", "running", "pausing", "stopping", "cancelling"])
def test_a_run_holds_its_place_until_it_is_over(state: RunState) -> None:
    assert started(a_run("a", state), a_run("b")) == []
    assert started(a_run("a", state), a_run("b"), a_run("c"), limit=2) == ["b"]


def test_a_run_that_has_a_process_but_no_claim_yet_counts() -> None:
    assert started(a_run("a"), a_run("b"), given=("a",)) == []
    assert started(a_run("a"), a_run("b"), given=("a",), limit=2) == ["b"]


def test_predictions_do_not_wait_for_trainings_but_for_each_other() -> None:
    runs = [a_run("a", "running"), a_run("b"), a_run("s", kind="score"), a_run("t", kind="score")]
    assert started(*runs) == ["s"]


def test_each_gpu_takes_one_job_and_holds_up_no_other() -> None:
    runs = [a_run("a", device="cuda"), a_run("b", device="cuda:0"), a_run("c", device="cuda:1"), a_run("d")]
    assert started(*runs, limit=8, has_gpu=False) == ["a", "c", "d"]
    assert started(*runs, limit=8, has_gpu=True) == ["a", "c"]  # without a wish, the last one goes to the GPU too
    assert lane_of(a_run("d"), has_gpu=True) == lane_of(a_run("a", device="cuda"), has_gpu=False) == "cuda:0"
    assert lane_of(a_run("d", device="cpu"), has_gpu=True) == "cpu"


def test_the_limit_is_all_cores_but_one_unless_it_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(LIMIT_VARIABLE, raising=False)
    assert job_limit() == max(1, cpu_budget() - 1)
    monkeypatch.setenv(LIMIT_VARIABLE, "5")
    assert job_limit() == 5


@pytest.mark.parametrize("nonsense", ["0", "-1", "two", "1.5"])
def test_a_limit_that_is_none_is_said_and_left_out(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, nonsense: str
) -> None:
    monkeypatch.setenv(LIMIT_VARIABLE, nonsense)
    assert job_limit() == max(1, cpu_budget() - 1)
    assert repr(nonsense) in caplog.text
