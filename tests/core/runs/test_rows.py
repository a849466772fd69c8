"""Promises of the store's rows: whatever stands in a column, every other run is listed, and nothing is raised."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import pytest
import sqlalchemy as sa

from core.runs import schema
from core.runs.records import Dataset, Epoch, Run
from core.runs.rows import dataset_of, epochs_of, run_of
from core.runs.store import Store, open_store
from core.workspace import Workspace

VALUES = [
    None, "garbled", "", 7, -5, 2**62, 1.5, math.inf, b"\xff\xfe\x00", "a\0b", "[1, 2]", '{"a": 1}', '"x"', "3", "NaN",
    "2024-01-01", "2024-01-01T00:00:00", "0001-01-01T00:00:00+00:00", "9999-12-31T23:59:59-12:00", "9" * 5_000,
    '{"config": 5}', '{"pid": "x", "started": 1, "boot": null}', '{"task": "classification"}',
    '{"target": 5, "excluded": "x"}', "[" * 20,
]  # fmt: skip
UNUSABLE = {  # by column, what could not be used and must be named
    "kind": [None, "garbled", "", 7],
    "name": [None, b"\xff\xfe\x00"],
    "state": [None, "garbled", "", 7, b"x"],
    "dataset_id": [None, b"x"],
    "request": [None, "garbled", "[1, 2]", '"x"', "3", '{"config": 5}', "[" * 20],
    "created_at": [None, "garbled", 7, "2024-01-01", "0001-01-01T00:00:00+00:00", "9999-12-31T23:59:59-12:00"],
    "updated_at": [None, "garbled"],
    "started_at": ["garbled", "2024-01-01"],
    "finished_at": ["garbled", b"x"],
    "epoch": [None, "garbled", -5, 1.5, 2**62],
    "epochs": [None, "garbled", -5],
    "message": [None, b"x"],
    "metrics": ["garbled", "[1, 2]", '{"a": 1}', "3", '{"task": "classification"}'],
    "results": ["garbled", "[1, 2]", "3"],
    "note": [None, b"x"],
    "process": ["garbled", "[1, 2]", '{"a": 1}', "3", '{"pid": "x", "started": 1, "boot": null}'],
    "queued_at": ["garbled"],
    "attempt": [None, "garbled", -5],
    "seconds": [None, "garbled", -5, math.inf],
    "trouble": [None, b"x"],
    "vitals": ["garbled", "[1, 2]"],
    "baseline_loss": ["garbled", b"x"],
    "parent_run": [b"x"],
}
RUN_COLUMNS = [column.name for column in schema.runs.columns]
DATASET_COLUMNS = [column.name for column in schema.datasets.columns]


@pytest.fixture
def database(store: Store, dataset: Dataset, workspace: Workspace) -> Path:
    """Return a database of three runs that no longer insists on anything."""
    for name in ("first", "middle", "last"):
        store.add_run(name, kind="train", name=name, dataset_id=dataset.id, request={"config": {"epochs": len(name)}})
    store.close()
    path = workspace.home / "rowsmith.sqlite3"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute("UPDATE sqlite_master SET sql = replace(sql, 'NOT NULL', '') WHERE type = 'table'")
        connection.commit()
    return path


@pytest.fixture
def engine(database: Path) -> Iterator[sa.Engine]:
    engine = schema.open_engine(f"sqlite:///{database}")
    yield engine
    engine.dispose()


def garble(database: Path, table: str, column: str, value: Any, where: str) -> None:
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute(f"UPDATE {table} SET {column} = ? WHERE {where}", [value])
        connection.commit()


def rows(engine: sa.Engine, table: sa.Table) -> list[sa.Row[Any]]:
    with engine.connect() as connection:
        return list(connection.execute(sa.select(table)))


def fits(value: Any, hint: Any) -> bool:
    """Return whether a value is of an annotated type."""
    origin = get_origin(hint)
    if origin in (Union, UnionType):
        return any(fits(value, part) for part in get_args(hint))
    if origin is Literal:
        return value in get_args(hint)
    if origin is tuple:
        return isinstance(value, tuple) and all(fits(part, get_args(hint)[0]) for part in value)
    if hint is float:
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    if hint is int:
        return isinstance(value, int) and not isinstance(value, bool)
    return value is None if hint is NoneType else isinstance(value, origin or hint)


def ill_fitting(record: Run | Dataset) -> list[str]:
    hints = get_type_hints(type(record))
    assert set(hints) >= {"id", "name", "created_at"}
    return [name for name, hint in hints.items() if not fits(getattr(record, name), hint)]


@pytest.mark.parametrize("column", RUN_COLUMNS)
def test_whatever_stands_in_a_column_a_run_is_what_it_should_be(column: str, engine: sa.Engine, database: Path) -> None:
    for value in VALUES:
        garble(database, "runs", column, value, "name = 'middle' OR name NOT IN ('first', 'last') OR name IS NULL")
        found = [run_of(row) for row in rows(engine, schema.runs)]
        assert [ill_fitting(run) for run in found] == [[], [], []], (column, value)
        assert sum(bool(run.damage) for run in found) <= 1
        times = [moment for run in found for moment in (run.created_at, run.started_at, run.finished_at) if moment]
        assert max(times).astimezone() - min(times) >= timedelta(0)


@pytest.mark.parametrize(("column", "value"), [(name, value) for name, values in UNUSABLE.items() for value in values])
def test_what_cannot_be_used_is_named(column: str, value: Any, engine: sa.Engine, database: Path) -> None:
    garble(database, "runs", column, value, "id = 'middle'")
    found = {row.id: run_of(row) for row in rows(engine, schema.runs)}
    assert found["middle"].damage == (
        f"The record of this run is damaged ({column.replace('_', ' ')}). It can be deleted."
    )
    assert (found["first"].damage, found["last"].damage) == ("", "")


def test_a_sound_row_is_taken_as_it_is(engine: sa.Engine) -> None:
    first = next(run for run in map(run_of, rows(engine, schema.runs)) if run.id == "first")
    assert (first.name, first.kind, first.state, first.damage) == ("first", "train", "queued", "")
    assert first.request == {"config": {"epochs": 5}}
    assert isinstance(first.created_at, datetime)


@pytest.mark.parametrize("column", DATASET_COLUMNS)
def test_whatever_stands_in_a_column_a_table_is_what_it_should_be(
    column: str, engine: sa.Engine, database: Path
) -> None:
    for value in VALUES:
        garble(database, "datasets", column, value, "1")
        (found,) = [dataset_of(row) for row in rows(engine, schema.datasets)]
        assert ill_fitting(found) == [], (column, value)
        assert found.roles.target is None or isinstance(found.roles.target, str)
        assert all(isinstance(name, str) for name in (*found.roles.excluded, *found.roles.dates))


def test_what_is_no_point_is_left_out_of_a_curve(engine: sa.Engine, database: Path) -> None:
    with closing(sqlite3.connect(database)) as connection:
        connection.executemany(
            "INSERT INTO epochs (run_id, epoch, train_loss, validation_loss, learning_rate, seconds) "
            "VALUES ('first', ?, ?, ?, ?, ?)",
            [(1, 0.5, 0.25, 0.01, 2.0), (2, None, "x", b"y", -3.0), (3, "x", None, None, "x"), ("x", 1, 1, 1, 1)],
        )
        connection.commit()
    first, second, third = epochs_of(rows(engine, schema.epochs))
    assert first == Epoch(1, 0.5, 0.25, 0.01, 2.0)
    assert (second.epoch, second.validation_loss, second.seconds) == (2, None, 0.0)
    assert (third.epoch, third.validation_loss, third.seconds) == (3, None, 0.0)
    assert all(map(math.isnan, (second.train_loss, third.train_loss, second.learning_rate, third.learning_rate)))


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("request", "'" + "[" * 100_000 + "'"),
        ("name", "CAST(x'ff41' AS TEXT)"),
        ("metrics", "CAST(x'ff41' AS TEXT)"),
        ("process", "'[1]'"),
        ("metrics", "'{}'"),
        ("epoch", "'x'"),
        ("state", "NULL"),
        ("seconds", "NULL"),
    ],
)
def test_the_store_lists_every_run_and_deletes_a_damaged_one(
    column: str, value: str, database: Path, workspace: Workspace
) -> None:
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("UPDATE runs SET state = 'failed'")
        connection.execute(f"UPDATE runs SET {column} = {value} WHERE id = 'middle'")
        connection.commit()
    store = open_store(workspace)
    try:
        assert sorted(run.id for run in store.runs()) == ["first", "last", "middle"]
        assert store.run("middle").damage or column == "name"
        assert store.active_runs() == []
        store.delete_run("middle")
        assert sorted(run.id for run in store.runs()) == ["first", "last"]
    finally:
        store.close()
