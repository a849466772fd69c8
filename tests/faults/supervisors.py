"""A supervisor that is killed, two of them, and two servers: the work goes on, and one acts."""

from __future__ import annotations

import random
import signal
import subprocess
import time

from core.runs import summon
from core.runs.launch import environment, module_command
from tests.faults import living, soundness
from tests.faults.ground import Ground, orphans_in, wait_until
from tests.faults.tally import Tally
from tests.serving import start_server, wait_until_it_answers

RUNS = 3
EPOCHS = 1_000


def play(n_points: int, seed: int) -> Tally:
    """Kill the supervisor `n_points` times while a queue is worked off, with two called each time."""
    tally, chance = Tally("supervisors"), random.Random(seed)
    with living.scene(ROWSMITH_MAX_JOBS="1") as place:
        runs = [living.begin(place, f"run {k}", epochs=EPOCHS, random_seed=k).id for k in range(RUNS)]
        weights, curve = living.undisturbed(place, epochs=EPOCHS, random_seed=0)
        for _ in range(n_points):
            time.sleep(2 * chance.random())
            _kill_and_call_two(place, tally)
        _work_off_with_two_servers(place, runs, tally)
        tally.corrupt += soundness.end_flaws(place, runs[0], weights, curve)
        for run_id in runs:
            run = place.store.run(run_id)
            tally.ended(run.state)
            tally.expect(run.attempt == 1, f"{run_id} was begun {run.attempt} times")
            tally.corrupt += soundness.flaws(place, run_id)
        _send_away(place, tally)
    return tally


def _kill_and_call_two(place: Ground, tally: Tally) -> None:
    """Kill the supervisor and start two at once; one may stay."""
    for process in living.found(place, living.SUPERVISOR):
        process.kill()
        process.wait(10)
    command, variables = module_command(living.SUPERVISOR), environment(place.workspace, 1)
    two = [subprocess.Popen(command, env=variables, stderr=subprocess.DEVNULL) for _ in range(2)]
    called = time.monotonic()
    one_left = wait_until(lambda: sum(process.poll() is None for process in two) <= 1, 30)
    tally.points += 1
    tally.took(time.monotonic() - called)
    tally.expect(one_left, "two supervisors stay")
    tally.expect(wait_until(lambda: summon.is_supervised(place.workspace), 20), "no supervisor has the lock")


def _work_off_with_two_servers(place: Ground, runs: list[str], tally: Tally) -> None:
    """Let two servers look at the workspace while the rest of the queue is worked off."""
    servers = [start_server(place.home, place.home.parent / f"server{k}.log") for k in range(2)]
    for server in servers:
        wait_until_it_answers(server)
    for run_id in runs:
        tally.expect(
            wait_until(lambda run_id=run_id: living.rests(place.store.run(run_id))), f"in vain: {place.words(run_id)}"
        )
    at_work = len(living.found(place, living.SUPERVISOR))
    tally.expect(at_work <= 1, f"{at_work} supervisors are at work")
    for server in servers:
        server.process.kill()
        server.process.wait()


def _send_away(place: Ground, tally: Tally) -> None:
    for process in living.found(place, living.SUPERVISOR):
        living.send(process, signal.SIGTERM)
    tally.orphans += orphans_in(place.home)
