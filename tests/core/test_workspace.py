"""Promises of the workspace: where things lie, and that a file is whole or absent."""

import errno
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from core.errors import DiskError, RunError
from core.workspace import (
    DATABASE_VARIABLE,
    HOME_VARIABLE,
    check_writable,
    free_bytes,
    is_passing,
    open_workspace,
    system_sentence,
    write_atomically,
)
from tests.core.small_disk import fill, make_read_only, small_disk

ROOT = Path(__file__).resolve().parents[2]
WITHOUT_FILES = """
import resource, sys
from core.errors import DiskError
from core.workspace import check_writable, open_workspace, system_sentence, too_many_files
workspace = open_workspace(sys.argv[1])
assert not too_many_files()
limit = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (3, limit[1]))
assert too_many_files()
open_workspace(sys.argv[1])
try:
    check_writable(workspace)
except DiskError as error:
    sentence = error.sentence
resource.setrlimit(resource.RLIMIT_NOFILE, limit)
assert not too_many_files()
check_writable(workspace)
print(sentence)
"""


def test_the_home_is_the_argument_then_the_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path / "variable"))
    assert open_workspace().home == tmp_path / "variable"
    assert open_workspace(tmp_path / "argument").home == tmp_path / "argument"
    assert (tmp_path / "argument" / "runs").is_dir()


def test_without_either_the_home_is_the_users_data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(HOME_VARIABLE, raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    home = open_workspace().home
    assert home.is_relative_to(tmp_path)
    assert home.name == "rowsmith"


def test_the_database_is_in_the_home_unless_a_team_says_otherwise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = open_workspace(tmp_path)
    monkeypatch.delenv("ROWSMITH_DATABASE_URL", raising=False)
    assert workspace.database_url == f"sqlite:///{tmp_path}/rowsmith.sqlite3"
    monkeypatch.setenv("ROWSMITH_DATABASE_URL", "postgresql://team/rowsmith")
    assert workspace.database_url == "postgresql://team/rowsmith"


@pytest.mark.parametrize(
    "url", ["sqlite://", "sqlite:///:memory:", "sqlite:///", "sqlite:///rowsmith.db", "sqlite+pysqlite://"]
)
def test_a_database_that_other_processes_would_not_find_is_refused(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(DATABASE_VARIABLE, url)
    with pytest.raises(RunError, match=r"Give the whole path of a file: sqlite:////folder/rowsmith\.sqlite3"):
        _ = open_workspace(tmp_path).database_url


@pytest.mark.parametrize("url", ["sqlite:////srv/team.db", "sqlite:///C:/team.db", "sqlite+pysqlite:////srv/team.db"])
def test_a_database_with_its_whole_path_is_taken(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(DATABASE_VARIABLE, f" {url} ")
    assert open_workspace(tmp_path).database_url == url


def test_a_home_of_nobody_is_refused_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(HOME_VARIABLE, "~nobody-of-that-name/rowsmith")
    with pytest.raises(RunError, match="ROWSMITH_HOME is no folder that can be used: '~nobody"):
        open_workspace()


def test_the_probe_leaves_nothing(tmp_path: Path) -> None:
    workspace = open_workspace(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    check_writable(workspace)
    assert sorted(tmp_path.rglob("*")) == before
    assert free_bytes(workspace)


def test_a_full_disk_is_noticed_and_recovers(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 1 << 20) as disk:
        workspace = open_workspace(disk / "home")
        filler = fill(disk)
        with pytest.raises(DiskError, match=r"The disk is full: .*home could not be written"):
            check_writable(workspace)
        assert free_bytes(workspace) == 0
        filler.unlink()
        check_writable(workspace)
        assert [path.name for path in workspace.home.iterdir() if path.name.startswith(".")] == []


@pytest.mark.parametrize("is_new", [True, False])
def test_a_read_only_disk_is_named(is_new: bool, tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 1 << 20) as disk:
        if not is_new:
            open_workspace(disk / "home")
        make_read_only(disk)
        with pytest.raises(DiskError, match=r"The disk is read-only: .*home could not be written"):
            open_workspace(disk / "home")


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="needs a system that lists open files")
def test_too_many_open_files_are_named_and_pass(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_FILES, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Too many files are open: ")


def test_what_the_system_refuses_is_one_sentence() -> None:
    many = OSError(errno.EMFILE, "Too many open files")
    assert is_passing(many)
    assert system_sentence(many).startswith("Too many files are open on this computer.")
    gone = FileNotFoundError(errno.ENOENT, "No such file or directory", "/there/it/was")
    assert not is_passing(gone)
    assert system_sentence(gone) == (
        "A file could not be read or written (/there/it/was): No such file or directory. Try again."
    )


def test_a_home_that_is_a_file_is_refused_in_a_sentence(tmp_path: Path) -> None:
    occupied = tmp_path / "occupied"
    occupied.write_text("not a folder")
    with pytest.raises(RunError, match="occupied could not be written"):
        open_workspace(occupied)


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write everywhere")
def test_a_home_without_the_right_to_write_is_refused_in_a_sentence(tmp_path: Path) -> None:
    open_workspace(tmp_path / "home")
    (tmp_path / "home").chmod(0o500)
    with pytest.raises(RunError, match="may not write"):
        open_workspace(tmp_path / "home")
    (tmp_path / "home").chmod(0o700)


@pytest.mark.parametrize("name", ["..", "a/b", "", "a" * 65, "a\0b", "/etc", "x\n"])
def test_a_name_from_outside_never_leaves_the_workspace(tmp_path: Path, name: str) -> None:
    workspace = open_workspace(tmp_path)
    with pytest.raises(RunError, match="There is no run"):
        workspace.run_dir(name)
    with pytest.raises(RunError, match="There is no table"):
        workspace.dataset_dir(name)


def test_a_file_is_written_from_bytes_and_by_a_callable(tmp_path: Path) -> None:
    write_atomically(tmp_path / "a.bin", b"abc")
    write_atomically(tmp_path / "b.xlsx", lambda path: path.write_text(path.suffix))
    assert (tmp_path / "a.bin").read_bytes() == b"abc"
    assert (tmp_path / "b.xlsx").read_text() == ".xlsx"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.bin", "b.xlsx"]


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "kept.txt"
    target.write_text("old")

    def write_half(path: Path) -> None:
        path.write_text("half")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_atomically(target, write_half)
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_is_named(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"The disk is full: .*table\.csv"):
        write_atomically(tmp_path / "table.csv", lambda _: Path("/dev/full").write_bytes(b"x" * 100))
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_upload_left_goes_after_a_day(tmp_path: Path) -> None:
    workspace = open_workspace(tmp_path)
    for name, age_hours in (("old", 25), ("new", 1)):
        folder = workspace.incoming / name
        folder.mkdir()
        (folder / "original.csv").write_text("a\n1\n")
        moment = time.time() - age_hours * 3600
        os.utime(folder, (moment, moment))
    probe = workspace.incoming / "probe"
    probe.touch()
    os.utime(probe, (0, 0))
    open_workspace(tmp_path)
    assert [path.name for path in workspace.incoming.iterdir()] == ["new"]
