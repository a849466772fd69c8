"""A disk of a few pages of memory, to be filled up or made read-only."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def small_disk(folder: Path, n_bytes: int) -> Iterator[Path]:
    """Give a folder on a disk of its own; skip where this user may not mount one."""
    folder.mkdir()
    if _mount("-t", "tmpfs", "-o", f"size={n_bytes}", "tmpfs", str(folder)):
        pytest.skip("this user may not mount a disk")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def make_read_only(folder: Path) -> None:
    """Let nobody write to a small disk any more."""
    assert _mount("-o", "remount,ro", str(folder)) == 0


def fill(folder: Path) -> Path:
    """Fill the disk of a folder up; return the file that does, whose removal gives the room back."""
    path = folder / "filler"
    with path.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(1024))
        except OSError:
            return path


def _mount(*arguments: str) -> int:
    try:
        return subprocess.run(["mount", *arguments], capture_output=True, check=False).returncode
    except FileNotFoundError:
        return 1
