"""A large CSV in the real app: seconds to its first rows and to the whole table, and the server's memory meanwhile."""

from __future__ import annotations

import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil
import pyarrow as pa
import pyarrow.csv

from tests.benchmarks.figures import Figure, at_most, print_all
from tests.benchmarks.waits import open_page
from tests.serving import serving

TITLE = "A large file, in Chromium"
ROWS = 5_000_000
ROWS_AT_ONCE = 500_000
MEGABYTE = 1_000_000


@dataclass(frozen=True)
class LargeFile:
    """What was seen: megabytes of the file, seconds from the end of the upload, megabytes of the server."""

    megabytes: float
    first_rows: float
    whole: float
    grown_most: float
    grown_after: float


def write_orders(path: Path, n_rows: int) -> None:
    """Write orders with 15 columns: ids, dates, codes, amounts and texts; about 103 bytes a row."""
    rng = np.random.default_rng(0)
    with path.open("wb") as file:
        writer = None
        for start in range(0, n_rows, ROWS_AT_ONCE):
            table = _orders(rng, start, min(ROWS_AT_ONCE, n_rows - start))
            writer = writer or pyarrow.csv.CSVWriter(file, table.schema)
            writer.write(table)
        if writer is not None:
            writer.close()


def _orders(rng: np.random.Generator, start: int, n: int) -> pa.Table:
    days = (np.datetime64("2015-01-01") + rng.integers(0, 3000, n)).astype(str)
    return pa.table(
        {
            "order_id": np.arange(start, start + n) + 1_000_000,
            "date": days,
            "store": rng.integers(1, 200, n),
            "customer": np.char.add("C", rng.integers(100_000, 999_999, n).astype(str)),
            "price": np.round(rng.gamma(2, 30, n), 2),
            "quantity": rng.integers(1, 20, n),
            "discount": np.round(rng.random(n), 4),
            "weight": np.round(rng.normal(10, 3, n), 3),
            "channel": rng.choice(["web", "shop", "phone"], n),
            "region": rng.choice(["north", "south", "east", "west", "centre"], n),
            "score": rng.normal(size=n).round(6),
            "zip": rng.integers(10_000, 99_999, n),
            "gift": rng.choice(["yes", "no"], n),
            "note": rng.choice(["", "ok", "late, returned", "gift wrap"], n),
            "returned": rng.integers(0, 2, n),
        }
    )


def measure(n_rows: int = ROWS) -> LargeFile:
    """Upload a file in Chromium and watch."""
    with tempfile.TemporaryDirectory() as name, serving(Path(name) / "home", Path(name) / "log.txt") as server:
        folder = Path(name)
        write_orders(folder / "orders.csv", n_rows)
        size = (folder / "orders.csv").stat().st_size / MEGABYTE
        process = psutil.Process(server.process.pid)
        with open_page() as page, _Watch(process) as watch:
            page.goto(server.url)
            page.locator("input[type=file]").wait_for(state="attached")
            page.wait_for_timeout(2_000)
            before = watch.now()
            page.locator("input[type=file]").set_input_files(folder / "orders.csv")
            incoming = folder / "home" / "incoming"
            while not any(
                (*incoming.glob("*/upload"), *incoming.glob("*/original*"))
            ):  # the upload has arrived when the server begins to write it
                time.sleep(0.02)
            arrived = time.perf_counter()
            page.get_by_text("while the rest is being read").wait_for()
            first_rows = time.perf_counter() - arrived
            page.get_by_text("What should be predicted").wait_for(timeout=300_000)
            whole = time.perf_counter() - arrived
            most = watch.most
            page.wait_for_timeout(3_000)
            return LargeFile(size, first_rows, whole, most - before - size, watch.now() - before)


class _Watch:
    """Looks at a process's memory all the while; megabytes."""

    def __init__(self, process: psutil.Process) -> None:
        self.most = 0.0
        self._process = process
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> _Watch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join()

    def now(self) -> float:
        return float(self._process.memory_info().rss) / MEGABYTE

    def _look(self) -> None:
        while not self._is_over.wait(0.05):
            self.most = max(self.most, self.now())


def figures(n_rows: int = ROWS) -> Iterator[Figure]:
    """Yield what a large file takes."""
    seen = measure(n_rows)
    what = f"{n_rows:,} rows × 15 columns, {seen.megabytes:.0f} MB"
    yield Figure(f"{what}: first rows", seen.first_rows, "s", at_most(3))
    yield Figure(f"{what}: whole table", seen.whole, "s", at_most(60))
    yield Figure("server's memory beyond the upload itself, at most", seen.grown_most, "MB", at_most(100))
    yield Figure("server's memory when all is done, against before", seen.grown_after, "MB")


if __name__ == "__main__":
    print_all(TITLE, figures(int(sys.argv[1]) if len(sys.argv) > 1 else ROWS))
