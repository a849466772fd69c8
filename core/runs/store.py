"""The store: the one place where pages and workers meet, each in its own process.

Every method is one short transaction, and safe from any thread. A state changes only by
compare-and-set, so that of two processes that want the same change one gets it, and an end state
never changes. The store knows nothing of tables, networks or processes.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
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
    RESTING_STATES,
    STATE_WORDS,
    TRANSITIONS,
    Dataset,
    Epoch,
    Roles,
    Run,
    RunKind,
    RunState,
    utc_now,
)
from core.runs.rows import dataset_of, epochs_of, run_of
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
        return dataset_of(found[0])

    def has_dataset(self, dataset_id: str) -> bool:
        """Return whether there is a table with this id."""
        return bool(self._rows(sa.select(schema.datasets.c.id).where(schema.datasets.c.id == dataset_id)))

    def datasets(self) -> list[Dataset]:
        """Return all tables, the newest first."""
        return [dataset_of(row) for row in self._rows(_newest_first(schema.datasets))]

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
        parent_run: str | None = None,
    ) -> Run:
        """Add a queued run. One that `token` asked for before, or that is doing the very same, is returned instead."""
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
            "queued_at": now,
            "parent_run": parent_run,
            "request_key": _key_of(kind, dataset_id, request, parent_run),
        }
        try:
            with self._writing() as connection:
                connection.execute(schema.runs.insert().values(values))
        except IntegrityError as error:
            self.dataset(dataset_id)  # says so if the table is what is missing
            return self._run_instead(values, error)
        return self.run(run_id)

    def run_of_token(self, token: str) -> Run | None:
        """Return the run that this click asked for, if it is there already."""
        found = self._rows(sa.select(schema.runs).where(schema.runs.c.token == token))
        return run_of(found[0]) if found else None

    def _run_instead(self, values: dict[str, Any], error: IntegrityError) -> Run:
        table = schema.runs
        same = table.c.state.in_(ACTIVE_STATES) & (table.c.request_key == values["request_key"])
        wanted = same if values["token"] is None else same | (table.c.token == values["token"])
        found = self._rows(sa.select(table).where(wanted))
        if not found:
            raise error
        return run_of(found[0])

    def run(self, run_id: str) -> Run:
        """Return one run. Raises RunError when there is none with this id."""
        found = self._rows(sa.select(schema.runs).where(schema.runs.c.id == run_id))
        if not found:
            raise RunError(f"There is no run {run_id[:80]!r}. It may have been deleted.")
        return run_of(found[0])

    def runs(self, kind: RunKind | None = None) -> list[Run]:
        """Return all runs, or those of one kind, the newest first. No file is touched."""
        query = _newest_first(schema.runs)
        return [run_of(row) for row in self._rows(query if kind is None else query.where(schema.runs.c.kind == kind))]

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
        state = schema.runs.c.state
        ended = state.not_in(ACTIVE_STATES) | state.is_(None)  # of a damaged record
        if not self._update(schema.runs.delete().where(schema.runs.c.id == run_id, ended)):
            run = self.run(run_id)
            raise RunError(f"The run '{run.name}' is {run.state_words.lower()}. Stop it before you delete it.")
        folder = self.workspace.run_dir(run_id)
        shutil.rmtree(folder, ignore_errors=True)
        with suppress(OSError):
            folder.unlink(missing_ok=True)  # where something else than a folder stands in its place

    # How a run goes

    def move(self, run_id: str, from_states: Sequence[RunState], to_state: RunState, **changes: Any) -> bool:
        """Change a run's state if it is one of `from_states` and no end state; tell whether it was so.

        `changes` are columns set in the same step: message, metrics, results, process, epochs.
        Source: the table of transitions in `core.runs.records`.
        """
        return self._move_if(run_id, from_states, to_state, changes)

    def _move_if(
        self,
        run_id: str,
        from_states: Sequence[RunState],
        to_state: RunState,
        changes: dict[str, Any],
        *conditions: sa.ColumnElement[bool],
    ) -> bool:
        now = utc_now()
        values: dict[str, Any] = {"state": to_state, "updated_at": now} | changes
        if to_state == "starting":
            values.setdefault("started_at", now)
        if to_state not in ACTIVE_STATES:
            values.setdefault("finished_at", now)
        if isinstance(values.get("process"), ProcessId):
            values["process"] = asdict(values["process"])
        allowed = [state for state in from_states if to_state in TRANSITIONS[state]]
        return self._update(_of(run_id, allowed).where(*conditions).values(values)) == 1

    def request_stop(self, run_id: str) -> Run:
        """Ask a run to stop and keep its best; one that was never begun is stopped at once."""
        before_start = {"stop_requested": True, "message": "Stopped before it started."}
        if not self._move_if(run_id, ("queued",), "stopped", before_start, schema.runs.c.attempt == 0):
            self.move(run_id, ("starting", "running", "pausing"), "stopping", stop_requested=True)
            self._update(_of(run_id, ("queued",)).values(stop_requested=True))
        return self.run(run_id)

    def request_pause(self, run_id: str) -> Run:
        """Ask a run to write down where it is and give its process up."""
        if not self.move(run_id, ("queued",), "paused"):
            self.move(run_id, ("starting", "running"), "pausing")
        return self.run(run_id)

    def request_cancel(self, run_id: str) -> Run:
        """Ask for a run's processes to be ended without a model; its last checkpoint stays."""
        if not self.move(run_id, ("queued",), "interrupted", message="Ended before it started."):
            self.move(run_id, ("starting", "running", "pausing", "stopping"), "cancelling")
        return self.run(run_id)

    def resume(self, run_id: str, *, keep_best: bool = False) -> Run:
        """Queue a paused or interrupted run again; with `keep_best` only to keep what it has reached."""
        fresh = {
            "queued_at": utc_now(),
            "finished_at": None,
            "process": None,
            "message": "",
            "trouble": "",
            "stop_requested": keep_best,
        }
        try:
            self.move(run_id, RESTING_STATES, "queued", **fresh)
        except IntegrityError as error:
            raise RunError("The very same is being done by another run now. Wait for its end, or open it.") from error
        return self.run(run_id)

    def claim(self, run_id: str, process: ProcessId) -> bool:
        """Take a queued run for this process; tell whether it got it."""
        return self.move(
            run_id, ("queued",), "starting", process=process, attempt=schema.runs.c.attempt + 1, trouble=""
        )

    def set_vitals(self, run_id: str, vitals: dict[str, Any], seconds: float) -> None:
        """Note what a run's process says of itself, and how long processes have worked on it."""
        self._update(_of(run_id, ACTIVE_STATES).values(vitals=vitals, seconds=seconds))

    def set_trouble(self, run_id: str, trouble: str) -> None:
        """Note what is wrong with a run while it is active, empty when all is well."""
        self._update(_of(run_id, ACTIVE_STATES).values(trouble=trouble))

    def active_runs(self) -> list[Run]:
        """Return the runs that a process works on or will, in the order they were asked for."""
        queue = sa.func.coalesce(schema.runs.c.queued_at, schema.runs.c.created_at)
        query = sa.select(schema.runs).where(schema.runs.c.state.in_(ACTIVE_STATES))
        return [run_of(row) for row in self._rows(query.order_by(queue, schema.runs.c.created_at, schema.runs.c.id))]

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

    def set_epochs(self, run_id: str, epochs: Sequence[Epoch]) -> None:
        """Make these the whole curve."""
        table = schema.epochs
        with self._writing() as connection:
            connection.execute(table.delete().where(table.c.run_id == run_id))
            run = sa.update(schema.runs).where(schema.runs.c.id == run_id)
            connection.execute(run.values(epoch=epochs[-1].epoch if epochs else 0))
            if epochs:
                connection.execute(table.insert(), [asdict(epoch) | {"run_id": run_id} for epoch in epochs])

    def set_baseline(self, run_id: str, baseline_loss: float) -> None:
        """Note what guessing reaches on the rows that the curve judges."""
        where = schema.runs.c.id == run_id
        self._update(sa.update(schema.runs).where(where).values(baseline_loss=baseline_loss))

    def set_epoch(self, run_id: str, epoch: int) -> None:
        """Note how far a run is that has no curve."""
        where = schema.runs.c.id == run_id
        self._update(sa.update(schema.runs).where(where).values(epoch=epoch, updated_at=utc_now()))

    def epochs(self, run_id: str, after: int = 0) -> list[Epoch]:
        """Return the points of the curve that come after epoch `after`, in order."""
        table = schema.epochs
        query = sa.select(table).where(table.c.run_id == run_id, table.c.epoch > after).order_by(table.c.epoch)
        return epochs_of(self._rows(query))

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
            raise schema.database_error(error, self.workspace.database_url) from error


def _key_of(kind: RunKind, dataset_id: str, request: dict[str, Any], parent_run: str | None) -> str:
    text = json.dumps([kind, dataset_id, request, parent_run], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def _of(run_id: str, states: Sequence[RunState]) -> sa.Update:
    return sa.update(schema.runs).where(schema.runs.c.id == run_id, schema.runs.c.state.in_(states))


def _newest_first(table: sa.Table) -> sa.Select[Any]:
    return sa.select(table).order_by(table.c.created_at.desc(), table.c.id)
