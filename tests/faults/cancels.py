"""Cancelling a run at every moment of its life: all its processes are gone, and its checkpoint is sound."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

from core.runs.checkpoints import CHECKPOINT_NAME
from core.runs.records import Run
from core.runs.requests import MODEL_NAME
from tests.faults import living, soundness
from tests.faults.ground import Ground, orphans_in, wait_until
from tests.faults.tally import Tally

GRANDCHILD = """
import os, subprocess, sys
if "core.runs.worker" in sys.orig_argv:
    session = "os.setsid()" if os.path.exists(__file__ + ".own_session") else ""
    code = "import os, signal, time; signal.signal(15, signal.SIG_IGN); " + session + "\ntime.sleep(600)"
    subprocess.Popen([sys.executable, "-S", "-c", code], stdin=subprocess.DEVNULL)
"""
ROWS = 4_000
WIDE = {"hidden_dim": 1024, "num_hidden_layers": 3, "epochs": 3, "test_size": 0.5}  # whose checkpoint takes a moment

Moment = Callable[[Ground, Run], bool]


def play(n_points: int, seed: int) -> Tally:
    """Cancel at each moment in turn, `n_points` times, a worker that has a stubborn child of its own."""
    tally = Tally("cancels")
    with living.scene(ROWS, ROWSMITH_MAX_JOBS="1") as place:
        script = place.home.parent / "sitecustomize.py"
        script.write_text(GRANDCHILD, encoding="utf-8")
        with living.environment({"PYTHONPATH": str(place.home.parent)}):
            for k in range(n_points):
                _set(script.with_name(f"{script.name}.own_session"), (k + k // len(MOMENTS)) % 2 == 1)
                _cancel_at(list(MOMENTS)[k % len(MOMENTS)], k, place, tally)
            for process in living.found(place, living.SUPERVISOR):
                living.send(process, signal.SIGTERM)
            tally.orphans += orphans_in(place.home)
    return tally


def _set(mark: Path, is_there: bool) -> None:
    """Say by a file whether the child has a session of its own."""
    mark.unlink(missing_ok=True)
    if is_there:
        mark.touch()


def _cancel_at(name: str, k: int, place: Ground, tally: Tally) -> None:
    run = living.begin(place, f"{name} {k}", random_seed=k, **WIDE)
    moment = MOMENTS[name]
    if not wait_until(lambda: moment(place, run) or living.rests(place.store.run(run.id)), 90, 0.001):
        tally.broken.append(f"{name}: never so: {place.words(run.id)}")
    seconds = living.cancel(place, run.id)
    gone_at = time.monotonic()
    others = wait_until(lambda: not _at_work_for(place), living.END_SECONDS, 0.02)
    seconds += time.monotonic() - gone_at
    tally.points += 1
    tally.took(seconds)
    state = place.store.run(run.id).state
    tally.ended(f"{state} ({name})")
    tally.expect(others and seconds <= living.END_SECONDS, f"{name}: gone after {seconds:.1f} s: {_at_work_for(place)}")
    tally.expect(state in ("interrupted", "finished"), f"{name}: {place.words(run.id)}")
    tally.corrupt += [f"{name}: {flaw}" for flaw in soundness.flaws(place, run.id)]


def _at_work_for(place: Ground) -> list[str]:
    """Return the processes of the workspace but its supervisor."""
    return [text for text in orphans_in(place.home, seconds=0) if living.SUPERVISOR not in text]


def _writing(place: Ground, run: Run) -> bool:
    """Return whether a checkpoint or a model lies half-written in the run's folder."""
    return any(path.name.startswith(".") for path in _names(place, run))


def _names(place: Ground, run: Run) -> list[Path]:
    try:
        return [Path(name) for name in os.listdir(place.workspace.run_dir(run.id))]
    except OSError:
        return []


MOMENTS: dict[str, Moment] = {
    "queued": lambda place, run: True,
    "writing": _writing,
    "evaluating": lambda place, run: place.store.run(run.id).epoch >= WIDE["epochs"],
    "loading": lambda place, run: place.store.state(run.id) == "running",
    "learning": lambda place, run: place.store.run(run.id).epoch >= 1,
    "starting": lambda place, run: place.store.state(run.id) != "queued",
    "checkpointed": lambda place, run: (place.workspace.run_dir(run.id) / CHECKPOINT_NAME).exists(),
    "saving": lambda place, run: (place.workspace.run_dir(run.id) / MODEL_NAME).exists(),
}
