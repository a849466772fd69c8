"""A clock that is set days on and back while a run works, and a pid that was given out again."""

from __future__ import annotations

import math
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from core.runs.processes import identify
from core.runs.progress import progress_of
from core.runs.records import utc_now
from core.runs.supervisor import Supervisor
from tests.faults import living, soundness
from tests.faults.ground import Ground, orphans_in, wait_until
from tests.faults.tally import Skipped, Tally

LIBRARIES = ("libfaketimeMT.so.1",)
JUMPS = (2, -2, 0, -400, 400)  # days


def play(n_points: int, seed: int) -> Tally:
    """Set the clock `n_points` times under a training and its supervisor; then see to a stranger with a known pid."""
    tally = Tally("clocks")
    with living.scene() as place:
        _stranger(place, tally)
    library = _library()
    clock = "FAKETIME_TIMESTAMP_FILE"
    with living.scene() as place:
        setting = place.home.parent / "clock"
        setting.write_text("+0d", encoding="ascii")
        faked = {"LD_PRELOAD": library, clock: str(setting), "FAKETIME_NO_CACHE": "1", "NO_FAKE_STAT": "1"}
        faked |= {"DONT_FAKE_MONOTONIC": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
        with living.environment(faked):
            run = living.begin(place, epochs=living.ENDLESS)
            living.until(place, run.id, living.learning)
        for days in [JUMPS[k % len(JUMPS)] for k in range(n_points)]:
            _jump(place, run.id, days, setting, tally)
        place.store.request_stop(run.id)
        run = living.until(place, run.id, living.rests)
        tally.expect(run.state == "stopped" and bool(run.metrics), f"stopped: {place.words(run.id)}")
        tally.corrupt += soundness.flaws(place, run.id)
        _check_times(place, run.id, "at the end", tally)
        tally.expect(place.store.run(run.id).attempt == 1, "the run was taken for dead and begun again")
        for process in living.found(place, living.SUPERVISOR):
            living.send(process, signal.SIGTERM)
        tally.orphans += orphans_in(place.home)
    return tally


def _jump(place: Ground, run_id: str, days: int, setting: Path, tally: Tally) -> None:
    """Set the clock, and see the run go on, with sane times, as the page on that clock tells them."""
    reached = place.store.run(run_id).epoch
    setting.write_text(f"{days:+d}d", encoding="ascii")
    tally.points += 1
    goes_on = wait_until(lambda: place.store.run(run_id).epoch > reached, 30)
    time.sleep(1.0)  # two looks of the supervisor
    run = place.store.run(run_id)
    tally.expect(goes_on, f"{days:+d} days: no epoch after {reached}: {place.words(run_id)}")
    tally.expect(run.state == "running", f"{days:+d} days: {place.words(run_id)}")
    tally.expect(not run.trouble, f"{days:+d} days: {run.trouble}")
    off = run.updated_at - utc_now() - timedelta(days=days)
    tally.expect(abs(off) < timedelta(hours=1), f"{days:+d} days: the worker's clock was not set: {off}")
    _check_times(place, run_id, f"{days:+d} days", tally, days)


def _check_times(place: Ground, run_id: str, words: str, tally: Tally, days: int = 0) -> None:
    run, epochs = place.store.run(run_id), place.store.epochs(run_id)
    progress = progress_of(run, epochs, utc_now() + timedelta(days=days))
    lasted = run.seconds + 60
    times = (progress.elapsed_seconds, progress.remaining_seconds or 0.0, run.seconds, *(e.seconds for e in epochs))
    tally.expect(all(math.isfinite(value) and value >= 0 for value in times), f"{words}: a duration is negative")
    tally.expect(max(times) < lasted + 3600, f"{words}: a duration of {max(times):,.0f} s in a run of {lasted:.0f} s")


def _stranger(place: Ground, tally: Tally) -> None:
    """Let a run claim to be worked on by a process that only has the number of its worker."""
    stranger = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
    supervisor = Supervisor(place.workspace, place.store, limit=0, has_gpu=False)
    known = identify(stranger.pid)
    try:
        for process in (replace(known, started="1"), replace(known, boot="another boot")):
            for state in ("running", "cancelling"):
                run = place.queue(f"{state}-{process.started}-{process.boot}"[:40].replace(" ", "_"), random_seed=1)
                place.store.claim(run.id, process)
                place.store.move(run.id, ("starting",), "running")
                if state == "cancelling":
                    place.store.request_cancel(run.id)
                supervisor.look()
                tally.points += 1
                found = place.store.run(run.id)
                tally.expect(found.state == "interrupted", f"a reused pid, {state}: {place.words(run.id)}")
        tally.expect(stranger.poll() is None, "a foreign process was ended")
    finally:
        supervisor.spare.dismiss()
        os.kill(stranger.pid, signal.SIGKILL)
        stranger.wait()


def _library() -> str:
    """Return where libfaketime lies. Raises Skipped where it does not."""
    found = [path for name in LIBRARIES for path in Path("/usr/lib").glob(f"*/faketime/{name}")]
    if not found:
        raise Skipped("libfaketime is not installed")
    return str(found[0])
