"""The Runs page with a thousand runs, fifty of them damaged: all are listed, quickly, and the damaged ones say so."""

from __future__ import annotations

import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from core.runs.summon import the_lock
from core.workspace import Workspace
from tests.pages.run_rows import a_run, write_runs

RUNS = "pages/use/runs.py"
N_RUNS, N_DAMAGED = 1_000, 50
ALL = [f"r{n:03d}" for n in range(N_RUNS)]
RECORDS = {  # what an accident, or someone with a tool, may leave in a column
    "request": "'{{{'",
    "state": "'asleep'",
    "kind": "7",
    "created_at": "'yesterday'",
    "metrics": "'{\"a\": 1}'",
    "process": "'[1, 2]'",
    "epoch": "'many'",
    "seconds": "'long'",
    "message": "x'ff00'",
    "results": "CAST(x'ff41' AS TEXT)",
    "vitals": "'no JSON'",
}


def lose_model(folder: Path) -> None:
    (folder / "model.rowsmith").unlink()


def cut_model(folder: Path) -> None:
    (folder / "model.rowsmith").write_bytes(b"x")


def empty_model(folder: Path) -> None:
    (folder / "model.rowsmith").write_bytes(b"")


def lose_folder(folder: Path) -> None:
    shutil.rmtree(folder)


def spoil_folder(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.write_bytes(b"no folder")


def empty_checkpoint(folder: Path) -> None:
    (folder / "checkpoint.safetensors").touch()


ACCIDENTS: list[Callable[[Path], None]] = [
    lose_model, cut_model, empty_model, lose_folder, spoil_folder, empty_checkpoint,
]  # fmt: skip


def spoil(workspace: Workspace) -> set[str]:
    """Damage fifty runs, each kind of damage in turn; return their ids."""
    spoiled = ALL[7 :: N_RUNS // N_DAMAGED]
    ways: list[str | Callable[[Path], None]] = [*RECORDS, *ACCIDENTS]
    with closing(sqlite3.connect(workspace.home / "rowsmith.sqlite3")) as connection:
        for n, run_id in enumerate(spoiled):
            way = ways[n % len(ways)]
            if isinstance(way, str):
                connection.execute(f"UPDATE runs SET {way} = {RECORDS[way]} WHERE id = ?", [run_id])
            else:
                way(workspace.run_dir(run_id))
        connection.commit()
    return set(spoiled)


@pytest.fixture
def thousand(workspace: Workspace) -> Iterator[Workspace]:
    """Write a thousand sound runs."""
    write_runs(workspace, [a_run(run_id) for run_id in ALL])
    with the_lock(workspace):
        yield workspace


def listed(browser) -> list[str]:
    return [menu.key.removeprefix("runs_menu_") for menu in browser.app.menu_button]


def seconds_to_draw(browser) -> float:
    """Return the shortest of several times to draw the first page."""
    times = []
    for _ in range(5):
        started = time.perf_counter()
        browser.run()
        times.append(time.perf_counter() - started)
    return min(times)


def test_fifty_damaged_runs_of_a_thousand_say_so_and_hide_no_other(browser, thousand):
    sound = seconds_to_draw(browser.open(RUNS))
    spoiled = spoil(thousand)
    damaged = seconds_to_draw(browser)
    print(f"\nthe list of 1,000 runs: {sound:.3f} s sound, {damaged:.3f} s with 50 damaged")
    assert len(listed(browser)) == 20
    assert damaged < 2 * sound
    found, told = [], 0
    for page in range(1, N_RUNS // 20 + 1):
        browser.app.pagination[0].set_value(page)
        found += listed(browser.run())
        told += browser.text.count(":material/broken_image: Damaged]")
    assert sorted(found) == ALL
    assert told == N_DAMAGED == len(spoiled)


def test_the_damaged_ones_can_be_found_and_deleted(browser, store, thousand):
    spoiled = spoil(thousand)
    browser.open(RUNS)
    browser.app.segmented_control(key="runs_state").set_value("Damaged")
    browser.run()
    assert browser.sees("50 of 1,000 runs")
    assert set(listed(browser)) <= spoiled
    for words in ("The record of this run is damaged (request). It can be deleted.", "Its model file is missing.",
                  "Its model file is damaged", "Its folder cannot be read: Not a directory."):  # fmt: skip
        assert browser.sees(words), words
    browser.click("runs_delete_found")
    assert browser.sees("**50 runs** with their models")
    for run_id in spoiled:
        store.delete_run(run_id)
    assert browser.run().sees("No run matches.")
    assert browser.click("runs_clear").sees("950 runs")


@pytest.mark.parametrize("order", ["Oldest first", "Best score, by table", "Longest", "Largest"])
def test_damaged_runs_stand_in_every_order(order, browser, thousand):
    spoil(thousand)
    browser.open(RUNS)
    browser.app.selectbox(key="runs_order").set_value(order)
    assert len(listed(browser.run())) == 20


def test_a_table_that_is_gone_is_named_so(browser, workspace):
    write_runs(workspace, [a_run("orphan")])
    with closing(sqlite3.connect(workspace.home / "rowsmith.sqlite3")) as connection:
        connection.execute("DELETE FROM datasets")
        connection.commit()
    browser.open(RUNS)
    assert browser.sees("deleted table · Standard network")
    assert listed(browser) == ["orphan"]


def test_rows_without_an_id_are_listed_without_actions(browser, workspace):
    write_runs(workspace, [a_run("one"), a_run("two"), a_run("three")])
    with closing(sqlite3.connect(workspace.home / "rowsmith.sqlite3")) as connection:
        connection.execute("UPDATE runs SET id = CAST(id AS BLOB) WHERE id != 'three'")
        connection.commit()
    browser.open(RUNS)
    assert listed(browser) == ["three"]
    assert browser.text.count("The record of this run is damaged (id).") == 2
    assert browser.sees("3 runs")
