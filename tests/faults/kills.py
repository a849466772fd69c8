"""SIGKILL of a worker at each write of state, checkpoint and bundle."""

from __future__ import annotations

import signal
import time

from core.runs.requests import resume
from tests.faults import soundness
from tests.faults.sweep import MARKED_SECONDS, RUN, Sweep, sweep
from tests.faults.tally import Tally
from tests.faults.tracing import WRITING, Point


def part(n_points: int, seed: int, which: tuple[int, int]) -> Tally:
    """Kill at `n_points` calls, of which this process does its part."""
    return sweep("kills", _strike, calls=WRITING, n_points=n_points, seed=seed, part=which)


def _strike(swept: Sweep, point: Point, tally: Tally) -> None:
    with swept.struck(point, "signal=SIGKILL", WRITING) as (place, watch):
        if not tally.expect(watch.until_it_rests(place), f"{point}: the run does not end: {place.words(RUN)}"):
            return
        ended_at = time.monotonic()
        if watch.struck is None or watch.struck.code != -signal.SIGKILL:
            tally.ended("not reached")
            return
        tally.points += 1
        _note_the_end(place.store.run(RUN).state, ended_at - (watch.struck.died_at or ended_at), point, tally)
        tally.corrupt += [f"{point}: {flaw}" for flaw in soundness.flaws(place, RUN)]
        if place.store.run(RUN).is_resting:
            resume(place.workspace, place.store, RUN)
            tally.expect(watch.until_it_rests(place), f"{point}: resumed, it does not end: {place.words(RUN)}")
        found = soundness.end_flaws(place, RUN, swept.weights, swept.curve)
        tally.corrupt += [f"{point}, at the end: {flaw}" for flaw in found]


def _note_the_end(state: str, seconds: float, point: Point, tally: Tally) -> None:
    tally.ended(state)
    tally.expect(state in ("interrupted", "finished"), f"{point}: killed, the run is {state}")
    if state == "interrupted":
        tally.took(seconds)
        tally.expect(seconds <= MARKED_SECONDS, f"{point}: noticed after {seconds:.1f} s")
