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
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from core.errors import RunError

HOME_VARIABLE = "ROWSMITH_HOME"
DATABASE_VARIABLE = "ROWSMITH_DATABASE_URL"
LEFTOVER_SECONDS = 24 * 3600

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


@dataclass(frozen=True)
class Workspace:
    """The folders of one user, below `home`."""

    home: Path

    @property
    def database_url(self) -> str:
        """Return where the store lives: ROWSMITH_DATABASE_URL, else a SQLite file in `home`."""
        return os.environ.get(DATABASE_VARIABLE) or f"sqlite:///{self.home / 'rowsmith.sqlite3'}"

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
    workspace = Workspace(Path(chosen).expanduser().absolute())
    try:
        for folder in (workspace.home / "datasets", workspace.home / "runs", workspace.incoming):
            folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunError(disk_sentence(error, workspace.home)) from error
    if not os.access(workspace.home, os.W_OK | os.X_OK):
        raise RunError(_DISK_TROUBLE[errno.EACCES].format(path=workspace.home))
    _remove_leftovers(workspace.incoming)
    return workspace


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
        raise RunError(disk_sentence(error, path)) from error
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


def _plain(name: str, noun: str) -> str:
    if not _PLAIN_NAME.fullmatch(name):
        raise RunError(f"There is no {noun} {name[:80]!r}.")
    return name


def _remove_leftovers(incoming: Path) -> None:
    """Remove what a process that was killed in the middle of an upload left behind."""
    oldest = time.time() - LEFTOVER_SECONDS
    for path in incoming.iterdir():
        if path.stat().st_mtime < oldest:
            shutil.rmtree(path, ignore_errors=True)
