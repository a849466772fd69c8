"""A real disk of 8 MB that fills up, one that is read-only, and a process that may open few files."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from core.errors import AppError
from core.runs.requests import resume
from core.runs.store import open_store
from core.workspace import open_workspace
from tests.faults import living, soundness
from tests.faults.ground import Ground, orphans_in, prepare, wait_until
from tests.faults.tally import Skipped, Tally
from tests.processes import at_work_in, end_all_in

EPOCHS = 1_500

Fault = Callable[[Ground, Tally], None]


def play(n_points: int, seed: int) -> Tally:
    """Inject the first `n_points` faults of the disk."""
    tally = Tally("small_disk")
    if os.geteuid() != 0:
        raise Skipped("only root can mount a small disk")
    for fault in FAULTS[:n_points]:
        with tempfile.TemporaryDirectory(prefix="rowsmith-faults-") as folder, _disk(Path(folder) / "disk") as disk:
            place = prepare(disk / "home")
            _inject(fault, place, tally)
            _check_end(place, tally)
    return tally


def _inject(fault: Fault, place: Ground, tally: Tally) -> None:
    name = fault.__name__.strip("_").replace("_", " ")
    try:
        fault(place, tally)
        tally.points += 1
    except Skipped as reason:
        tally.notes.append(f"{name} skipped: {reason}")
    except AssertionError as error:
        tally.broken.append(f"{name}: {error}")


def _fills_up(place: Ground, tally: Tally) -> None:
    """Fill the disk while a training writes to it, and make room again."""
    run = living.begin(place, epochs=EPOCHS)
    living.until(place, run.id, living.learning)
    with _full(place):
        wait_until(lambda: living.rests(place.store.run(run.id)), 8)
        _must_be_sound_and_named(place, run.id, "full", tally)
        _must_be_refused(lambda: living.begin(place, "another", random_seed=9), "full", tally)
    _must_finish(place, run.id, tally)


def _is_full_at_the_start(place: Ground, tally: Tally) -> None:
    """Let a run wait when the disk is full already."""
    run = place.queue("waiting", epochs=50)
    with _full(place), suppress(AppError):
        living.summon.ensure(place.workspace)
        wait_until(lambda: living.rests(place.store.run(run.id)), 12)
        _must_be_sound_and_named(place, run.id, "full", tally)
    _must_finish(place, run.id, tally)


def _is_read_only(place: Ground, tally: Tally) -> None:
    """Make the disk read-only while a training is paused, and writable again."""
    run = living.begin(place, epochs=EPOCHS)
    living.until(place, run.id, living.learning)
    place.store.request_pause(run.id)
    living.until(place, run.id, living.rests)
    _send_supervisor_away(place)
    wait_until(lambda: not at_work_in(place.home), 10)
    place.store.close()
    with _read_only(place):
        refused = [
            lambda: resume(place.workspace, open_store(place.workspace), run.id),
            lambda: living.begin(place, "another", random_seed=9),
            lambda: open_workspace(place.home.parent / "new"),
        ]
        for do in refused:
            _must_be_refused(do, "written", tally)
        tally.corrupt += list(soundness.file_flaws(place.workspace.run_dir(run.id)))
    _must_finish(place, run.id, tally)


def _too_many_files(place: Ground, tally: Tally) -> None:
    """Let a worker open no more files in its training, and give it room again."""
    run = living.begin(place, epochs=EPOCHS)
    run = living.until(place, run.id, living.learning)
    assert run.pid is not None
    before = resource.prlimit(run.pid, resource.RLIMIT_NOFILE)
    resource.prlimit(run.pid, resource.RLIMIT_NOFILE, (3, before[1]))
    wait_until(lambda: living.rests(place.store.run(run.id)), 3)
    with suppress(ProcessLookupError):
        resource.prlimit(run.pid, resource.RLIMIT_NOFILE, before)
    tally.corrupt += soundness.flaws(place, run.id)
    _must_finish(place, run.id, tally)


FAULTS: tuple[Fault, ...] = (
    _fills_up,
    _is_read_only,
    _is_full_at_the_start,
    _too_many_files,
)


def _must_finish(place: Ground, run_id: str, tally: Tally) -> None:
    """Resume the run, or ask for it anew where it failed; with room it must finish."""
    began = time.monotonic()
    living.summon.ensure(place.workspace)
    wait_until(lambda: living.rests(place.store.run(run_id)))
    run = place.store.run(run_id)
    tally.ended(run.state)
    if run.is_resting:
        resume(place.workspace, place.store, run_id)
        wait_until(lambda: living.rests(place.store.run(run_id)))
    elif run.state == "failed":
        tally.broken.append(f"for good: {place.words(run_id)}")
        return
    tally.took(time.monotonic() - began)
    weights, curve = living.undisturbed(place, epochs=run.epochs)
    tally.corrupt += soundness.end_flaws(place, run_id, weights, curve)


def _must_be_sound_and_named(place: Ground, run_id: str, word: str, tally: Tally) -> None:
    run = place.store.run(run_id)
    tally.corrupt += soundness.flaws(place, run_id)
    if not run.is_active and run.state != "finished":
        tally.expect(word in run.message, f"the disk is not named: {place.words(run_id)}")


def _must_be_refused(do: Callable[[], object], word: str, tally: Tally) -> None:
    """Expect a sentence that names the disk."""
    try:
        do()
    except AppError as error:
        tally.expect(word in error.sentence, f"the disk is not named: {error.sentence}")
    else:
        tally.broken.append("nothing was refused")


def _check_end(place: Ground, tally: Tally) -> None:
    _send_supervisor_away(place)
    tally.orphans += orphans_in(place.home)
    place.store.close()
    end_all_in(place.home)


def _send_supervisor_away(place: Ground) -> None:
    for process in living.found(place, living.SUPERVISOR):
        living.send(process, signal.SIGTERM)
        process.wait(10)


@contextmanager
def _disk(path: Path) -> Iterator[Path]:
    """Give a disk of 8 MB, of which the database's log may take half. Raises Skipped where none can be mounted."""
    path.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=8m", "faults", str(path)], capture_output=True, check=False
    )
    if mounted.returncode:
        raise Skipped(f"no small disk can be mounted: {mounted.stderr.decode().strip()}")
    try:
        yield path
    finally:
        subprocess.run(["umount", "--lazy", str(path)], check=True)


@contextmanager
def _full(place: Ground) -> Iterator[None]:
    """Take all the space that is left."""
    filler = place.home.parent / "filler"
    with filler.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(b"\0" * 4096)
    try:
        yield
    finally:
        filler.unlink()


@contextmanager
def _read_only(place: Ground) -> Iterator[None]:
    """Let nothing be written. The system refuses that while a file is open for writing."""
    disk = str(place.home.parent)
    if not wait_until(lambda: _remount("ro", disk), 10, 0.2):
        raise Skipped("the disk stays busy and cannot be made read-only")
    try:
        yield
    finally:
        _remount("rw", disk)


def _remount(how: str, disk: str) -> bool:
    """Mount a disk again in another way; return whether the system did."""
    return not subprocess.run(["mount", "-o", f"remount,{how}", disk], capture_output=True, check=False).returncode
