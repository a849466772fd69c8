"""A table is checked in a process of its own, once for each question, and what is found is kept beside it."""

import fcntl
import json
import time
from dataclasses import replace

import pytest

from core.errors import RunError
from core.runs import checks
from core.runs.checks import (
    CHECKS,
    checks_for,
    forget_checks,
    question_of,
    start_checks,
)
from core.runs.datasets import read_report, table_path
from core.runs.records import Dataset, Roles
from core.tables.checks.check import Check
from core.tables.checks.question import Question
from core.workspace import Workspace
from tests.core.runs.conftest import Start

ROLES = Roles(target="price", excluded=("id",), dates=("sold",))
SOON = 30.0


@pytest.fixture
def question(workspace: Workspace, houses: Dataset) -> Question:
    found = question_of(read_report(workspace, houses), ROLES)
    assert found is not None
    return found


def wait_for_checks(workspace: Workspace, dataset: Dataset, question: Question) -> tuple[Check, ...]:
    """Return the checks once they are made."""
    deadline = time.monotonic() + SOON
    while (found := checks_for(workspace, dataset, question)) is None:
        assert time.monotonic() < deadline, (workspace.home / CHECKS.log_name).read_text()
        time.sleep(0.05)
    return found


def wait_until_free(workspace: Workspace) -> None:
    """Return when no process holds the lock any more."""
    with (workspace.home / CHECKS.lock_name).open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)


def test_the_question_follows_from_the_roles(workspace: Workspace, houses: Dataset):
    report = read_report(workspace, houses)
    roles = Roles("town", ("id", "area"), ("sold",), ("x",), "sold")
    assert question_of(report, roles, test_size=0.3) == Question(
        "town", "classification", ("area", "id"), ("sold",), ("x",), "sold", 0.3
    )
    assert question_of(report, ROLES).task == "regression"
    assert question_of(report, ROLES, "classification").task == "classification"
    assert question_of(report, Roles()) is None
    assert question_of(report, Roles("gone")) is None


def test_a_table_is_checked_once_and_remembered(workspace: Workspace, houses: Dataset, question: Question):
    assert checks_for(workspace, houses, question) is None
    assert start_checks(workspace, houses, question)
    found = {check.id: check for check in wait_for_checks(workspace, houses, question)}
    wait_until_free(workspace)
    assert found["leak"].state == "passed"
    assert found["ids"].columns == ("id",)
    assert found["ids"].state == "fixed"
    assert not start_checks(workspace, houses, question)  # they are there
    other = replace(question, excluded=())
    assert checks_for(workspace, houses, other) is None
    assert (workspace.home / CHECKS.log_name).read_text() == ""


def test_only_one_process_works_at_a_time(workspace: Workspace, houses: Dataset, question: Question):
    with (workspace.home / CHECKS.lock_name).open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert not start_checks(workspace, houses, question)
    assert start_checks(workspace, houses, question)
    wait_for_checks(workspace, houses, question)


def test_a_damaged_result_is_made_again(workspace: Workspace, houses: Dataset, question: Question):
    folder = table_path(workspace, houses).with_name("checks")
    start_checks(workspace, houses, question)
    wait_for_checks(workspace, houses, question)
    wait_until_free(workspace)
    (place,) = folder.iterdir()
    for damage in ("{", '{"checks": [{"id": "leak"}]}', "[]", '{"checks": 3}'):
        place.write_text(damage)
        assert checks_for(workspace, houses, question) is None, damage
    assert start_checks(workspace, houses, question)
    assert len(wait_for_checks(workspace, houses, question)) > 10
    forget_checks(workspace, houses, question)
    assert checks_for(workspace, houses, question) is None


def test_a_failure_is_kept_as_one_sentence(workspace: Workspace, houses: Dataset, question: Question):
    table_path(workspace, houses).write_bytes(b"PAR1 no more")
    assert start_checks(workspace, houses, question)
    (found,) = wait_for_checks(workspace, houses, question)
    assert (found.id, found.state) == ("trouble", "look")
    assert "not affected" in found.evidence
    assert not start_checks(workspace, houses, question)  # it would fail again


def test_a_process_that_takes_too_long_is_ended(
    workspace: Workspace, houses: Dataset, question: Question, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(checks, "CHECKS", replace(CHECKS, seconds=0.01))
    assert start_checks(workspace, houses, question)
    (found,) = wait_for_checks(workspace, houses, question)
    assert "took longer than" in found.evidence
    wait_until_free(workspace)


def test_the_checks_end_with_the_process_that_wanted_them(workspace: Workspace, houses: Dataset, start_python: Start):
    code = (
        "import sys, time\n"
        "from core.runs.checks import CHECKS\n"
        "from core.runs.errand import start\n"
        "from core.workspace import open_workspace\n"
        "process = start(open_workspace(sys.argv[1]), CHECKS, sys.stdin.fileno())\n"
        "print(process.pid, flush=True)\n"
    )
    asker = start_python(code, str(workspace.home))
    pid = int(asker.stdout.readline())
    asker.wait(SOON)
    deadline = time.monotonic() + SOON
    while _is_alive(pid):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_table_that_is_gone_is_said_to_be(workspace: Workspace, houses: Dataset, question: Question):
    table_path(workspace, houses).unlink()
    with pytest.raises(RunError, match="missing"):
        start_checks(workspace, houses, question)


def test_another_version_of_the_checks_makes_them_again(
    workspace: Workspace, houses: Dataset, question: Question, monkeypatch: pytest.MonkeyPatch
):
    start_checks(workspace, houses, question)
    wait_for_checks(workspace, houses, question)
    monkeypatch.setattr(checks, "FORMAT", checks.FORMAT + 1)
    assert checks_for(workspace, houses, question) is None


def test_what_is_written_is_plain_json(workspace: Workspace, houses: Dataset, question: Question):
    start_checks(workspace, houses, question)
    wait_for_checks(workspace, houses, question)
    (place,) = table_path(workspace, houses).with_name("checks").iterdir()
    assert {check["state"] for check in json.loads(place.read_text())["checks"]} <= {"look", "fixed", "passed"}


def _is_alive(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
            return stat.read().rsplit(")", 1)[1].split()[0] not in ("Z", "X")
    except FileNotFoundError:
        return False
