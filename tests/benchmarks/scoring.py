"""Predicting for a large CSV: seconds and memory from file to file, and rows a second beside going row by row."""

from __future__ import annotations

import csv
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import torch

from core.scoring.files import score_rows
from core.scoring.predict import decode_outputs, predict_outputs, probabilities_of
from core.scoring.rows import rows_of_file
from core.serialization import load_bundle, save_bundle
from core.tables.options import ReadOptions
from core.trainer import train_model_from_file
from core.types import ModelBundle, TrainingConfig
from tests.benchmarks.figures import Figure, at_least, at_most, print_all

TITLE = "Predictions for a large file"
ROWS = 1_000_000
ROWS_AT_ONCE = 500_000
TRAINING_ROWS = 5_000
ROWS_BY_ROW = 20_000
KEEP_ALL = ReadOptions(stray_rows="keep")


@dataclass(frozen=True)
class Scored:
    """What predicting for a file took: seconds after the imports, and the most memory of the process."""

    n_rows: int
    seconds: float
    megabytes: float


def write_table(path: Path, n_rows: int, seed: int) -> None:
    """Write 20 columns: an id, 9 measures, 3 codes, 4 categories, a date, a note and the target; 146 bytes a row."""
    rng = np.random.default_rng(seed)
    with path.open("wb") as file:
        writer = None
        for start in range(0, n_rows, ROWS_AT_ONCE):
            table = _table(rng, start, min(ROWS_AT_ONCE, n_rows - start))
            writer = writer or pyarrow.csv.CSVWriter(file, table.schema)
            writer.write(table)
        if writer is not None:
            writer.close()


def _table(rng: np.random.Generator, start: int, n: int) -> pa.Table:
    columns: dict[str, np.ndarray] = {"id": np.arange(start, start + n) + 1_000_000}
    columns |= {f"measure_{i}": np.round(rng.normal(10 * i, 5, n), 3) for i in range(9)}
    columns |= {f"code_{i}": rng.integers(0, 50 * (i + 1), n) for i in range(3)}
    columns |= {f"kind_{i}": rng.choice([f"value {j}" for j in range(k)], n) for i, k in enumerate((3, 5, 10, 40))}
    columns["day"] = (np.datetime64("2015-01-01") + rng.integers(0, 3000, n)).astype(str)
    columns["note"] = rng.choice(["", "ok", "late, returned"], n)
    score = columns["measure_1"] + columns["measure_2"] / 2 + 5 * (columns["kind_1"] == "value 1")
    columns["target"] = np.where(score + rng.normal(0, 2, n) > 21, "yes", "no")
    return pa.table(columns)


def train(folder: Path) -> Path:
    """Train a classifier of two layers of 128 on such a table; return its file."""
    write_table(folder / "train.csv", TRAINING_ROWS, seed=1)
    cfg = TrainingConfig("target", epochs=5, categorical_columns=("code_0",))
    bundle, metrics = train_model_from_file(folder / "train.csv", cfg, exclude_columns=["id"], date_columns=["day"])
    return save_bundle(bundle, folder, metrics)


def score_file(model: Path, rows: Path) -> Scored:
    """Predict for `rows` in this process, CSV to CSV with probabilities and notes."""
    bundle = load_bundle(model)
    start = time.perf_counter()
    with rows_of_file(rows, KEEP_ALL, scratch_in=rows.parent) as source:
        scored = score_rows(
            bundle, source, [rows.with_name("predictions.csv")], device="cpu", n_threads=torch.get_num_threads()
        )
    seconds = time.perf_counter() - start
    return Scored(scored.n_rows, seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3)


def rate_row_by_row(bundle: ModelBundle, rows: Path, n_rows: int = ROWS_BY_ROW) -> float:
    """Return rows a second, CSV to CSV, where each row is a dict that scikit-learn's vectorizer transforms."""
    vectorizer = bundle.vectorizer
    bundle.vectorizer = _RowByRow(vectorizer)
    start = time.perf_counter()
    try:
        with rows.open(newline="") as file, rows.with_name("slow.csv").open("w", newline="") as out:
            reader = csv.DictReader(file)
            writer = csv.writer(out)
            records = list(islice(reader, n_rows))
            outputs = predict_outputs(bundle, records, "cpu")
            added = zip(decode_outputs(bundle, outputs), probabilities_of(outputs).tolist(), strict=True)
            for record, (label, shares) in zip(records, added, strict=True):
                writer.writerow([*record.values(), label, *shares])
    finally:
        bundle.vectorizer = vectorizer
    return n_rows / (time.perf_counter() - start)


class _RowByRow:
    """scikit-learn's vectorizer, of another type than its own, so that it is given dicts."""

    def __init__(self, vectorizer: object) -> None:
        self._vectorizer = vectorizer

    def transform(self, rows: list[dict[str, object]]) -> object:
        return self._vectorizer.transform(rows)  # type: ignore[attr-defined]


def measure(model: Path, n_rows: int, folder: Path) -> Scored:
    """Predict for a file of `n_rows` in a process of its own, so that its memory is its own."""
    write_table(folder / "rows.csv", n_rows, seed=2)
    command = [sys.executable, "-m", "tests.benchmarks.scoring", str(model), str(folder / "rows.csv")]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return Scored(**json.loads(done.stdout.splitlines()[-1]))


def figures(n_rows: int = ROWS) -> Iterator[Figure]:
    """Yield what predicting takes, beside the way row by row."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        model = train(folder)
        seen = measure(model, n_rows, folder)
        rate, slow = seen.n_rows / seen.seconds, rate_row_by_row(load_bundle(model), folder / "rows.csv")
    what = f"{n_rows:,} rows × 20 columns, CSV to CSV"
    yield Figure(what, seen.seconds, "s", at_most(8) if n_rows == ROWS else None)
    yield Figure(f"{what}, memory", seen.megabytes, "MB", at_most(1_000))
    yield Figure("rows predicted in a second", rate, "rows/s")
    yield Figure("predicting, against row by row", rate / slow, "times", at_least(10), "row by row")


if __name__ == "__main__":
    if len(sys.argv) == 3:
        print(json.dumps(asdict(score_file(Path(sys.argv[1]), Path(sys.argv[2])))))
    else:
        print_all(TITLE, figures(int(sys.argv[1]) if len(sys.argv) > 1 else ROWS))
