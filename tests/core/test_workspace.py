"""Promises of the workspace: where things lie, and that a file is whole or absent."""

import os
import time
from pathlib import Path

import pytest

from core.errors import RunError
from core.workspace import HOME_VARIABLE, open_workspace, write_atomically


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
    open_workspace(tmp_path)
    assert [path.name for path in workspace.incoming.iterdir()] == ["new"]
