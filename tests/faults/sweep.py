"""One fault at each of many system calls of a worker, and what is left after each.

A part of a sweep is a process of its own: the workspace it uses is in its environment, and with it
in that of every worker it forks.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from core.runs import summon
from core.runs.supervisor import Supervisor
from core.workspace import HOME_VARIABLE
from tests.faults import forks, ground, soundness, tracing
from tests.faults.ground import Ground
from tests.faults.tally import Tally
from tests.faults.tracing import Point

ROOT = Path(__file__).resolve().parents[2]
RUN = "run1"
LOOK_SECONDS = 0.02
MARKED_SECONDS = 10.0
PART_SECONDS = 3_600

Strike = Callable[["Sweep", Point, Tally], None]


@dataclass
class Watch:
    """A supervisor in this process, with the worker that is struck first among those it starts."""

    supervisor: Supervisor
    nursery: forks.Nursery
    tracers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def struck(self) -> forks.Forked | None:
        """Return the first worker, once it was started."""
        return self.nursery.children[0] if self.nursery.children else None

    def until_it_rests(self, place: Ground) -> bool:
        """Look until no run is active and every worker is gone; return whether that came to be."""

        def rests() -> bool:
            self.supervisor.look()
            return not place.store.active_runs() and all(child.poll() is not None for child in self.nursery.children)

        return ground.wait_until(rests, ground.PATIENCE_SECONDS, LOOK_SECONDS)

    def end(self) -> None:
        """Leave no worker and no tracer behind."""
        for child in self.nursery.children:
            child.kill()
            while child.poll() is None:
                time.sleep(LOOK_SECONDS)
        for tracer in self.tracers:
            tracer.wait(20)


@dataclass
class Sweep:
    """What every point of a sweep starts from, and what an undisturbed training comes to."""

    folder: Path
    home: Path
    weights: soundness.Weights
    curve: soundness.Curve
    points: list[Point]

    @contextmanager
    def struck(self, point: Point, what: str, calls: Sequence[str]) -> Iterator[tuple[Ground, Watch]]:
        """Give a fresh workspace whose waiting run will be struck at `point` by a signal or an error."""
        place = ground.restore(self.folder / "template", self.home)
        injection = point.injection(what)
        with _watching(place, calls, self.folder / "strace.log", injection) as watch:
            yield place, watch
        place.store.close()


def sweep(
    scenario: str, strike: Strike, *, calls: Sequence[str], n_points: int, seed: int, part: tuple[int, int]
) -> Tally:
    """Strike at `n_points` calls, of which this process does its part (which, of how many)."""
    tracing.check_strace()
    tally = Tally(scenario)
    home = ground.home_of_this_process()
    assert home is not None, "a part of a sweep is started by in_parts"
    forks.import_all()
    with tempfile.TemporaryDirectory(prefix="rowsmith-faults-") as folder:
        prepared = _prepare(Path(folder), Path(home), calls)
        chosen = tracing.spread(prepared.points, n_points, seed)
        for point in chosen[part[0] :: part[1]]:
            strike(prepared, point, tally)
            tally.orphans += [f"{point}: {process}" for process in ground.orphans_in(prepared.home)]
    return tally


def in_parts(scenario: str, n_points: int, seed: int, n_parts: int) -> Tally:
    """Run a sweep in `n_parts` processes at once, and add up what they found."""
    with tempfile.TemporaryDirectory(prefix="rowsmith-faults-") as folder:
        started = [_start_part(scenario, n_points, seed, (k, n_parts), Path(folder)) for k in range(n_parts)]
        tally = Tally(scenario)
        for k, process in enumerate(started):
            _, errors = process.communicate(timeout=PART_SECONDS)
            answer = Path(folder) / f"{k}.json"
            if tally.expect(answer.exists(), f"part {k} ended with code {process.returncode}: {errors[-2000:]}"):
                tally.add(Tally(**json.loads(answer.read_text(encoding="utf-8"))))
    return tally


def _start_part(scenario: str, n_points: int, seed: int, part: tuple[int, int], folder: Path) -> subprocess.Popen[str]:
    options = ["--points", str(n_points), "--seed", str(seed), "--part", f"{part[0]}/{part[1]}"]
    command = [sys.executable, "-m", "tests.faults", "--only", scenario, *options]
    home = folder / f"home{part[0]}"
    home.mkdir()
    return subprocess.Popen(
        [*command, "--json", str(folder / f"{part[0]}.json")],
        cwd=ROOT,
        env={**os.environ, HOME_VARIABLE: str(home), "OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def _prepare(folder: Path, home: Path, calls: Sequence[str]) -> Sweep:
    """Make the template, train undisturbed, and list where a fault can strike."""
    place = ground.prepare(home)
    place.queue(RUN)
    place.store.close()
    template = folder / "template"
    home.rename(template)
    place = ground.restore(template, home)
    log = folder / "strace.log"
    with _watching(place, calls, log, None) as watch:
        assert watch.until_it_rests(place), place.words(RUN)
    assert place.store.run(RUN).state == "finished", place.words(RUN)
    weights, curve = soundness.weights_of(place, RUN), soundness.curve_of(place, RUN)
    place.store.close()
    return Sweep(folder, home, weights, curve, tracing.points_in(log, home))


@contextmanager
def _watching(place: Ground, calls: Sequence[str], log: Path, injection: str | None) -> Iterator[Watch]:
    """Be the workspace's supervisor, whose first worker is traced."""
    nursery = forks.Nursery(place.store)
    watch = Watch(Supervisor(place.workspace, place.store, 1, False, spare=nursery), nursery)  # type: ignore[arg-type]
    nursery.attend = lambda pid: watch.tracers.append(tracing.attach(pid, calls, log, injection))
    with summon.the_lock(place.workspace) as is_mine:
        assert is_mine
        try:
            yield watch
        finally:
            watch.end()
