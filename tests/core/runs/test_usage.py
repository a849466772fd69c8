"""Promises of the disk's statistics: every byte is counted once, nothing is raised, a thousand runs are quick."""

from __future__ import annotations

import os
import time
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.runs.records import Run, RunState
from core.runs.usage import DiskUse, files_of, remove, spent_checkpoints, usage
from core.workspace import Workspace

NOW = datetime(2026, 11, 22, tzinfo=UTC)
FILES = {
    "runs/a/model.rowsmith": 1_000,
    "runs/a/teacher.rowsmith": 200,
    "runs/a/scored_with.rowsmith": 30,
    "runs/a/checkpoint.safetensors": 5_000,
    "runs/a/checkpoint.damaged": 70,
    "runs/a/predictions.csv": 400,
    "runs/a/predictions.xlsx": 800,
    "runs/a/log.txt": 9,
    "runs/a/evaluation.json": 11,
    "runs/b/deep/er/model.rowsmith": 2_000,
    "datasets/x/original.csv": 60_000,
    "datasets/x/y/table.parquet": 7_000,
    "incoming/half/original.csv": 123,
    "rowsmith.sqlite3": 40_000,
    "rowsmith.sqlite3-wal": 300,
    "supervisor.log": 17,
    "supervisor.lock": 0,
}


def write(workspace: Workspace, files: dict[str, int]) -> None:
    for name, size in files.items():
        path = workspace.home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x" * size)


def a_run(run_id: str, state: RunState, *, starred: bool = False) -> Run:
    return Run(run_id, "train", run_id, state, "d", {}, NOW, NOW, starred=starred)


def test_every_file_is_counted_once_and_by_what_it_is_for(workspace: Workspace) -> None:
    write(workspace, FILES)
    used = usage(workspace)
    assert used == DiskUse(
        models=3_230, checkpoints=5_070, predictions=1_200, logs=26, tables=67_000, database=40_300, other=134,
        free=used.free, unreadable=0,
    )  # fmt: skip
    assert used.total == sum(FILES.values())
    assert used.free


def test_an_empty_and_a_missing_workspace_have_nothing(workspace: Workspace, tmp_path: Path) -> None:
    assert usage(workspace).total == 0
    gone = usage(Workspace(tmp_path / "nowhere"))
    assert (gone.total, gone.free, gone.unreadable) == (0, None, 0)


def test_links_are_not_followed(workspace: Workspace, tmp_path: Path) -> None:
    write(workspace, {"runs/a/log.txt": 10})
    (tmp_path / "big").write_bytes(b"x" * 100_000)
    (workspace.home / "runs/a/model.rowsmith").symlink_to(tmp_path / "big")
    (workspace.home / "runs/loop").symlink_to(workspace.home, target_is_directory=True)
    assert usage(workspace).total < 1_000


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may read everywhere")
def test_a_folder_that_may_not_be_read_is_left_out_and_counted(workspace: Workspace) -> None:
    write(workspace, {"runs/a/log.txt": 10, "runs/b/log.txt": 20})
    (workspace.home / "runs/b").chmod(0)
    used = usage(workspace)
    assert (used.logs, used.unreadable) == (10, 1)
    assert files_of(workspace, "b").trouble == "Permission denied"
    (workspace.home / "runs/b").chmod(0o700)


def test_what_stands_in_the_place_of_a_folder_is_left_out_and_counted(workspace: Workspace) -> None:
    (workspace.home / "datasets").rmdir()
    (workspace.home / "datasets").write_bytes(b"no folder")
    assert usage(workspace).unreadable == 1


def test_the_files_of_a_run_are_named_with_their_sizes(workspace: Workspace) -> None:
    write(workspace, {"runs/a/model.rowsmith": 1_000, "runs/a/log.txt": 0, "runs/b": 3})
    assert files_of(workspace, "a").sizes == {"model.rowsmith": 1_000, "log.txt": 0}
    assert files_of(workspace, "a").total == 1_000
    for run_id in ("none", "", "../a", "a\0b"):
        assert files_of(workspace, run_id).sizes == {}
        assert files_of(workspace, run_id).trouble == ""
    assert files_of(workspace, "b").trouble == "Not a directory"


def test_only_checkpoints_that_nothing_needs_are_given_up(workspace: Workspace) -> None:
    kept = {"runs/star/checkpoint.safetensors": 1, "runs/rest/checkpoint.safetensors": 2}
    work = {"runs/work/checkpoint.safetensors": 4, "runs/end/model.rowsmith": 8}
    spent = {"runs/end/checkpoint.safetensors": 100, "runs/rest/checkpoint.damaged": 20}
    write(workspace, kept | work | spent)
    runs = [
        a_run("star", "finished", starred=True),
        a_run("rest", "interrupted"),
        a_run("work", "running"),
        a_run("end", "stopped"),
        a_run("none", "failed"),
    ]
    found = spent_checkpoints(workspace, runs)
    assert (found.n_bytes, found.n_runs) == (120, 2)
    assert {path.relative_to(workspace.home).as_posix() for path in found.paths} == set(spent)
    assert remove(found.paths) == 0
    assert usage(workspace).total == 15
    assert remove(found.paths) == 0  # another tab was quicker


def test_a_file_that_cannot_be_deleted_is_counted(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    assert remove([tmp_path / "folder"]) == 1


def test_a_thousand_runs_take_hardly_longer_than_to_walk_through_them(workspace: Workspace) -> None:
    for n in range(1_000):
        folder = workspace.run_dir(f"run{n}")
        folder.mkdir()
        for name in ("model.rowsmith", "checkpoint.safetensors", "log.txt"):
            (folder / name).touch()
    walked = min(_seconds(lambda: _walk(workspace.home)) for _ in range(3))
    measured = min(_seconds(lambda: usage(workspace)) for _ in range(3))
    print(f"\nusage of 1,000 runs: {measured:.3f} s; os.walk with stat: {walked:.3f} s")
    assert measured < 3 * walked


def test_the_sum_holds_every_kind(workspace: Workspace) -> None:
    kinds = set(asdict(DiskUse())) - {"free", "unreadable"}
    for kind in kinds:
        assert replace(DiskUse(), **{kind: 7}).total == 7


def _walk(folder: Path) -> int:
    return sum(os.stat(os.path.join(place, name)).st_size for place, _, names in os.walk(folder) for name in names)


def _seconds(act) -> float:
    started = time.perf_counter()
    act()
    return time.perf_counter() - started
