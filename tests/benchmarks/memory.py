"""Peak memory and seconds of trainings on wide and long tables, each in a process of its own.

`python -m tests.benchmarks.memory [sparse|million|ten_million]…`. Memory is what a process held at most, its
imports among it. Files are written before, by another process.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from tests.benchmarks.figures import Figure, at_most, print_all

TITLE = "Memory of a process that trains 2×128, imports among it"
ROWS_AT_ONCE = 250_000
MEGABYTE = 1_000_000
LEVELS = 50_000

Columns = dict[str, Any]


@dataclass(frozen=True)
class Case:
    """A table and how it is trained on; `parts` are the sizes among which growth is looked at."""

    name: str
    columns: Callable[[np.random.Generator, int, int], Columns]
    n_rows: int
    epochs: int
    batch_size: int
    suffix: str = ".csv"
    dates: tuple[str, ...] = ()
    predicts: bool = False


@dataclass(frozen=True)
class Peak:
    """What a process took: seconds and bytes from its imports to its end, and the encoded row's features."""

    seconds: float
    bytes: int
    imported: int
    n_features: int


def pages(rng: np.random.Generator, start: int, n: int) -> Columns:
    """Return addresses of `LEVELS` pages, each there at least once in as many rows, and four numbers."""
    page = np.where(np.arange(start, start + n) < LEVELS, np.arange(start, start + n), rng.integers(0, LEVELS, n))
    columns: Columns = {"page": np.char.add("https://example.org/", page.astype(str))}
    columns |= {f"number_{i}": rng.normal(size=n).round(4) for i in range(4)}
    return columns | {"y": _answer(columns["number_0"] + (page % 7 == 0) + rng.normal(size=n))}


def orders(n_numbers: int, n_texts: int, n_codes: int) -> Callable[[np.random.Generator, int, int], Columns]:
    """Return what makes columns of numbers, of texts with few levels, of codes with 1,000, and a date."""

    def columns(rng: np.random.Generator, start: int, n: int) -> Columns:
        found: Columns = {}
        for i in range(n_numbers):
            found[f"number_{i}"] = rng.normal(size=n).round(4) if i % 2 else rng.integers(0, 1000, n)
        for i in range(n_texts):
            levels = np.array([f"level {k}" for k in range(3 + 3 * i)])
            found[f"text_{i}"] = levels[rng.integers(0, len(levels), n)]
        for i in range(n_codes):
            found[f"code_{i}"] = np.char.add("c", rng.integers(0, 1000, n).astype(str))
        found["day"] = (np.datetime64("2015-01-01") + rng.integers(0, 3000, n)).astype(str)
        return found | {"y": _answer(found["number_1"] + (found["text_0"] == "level 1") + rng.normal(size=n))}

    return columns


CASES = {
    "sparse": Case("100,000 rows with 50,000 texts", pages, 100_000, 1, 256, predicts=True),
    "million": Case("1,000,000 × 30 from a CSV", orders(19, 8, 1), 1_000_000, 5, 1024, dates=("day",)),
    "ten_million": Case("10,000,000 × 20", orders(13, 5, 0), 10_000_000, 1, 8192, ".parquet", ("day",)),
}
PROMISES = {"sparse": (2000, None), "million": (3000, 90), "ten_million": (None, None)}
FEWER = 10  # times as many rows as the part with which a growing table is compared


def write_table(case: Case, path: Path, n_rows: int) -> None:
    """Write a case's table, part by part."""
    rng, writer = np.random.default_rng(0), None
    for start in range(0, n_rows, ROWS_AT_ONCE):
        table = pa.table(case.columns(rng, start, min(ROWS_AT_ONCE, n_rows - start)))
        if writer is None:
            kind = pyarrow.csv.CSVWriter if path.suffix == ".csv" else pyarrow.parquet.ParquetWriter
            writer = kind(str(path), table.schema)
        writer.write(table)
    if writer is not None:
        writer.close()


def measure(case: Case, folder: Path, n_rows: int) -> Peak:
    """Train on `n_rows` rows of a case in a process of its own."""
    path = folder / f"table{case.suffix}"
    write_table(case, path, n_rows)
    settings = {
        "cfg": {"target_column": "y", "epochs": case.epochs, "batch_size": case.batch_size, "validation_size": 0.15},
        "dates": case.dates,
        "predicts": case.predicts,
    }
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.memory", "--child", str(path), json.dumps(settings)],
        stdout=subprocess.PIPE, text=True, check=True,
    )  # fmt: skip
    return Peak(**json.loads(done.stdout.splitlines()[-1]))


def figures(names: tuple[str, ...] = ("sparse", "million", "ten_million")) -> Iterator[Figure]:
    """Yield the figures of the cases named."""
    for name in names:
        case, (megabytes, seconds) = CASES[name], PROMISES[name]
        with tempfile.TemporaryDirectory() as folder:
            peak = measure(case, Path(folder), case.n_rows)
            yield Figure(case.name, peak.bytes / MEGABYTE, "MB", None if megabytes is None else at_most(megabytes))
            yield Figure(
                f"{case.name}, {case.epochs} epochs", peak.seconds, "s", None if seconds is None else at_most(seconds)
            )
            if name == "ten_million":
                less = measure(case, Path(folder), case.n_rows // FEWER)
                yield _growth(case, less, peak)


def print_memory(names: tuple[str, ...] = ("sparse", "million", "ten_million")) -> None:
    """Print the figures of the cases named."""
    print_all(TITLE, figures(names))


def _growth(case: Case, less: Peak, more: Peak) -> Figure:
    """Return how much a row adds to the peak, beside the row as the network sees it."""
    grown = (more.bytes - less.bytes) / (case.n_rows - case.n_rows // FEWER)
    dense = 4 * more.n_features
    return Figure(f"{case.name}: bytes a row adds", grown / dense, "", at_most(1), ratio_of=f"a float32 row, {dense} B")


def _train(path: Path, settings: dict[str, Any]) -> Peak:
    """Do what a caller does, in this process: train, keep the bundle, and predict with it."""
    started = time.perf_counter()
    from core.trainer import TrainingConfig, load_bundle, predict_rows, save_bundle, train_model_from_file

    imported = _peak()
    cfg = TrainingConfig(**settings["cfg"])
    bundle, metrics = train_model_from_file(path, cfg, date_columns=settings["dates"], device="cpu")
    seconds = time.perf_counter() - started
    if settings["predicts"]:
        bundle = load_bundle(save_bundle(bundle, path.parent / "bundle", metrics))
        predict_rows(bundle, pyarrow.csv.read_csv(path).slice(0, 20_000).to_pylist(), "cpu")
    return Peak(seconds, _peak(), imported, bundle.input_dim)


def _peak() -> int:
    """Return the most bytes that this process has held; a resource's maximum would begin with its parent's."""
    return int(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0]) * 1024


def _answer(score: Any) -> Any:
    return np.where(score > 0, "yes", "no")


def main() -> None:
    """Measure what was asked for, or be the process that is measured."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.memory", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*CASES, []], help="which cases; all of them where none is named")
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.child:
        print(json.dumps(vars(_train(Path(asked.child[0]), json.loads(asked.child[1])))))
    else:
        print_memory(tuple(asked.names) or tuple(CASES))


if __name__ == "__main__":
    main()
