"""Damaged rows and missing files of 50 runs among 1,000."""

from __future__ import annotations

import random
import shutil
import sqlite3
import time

from core.runs.supervisor import Supervisor
from tests.faults import living
from tests.faults.ground import Ground
from tests.faults.tally import Tally

RUNS = 1_000
GARBLED: tuple[tuple[str, object], ...] = (
    ("request", "{not json"),
    ("request", "[1, 2]"),
    ("state", "sleeping"),
    ("kind", b"\xff\xfe"),
    ("created_at", "yesterday"),
    ("process", '{"pid": "seven"}'),
    ("metrics", "null,"),
    ("epoch", "many"),
    ("seconds", -1),
    ("vitals", '"text"'),
)


def play(n_points: int, seed: int) -> Tally:
    """Damage `n_points` of a thousand runs; the list opens, and the damaged ones say so."""
    tally, chance = Tally("damage"), random.Random(seed)
    with living.scene() as place:
        names = [place.queue(f"run-{k}", random_seed=k).id for k in range(RUNS)]
        for name in names:
            place.store.request_cancel(name)
        chosen = chance.sample(names, n_points)
        for k, name in enumerate(chosen):
            _damage(place, name, *GARBLED[k % len(GARBLED)])
        _look_at_all(place, set(chosen), tally)
        tally.points += n_points
    return tally


def _damage(place: Ground, run_id: str, column: str, value: object) -> None:
    connection = sqlite3.connect(place.home / "rowsmith.sqlite3")
    with connection:
        connection.execute("PRAGMA ignore_check_constraints = ON")
        connection.execute(f"UPDATE runs SET {column} = ? WHERE id = ?", (value, run_id))
    connection.close()
    shutil.rmtree(place.workspace.run_dir(run_id), ignore_errors=True)


def _look_at_all(place: Ground, damaged: set[str], tally: Tally) -> None:
    began = time.monotonic()
    runs = place.store.runs()
    tally.took(time.monotonic() - began)
    tally.expect(len(runs) == RUNS, f"{len(runs)} of {RUNS} runs are listed")
    silent = sorted(run.id for run in runs if run.id in damaged and not run.damage)
    wronged = sorted(run.id for run in runs if run.id not in damaged and run.damage)
    tally.expect(not silent, f"damaged, and not said: {[(name, _raw(place, name)) for name in silent[:5]]}")
    tally.expect(not wronged, f"said to be damaged, and is not: {wronged[:5]}")
    supervisor = Supervisor(place.workspace, place.store, limit=0, has_gpu=False)
    for _ in range(2):
        supervisor.look()
    tally.expect(len(place.store.runs()) == RUNS, "the supervisor's look changes the list")
    for name in sorted(damaged)[:5]:
        place.store.delete_run(name)
    tally.expect(len(place.store.runs()) == RUNS - 5, "a damaged run cannot be deleted")


def _raw(place: Ground, run_id: str) -> tuple[object, ...]:
    connection = sqlite3.connect(place.home / "rowsmith.sqlite3")
    names = ", ".join(sorted({column for column, _ in GARBLED}))
    row = connection.execute(f"SELECT {names} FROM runs WHERE id = ?", (run_id,)).fetchone()
    connection.close()
    return tuple(row)
