"""Promises on starting a worker: its own session, its log, its share of the processors, no zombie."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import core
from core.errors import DiskError
from core.runs.launch import (
    THREAD_VARIABLES,
    _quotas,
    cpu_budget,
    environment,
    start_worker,
    threads_for,
    threads_of_blend,
)
from core.runs.liveness import log_tail
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


def test_a_worker_knows_its_home_and_its_threads(workspace: Workspace) -> None:
    variables = environment(workspace, 3)
    assert variables["ROWSMITH_HOME"] == str(workspace.home)
    assert {variables[name] for name in THREAD_VARIABLES} == {"3"}
    assert variables["PYTHONPATH"].split(os.pathsep)[0] == str(ROOT)


def test_workers_share_the_processors_but_the_one_for_the_pages() -> None:
    assert threads_for(1) == max(1, cpu_budget() - 1)
    assert threads_for(0) == threads_for(1)
    assert threads_for(1_000) == 1


def test_a_blend_has_the_processor_of_the_pages_too() -> None:
    assert threads_of_blend(threads_for(1)) == cpu_budget()
    assert threads_of_blend(1) == min(2, cpu_budget())


def test_a_worker_runs_from_any_folder_in_its_own_session(
    workspace: Workspace, store: Store, dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.add_run("run1", kind="train", name="n", dataset_id=dataset.id, request={})
    store.request_stop("run1")  # so that the worker finds nothing to do
    monkeypatch.chdir("/")
    worker = start_worker(workspace, "run1", 1)
    assert os.getsid(worker.pid) == worker.pid
    assert worker.wait(60) == 0
    assert "Run run1 is not waiting" in "\n".join(log_tail(workspace, "run1"))
    assert store.run("run1").state == "stopped"


def test_a_folder_that_cannot_be_made_is_a_sentence(workspace: Workspace) -> None:
    workspace.run_dir("run1").write_text("a file where a folder should be")
    with pytest.raises(DiskError, match="run1 could not be written"):
        start_worker(workspace, "run1", 1)
