"""Seconds of a whole process, from a CSV file to a trained network and its accuracy on test rows, and its end.

Ours reads, prepares and trains as the contract has it. The others read the file with pandas, make the same
matrix with scikit-learn's pipeline, and train as `competitors` has it. Each has one thread, which
is the quickest at this size.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from tests.benchmarks.figures import Figure

TITLE = "Whole process: a CSV of 7,043 rows × 19 columns (46 features), 10 epochs, batch 64, 2×128, one thread"
ROWS, NUMBERS, TEXTS = 7_043, 4, 14
EPOCHS, BATCH = 10, 64
ROUNDS = 3
WAYS = {
    "ours": "ours",
    "resident": "plain resident loop",
    "loader": "plain DataLoader loop",
    "skorch": "skorch",
    "sklearn": "MLPClassifier (no batch norm, no dropout)",
}


def write_customers(path: Path, n_rows: int = ROWS) -> None:
    """Write columns of numbers, columns of three texts each, and a target of two classes."""
    rng = np.random.default_rng(0)
    columns: dict[str, np.ndarray] = {f"number_{i}": rng.normal(10 * i, 5, n_rows).round(3) for i in range(NUMBERS)}
    columns |= {f"text_{i}": rng.choice(["low", "middle", "high"], n_rows) for i in range(TEXTS)}
    score = columns["number_1"] + 5 * (columns["text_0"] == "high") + rng.normal(0, 2, n_rows)
    pd.DataFrame(columns | {"target": np.where(score > 12, "yes", "no")}).to_csv(path, index=False)


def train_ours(path: Path) -> float:
    """Train by the contract; return the accuracy on the test rows."""
    from core.trainer import TrainingConfig, train_model_from_file

    cfg = TrainingConfig("target", epochs=EPOCHS, batch_size=BATCH)
    return float(train_model_from_file(path, cfg, device="cpu")[1].test_metric_value)


def train_other(path: Path, way: str) -> float:
    """Train as a competitor does; return the accuracy on the test rows."""
    from sklearn.compose import make_column_selector, make_column_transformer
    from sklearn.model_selection import train_test_split
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import LabelEncoder, OneHotEncoder, StandardScaler

    frame = pd.read_csv(path)
    y = LabelEncoder().fit_transform(frame.pop("target"))
    train, test, y_train, y_test = train_test_split(frame, y, test_size=0.2, random_state=42, stratify=y)
    one_hot = (OneHotEncoder(sparse_output=False), make_column_selector(dtype_exclude="number"))
    encode = make_pipeline(make_column_transformer(one_hot, remainder="passthrough"), StandardScaler())
    x_train = np.asarray(encode.fit_transform(train), dtype=np.float32)
    predict = _fit(way, x_train, y_train)
    return float((predict(np.asarray(encode.transform(test), dtype=np.float32)) == y_test).mean())


def _fit(way: str, x: np.ndarray, y: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """Return what predicts classes for rows; torch is imported only by those that need it."""
    if way == "sklearn":
        from tests.benchmarks.mlp import fit_mlp

        return fit_mlp(x, y, BATCH, EPOCHS).predict  # type: ignore[no-any-return]
    import torch

    from tests.benchmarks import competitors

    loop: competitors.Loop = getattr(competitors, f"{way}_loop")
    plan = competitors.Plan(BATCH, EPOCHS)
    model = loop(competitors.network(x.shape[1]), torch.from_numpy(x), torch.from_numpy(y), plan)
    if way == "skorch":
        return model.predict  # type: ignore[attr-defined,no-any-return]
    return lambda x_test: model.eval()(torch.from_numpy(x_test)).argmax(dim=1).numpy()  # type: ignore[attr-defined]


def seconds_of(way: str, path: Path) -> float:
    """Return what a process takes that trains in this way, from its start to its end."""
    command = [sys.executable, "-m", "tests.benchmarks.processes", way, str(path)]
    started = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env={**os.environ, "OMP_NUM_THREADS": "1"})
    return time.perf_counter() - started


def figures(rounds: int = ROUNDS) -> Iterator[Figure]:
    """Yield the medians of each way, run in turn, and of the ratios within each round."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "customers.csv"
        write_customers(path)
        times = [{way: seconds_of(way, path) for way in WAYS} for _ in range(rounds)]
    for way, title in WAYS.items():
        yield Figure(f"whole process: {title}", statistics.median(times_[way] for times_ in times), "s")
    for way, title in list(WAYS.items())[1:]:
        ratio = statistics.median(times_["ours"] / times_[way] for times_ in times)
        yield Figure(f"whole process: ours / {title}", ratio, "", ratio_of=title)


if __name__ == "__main__":
    way, path = sys.argv[1], Path(sys.argv[2])
    print(train_ours(path) if way == "ours" else train_other(path, way))
