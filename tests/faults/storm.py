"""Random signals to random processes at random moments; in the end everything is resumed, and nothing is lost."""

from __future__ import annotations

import random
import signal
import time

import psutil

from core.runs import summon
from core.runs.requests import resume
from tests.faults import living, soundness
from tests.faults.ground import Ground, orphans_in, wait_until
from tests.faults.tally import Tally

RUNS = 3
EPOCHS = 2_000
SIGNALS = (signal.SIGKILL, signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGSTOP)
STOPPED_SECONDS = 1.0
MARKED_SECONDS = 10.0


def play(n_points: int, seed: int) -> Tally:
    """Send `n_points` signals, then let all runs come to their end."""
    tally, chance = Tally("storm"), random.Random(seed)
    with living.scene(ROWSMITH_MAX_JOBS="2") as place:
        seeds = {living.begin(place, f"run {k}", epochs=EPOCHS, random_seed=k).id: k for k in range(RUNS)}
        for _ in range(n_points):
            _strike(place, chance, tally)
            _pick_up(place, chance, tally)
        _let_end(place, list(seeds), tally)
        for run_id, random_seed in seeds.items():
            weights, curve = living.undisturbed(place, epochs=EPOCHS, random_seed=random_seed)
            tally.corrupt += soundness.end_flaws(place, run_id, weights, curve)
        for process in living.found(place, living.SUPERVISOR):
            living.send(process, signal.SIGTERM)
        tally.orphans += orphans_in(place.home)
    return tally


def _strike(place: Ground, chance: random.Random, tally: Tally) -> None:
    """Signal one process of the workspace after a while."""
    time.sleep(3 * chance.random())
    victims = sorted(living.at_work_in(place.home), key=lambda process: process.pid)
    if not victims:
        return
    victim, number = chance.choice(victims), chance.choice(SIGNALS)
    living.send(victim, number)
    tally.points += 1
    tally.ended(f"{number.name} {_role(victim)}")
    if number == signal.SIGSTOP:
        time.sleep(STOPPED_SECONDS)
        living.send(victim, signal.SIGCONT)


def _pick_up(place: Ground, chance: random.Random, tally: Tally) -> None:
    """Do what a page does: call the supervisor, and now and then ask for a spare or resume what rests."""
    (summon.warm if chance.random() < 0.3 else summon.ensure)(place.workspace)
    for run in place.store.runs():
        tally.corrupt += [f"{run.id} {run.state}: {flaw}" for flaw in soundness.flaws(place, run.id)]
        tally.expect(run.state != "failed", f"a signal made it fail: {place.words(run.id)}")
        if run.is_resting and chance.random() < 0.5:
            resume(place.workspace, place.store, run.id)


def _let_end(place: Ground, runs: list[str], tally: Tally) -> None:
    for run_id in runs:
        summon.ensure(place.workspace)
        if place.store.run(run_id).is_resting:
            resume(place.workspace, place.store, run_id)
    for run_id in runs:
        _wait_for_end(place, run_id, tally)


def _wait_for_end(place: Ground, run_id: str, tally: Tally) -> None:
    """Wait for a run's end; one whose death is only noticed now is resumed."""
    ended = wait_until(lambda: living.rests(place.store.run(run_id)))
    if tally.expect(ended, f"in vain: {place.words(run_id)}") and place.store.run(run_id).is_resting:
        resume(place.workspace, place.store, run_id)
        tally.expect(wait_until(lambda: living.rests(place.store.run(run_id))), f"in vain: {place.words(run_id)}")


def _role(process: psutil.Process) -> str:
    words = living.words_of(process)
    names = (living.SPARE, living.WORKER, living.SUPERVISOR)
    return next((name.rpartition(".")[2].strip("-") for name in names if name in words), "another")
