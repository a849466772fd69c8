"""Promises on starting a worker: its own session, its log, its share of the processors, no zombie."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

import core
from core.errors import RunError
from core.runs.launch import THREAD_VARIABLES, _environment, _quotas, cpu_budget, launch_worker
from core.runs.liveness import log_tail
from core.runs.processes import is_alive
from core.runs.records import Dataset
from core.runs.store import Store
from core.workspace import Workspace

ROOT = Path(core.__file__).parents[1]


def test_the_budget_is_the_affinity_of_the_process() -> None:
    one = min(os.sched_getaffinity(0))
    code = (
        f"import os; os.sched_setaffinity(0, {{{one}}}); from core.runs.launch import cpu_budget; print(cpu_budget())"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "1\n"
    assert 1 <= cpu_budget() <= len(os.sched_getaffinity(0))


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        ({"a/b": "150000 100000"}, [1]),
        ({"a/b": "max 100000", "a": "400000 100000"}, [4]),
        ({"a/b": "50000 100000", "a": "400000 100000"}, [0, 4]),
        ({"a/b": "max 100000"}, []),
        ({"a/b": "nonsense"}, []),
        ({}, []),
    ],
)
def test_the_quota_of_every_control_group_above_counts(
    tmp_path: Path, limits: dict[str, str], expected: list[int]
) -> None:
    (tmp_path / "root/a/b").mkdir(parents=True)
    for folder, text in limits.items():
        (tmp_path / "root" / folder / "cpu.max").write_text(text + "\n")
    (tmp_path / "cgroup").write_text("12:cpu:/old\n0::/a/b\n")
    assert _quotas(tmp_path / "cgroup", tmp_path / "root") == expected
    assert _quotas(tmp_path / "missing", tmp_path / "root") == []


def test_a_worker_knows_its_home_and_leaves_a_processor_to_the_pages(workspace: Workspace) -> None:
    environment = _environment(workspace)
    assert environment["ROWSMITH_HOME"] == str(workspace.home)
    assert {environment[name] for name in THREAD_VARIABLES} == {str(max(1, cpu_budget() - 1))}
    assert environment["PYTHONPATH"].split(os.pathsep)[0] == str(ROOT)


def test_a_worker_runs_from_any_folder_in_its_own_session_and_is_reaped(
    workspace: Workspace, store: Store, dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.add_run("run1", kind="train", name="n", dataset_id=dataset.id, request={})
    store.request_stop("run1")  # so that the worker finds nothing to do
    monkeypatch.chdir("/")
    worker = launch_worker(workspace, "run1")
    assert os.getsid(worker.pid) == worker.pid
    deadline = time.monotonic() + 60
    while Path(f"/proc/{worker.pid}").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not Path(f"/proc/{worker.pid}").exists()  # no zombie stays
    assert not is_alive(worker)
    assert "Run run1 is not waiting" in "\n".join(log_tail(workspace, "run1"))
    assert store.run("run1").state == "stopped"


def test_a_folder_that_cannot_be_made_is_a_sentence(workspace: Workspace) -> None:
    workspace.run_dir("run1").write_text("a file where a folder should be")
    with pytest.raises(RunError, match="run1 could not be written"):
        launch_worker(workspace, "run1")
