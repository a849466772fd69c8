"""The folder in which everything of one user lives: tables, runs and the database.

It knows where things lie and how to write one of them whole or not at all. It does not know what is in them.
"""

from __future__ import annotations

import errno
import os
import re
import secrets
import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from core.errors import DiskError, RunError

HOME_VARIABLE = "ROWSMITH_HOME"
DATABASE_VARIABLE = "ROWSMITH_DATABASE_URL"
LEFTOVER_SECONDS = 24 * 3600
PROBE_BYTES = 64 * 1024  # less room than that, and not even the database can be opened

_PLAIN_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_DISK_TROUBLE = {
    errno.ENOSPC: "The disk is full: {path} could not be written. Free some space and try again.",
    errno.EDQUOT: "Your disk quota is used up: {path} could not be written. Free some space and try again.",
    errno.EROFS: "The disk is read-only: {path} could not be written. Choose another folder with ROWSMITH_HOME.",
    errno.EACCES: "Rowsmith may not write {path}. Allow it, or choose another folder with ROWSMITH_HOME.",
    errno.EPERM: "Rowsmith may not write {path}. Allow it, or choose another folder with ROWSMITH_HOME.",
    errno.EMFILE: "Too many files are open: {path} could not be written. Close other programs and try again.",
    errno.ENFILE: "Too many files are open: {path} could not be written. Close other programs and try again.",
}
_TOO_MANY_FILES = (errno.EMFILE, errno.ENFILE)
_SHARED_SQLITE = re.compile(r"sqlite(\+\w+)?:///(/|[A-Za-z]:)")


@dataclass(frozen=True)
class Workspace:
    """The folders of one user, below `home`."""

    home: Path

    @property
    def database_url(self) -> str:
        """Return where the store lives: ROWSMITH_DATABASE_URL, else a SQLite file in `home`.

        Raises RunError for an SQLite database that the other processes would not find.
        """
        url = os.environ.get(DATABASE_VARIABLE, "").strip()
        if url.startswith("sqlite") and not _SHARED_SQLITE.match(url):
            raise RunError(
                f"{DATABASE_VARIABLE} is {url!r}, a database that the processes which train would not find. "
                "Give the whole path of a file: sqlite:////folder/rowsmith.sqlite3."
            )
        return url or f"sqlite:///{self.home / 'rowsmith.sqlite3'}"

    @property
    def incoming(self) -> Path:
        """Return the folder for what is not whole yet; on the same disk, so that a rename completes it."""
        return self.home / "incoming"

    def dataset_dir(self, sha256: str) -> Path:
        """Return the folder of the uploaded file with this hash."""
        return self.home / "datasets" / _plain(sha256, "table")

    def run_dir(self, run_id: str) -> Path:
        """Return the folder of a run: its model, log and results."""
        return self.home / "runs" / _plain(run_id, "run")


def open_workspace(home: Path | str | None = None) -> Workspace:
    """Make the folders and return the workspace. Raises RunError when they cannot be written."""
    chosen = home or os.environ.get(HOME_VARIABLE) or platformdirs.user_data_path("rowsmith", appauthor=False)
    workspace = Workspace(_whole(chosen))
    try:
        for folder in (workspace.home / "datasets", workspace.home / "runs", workspace.incoming):
            folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DiskError(disk_sentence(error, workspace.home)) from error
    if not os.access(workspace.home, os.W_OK | os.X_OK):
        check_writable(workspace)
    _remove_leftovers(workspace.incoming)
    return workspace


def check_writable(workspace: Workspace) -> None:
    """Write a small file into the workspace and remove it: only that shows a full disk. Raises DiskError."""
    probe = workspace.home / f".probe.{secrets.token_hex(4)}"
    try:
        probe.write_bytes(bytes(PROBE_BYTES))
        sync(probe)
    except OSError as error:
        raise DiskError(disk_sentence(error, workspace.home)) from error
    finally:
        with suppress(OSError):
            probe.unlink()


def free_bytes(workspace: Workspace) -> int | None:
    """Return how much the workspace's disk can still take; None where it does not say."""
    try:
        return shutil.disk_usage(workspace.home).free
    except OSError:
        return None


def write_atomically(path: Path, data: bytes | Callable[[Path], object]) -> None:
    """Write `path` whole or not at all: temporary name, fsync, rename.

    `data` is the content, or a callable that writes it to the temporary path it is given, which
    has the suffix of `path`. Raises RunError when the disk refuses.
    """
    temporary = path.with_name(f".{path.stem}.{secrets.token_hex(4)}{path.suffix}")
    try:
        if callable(data):
            data(temporary)
        else:
            temporary.write_bytes(data)
        sync(temporary)
        os.replace(temporary, path)
        sync(path.parent)
    except OSError as error:
        raise DiskError(disk_sentence(error, path)) from error
    finally:
        temporary.unlink(missing_ok=True)


def sync(path: Path) -> None:
    """Return when the file or folder is on the disk itself."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def disk_sentence(error: OSError, path: Path) -> str:
    """Say in one sentence why `path` could not be written."""
    known = _DISK_TROUBLE.get(error.errno or 0)
    return known.format(path=path) if known else f"{path} could not be written: {error.strerror or error}."


def system_sentence(error: OSError) -> str:
    """Say in one sentence what the system refused, where nothing better is known."""
    if error.errno in _TOO_MANY_FILES:
        return "Too many files are open on this computer. Close other programs, and reload the page."
    where = f" ({error.filename})" if error.filename else ""
    return f"A file could not be read or written{where}: {error.strerror or error}. Try again."


def too_many_files() -> bool:
    """Return whether this process can open no file at this moment."""
    try:
        os.close(os.open(os.devnull, os.O_RDONLY))
    except OSError as error:
        return is_passing(error)
    return False


def is_passing(error: OSError) -> bool:
    """Return whether the refusal says nothing about the file: too many are open at this moment."""
    return error.errno in _TOO_MANY_FILES


def _whole(home: Path | str) -> Path:
    try:
        return Path(home).expanduser().absolute()
    except (RuntimeError, ValueError) as error:
        raise RunError(f"{HOME_VARIABLE} is no folder that can be used: {str(home)!r}.") from error


def _plain(name: str, noun: str) -> str:
    if not _PLAIN_NAME.fullmatch(name):
        raise RunError(f"There is no {noun} {name[:80]!r}.")
    return name


def _remove_leftovers(incoming: Path) -> None:
    """Remove what a process that was killed in the middle of an upload left behind, as far as that can be done."""
    oldest = time.time() - LEFTOVER_SECONDS
    with suppress(OSError):  # another process may be at it too
        for path in incoming.iterdir():
            if path.stat().st_mtime < oldest:
                _remove(path)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink()
