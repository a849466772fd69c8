"""Runs written straight into a workspace's database: many at once, and in any state."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from core.runs import schema
from core.runs.records import Dataset, utc_now
from core.workspace import Workspace

CLASSES = {"task": "classification", "test_metric_value": 0.875, "test_loss": 0.4, "train_loss": 0.3}
NUMBER = {"task": "regression", "test_metric_value": 34_160.0, "test_loss": 0.4, "train_loss": 0.3}
MODEL_BYTES = 12


def a_table(dataset_id: str = "d1", name: str = "customers") -> Dataset:
    """Return a table that nobody brought."""
    return Dataset(dataset_id, name, dataset_id.ljust(8, "0"), f"{name}.csv", None, (), 2_400, 12, utc_now())


def a_run(run_id: str, state: str = "finished", **values: Any) -> dict[str, Any]:
    """Return a row of the runs: finished with a model, unless said otherwise."""
    is_trained = state == "finished" and values.get("kind") != "score"
    return {
        "id": run_id,
        "token": run_id,
        "kind": "train",
        "name": f"run {run_id}",
        "state": state,
        "dataset_id": "d1",
        "request": {"config": {"training_mode": "mlp_dense", "target_column": "churned"}},
        "created_at": utc_now(),
        "updated_at": utc_now(),
        "epoch": 0,
        "epochs": 50,
        "seconds": 0.0,
        "message": "",
        "note": "",
        "trouble": "",
        "starred": False,
        "metrics": CLASSES if is_trained else None,
        "results": {"bundle_bytes": MODEL_BYTES} if is_trained else None,
        **values,
    }


def write_runs(workspace: Workspace, rows: Sequence[dict[str, Any]], tables: Sequence[Dataset] = ()) -> None:
    """Write them in one go, each a minute older than the one before, with a model where one should be."""
    now = utc_now()
    aged = [row | {"created_at": now - timedelta(minutes=n)} for n, row in enumerate(rows)]
    engine = schema.open_engine(workspace.database_url)
    known = {"sheets": [], "roles": {}}
    values = [{column: getattr(table, column) for column in _COLUMNS} | known for table in tables or [a_table()]]
    with engine.begin() as connection:
        connection.execute(schema.datasets.insert(), values)
        connection.execute(schema.runs.insert(), aged)
    engine.dispose()
    for row in rows:
        folder = workspace.run_dir(row["id"])
        folder.mkdir()
        if "bundle_bytes" in (row["results"] or {}):
            (folder / "model.rowsmith").write_bytes(b"x" * MODEL_BYTES)


_COLUMNS = [column.name for column in schema.datasets.columns if column.name not in ("sheets", "roles")]
