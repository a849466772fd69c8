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
from core.runs.records import ACTIVE_STATES, END_STATES, Dataset, Epoch, Roles, Run, RunState
from core.runs.store import Store, open_store
from core.workspace import Workspace

Start = Callable[..., Popen[str]]
STATES: tuple[RunState, ...] = ACTIVE_STATES + END_STATES


def queued(store: Store, dataset: Dataset, run_id: str = "run1", token: str | None = None) -> Run:
    return store.add_run(
        run_id, kind="train", name="houses", dataset_id=dataset.id, request={"a": [1, "é"]}, epochs=9, token=token
    )


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
    assert run.request == {"a": [1, "é"]}
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
        may = expected in from_states and expected not in END_STATES
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
    queued(store, dataset, "run2")
    store.move("run2", ["queued"], "running")
    for _ in range(2):
        running = store.request_stop("run2")
        assert (running.state, running.stop_requested) == ("stopping", True)


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
    assert request == '{"a": [1, "é"]}'


def test_a_full_disk_under_the_database_is_a_sentence(store: Store, dataset: Dataset) -> None:
    with store._engine.connect() as connection:
        size = connection.exec_driver_sql("PRAGMA page_count").scalar()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {size}")  # SQLite's own way of being full
    with pytest.raises(RunError, match="The disk is full: the database"):
        store.add_run("r", kind="train", name="n" * 300_000, dataset_id=dataset.id, request={})
    assert store.datasets() == [dataset]
