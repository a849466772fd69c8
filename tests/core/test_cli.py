"""Promises of the start: what would keep the app from keeping anything is said before it serves."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from core.cli import check_workspace
from core.errors import AppError
from core.runs.store import open_store
from core.workspace import DATABASE_VARIABLE, HOME_VARIABLE, open_workspace
from tests.core.small_disk import fill, make_read_only, small_disk

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder that the app would take for its workspace."""
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path / "home"))
    monkeypatch.delenv(DATABASE_VARIABLE, raising=False)
    return tmp_path / "home"


def use(home: Path) -> Path:
    """Begin the workspace; return its database."""
    open_store(open_workspace(home)).close()
    return home / "rowsmith.sqlite3"


def newer(home: Path) -> None:
    connection = sqlite3.connect(use(home))
    connection.execute("UPDATE schema_version SET version = 99")
    connection.commit()
    connection.close()


def foreign(home: Path) -> None:
    use(home).write_bytes(b"this was never a database " * 400)


def torn(home: Path) -> None:
    """Overwrite all pages but the first, as a disk does that loses them."""
    path = use(home)
    content = path.read_bytes()
    path.write_bytes(content[:4096] + b"\x5a" * (len(content) - 4096))


def occupied(home: Path) -> None:
    home.write_text("not a folder")


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (
            newer,
            r"was written by a newer Rowsmith \(version 99 of its tables; this one knows \d+\)\. Update Rowsmith\.",
        ),
        (foreign, r"rowsmith\.sqlite3 is damaged\. Move it away"),
        (torn, r"rowsmith\.sqlite3 is damaged\. Move it away"),
        (occupied, r"home could not be written: Not a directory\."),
    ],
)
def test_a_workspace_that_cannot_be_used_is_refused_in_a_sentence(spoil, sentence: str, home: Path) -> None:
    spoil(home)
    with pytest.raises(AppError, match=sentence):
        check_workspace()


@pytest.mark.parametrize(
    "url", ["nonsense", "foo://bar", "sqlite://", "sqlite:////nowhere/at/all.db", "postgresql+nodriver://host/team"]
)
def test_a_database_address_that_is_none_is_refused_in_a_sentence(
    url: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(DATABASE_VARIABLE, url)
    with pytest.raises(AppError) as caught:
        check_workspace()
    assert "\n" not in caught.value.sentence
    assert caught.value.sentence.endswith(".")


def test_a_sound_workspace_is_not_refused_and_nothing_is_left_in_it(home: Path) -> None:
    use(home)
    before = {path.name for path in home.iterdir()}
    check_workspace()
    assert {path.name for path in home.iterdir()} == before


@pytest.mark.parametrize(("room", "words"), [(4096, "The disk is full"), (96 * 1024, "The disk is full")])
def test_a_disk_without_room_is_named(
    room: int, words: str, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with small_disk(tmp_path / "disk", room) as disk:
        monkeypatch.setenv(HOME_VARIABLE, str(disk / "home"))
        with pytest.raises(AppError, match=words):
            check_workspace()


def test_a_disk_that_became_full_is_named_and_recovers(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with small_disk(tmp_path / "disk", 4 << 20) as disk:
        monkeypatch.setenv(HOME_VARIABLE, str(disk / "home"))
        check_workspace()
        filler = fill(disk)
        with pytest.raises(AppError, match="The disk is full"):
            check_workspace()
        filler.unlink()
        check_workspace()


def test_the_command_says_it_in_one_line_and_ends(home: Path, tmp_path: Path) -> None:
    newer(home)
    done = start(home)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith(f"The database {home / 'rowsmith.sqlite3'} was written by a newer Rowsmith")
    assert done.stderr.count("\n") == 1


def test_the_command_does_not_serve_from_a_read_only_disk(home: Path, tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 1 << 20) as disk:
        make_read_only(disk)
        done = start(disk / "home")
    assert done.returncode == 1
    assert done.stderr == (
        f"The disk is read-only: {disk / 'home'} could not be written. Choose another folder with ROWSMITH_HOME.\n"
    )


def start(home: Path) -> subprocess.CompletedProcess[str]:
    """Start the app as a user does; it should end by itself."""
    command = [sys.executable, "-m", "core.cli", "app", "--no-browser", "--port", "48501"]
    variables = {**os.environ, HOME_VARIABLE: str(home)}
    return subprocess.run(command, cwd=ROOT, env=variables, capture_output=True, text=True, timeout=60, check=False)
