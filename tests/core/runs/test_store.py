"""Promises of the store: nothing is lost, and of two who want the same change one gets it."""

import math
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from subprocess import Popen

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import RunError
from core.runs.processes import this_process
from core.runs.records import (
    ACTIVE_STATES,
    END_STATES,
    RESTING_STATES,
    TRANSITIONS,
    Dataset,
    Epoch,
    Roles,
    Run,
    RunState,
)
from core.runs.store import Store, open_store
from core.workspace import Workspace

Start = Callable[..., Popen[str]]
STATES: tuple[RunState, ...] = ACTIVE_STATES + RESTING_STATES + END_STATES


def queued(store: Store, dataset: Dataset, run_id: str = "run1", token: str | None = None) -> Run:
    request = {"a": [1, "é"], "for": run_id}
    return store.add_run(
        run_id, kind="train", name="houses", dataset_id=dataset.id, request=request, epochs=9, token=token
    )


def begun(store: Store, dataset: Dataset, run_id: str = "run1") -> Run:
    queued(store, dataset, run_id)
    assert store.claim(run_id, this_process())
    assert store.move(run_id, ["starting"], "running")
    return store.run(run_id)


def points(first: int, last: int) -> list[Epoch]:
    return [Epoch(n, 1 / n, 2 / n, 1e-3, 0.5) for n in range(first, last + 1)]


# What goes in comes out


def test_a_dataset_comes_back_as_it_was(store: Store, dataset: Dataset) -> None:
    workbook = replace(dataset, id="f" * 16, sheet="Übersicht", sheets=("Übersicht", "b"), is_sample=True)
    store.add_dataset(workbook)
    assert store.dataset(workbook.id) == workbook
    assert {entry.id for entry in store.datasets()} == {dataset.id, workbook.id}


def test_adding_a_dataset_again_leaves_the_first(store: Store, dataset: Dataset) -> None:
    assert store.add_dataset(replace(dataset, name="other")) == dataset
    assert store.datasets() == [dataset]


def test_roles_are_kept(store: Store, dataset: Dataset) -> None:
    roles = Roles("price", ("id", "note"), ("sold",))
    store.set_roles(dataset.id, roles)
    assert store.dataset(dataset.id).roles == roles


def test_a_new_run_is_queued_with_aware_utc_times(store: Store, dataset: Dataset) -> None:
    run = queued(store, dataset)
    assert (run.state, run.epochs, run.epoch, run.metrics, run.process) == ("queued", 9, 0, None, None)
    assert run.request == {"a": [1, "é"], "for": "run1"}
    assert run.created_at.tzinfo is not None
    assert run.created_at.utcoffset() == datetime.now(UTC).utcoffset()
    assert abs((datetime.now(UTC) - run.created_at).total_seconds()) < 60


def test_runs_come_newest_first_and_by_kind(store: Store, dataset: Dataset) -> None:
    first, second = queued(store, dataset), queued(store, dataset, "run2")
    scored = store.add_run("run3", kind="score", name="s", dataset_id=dataset.id, request={})
    assert store.runs() == [scored, second, first]
    assert store.runs("train") == [second, first]


def test_name_note_and_star_change_alone(store: Store, dataset: Dataset) -> None:
    queued(store, dataset)
    store.set_run("run1", note="good")
    store.set_run("run1", starred=True)
    store.set_run("run1", name="new name")
    run = store.run("run1")
    assert (run.name, run.note, run.starred, run.state) == ("new name", "good", True, "queued")


def test_the_curve_comes_back_in_order_and_from_a_point_on(store: Store, dataset: Dataset) -> None:
    queued(store, dataset)
    store.add_epochs("run1", points(1, 3))
    store.add_epochs("run1", points(4, 6))
    assert store.epochs("run1") == points(1, 6)
    assert store.epochs("run1", after=4) == points(5, 6)
    assert store.run("run1").epoch == 6


def test_epochs_done_again_replace_those_that_were_there(store: Store, dataset: Dataset) -> None:
    queued(store, dataset)
    store.add_epochs("run1", points(1, 6))
    again = [replace(point, train_loss=0.25) for point in points(4, 5)]
    store.add_epochs("run1", again)
    assert store.epochs("run1") == points(1, 3) + again
    assert store.run("run1").epoch == 5


def test_a_loss_that_is_no_number_stays_none(store: Store, dataset: Dataset) -> None:
    queued(store, dataset)
    store.add_epochs("run1", [Epoch(1, math.nan, None, 1e-3, 0.1), Epoch(2, math.inf, 1.0, 1e-3, 0.1)])
    first, second = store.epochs("run1")
    assert math.isnan(first.train_loss)
    assert first.validation_loss is None
    assert second.train_loss == math.inf


def test_what_is_not_there_is_said_in_a_sentence(store: Store) -> None:
    for ask in (store.run, store.request_stop, store.delete_run):
        with pytest.raises(RunError, match="There is no run 'nowhere'"):
            ask("nowhere")
    for ask_table in (store.dataset, store.delete_dataset):
        with pytest.raises(RunError, match="There is no table 'nowhere'"):
            ask_table("nowhere")
    with pytest.raises(RunError, match="There is no table"):
        store.set_roles("nowhere", Roles())
    with pytest.raises(RunError, match="There is no run"):
        store.set_run("nowhere", note="x")
    with pytest.raises(RunError, match="There is no table"):
        store.add_run("r", kind="train", name="n", dataset_id="nowhere", request={}, token="t")
    assert store.state("nowhere") is None


# States


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.tuples(st.lists(st.sampled_from(STATES), max_size=4), st.sampled_from(STATES)), max_size=12))
def test_a_state_moves_only_from_where_it_may_and_an_end_state_never(
    store: Store, dataset: Dataset, steps: list[tuple[list[RunState], RunState]]
) -> None:
    run_id = f"run{len(store.runs())}"
    expected: RunState = queued(store, dataset, run_id).state
    for from_states, to_state in steps:
        may = expected in from_states and to_state in TRANSITIONS[expected]
        assert not (may and expected in END_STATES)
        assert store.move(run_id, from_states, to_state, message=to_state) is may
        expected = to_state if may else expected
        assert store.run(run_id).state == expected
        assert store.state(run_id) == expected


def test_an_end_state_keeps_its_time_message_and_results(store: Store, dataset: Dataset) -> None:
    queued(store, dataset)
    store.move("run1", ["queued"], "starting", process=this_process())
    assert store.move("run1", ["starting"], "failed", message="why", results={"rows": 3})
    before = store.run("run1")
    assert not store.move("run1", STATES, "finished", message="no", results={})
    store.request_stop("run1")
    assert store.run("run1") == before
    assert before.finished_at is not None
    assert before.started_at is not None
    assert before.started_at <= before.finished_at
    assert before.process == this_process()
    assert before.results == {"rows": 3}


def test_a_stop_reaches_a_running_job_and_ends_a_waiting_one(store: Store, dataset: Dataset) -> None:
    queued(store, dataset)
    waiting = store.request_stop("run1")
    assert (waiting.state, waiting.message, waiting.stop_requested) == ("stopped", "Stopped before it started.", True)
    begun(store, dataset, "run2")
    for _ in range(2):
        running = store.request_stop("run2")
        assert (running.state, running.stop_requested) == ("stopping", True)


def test_a_run_that_was_begun_before_is_not_given_up_by_a_stop_in_the_queue(store: Store, dataset: Dataset) -> None:
    begun(store, dataset)
    store.move("run1", ["running"], "interrupted")
    assert store.resume("run1").state == "queued"
    waiting = store.request_stop("run1")
    assert (waiting.state, waiting.stop_requested) == ("queued", True)


def test_pausing_and_cancelling_reach_a_job_wherever_it_is(store: Store, dataset: Dataset) -> None:
    queued(store, dataset, "waits")
    queued(store, dataset, "waits too")
    assert store.request_pause("waits").state == "paused"
    assert store.request_cancel("waits too").state == "interrupted"
    begun(store, dataset)
    assert store.request_pause("run1").state == "pausing"
    assert store.request_stop("run1").state == "stopping"
    assert store.request_pause("run1").state == "stopping"  # it is about to keep its best: no way back
    assert store.request_cancel("run1").state == "cancelling"
    assert store.request_stop("run1").state == "cancelling"


@pytest.mark.parametrize("rest", RESTING_STATES)
def test_a_resting_run_is_resumed_as_if_new_but_for_what_it_has_reached(
    store: Store, dataset: Dataset, rest: RunState
) -> None:
    begun(store, dataset)
    store.add_epochs("run1", points(1, 3))
    store.set_vitals("run1", {"steps": 3}, 12.5)
    store.request_pause("run1")
    assert store.move("run1", ["pausing"], rest, message="why")
    assert store.run("run1").finished_at is not None
    run = store.resume("run1", keep_best=True)
    assert (run.state, run.message, run.process, run.finished_at) == ("queued", "", None, None)
    assert (run.stop_requested, run.epoch, run.seconds, run.attempt) == (True, 3, 12.5, 1)
    assert len(store.epochs("run1")) == 3
    assert store.claim("run1", this_process())
    assert store.run("run1").attempt == 2


def test_resume_leaves_alone_what_does_not_rest(store: Store, dataset: Dataset) -> None:
    before = begun(store, dataset)
    assert store.resume("run1") == before
    store.move("run1", ["running"], "finished")
    assert store.resume("run1").state == "finished"


def test_active_runs_come_in_the_order_they_were_asked_for(store: Store, dataset: Dataset) -> None:
    for run_id in ("c", "a", "b"):
        queued(store, dataset, run_id)
    store.request_pause("c")
    assert [run.id for run in store.active_runs()] == ["a", "b"]
    store.resume("c")
    assert [run.id for run in store.active_runs()] == ["a", "b", "c"]  # to the end of the queue


def test_the_very_same_is_not_done_twice_at_once(store: Store, dataset: Dataset) -> None:
    def add(run_id: str, token: str, request: dict[str, object]) -> Run:
        return store.add_run(run_id, kind="train", name="n", dataset_id=dataset.id, request=request, token=token)

    first = add("run1", "one tab", {"a": 1, "b": 2})
    assert add("run2", "another tab", {"b": 2, "a": 1}) == first
    assert add("run3", "a third tab", {"a": 1, "b": 3}).id == "run3"
    store.request_stop("run1")
    assert add("run4", "another tab", {"a": 1, "b": 2}).id == "run4"  # the first one is over


def test_a_run_is_not_resumed_while_another_does_the_very_same(store: Store, dataset: Dataset) -> None:
    request = {"a": 1}
    store.add_run("run1", kind="train", name="n", dataset_id=dataset.id, request=request)
    store.request_pause("run1")
    store.add_run("run2", kind="train", name="n", dataset_id=dataset.id, request=request)
    with pytest.raises(RunError, match="done by another run now"):
        store.resume("run1")
    assert store.run("run1").state == "paused"


def test_trouble_and_vitals_are_noted_only_while_a_run_is_active(store: Store, dataset: Dataset) -> None:
    begun(store, dataset)
    store.set_vitals("run1", {"rss_bytes": 1}, 2.0)
    store.set_trouble("run1", "No progress")
    run = store.run("run1")
    assert (run.vitals, run.seconds, run.trouble) == ({"rss_bytes": 1}, 2.0, "No progress")
    store.move("run1", ["running"], "finished", trouble="")
    store.set_trouble("run1", "late")
    store.set_vitals("run1", {}, 9.0)
    assert (store.run("run1").trouble, store.run("run1").seconds) == ("", 2.0)


CLAIM = """
import sys, time, pathlib
from core.workspace import open_workspace
from core.runs.store import open_store
from core.runs.processes import this_process
store = open_store(open_workspace())
print("ready", flush=True)
while not pathlib.Path(sys.argv[1]).exists():
    pass
print(sum(store.move(f"run{n}", ["queued"], "starting", process=this_process()) for n in range(20)))
store.close()
"""


def test_of_processes_that_race_for_a_run_exactly_one_gets_it(
    store: Store, dataset: Dataset, start_python: Start, tmp_path: Path
) -> None:
    for n in range(20):
        queued(store, dataset, f"run{n}")
    racers = [start_python(CLAIM, str(tmp_path / "go")) for _ in range(3)]
    for racer in racers:
        assert racer.stdout is not None
        assert racer.stdout.readline() == "ready\n"
    (tmp_path / "go").touch()
    wins = []
    for racer in racers:
        output, errors = racer.communicate(timeout=60)
        assert racer.returncode == 0, errors
        wins.append(int(output))
    assert sum(wins) == 20
    assert {run.state for run in store.runs()} == {"starting"}
    assert {run.pid for run in store.runs()} <= {racer.pid for racer in racers}


WRITE = """
import sys
from core.workspace import open_workspace
from core.runs.store import Epoch, open_store
store = open_store(open_workspace())
for n in range(1, 101):
    store.add_epochs(sys.argv[1], [Epoch(n, 1 / n, None, 1e-3, 0.1)])
store.close()
"""


def test_several_processes_write_at_once_and_nothing_is_lost(
    store: Store, dataset: Dataset, start_python: Start
) -> None:
    names = [f"run{n}" for n in range(3)]
    for name in names:
        queued(store, dataset, name)
    writers = [start_python(WRITE, name) for name in names]
    while any(writer.poll() is None for writer in writers):
        assert len(store.runs()) == 3  # a reader is never locked out
        store.set_run(names[0], note="meanwhile")
    for writer in writers:
        assert writer.returncode == 0, writer.communicate()[1]
    for name in names:
        assert [point.epoch for point in store.epochs(name)] == list(range(1, 101))
        assert store.run(name).epoch == 100


def test_one_token_gives_one_run_however_many_click(store: Store, dataset: Dataset) -> None:
    together = threading.Barrier(8)

    def click(n: int) -> str:
        together.wait()
        return queued(store, dataset, f"run{n}", token="click").id

    with ThreadPoolExecutor(8) as threads:
        ids = set(threads.map(click, range(8)))
    assert len(ids) == 1
    assert [run.id for run in store.runs()] == list(ids)
    assert queued(store, dataset, "other", token="another click").id == "other"


OPEN = """
from core.workspace import open_workspace
from core.runs.store import open_store
store = open_store(open_workspace())
print(len(store.runs()))
store.close()
"""


def test_several_processes_may_make_the_database_at_once(workspace: Workspace, start_python: Start) -> None:
    for process in [start_python(OPEN) for _ in range(4)]:
        output, errors = process.communicate(timeout=60)
        assert (process.returncode, output) == (0, "0\n"), errors


# Deleting


def test_deleting_a_run_takes_its_files_and_curve(store: Store, dataset: Dataset, workspace: Workspace) -> None:
    queued(store, dataset)
    store.add_epochs("run1", points(1, 3))
    folder = workspace.run_dir("run1")
    folder.mkdir()
    (folder / "model.rowsmith").write_bytes(b"x")
    with pytest.raises(RunError, match=r"'houses' is queued. Stop it"):
        store.delete_run("run1")
    assert folder.is_dir()
    store.request_stop("run1")
    store.delete_run("run1")
    assert not folder.exists()
    assert store.runs() == []
    assert store.epochs("run1") == []


def test_a_table_in_use_stays_and_says_who_uses_it(store: Store, dataset: Dataset, workspace: Workspace) -> None:
    other = store.add_dataset(replace(dataset, id="f" * 16))  # another sheet of the same file
    folder = workspace.dataset_dir(dataset.sha256)
    for entry in (dataset, other):
        (folder / entry.id).mkdir(parents=True)
    (folder / "original.csv").write_text("a\n1\n")
    queued(store, dataset)
    with pytest.raises(RunError, match=r"'houses' is used by 1 run.*'houses'. Delete them first"):
        store.delete_dataset(dataset.id)
    assert (folder / dataset.id).is_dir()
    store.request_stop("run1")
    store.delete_run("run1")
    store.delete_dataset(dataset.id)
    assert not (folder / dataset.id).exists()
    assert (folder / "original.csv").is_file()
    store.delete_dataset(other.id)
    assert not folder.exists()


def test_missing_and_damaged_files_never_break_the_list(store: Store, dataset: Dataset, workspace: Workspace) -> None:
    for n in range(4):
        queued(store, dataset, f"run{n}")
    workspace.run_dir("run1").mkdir()
    (workspace.run_dir("run1") / "model.rowsmith").write_bytes(b"\0")
    workspace.run_dir("run2").write_text("a file where a folder should be")
    assert len(store.runs()) == 4


# The database itself


def test_a_newer_database_says_so(workspace: Workspace, store: Store) -> None:
    with sqlite3.connect(workspace.home / "rowsmith.sqlite3") as connection:
        connection.execute("UPDATE schema_version SET version = 99")
    connection.close()
    with pytest.raises(RunError, match=r"newer Rowsmith .version 99.*Update Rowsmith"):
        open_store(workspace)


def test_a_damaged_database_says_so(workspace: Workspace) -> None:
    (workspace.home / "rowsmith.sqlite3").write_bytes(b"this is no database, and long enough to be read" * 100)
    with pytest.raises(RunError, match=r"is damaged. Move it away"):
        open_store(workspace)


def test_an_address_that_is_none_says_so(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROWSMITH_DATABASE_URL", "nonsense")
    with pytest.raises(RunError, match="ROWSMITH_DATABASE_URL"):
        open_store(workspace)


def test_the_connection_is_set_up_for_several_processes(store: Store) -> None:
    with store._engine.connect() as connection:
        asked = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    assert asked == {"journal_mode": "wal", "synchronous": 1, "foreign_keys": 1, "busy_timeout": 15_000}


def test_times_and_plain_values_are_readable_text(store: Store, dataset: Dataset, workspace: Workspace) -> None:
    queued(store, dataset)
    connection = sqlite3.connect(workspace.home / "rowsmith.sqlite3")
    created_at, request = connection.execute("SELECT created_at, request FROM runs").fetchone()
    connection.close()
    assert datetime.fromisoformat(created_at).utcoffset() == datetime.now(UTC).utcoffset()
    assert request == '{"a": [1, "é"], "for": "run1"}'


VERSION_1 = """
CREATE TABLE schema_version (version INTEGER NOT NULL PRIMARY KEY);
CREATE TABLE datasets (id TEXT NOT NULL PRIMARY KEY, name TEXT NOT NULL, sha256 TEXT NOT NULL, file_name TEXT NOT NULL,
  sheet TEXT, sheets TEXT NOT NULL, n_rows INTEGER NOT NULL, n_columns INTEGER NOT NULL, created_at TEXT NOT NULL,
  roles TEXT NOT NULL, is_sample BOOLEAN NOT NULL);
CREATE TABLE runs (id TEXT NOT NULL PRIMARY KEY, token TEXT UNIQUE, kind TEXT NOT NULL, name TEXT NOT NULL,
  state TEXT NOT NULL, dataset_id TEXT NOT NULL REFERENCES datasets (id), request TEXT NOT NULL,
  created_at TEXT NOT NULL, updated_at TEXT NOT NULL, started_at TEXT, finished_at TEXT,
  epoch INTEGER DEFAULT '0' NOT NULL, epochs INTEGER DEFAULT '0' NOT NULL, message TEXT DEFAULT '' NOT NULL,
  metrics TEXT, results TEXT, stop_requested BOOLEAN DEFAULT 0 NOT NULL, starred BOOLEAN DEFAULT 0 NOT NULL,
  note TEXT DEFAULT '' NOT NULL, process TEXT);
CREATE TABLE epochs (run_id TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE, epoch INTEGER NOT NULL,
  train_loss FLOAT, validation_loss FLOAT, learning_rate FLOAT, seconds FLOAT NOT NULL, PRIMARY KEY (run_id, epoch));
INSERT INTO schema_version VALUES (1);
INSERT INTO datasets VALUES ('d', 'houses', 'e', 'houses.csv', NULL, '[]', 3, 2, '2026-03-01T12:00:00+00:00',
  '{"target": null, "excluded": [], "dates": []}', 0);
INSERT INTO runs (id, kind, name, state, dataset_id, request, created_at, updated_at)
  VALUES ('old', 'train', 'old', 'finished', 'd', '{}', '2026-03-01T12:00:00+00:00', '2026-03-01T12:00:00+00:00');
"""


def test_a_database_of_the_first_version_is_brought_up_to_date(workspace: Workspace, start_python: Start) -> None:
    connection = sqlite3.connect(workspace.home / "rowsmith.sqlite3")
    connection.executescript(VERSION_1)
    connection.close()
    for process in [start_python(OPEN) for _ in range(3)]:  # several at once
        output, errors = process.communicate(timeout=60)
        assert (process.returncode, output) == (0, "1\n"), errors
    store = open_store(workspace)
    assert (store.run("old").state, store.run("old").attempt, store.run("old").vitals) == ("finished", 0, None)
    assert begun(store, store.dataset("d"), "new").attempt == 1
    store.close()


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("request", "{"),
        ("metrics", "\x00"),
        ("state", "asleep"),
        ("kind", "?"),
        ("created_at", "noon"),
        ("vitals", "x"),
    ],
)
def test_a_damaged_record_says_so_and_hides_no_other(
    store: Store, dataset: Dataset, workspace: Workspace, column: str, value: str
) -> None:
    queued(store, dataset, "sound")
    queued(store, dataset, "damaged")
    store.request_stop("damaged")
    connection = sqlite3.connect(workspace.home / "rowsmith.sqlite3")
    connection.execute(f"UPDATE runs SET {column} = ? WHERE id = 'damaged'", [value])
    connection.commit()
    connection.close()
    found = {run.id: run for run in store.runs()}
    assert found["sound"].damage == ""
    assert found["damaged"].damage.startswith("The record of this run is damaged (")
    store.delete_run("damaged")
    assert [run.id for run in store.runs()] == ["sound"]


def test_a_full_disk_under_the_database_is_a_sentence(store: Store, dataset: Dataset) -> None:
    with store._engine.connect() as connection:
        size = connection.exec_driver_sql("PRAGMA page_count").scalar()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {size}")  # SQLite's own way of being full
    with pytest.raises(RunError, match="The disk is full: the database"):
        store.add_run("r", kind="train", name="n" * 300_000, dataset_id=dataset.id, request={})
    assert store.datasets() == [dataset]
