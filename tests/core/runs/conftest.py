"""A workspace and a store of its own for each test, and a way to run Python in another process."""

import io
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

import core
from core.runs.datasets import add_table
from core.runs.records import Dataset
from core.runs.store import Store, open_store
from core.workspace import Workspace, open_workspace

Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    monkeypatch.delenv("ROWSMITH_DATABASE_URL", raising=False)
    return open_workspace(tmp_path / "home")


@pytest.fixture
def store(workspace: Workspace) -> Iterator[Store]:
    store = open_store(workspace)
    yield store
    store.close()


@pytest.fixture
def dataset(store: Store) -> Dataset:
    return store.add_dataset(
        Dataset(
            id="d" * 16,
            name="houses",
            sha256="e" * 64,
            file_name="houses.csv",
            sheet=None,
            sheets=(),
            n_rows=100,
            n_columns=4,
            created_at=datetime(2026, 3, 1, 12, tzinfo=UTC),
        )
    )


@pytest.fixture
def start_python(workspace: Workspace) -> Iterator[Start]:
    """Give a function that starts Python on a piece of code with `core` in reach, and ends it at last."""
    started: list[subprocess.Popen[str]] = []
    root = str(Path(core.__file__).parents[1])

    def start(code: str, *arguments: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-W", "error", "-c", code, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | {"PYTHONPATH": root, "ROWSMITH_HOME": str(workspace.home)},
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def houses(workspace: Workspace, store: Store) -> Dataset:
    """A real table, read as an upload is: 120 rows, a text, a date and a number to predict."""
    return add_table(workspace, store, io.BytesIO(houses_csv(120).encode()), "houses.csv")


def houses_csv(n_rows: int) -> str:
    """Return a table whose price follows from area and town, but for a little noise."""
    rng = np.random.default_rng(7)
    area, town = rng.uniform(40, 200, n_rows).round(1), rng.choice(["Ulm", "Köln"], n_rows)
    price = 3 * area + 50 * (town == "Ulm") + rng.normal(0, 5, n_rows)
    rows = [
        f"{n},{a},{t},2024-0{1 + n % 9}-11,{p:.2f}" for n, (a, t, p) in enumerate(zip(area, town, price, strict=True))
    ]
    return "\n".join(["id,area,town,sold,price", *rows]) + "\n"
