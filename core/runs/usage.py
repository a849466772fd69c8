"""What the workspace takes of the disk, by what it is for, and what of it nobody needs any more."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from core.errors import AppError
from core.runs.checkpoints import ASIDE_NAME, CHECKPOINT_NAME
from core.runs.records import END_STATES, Run
from core.workspace import Workspace, free_bytes, is_passing

LITTLE_BYTES = 200_000_000

_KINDS = {  # of the files of a run, by the first part of their names
    "model": "models",
    "teacher": "models",
    "scored_with": "models",
    "checkpoint": "checkpoints",
    "predictions": "predictions",
    "log": "logs",
}


@dataclass(frozen=True)
class DiskUse:
    """Bytes by purpose. `free` is what the disk can still take; `unreadable` counts the folders left out."""

    models: int = 0
    checkpoints: int = 0
    predictions: int = 0
    logs: int = 0
    tables: int = 0
    database: int = 0
    other: int = 0
    free: int | None = None
    unreadable: int = 0

    @property
    def total(self) -> int:
        """Return all bytes that are known of."""
        return sum((self.models, self.checkpoints, self.predictions, self.logs, self.tables, self.database, self.other))


@dataclass(frozen=True)
class RunFiles:
    """The files of one run with their sizes in bytes; `trouble` says why they are not known.

    `is_passing` tells that the trouble has nothing to do with the run, and may be over in a moment.
    """

    sizes: Mapping[str, int] = field(default_factory=dict)
    trouble: str = ""
    is_passing: bool = False

    @property
    def total(self) -> int:
        """Return their size together."""
        return sum(self.sizes.values())


@dataclass(frozen=True)
class Spent:
    """Checkpoints that nothing goes on from by itself, and of how many runs."""

    paths: tuple[Path, ...]
    n_runs: int
    n_bytes: int


def usage(workspace: Workspace) -> DiskUse:
    """Measure the workspace. Never raises; what cannot be read is left out and counted."""
    found: Counter[str] = Counter()
    for folder, kind in ((workspace.home / "datasets", "tables"), (workspace.incoming, "other")):
        for _, size in _below(folder, found):
            found[kind] += size
    for name, size in _below(workspace.home / "runs", found):
        found[_KINDS.get(name.split(".")[0], "other")] += size
    for name, size in _below(workspace.home, found, deep=False):
        found["database" if ".sqlite3" in name else "logs" if name.endswith(".log") else "other"] += size
    return DiskUse(free=free_bytes(workspace), **found)


def files_of(workspace: Workspace, run_id: str) -> RunFiles:
    """Return the files of a run; none where it has no folder. Never raises."""
    sizes: dict[str, int] = {}
    try:
        with os.scandir(workspace.run_dir(run_id)) as entries:
            for entry in entries:
                with suppress(FileNotFoundError):
                    sizes[entry.name] = entry.stat(follow_symlinks=False).st_size
    except FileNotFoundError:
        return RunFiles()
    except OSError as error:
        return RunFiles(sizes, error.strerror or str(error), is_passing(error))
    except AppError:  # its id is no name of a folder
        return RunFiles()
    return RunFiles(sizes)


def spent_checkpoints(workspace: Workspace, runs: Iterable[Run]) -> Spent:
    """Find the checkpoints of runs that have ended, but for starred ones, and those set aside as damaged."""
    paths, owners, n_bytes = [], set(), 0
    for run in runs:
        names = (CHECKPOINT_NAME, ASIDE_NAME) if run.state in END_STATES and not run.starred else (ASIDE_NAME,)
        sizes = files_of(workspace, run.id).sizes
        for name in set(names) & set(sizes):
            paths.append(workspace.run_dir(run.id) / name)
            owners.add(run.id)
            n_bytes += sizes[name]
    return Spent(tuple(paths), len(owners), n_bytes)


def remove(paths: Iterable[Path]) -> int:
    """Delete files; return how many could not be."""
    n_left = 0
    for path in paths:
        try:
            path.unlink(missing_ok=True)
        except OSError:
            n_left += 1
    return n_left


def _below(folder: Path, found: Counter[str], *, deep: bool = True) -> Iterator[tuple[str, int]]:
    """Yield name and size of every file below a folder; links are not followed."""
    waiting = [str(folder)]
    while waiting:
        try:
            with os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        waiting += [entry.path] if deep else []
                    else:
                        with suppress(FileNotFoundError):
                            yield entry.name, entry.stat(follow_symlinks=False).st_size
        except FileNotFoundError:
            continue
        except OSError:
            found["unreadable"] += 1
