"""A full disk at each write of a worker: once, and from then on."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from core.runs.requests import resume
from tests.faults import soundness
from tests.faults.ground import Ground
from tests.faults.sweep import RUN, Sweep, Watch, sweep
from tests.faults.tally import Tally
from tests.faults.tracing import CAN_BE_FULL, Point

ANEW = "run2"
NAMING = ("disk", "cannot be written", "No space left")

_NEW_FILE = re.compile(r'(/\.[^/"]+|-wal|-shm)", [^)]*O_CREAT')  # unlike one that is opened again
LASTING = ("write", "pwrite64", "ftruncate", "fsync", "fdatasync")


def part(n_points: int, seed: int, which: tuple[int, int]) -> Tally:
    """Let the disk be full at `n_points` calls, of which this process does its part."""
    return sweep("full_disk", _strike, calls=CAN_BE_FULL, n_points=n_points, seed=seed, part=which)


def _strike(swept: Sweep, point: Point, tally: Tally) -> None:
    """Fill the disk at every other point for good; when there is space again, the run must come to its end."""
    point = replace(point, lasting=point.n % 2 == 0 and point.call in LASTING)
    with swept.struck(point, "error=ENOSPC", CAN_BE_FULL) as (place, watch):
        if not tally.expect(watch.until_it_rests(place), f"{point}: the run does not end: {place.words(RUN)}"):
            return
        if not _has_met_it(swept.folder / "strace.log"):
            tally.ended("not reached")
            return
        tally.points += 1
        run = place.store.run(RUN)
        tally.ended(run.state)
        if run.state == "failed":
            tally.notes.append(f"{point}: {place.words(RUN)}")
        if run.state != "finished":
            named = any(words in run.message for words in NAMING)
            tally.expect(named, f"{point}: the disk is not named: {place.words(RUN)}")
        tally.corrupt += [f"{point}: {flaw}" for flaw in soundness.flaws(place, RUN)]
        ended = _recovered(place, watch, tally, point)
        found = soundness.end_flaws(place, ended, swept.weights, swept.curve)
        tally.corrupt += [f"{point}, at the end: {flaw}" for flaw in found]


def _has_met_it(log: Path) -> bool:
    """Return whether the fault came, and to a call that needs space; a thread's n-th call is not always the same."""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    return any("(INJECTED)" in line and ("openat(" not in line or _NEW_FILE.search(line)) for line in lines)


def _recovered(place: Ground, watch: Watch, tally: Tally, point: Point) -> str:
    """Resume the run, or ask for it anew where it failed; return the one that has ended."""
    run = place.store.run(RUN)
    if run.is_resting:
        resume(place.workspace, place.store, RUN)
    elif run.state == "failed":
        place.queue(ANEW)
    tally.expect(watch.until_it_rests(place), f"{point}: with space again, it does not end: {place.words(RUN)}")
    return ANEW if run.state == "failed" else RUN
