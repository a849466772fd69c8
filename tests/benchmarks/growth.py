"""Seconds of a training as rows and columns grow, drawn into assets/growth.svg: `python -m tests.benchmarks growth`.

The slope on two logarithmic scales says how cost grows: 1 is in proportion, 2 with the square. It is fitted to
the larger half of the sizes, where what every training costs once does not count any more.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from core.epoch import EpochReport
from core.trainer import TrainingConfig, train_model_from_file
from tests.benchmarks.figures import Figure
from tests.benchmarks.lines import Line, Panel, draw
from tests.benchmarks.scoring import write_table
from tests.benchmarks.steps import threads

TITLE = "Growth: seconds to read and prepare a CSV, and of an epoch (batch 256, 2×128, one thread)"
ROWS_OF_WIDE = 5_000
ROUNDS, EPOCHS = 3, 3
QUICK_SECONDS = 5.0  # what takes longer is measured once
PARTS = {"prepare": "read and prepared", "epoch": "an epoch"}
PLOT = Path(__file__).resolve().parents[2] / "assets" / "growth.svg"


@dataclass(frozen=True)
class Growth:
    """What grows, to which sizes, and how a table of a size is written and read."""

    what: str
    beside: str
    sizes: Sequence[int]
    write: Callable[[Path, int], object]
    excluded: Sequence[str] = ()
    dates: Sequence[str] = ()


@dataclass(frozen=True)
class Cost:
    """What a training on a table of one size took, in seconds."""

    size: int
    prepare: float
    epoch: float


def write_wide(path: Path, n_columns: int) -> None:
    """Write a table of numbers, each fifth column one of five texts, and a target of two classes."""
    rng = np.random.default_rng(0)
    columns: dict[str, np.ndarray] = {
        f"column_{i}": rng.normal(size=ROWS_OF_WIDE).round(4) if i % 5 else rng.choice(list("abcde"), ROWS_OF_WIDE)
        for i in range(n_columns)
    }
    pd.DataFrame(columns | {"target": np.where(columns["column_1"] > 0, "yes", "no")}).to_csv(path, index=False)


ROWS = Growth(
    "rows", "20 columns", (100, 1_000, 10_000, 100_000, 1_000_000),
    lambda path, n_rows: write_table(path, n_rows, seed=6), excluded=("id",), dates=("day",),
)  # fmt: skip
COLUMNS = Growth("columns", f"{ROWS_OF_WIDE:,} rows", (5, 20, 100, 500, 2_000), write_wide)


def costs(growth: Growth) -> Iterator[Cost]:
    """Yield the cost of each size of table."""
    with tempfile.TemporaryDirectory() as folder, threads(1):
        path = Path(folder) / "table.csv"
        growth.write(path, growth.sizes[0])
        _train(growth, path)  # imports
        for size in growth.sizes:
            growth.write(path, size)
            yield _cost(growth, path, size)


def _cost(growth: Growth, path: Path, size: int) -> Cost:
    """Return the medians of a few trainings, or one where that takes long."""
    found: list[tuple[float, float]] = []
    while not found or (len(found) < ROUNDS and sum(found[0]) < QUICK_SECONDS):
        found.append(_train(growth, path))
    prepare, epoch = (statistics.median(part) for part in zip(*found, strict=True))
    return Cost(size, prepare, epoch)


def _train(growth: Growth, path: Path) -> tuple[float, float]:
    """Train on the table; return the seconds before the first epoch, and the median of the epochs."""
    ended: list[float] = []
    seconds: list[float] = []

    def on_epoch(report: EpochReport) -> None:
        ended.append(time.perf_counter())
        seconds.append(report.seconds)

    cfg = TrainingConfig("target", epochs=EPOCHS, batch_size=256)
    began = time.perf_counter()
    train_model_from_file(path, cfg, None, growth.excluded, growth.dates, "cpu", on_epoch=on_epoch)
    return ended[0] - seconds[0] - began, statistics.median(seconds)


def slope(found: Sequence[Cost], part: str) -> float:
    """Return the slope of seconds over size on logarithmic scales, over the larger half of the sizes."""
    larger = found[len(found) // 2 :]
    sizes, seconds = ([getattr(one, name) for one in larger] for name in ("size", part))
    return float(np.polyfit(np.log(sizes), np.log(seconds), 1)[0])


def figures() -> Iterator[Figure]:
    """Yield the seconds of each size, and the slopes; draw them."""
    panels = []
    for growth in (ROWS, COLUMNS):
        found = []
        for cost in costs(growth):
            for part, title in PARTS.items():
                yield Figure(f"{cost.size:,} {growth.what} × {growth.beside}: {title}", getattr(cost, part), "s")
            found.append(cost)
        for part, title in PARTS.items():
            yield Figure(f"slope over {growth.what}: {title}", slope(found, part), "")
        panels.append(_panel(growth, found))
    PLOT.write_text(draw(panels), encoding="utf-8")


def _panel(growth: Growth, found: Sequence[Cost]) -> Panel:
    lines = [
        Line(f"{title}, slope {slope(found, part):.2f}", [(one.size, getattr(one, part)) for one in found])
        for part, title in PARTS.items()
    ]
    return Panel(f"Seconds, as {growth.what} grow ({growth.beside})", growth.what, lines)
