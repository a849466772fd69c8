"""The store: the one place where pages and workers meet, each in its own process.

Every method is one short transaction, and safe from any thread. A state changes only by
compare-and-set, so that of two processes that want the same change one gets it, and an end state
never changes. The store knows nothing of tables, networks or processes.
"""

from __future__ import annotations

import math
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import DatabaseError, IntegrityError

from core.errors import RunError
from core.runs import schema
from core.runs.processes import ProcessId
from core.runs.records import (
    ACTIVE_STATES,
    END_STATES,
    STATE_WORDS,
    Dataset,
    Epoch,
    Roles,
    Run,
    RunKind,
    RunState,
    utc_now,
)
from core.workspace import Workspace

__all__ = [
    "ACTIVE_STATES",
    "END_STATES",
    "STATE_WORDS",
    "Dataset",
    "Epoch",
    "Roles",
    "Run",
    "Store",
    "open_store",
]


def open_store(workspace: Workspace) -> Store:
    """Connect to the workspace's store. Raises RunError when it is of a newer version or damaged."""
    return Store(workspace, schema.open_engine(workspace.database_url))


class Store:
    """Datasets, runs and their curves. One per process is enough for all its threads."""

    def __init__(self, workspace: Workspace, engine: sa.Engine) -> None:
        self.workspace = workspace
        self._engine = engine

    def close(self) -> None:
        """Give the connections back."""
        self._engine.dispose()

    # Datasets

    def add_dataset(self, dataset: Dataset) -> Dataset:
        """Add a table; one with the same id is left as it is and returned."""
        values = asdict(dataset) | {"roles": asdict(dataset.roles)}
        try:
            with self._writing() as connection:
                connection.execute(schema.datasets.insert().values(values))
        except IntegrityError:
            return self.dataset(dataset.id)
        return dataset

    def dataset(self, dataset_id: str) -> Dataset:
        """Return one table. Raises RunError when there is none with this id."""
        found = self._rows(sa.select(schema.datasets).where(schema.datasets.c.id == dataset_id))
        if not found:
            raise RunError(f"There is no table {dataset_id[:80]!r}. It may have been deleted.")
        return _dataset(found[0])

    def has_dataset(self, dataset_id: str) -> bool:
        """Return whether there is a table with this id."""
        return bool(self._rows(sa.select(schema.datasets.c.id).where(schema.datasets.c.id == dataset_id)))

    def datasets(self) -> list[Dataset]:
        """Return all tables, the newest first."""
        return [_dataset(row) for row in self._rows(_newest_first(schema.datasets))]

    def set_roles(self, dataset_id: str, roles: Roles) -> None:
        """Keep what the analyst said of the columns."""
        where = schema.datasets.c.id == dataset_id
        if not self._update(sa.update(schema.datasets).where(where).values(roles=asdict(roles))):
            raise RunError(f"There is no table {dataset_id[:80]!r}. It may have been deleted.")

    def delete_dataset(self, dataset_id: str) -> None:
        """Delete a table and its files. Refuses while a run uses it."""
        dataset = self.dataset(dataset_id)
        try:
            self._update(schema.datasets.delete().where(schema.datasets.c.id == dataset_id))
        except IntegrityError as error:
            raise RunError(self._in_use(dataset)) from error
        folder = self.workspace.dataset_dir(dataset.sha256)
        shutil.rmtree(folder / dataset.id, ignore_errors=True)
        if all(other.sha256 != dataset.sha256 for other in self.datasets()):
            shutil.rmtree(folder, ignore_errors=True)

    def _in_use(self, dataset: Dataset) -> str:
        users = [run.name for run in self.runs() if run.dataset_id == dataset.id]
        named = ", ".join(f"'{name}'" for name in users[:3]) + (", …" if len(users) > 3 else "")
        return f"The table '{dataset.name}' is used by {len(users)} run(s): {named}. Delete them first."

    # Runs

    def add_run(
        self,
        run_id: str,
        *,
        kind: RunKind,
        name: str,
        dataset_id: str,
        request: dict[str, Any],
        epochs: int = 0,
        token: str | None = None,
    ) -> Run:
        """Add a queued run. If `token` asked for one before, that one is returned."""
        now = utc_now()
        values = {
            "id": run_id,
            "token": token,
            "kind": kind,
            "name": name,
            "state": "queued",
            "dataset_id": dataset_id,
            "request": request,
            "epochs": epochs,
            "created_at": now,
            "updated_at": now,
        }
        try:
            with self._writing() as connection:
                connection.execute(schema.runs.insert().values(values))
        except IntegrityError as error:
            return self._run_of_token(token, dataset_id, error)
        return self.run(run_id)

    def run_of_token(self, token: str) -> Run | None:
        """Return the run that this click asked for, if it is there already."""
        found = self._rows(sa.select(schema.runs).where(schema.runs.c.token == token))
        return _run(found[0]) if found else None

    def _run_of_token(self, token: str | None, dataset_id: str, error: IntegrityError) -> Run:
        self.dataset(dataset_id)  # says so if the table is what is missing
        run = self.run_of_token(token) if token else None
        if run is None:
            raise error
        return run

    def run(self, run_id: str) -> Run:
        """Return one run. Raises RunError when there is none with this id."""
        found = self._rows(sa.select(schema.runs).where(schema.runs.c.id == run_id))
        if not found:
            raise RunError(f"There is no run {run_id[:80]!r}. It may have been deleted.")
        return _run(found[0])

    def runs(self, kind: RunKind | None = None) -> list[Run]:
        """Return all runs, or those of one kind, the newest first. No file is touched."""
        query = _newest_first(schema.runs)
        return [_run(row) for row in self._rows(query if kind is None else query.where(schema.runs.c.kind == kind))]

    def set_run(
        self, run_id: str, *, name: str | None = None, note: str | None = None, starred: bool | None = None
    ) -> None:
        """Change what the analyst may change of a run at any time."""
        wanted = {"name": name, "note": note, "starred": starred}
        values = {key: value for key, value in wanted.items() if value is not None}
        if values and not self._update(sa.update(schema.runs).where(schema.runs.c.id == run_id).values(values)):
            raise RunError(f"There is no run {run_id[:80]!r}. It may have been deleted.")

    def delete_run(self, run_id: str) -> None:
        """Delete a run with its curve and files. Refuses while it is active."""
        ended = schema.runs.c.state.in_(END_STATES)
        if not self._update(schema.runs.delete().where(schema.runs.c.id == run_id, ended)):
            run = self.run(run_id)
            raise RunError(f"The run '{run.name}' is {run.state_words.lower()}. Stop it before you delete it.")
        shutil.rmtree(self.workspace.run_dir(run_id), ignore_errors=True)

    # How a run goes

    def move(self, run_id: str, from_states: Sequence[RunState], to_state: RunState, **changes: Any) -> bool:
        """Change a run's state if it is one of `from_states` and no end state; tell whether it was so.

        `changes` are columns set in the same step: message, metrics, results, process, epochs.
        """
        now = utc_now()
        values: dict[str, Any] = {"state": to_state, "updated_at": now} | changes
        if to_state == "starting":
            values.setdefault("started_at", now)
        if to_state in END_STATES:
            values.setdefault("finished_at", now)
        if isinstance(values.get("process"), ProcessId):
            values["process"] = asdict(values["process"])
        allowed = [state for state in from_states if state not in END_STATES]
        where = (schema.runs.c.id == run_id, schema.runs.c.state.in_(allowed))
        return self._update(sa.update(schema.runs).where(*where).values(values)) == 1

    def set_process(self, run_id: str, process: ProcessId) -> None:
        """Note which process was started for a run that no process has claimed yet."""
        where = (schema.runs.c.id == run_id, schema.runs.c.process.is_(None))
        self._update(sa.update(schema.runs).where(*where).values(process=asdict(process)))

    def request_stop(self, run_id: str) -> Run:
        """Ask a run to stop and keep its best; one that only waits is stopped at once."""
        if not self.move(run_id, ("queued",), "stopped", stop_requested=True, message="Stopped before it started."):
            self.move(run_id, ("starting", "running", "stopping"), "stopping", stop_requested=True)
        return self.run(run_id)

    def state(self, run_id: str) -> RunState | None:
        """Return only the state, None when there is no such run: what a worker asks four times a second."""
        found = self._rows(sa.select(schema.runs.c.state).where(schema.runs.c.id == run_id))
        return found[0].state if found else None

    def add_epochs(self, run_id: str, epochs: Sequence[Epoch]) -> None:
        """Add points to the curve. Those that are there from the first of them on are replaced."""
        if not epochs:
            return
        table = schema.epochs
        with self._writing() as connection:
            again = table.delete().where(table.c.run_id == run_id, table.c.epoch >= epochs[0].epoch)
            connection.execute(again)
            connection.execute(table.insert(), [asdict(epoch) | {"run_id": run_id} for epoch in epochs])
            run = sa.update(schema.runs).where(schema.runs.c.id == run_id)
            connection.execute(run.values(epoch=epochs[-1].epoch, updated_at=utc_now()))

    def set_epoch(self, run_id: str, epoch: int) -> None:
        """Note how far a run is that has no curve."""
        where = schema.runs.c.id == run_id
        self._update(sa.update(schema.runs).where(where).values(epoch=epoch, updated_at=utc_now()))

    def epochs(self, run_id: str, after: int = 0) -> list[Epoch]:
        """Return the points of the curve that come after epoch `after`, in order."""
        table = schema.epochs
        query = sa.select(table).where(table.c.run_id == run_id, table.c.epoch > after).order_by(table.c.epoch)
        return [_epoch(row) for row in self._rows(query)]

    # The database

    def _rows(self, query: sa.Select[Any]) -> Sequence[sa.Row[Any]]:
        with self._said_plainly(), self._engine.connect() as connection:
            return connection.execute(query).all()

    def _update(self, statement: sa.Update | sa.Delete) -> int:
        with self._writing() as connection:
            return connection.execute(statement).rowcount

    @contextmanager
    def _writing(self) -> Iterator[sa.Connection]:
        with self._said_plainly(), self._engine.begin() as connection:
            yield connection

    @contextmanager
    def _said_plainly(self) -> Iterator[None]:
        try:
            yield
        except IntegrityError:
            raise
        except DatabaseError as error:
            raise RunError(schema.database_sentence(error, self.workspace.database_url)) from error


def _newest_first(table: sa.Table) -> sa.Select[Any]:
    return sa.select(table).order_by(table.c.created_at.desc(), table.c.id)


def _dataset(row: sa.Row[Any]) -> Dataset:
    values = dict(row._mapping)
    roles = values.pop("roles")
    return Dataset(
        **values | {"sheets": tuple(values["sheets"])},
        roles=Roles(roles["target"], tuple(roles["excluded"]), tuple(roles["dates"])),
    )


def _run(row: sa.Row[Any]) -> Run:
    values = dict(row._mapping)
    del values["token"]
    process = values.pop("process")
    return Run(**values, process=ProcessId(**process) if process else None)


def _epoch(row: sa.Row[Any]) -> Epoch:
    train_loss = math.nan if row.train_loss is None else row.train_loss  # SQLite keeps NaN as NULL
    return Epoch(row.epoch, train_loss, row.validation_loss, row.learning_rate, row.seconds)
