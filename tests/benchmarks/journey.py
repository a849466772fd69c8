"""The whole way of an analyst in Chromium, on small and large tables: what each wait takes, and what it consists of.

The waits are seen in the browser. Their parts come from what the app writes on the way, which the measuring
process reads twenty times a second: the folder of the file that comes in, the run and its curve in the store.
An epoch arrives there up to a quarter of a second after its end, the first one at once.
"""

from __future__ import annotations

import itertools
import re
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

from core.runs.records import DOING, Run
from core.runs.store import Store, open_store
from core.types import setting_of
from core.workspace import open_workspace
from tests.benchmarks.figures import Figure, print_all
from tests.benchmarks.scoring import write_table
from tests.benchmarks.waits import open_page
from tests.serving import Server, serving

MODE = "Standard network"
TITLE = f"The whole way, in Chromium: {MODE.lower()}, tables of 20 columns, 5 epochs, and what each wait consists of"
SIZES = (1_000, 7_000, 100_000)  # a million rows on request
LARGE, EPOCHS, LARGE_BATCH = 50_000, 5, 1_024
LOOK_SECONDS = 0.05
PATIENCE_MS = 300_000


@dataclass(frozen=True)
class Wait:
    """A wait and the moments that divide it; a part is called by the name of the moment that it leads to."""

    name: str
    moments: Sequence[str]


TO_FIRST_ROWS = Wait("end of upload to first rows", ("arrived", "reading them", "drawing the page"))
TO_COLUMNS = Wait("end of upload to columns", ("arrived", "reading and understanding", "drawing them"))
TO_FIRST_POINT = Wait(
    "click to first point",
    ("click", "asking for the run", "handing it over", "preparing the table", "first epoch", "drawing the point"),
)
EVALUATION = (  # a moment, and the sentence of the evaluation that is seen from then on
    ("scoring and saving the model", "Evaluating"),
    ("calibrating", "Comparing"),
    ("reference models", "Looking"),
)
TO_RESULTS = Wait(
    "last epoch to results",
    ("last epoch", *(name for name, _ in EVALUATION), "errors, and the end of the run", "drawing the results"),
)


@dataclass
class Moments:
    """When things were first seen, as `time.time()` has it."""

    seen: dict[str, float] = field(default_factory=dict)

    def note(self, name: str, at: float | None = None) -> None:
        """Take note of something that is there now, or has been since `at`."""
        self.seen.setdefault(name, at or time.time())

    def figure(self, wait: Wait, n_rows: int) -> Figure:
        """Return what the wait took, with its parts that could be seen, the longest first."""
        seen = [(self.seen[name], name) for name in wait.moments if name in self.seen]
        parts = [(after - before, name) for (before, _), (after, name) in itertools.pairwise(seen)]
        words = ", ".join(f"{name} {seconds:.2f}" for seconds, name in sorted(parts, reverse=True))
        return Figure(f"{n_rows:,} rows: {wait.name}", seen[-1][0] - seen[0][0], "s", note=words)


class Lookout:
    """Looks at the workspace all the while, from a thread of its own."""

    def __init__(self, home: Path, moments: Moments) -> None:
        self._store: Store = open_store(open_workspace(home))
        self._incoming, self._moments = home / "incoming", moments
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> Lookout:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()
        self._store.close()

    def _look(self) -> None:
        while not self._over.wait(LOOK_SECONDS):
            self._look_at_files()
            for run in self._store.runs():
                self._look_at_run(run)

    def _look_at_files(self) -> None:
        if any(itertools.chain(self._incoming.glob("*/upload"), self._incoming.glob("*/original*"))):
            self._moments.note("arrived")
        is_whole = bool(self._store.datasets())
        if is_whole:
            self._moments.note("reading and understanding")
        if is_whole or any(self._incoming.glob("*/head.json")):
            self._moments.note("reading them")

    def _look_at_run(self, run: Run) -> None:
        note, doing = self._moments.note, str((run.vitals or {}).get(DOING, ""))
        note("asking for the run")
        if run.state != "queued":
            note("handing it over")
        if run.epoch and "first epoch" not in self._moments.seen:
            note("preparing the table", time.time() - self._store.epochs(run.id)[0].seconds)
            note("first epoch")
        if run.epochs and run.epoch == run.epochs:
            note("last epoch")
        for name, begin in EVALUATION:
            if doing.startswith(begin):
                note(name)
        if run.finished_at:
            note("errors, and the end of the run")


def journey(n_rows: int) -> Iterator[Figure]:
    """Walk the whole way with a table of `n_rows` × 20 in a fresh workspace; yield its waits."""
    with tempfile.TemporaryDirectory() as name, serving(Path(name) / "home", Path(name) / "log.txt") as server:
        table, moments = Path(name) / "table.csv", Moments()
        write_table(table, n_rows, seed=5)
        with open_page() as page, Lookout(server.home, moments):
            page.set_default_timeout(PATIENCE_MS)
            _bring(page, server, table, moments)
            _train(page, moments, n_rows)
        for wait in (TO_FIRST_ROWS, TO_COLUMNS, TO_FIRST_POINT, TO_RESULTS):
            yield moments.figure(wait, n_rows)


def _bring(page: Any, server: Server, table: Path, moments: Moments) -> None:
    """Bring the file, see its first rows and its columns, and choose the target."""
    page.goto(server.url)
    page.locator("input[type=file]").set_input_files(table)
    page.get_by_test_id("stDataFrame").first.wait_for()
    moments.note("drawing the page")
    page.get_by_text("What should be predicted").wait_for()
    moments.note("drawing them")
    page.get_by_label("Target: what to predict").click()
    page.get_by_role("option", name="target", exact=True).click()
    page.get_by_text(re.compile("Outcome: target")).wait_for()


def _train(page: Any, moments: Moments, n_rows: int) -> None:
    """Go on to Train and start; see the first point of the curve, and the figures."""
    page.get_by_role("button", name="Go on to Train").click()
    start = page.get_by_role("button", name="Start training")
    start.wait_for()
    page.get_by_role("button", name=MODE).click()
    page.get_by_text("Advanced settings").click()
    _type(page, setting_of("epochs").label, EPOCHS)
    if n_rows > LARGE:
        _type(page, setting_of("batch_size").label, LARGE_BATCH)
    page.get_by_text(f"for {EPOCHS} epochs of").wait_for()  # the machine has been measured, and rests
    page.wait_for_timeout(1_000)
    moments.note("click")
    start.click()
    page.get_by_test_id("stVegaLiteChart").locator(".mark-symbol path").first.wait_for()
    moments.note("drawing the point")
    page.get_by_text("of the test rows (between").first.wait_for()
    moments.note("drawing the results")


def _type(page: Any, label: str, value: int) -> None:
    page.get_by_label(label, exact=True).fill(str(value))
    page.get_by_label(label, exact=True).press("Enter")


def figures(sizes: Sequence[int] = SIZES) -> Iterator[Figure]:
    """Yield the waits for each size of table."""
    for n_rows in sizes:
        yield from journey(n_rows)


if __name__ == "__main__":
    print_all(TITLE, figures([int(size) for size in sys.argv[1:]] or SIZES))
