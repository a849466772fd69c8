"""The store's tables, the connection to them, and the version they have."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Dialect, Engine
from sqlalchemy.exc import DatabaseError, IntegrityError
from sqlalchemy.schema import CreateColumn, CreateIndex, CreateTable
from sqlalchemy.types import TypeDecorator

from core.errors import DiskError, RunError
from core.runs.records import ACTIVE_STATES
from core.workspace import DATABASE_VARIABLE, too_many_files

SCHEMA_VERSION = 2
BUSY_SECONDS = 15.0

_DISK_WORDS = ("disk is full", "disk I/O error", "readonly", "unable to open")


class Unreadable(str):
    """What stands for a value that something else than the store has damaged."""


class UtcText(TypeDecorator[datetime]):
    """An aware time, kept as ISO text in UTC, so that text order is time order."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> str | None:
        return None if value is None else value.astimezone(UTC).isoformat(timespec="microseconds")

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        return None if value is None else _or_unreadable(datetime.fromisoformat, value)


class JsonText(TypeDecorator[Any]):
    """Plain values, kept as JSON text."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        return None if value is None else json.dumps(value, ensure_ascii=False)

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        return None if value is None else _or_unreadable(json.loads, value)


def _or_unreadable(read: Callable[[Any], Any], value: Any) -> Any:
    try:
        return read(value)
    except (ValueError, TypeError, RecursionError):
        return Unreadable(value)


metadata = sa.MetaData()

schema_version = sa.Table("schema_version", metadata, sa.Column("version", sa.Integer, primary_key=True))

datasets = sa.Table(
    "datasets",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("sha256", sa.Text, nullable=False, index=True),
    sa.Column("file_name", sa.Text, nullable=False),
    sa.Column("sheet", sa.Text),
    sa.Column("sheets", JsonText, nullable=False),
    sa.Column("n_rows", sa.Integer, nullable=False),
    sa.Column("n_columns", sa.Integer, nullable=False),
    sa.Column("created_at", UtcText, nullable=False),
    sa.Column("roles", JsonText, nullable=False),
    sa.Column("is_sample", sa.Boolean, nullable=False),
)

runs = sa.Table(
    "runs",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("token", sa.Text, unique=True),  # of the click that asked for it
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False, index=True),
    sa.Column("dataset_id", sa.ForeignKey("datasets.id"), nullable=False, index=True),
    sa.Column("request", JsonText, nullable=False),
    sa.Column("created_at", UtcText, nullable=False, index=True),
    sa.Column("updated_at", UtcText, nullable=False),
    sa.Column("started_at", UtcText),
    sa.Column("finished_at", UtcText),
    sa.Column("epoch", sa.Integer, nullable=False, server_default="0"),
    sa.Column("epochs", sa.Integer, nullable=False, server_default="0"),
    sa.Column("message", sa.Text, nullable=False, server_default=""),
    sa.Column("metrics", JsonText),
    sa.Column("results", JsonText),
    sa.Column("stop_requested", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("starred", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("note", sa.Text, nullable=False, server_default=""),
    sa.Column("process", JsonText),  # pid, start and boot of the worker
    sa.Column("queued_at", UtcText),
    sa.Column("attempt", sa.Integer, nullable=False, server_default="0"),  # how many processes have begun it
    sa.Column("seconds", sa.Float, nullable=False, server_default="0"),
    sa.Column("trouble", sa.Text, nullable=False, server_default=""),
    sa.Column("vitals", JsonText),
    sa.Column("baseline_loss", sa.Float),
    sa.Column("parent_run", sa.Text),
    sa.Column("request_key", sa.Text),  # the same for runs that would do the very same
)
_is_active = runs.c.state.in_(ACTIVE_STATES)
one_of_a_kind = sa.Index(
    "one_active_run_of_a_kind",
    runs.c.request_key,
    unique=True,
    sqlite_where=_is_active,
    postgresql_where=_is_active,
)

epochs = sa.Table(
    "epochs",
    metadata,
    sa.Column("run_id", sa.ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("epoch", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("train_loss", sa.Float),
    sa.Column("validation_loss", sa.Float),
    sa.Column("learning_rate", sa.Float),
    sa.Column("seconds", sa.Float, nullable=False),
)

_ADDED_IN: dict[int, tuple[sa.Column[Any], ...]] = {
    2: (
        runs.c.queued_at,
        runs.c.attempt,
        runs.c.seconds,
        runs.c.trouble,
        runs.c.vitals,
        runs.c.baseline_loss,
        runs.c.parent_run,
        runs.c.request_key,
    ),
}
_INDEXED_IN: dict[int, tuple[sa.Index, ...]] = {2: (one_of_a_kind,)}


def open_engine(url: str) -> Engine:
    """Connect, make the tables where they are missing, and check their version."""
    try:
        engine = _connect(url)
    except (sa.exc.ArgumentError, ImportError, ValueError) as error:
        reason = str(error).splitlines()[0].rstrip(".")
        raise RunError(f"{DATABASE_VARIABLE} is no address of a database that can be used here: {reason}.") from error
    try:
        _create_tables(engine)
        _check_version(engine, url)
    except DatabaseError as error:
        engine.dispose()
        raise database_error(error, url) from error
    return engine


def database_error(error: DatabaseError, url: str) -> RunError:
    """Return the error that says what is wrong with the database; a DiskError where the disk is to blame."""
    at_disk = any(words in str(error.orig) for words in _DISK_WORDS)
    return (DiskError if at_disk else RunError)(database_sentence(error, url))


def database_sentence(error: DatabaseError, url: str) -> str:
    """Say in one sentence what is wrong with the database."""
    where, reason = sa.engine.make_url(url).database, str(error.orig)
    if "unable to open" in reason and too_many_files():
        return f"Too many files are open: the database {where} could not be read. Close other programs and try again."
    if "disk is full" in reason:
        return f"The disk is full: the database {where} could not be written. Free some space and try again."
    if "readonly" in reason or "unable to open" in reason:
        return f"The database {where} cannot be written. Allow it, or choose another folder with ROWSMITH_HOME."
    if "locked" in reason:
        return f"The database {where} has been busy for {BUSY_SECONDS:.0f} s. Try again in a moment."
    if "not a database" in reason or "malformed" in reason:
        return f"The database {where} is damaged. Move it away, and a new one is made at the next start."
    return f"The database {where} does not answer: {reason}."


def _connect(url: str) -> Engine:
    if not url.startswith("sqlite"):
        return sa.create_engine(url, pool_pre_ping=True)
    engine = sa.create_engine(url, connect_args={"timeout": BUSY_SECONDS})
    sa.event.listen(engine, "connect", _prepare_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.execute(f"PRAGMA busy_timeout = {int(BUSY_SECONDS * 1000)}")
    connection.execute("PRAGMA foreign_keys = ON")
    _switch_to_wal(connection)
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.text_factory = _decode


def _decode(text: bytes) -> str:
    """Read text as it is; what is not UTF-8 in a damaged row must not keep the others from being read."""
    return text.decode("utf-8", errors="replace")


def _switch_to_wal(connection: Any) -> None:
    """Switch to the write-ahead log. SQLite does not wait by itself when two processes do so at once."""
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except connection.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.02)


def _create_tables(engine: Engine) -> None:
    if sa.inspect(engine).has_table(schema_version.name):
        return
    with engine.begin() as connection:
        for table in (datasets, runs, epochs, schema_version):  # the last one says that all are there
            _create_table(connection, table)


def _create_table(connection: sa.Connection, table: sa.Table) -> None:
    connection.execute(CreateTable(table, if_not_exists=True))
    for index in table.indexes:
        connection.execute(CreateIndex(index, if_not_exists=True))


def _check_version(engine: Engine, url: str) -> None:
    with engine.connect() as connection:
        found = connection.scalar(sa.select(sa.func.max(schema_version.c.version)))
    if found is None:
        _write_version(engine)
    elif found > SCHEMA_VERSION:
        engine.dispose()
        raise RunError(
            f"The database {sa.engine.make_url(url).database} was written by a newer Rowsmith "
            f"(version {found} of its tables; this one knows {SCHEMA_VERSION}). Update Rowsmith."
        )
    elif found < SCHEMA_VERSION:
        _upgrade(engine)


def _upgrade(engine: Engine) -> None:
    """Add what later versions have, all or nothing; of two processes that want to, one does."""
    with engine.begin() as connection:
        connection.execute(sa.update(schema_version).values(version=schema_version.c.version))  # takes the lock
        found = connection.scalar(sa.select(sa.func.max(schema_version.c.version))) or 0
        for version in range(found + 1, SCHEMA_VERSION + 1):
            for column in _ADDED_IN[version]:
                ddl = CreateColumn(column).compile(dialect=engine.dialect)
                connection.execute(sa.text(f"ALTER TABLE {column.table.name} ADD COLUMN {ddl}"))
            for index in _INDEXED_IN.get(version, ()):
                connection.execute(CreateIndex(index))
            connection.execute(sa.update(schema_version).values(version=version))


def _write_version(engine: Engine) -> None:
    try:
        with engine.begin() as connection:
            connection.execute(schema_version.insert().values(version=SCHEMA_VERSION))
    except IntegrityError:
        return  # another process was quicker
