"""The Runs page: find, open, star, name, note, resume and delete what was done, and what it takes of the disk."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from streamlit.testing.v1 import AppTest

from core.runs.requests import resume
from core.runs.summon import the_lock
from core.workspace import open_workspace
from tests.core.small_disk import fill, small_disk
from tests.pages.run_rows import CLASSES, MODEL_BYTES, NUMBER, a_run, a_table, write_runs

RUNS = "pages/use/runs.py"
STAGED = [
    a_run("queued", "queued"),
    a_run("works", "running", epoch=37, epochs=100),
    a_run("hangs", "running", trouble="No progress for 45 s: the process is suspended. Let it go on, or end it."),
    a_run("rests", "paused", epoch=12),
    a_run("broken", "interrupted", epoch=21, message="The training process was killed (signal 9) from outside."),
    a_run("best", seconds=3_723.0, starred=True, note="For the **March** mailing.\nAsk <b>Eva</b>."),
    a_run("price", metrics=NUMBER, dataset_id="d2"),
    a_run("kept", "stopped", metrics=CLASSES, results={"bundle_bytes": 12}, seconds=9.0),
    a_run("nothing", "stopped", message="Stopped before there was anything to keep."),
    a_run("failed", "failed", message="There was not enough memory."),
    a_run("scored", kind="score", results={"rows": 3}, epoch=3, epochs=3),
]
TABLES = [a_table(), a_table("d2", "Apartment prices")]


@pytest.fixture
def staged(workspace) -> Iterator[None]:
    """Write runs in every state, and let nobody look after them: what is shown is what was written."""
    write_runs(workspace, STAGED, TABLES)
    (workspace.run_dir("scored") / "predictions.csv").write_bytes(b"x" * 100)
    (workspace.run_dir("best") / "checkpoint.safetensors").write_bytes(b"x" * 20_000)
    (workspace.run_dir("kept") / "checkpoint.safetensors").write_bytes(b"x" * 3_000)
    with the_lock(workspace) as is_mine:
        assert is_mine
        yield


def listed(browser) -> list[str]:
    """Return the ids of the runs on the page, in their order."""
    return [menu.key.removeprefix("runs_menu_") for menu in browser.app.menu_button]


def asked(action: str, *arguments: object, module: str = "runactions") -> AppTest:
    """Return a page that asks this question, and goes on asking: the runner cannot draw a dialog alone."""
    dialog = AppTest.from_string(f"from pages.shared.{module} import {action}\n{action}(*{arguments!r})").run()
    assert not dialog.exception, dialog.exception
    return dialog


def plain(text: str) -> str:
    """Return a text without the signs that keep Markdown from reading it."""
    return text.replace("\\", "")


def choose(browser, run_id: str, action: str):
    browser.app.menu_button(key=f"runs_menu_{run_id}").set_value(action)
    return browser.run()


def test_without_runs_it_says_what_to_do(browser):
    browser.open(RUNS)
    assert browser.sees("Nothing has been trained yet.")
    assert browser.links == ["Train a model", "Bring a table, or try a sample"]


def test_a_run_is_listed_with_state_table_mode_score_time_and_link(browser, trained):
    browser.open(RUNS)
    assert browser.sees("churn · Standard network")
    assert browser.sees(f"{100 * trained.metrics['test_metric_value']:.1f} % right")
    assert "Finished" in browser.text
    assert browser.sees(" kB")
    (link,) = browser.app.get("page_link")
    assert link.proto.query_string == f"run={trained.id}"


def test_every_state_has_its_word_colour_and_what_there_is_to_add(browser, staged):
    browser.open(RUNS)
    for badge in (
        ":gray-badge[:material/schedule: Queued]",
        ":blue-badge[:material/sync: Running]",
        ":orange-badge[:material/pause_circle: Paused]",
        ":orange-badge[:material/warning: Interrupted]",
        ":green-badge[:material/check_circle: Finished]",
        ":green-badge[:material/stop_circle: Stopped]",
        ":gray-badge[:material/stop_circle: Stopped]",
        ":red-badge[:material/error: Failed]",
    ):
        assert badge in browser.text, badge
    for words in ("37 %", "No progress for 45 s", "Can be resumed (24 %)", "Can be resumed (42 %)", "Best kept",
                  "Nothing was kept", "There was not enough memory.", "1:02:03", "RMSE 34,160"):  # fmt: skip
        assert browser.sees(words), words
    assert not browser.sees("Damaged")


def test_a_note_is_one_line_and_inert(browser, staged):
    browser.open(RUNS)
    (caption,) = [caption.value for caption in browser.app.caption if "sticky_note" in caption.value]
    assert r"For the \*\*March\*\* mailing\. Ask \<b\>Eva\<\/b\>\." in caption


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("run best", ["best"]),
        ("apartment", ["price"]),
        ("MAILING eva", ["best"]),
        ("customers failed", ["failed"]),
    ],
)
def test_the_search_looks_at_name_table_and_note(words, found, browser, staged):
    browser.open(RUNS)
    browser.app.text_input(key="runs_search").set_value(words)
    assert listed(browser.run()) == found
    assert browser.sees("1 of 11 runs")


@pytest.mark.parametrize(
    ("state", "found"),
    [
        ("Working", ["queued", "works", "hangs"]),
        ("Resting", ["rests", "broken"]),
        ("Done", ["best", "price", "kept", "nothing", "scored"]),
        ("Failed", ["failed"]),
        ("Damaged", []),
    ],
)
def test_a_state_filters(state, found, browser, staged):
    browser.open(RUNS)
    browser.app.segmented_control(key="runs_state").set_value(state)
    assert listed(browser.run()) == found


def test_a_kind_filters_and_predictions_open_on_their_page(browser, staged):
    browser.open(RUNS)
    browser.app.segmented_control(key="runs_kind").set_value("score")
    assert listed(browser.run()) == ["scored"]
    (link,) = browser.app.get("page_link")
    assert link.proto.query_string == "job=scored"


@pytest.mark.parametrize(
    ("order", "first"),
    [
        ("Oldest first", ["scored", "failed", "nothing"]),
        ("Best score, by table", ["price", "best", "kept"]),
        ("Longest", ["best", "kept", "queued"]),
        ("Largest", ["best", "kept", "scored"]),
    ],
)
def test_the_order_can_be_chosen(order, first, browser, staged):
    assert listed(browser.open(RUNS))[:3] == ["queued", "works", "hangs"]
    browser.app.selectbox(key="runs_order").set_value(order)
    assert listed(browser.run())[:3] == first


def test_scores_are_compared_within_one_table_and_target_only(browser, workspace):
    scores = [("a", "d1", 0.7), ("b", "d1", 0.9), ("c", "d2", 30.0), ("d", "d2", 20.0), ("e", "d1", 0.8)]
    task = {"d1": CLASSES, "d2": NUMBER}
    rows = [a_run(key, dataset_id=at, metrics=task[at] | {"test_metric_value": value}) for key, at, value in scores]
    other = {"request": {"config": {"target_column": "another"}}}
    write_runs(workspace, [*rows, a_run("f") | other, a_run("g", "failed")], TABLES)
    browser.open(RUNS)
    browser.app.selectbox(key="runs_order").set_value("Best score, by table")
    assert listed(browser.run()) == ["d", "c", "f", "b", "e", "a", "g"]


def test_a_star_stays_and_filters(browser, store, trained):
    browser.open(RUNS).click(f"runs_star_{trained.id}")
    assert store.run(trained.id).starred
    browser.app.toggle(key="runs_starred").set_value(True)
    assert browser.run().sees("1 run")
    browser.click(f"runs_star_{trained.id}")
    assert browser.sees("No run matches.")


def test_a_search_for_nothing_says_so_and_leads_back(browser, trained):
    browser.open(RUNS)
    browser.app.text_input(key="runs_search").set_value("nowhere")
    assert browser.run().sees("No run matches.")
    assert listed(browser.click("runs_clear")) == [trained.id]


def test_a_run_gets_another_name(store, trained, home):
    dialog = asked("rename_run", trained.id)
    dialog.text_input[0].set_value("  the good one ")
    dialog.button[0].click().run()
    assert store.run(trained.id).name == "the good one"


def test_an_empty_name_is_not_taken(store, trained, home):
    dialog = asked("rename_run", trained.id)
    dialog.text_input[0].set_value("   ")
    dialog.button[0].click().run()
    assert store.run(trained.id).name == trained.name


def test_a_note_can_be_written_and_taken_away(store, trained, home):
    for written, kept in (("  keep this ", "keep this"), ("", "")):
        dialog = asked("annotate_run", trained.id)
        dialog.text_area[0].set_value(written)
        dialog.button[0].click().run()
        assert store.run(trained.id).note == kept


def test_only_a_run_that_rests_can_be_resumed(browser, store, workspace, staged):
    browser.open(RUNS)
    offered = {menu.key.removeprefix("runs_menu_") for menu in browser.app.menu_button if "Resume" in menu.options}
    assert offered == {"rests", "broken"}
    choose(browser, "rests", "Resume")
    assert store.run("rests").state == "queued"
    assert listed(browser)[0] == "queued"


def test_what_was_resumed_elsewhere_is_no_error(browser, store, workspace, staged):
    browser.open(RUNS)
    resume(workspace, store, "rests")
    choose(browser, "rests", "Resume")
    assert store.run("rests").state == "queued"
    assert not browser.app.error


def test_deleting_asks_first(browser, store, trained):
    choose(browser.open(RUNS), trained.id, "Delete")
    assert browser.sees("This cannot be undone.")
    assert store.run(trained.id)


def test_a_run_is_deleted_with_its_files(store, trained, workspace):
    asked("delete_run", trained.id).button[0].click().run()
    assert store.runs() == []
    assert not workspace.run_dir(trained.id).exists()


def test_a_run_at_work_is_not_deleted_and_says_why(store, staged):
    dialog = asked("delete_run", "works").button[0].click().run()
    assert plain(dialog.error[0].value) == "The run 'run works' is running. Stop it before you delete it."
    assert store.run("works").state == "running"


def test_deleting_all_that_match_says_how_many_and_how_much(browser, store, staged):
    browser.open(RUNS).click("runs_delete_found")
    assert browser.sees("**7 runs** with their models, curves and files will be gone, and 3.124 kB will be free.")
    assert browser.sees("4 runs with a star or at work will be kept.")
    assert len(store.runs()) == 11


def test_only_those_that_match_are_deleted(browser, staged):
    browser.open(RUNS)
    browser.app.segmented_control(key="runs_state").set_value("Failed")
    browser.run().click("runs_delete_found")
    assert browser.sees("**1 run** with")


def test_what_got_a_star_or_went_to_work_meanwhile_is_kept(store, workspace, staged):
    dialog = asked("delete_runs", ("price", "rests", "failed", "gone"), 10, 0)
    store.set_run("price", starred=True)
    store.resume("rests")
    dialog.button[0].click().run()
    left = {run.id for run in store.runs()}
    assert left == {row["id"] for row in STAGED} - {"failed"}
    assert {path.name for path in (workspace.home / "runs").iterdir()} == left


def test_the_disk_use_adds_up(browser, staged):
    used = browser.open(RUNS).app.dataframe[0].value.set_index("Kind")["Size"]
    assert (used["Checkpoints"], used["Models"], used["Predictions"]) == ("23 kB", "36 B", "100 B")


def test_checkpoints_of_ended_runs_can_go(workspace, staged, home):
    dialog = asked("free_up", module="diskuse")
    assert "The checkpoints of 1 ended run will be deleted, and 3 kB will be free." in dialog.markdown[0].value
    dialog.button[0].click().run()
    assert not (workspace.run_dir("kept") / "checkpoint.safetensors").exists()
    assert (workspace.run_dir("best") / "checkpoint.safetensors").exists()  # it has a star
    assert (workspace.run_dir("kept") / "model.rowsmith").exists()


def test_more_runs_than_a_page_holds_are_turned_over(browser, workspace):
    write_runs(workspace, [a_run(f"r{n:02d}") for n in range(45)])
    assert listed(browser.open(RUNS)) == [f"r{n:02d}" for n in range(20)]
    browser.app.pagination[0].set_value(3)
    assert listed(browser.run()) == [f"r{n:02d}" for n in range(40, 45)]
    browser.app.text_input(key="runs_search").set_value("run r0")
    assert listed(browser.run()) == [f"r{n:02d}" for n in range(10)]


@pytest.mark.parametrize("action", ["Resume", "Note"])
def test_a_run_that_was_deleted_elsewhere_is_no_dead_end(action, browser, store, staged):
    browser.open(RUNS)
    store.delete_run("rests")
    choose(browser, "rests", action)
    assert "rests" not in listed(browser)


def test_a_disk_that_refuses_is_named_on_the_page(browser, store, home, tmp_path, monkeypatch):
    with small_disk(tmp_path / "disk", 4 << 20) as disk:
        monkeypatch.setenv("ROWSMITH_HOME", str(disk / "home"))
        workspace = open_workspace()
        write_runs(workspace, [a_run("one")])
        browser.open(RUNS)
        assert browser.sees("are free on the disk of")
        fill(disk)
        for _ in range(40):  # what the write-ahead log has room for is still taken
            browser.click("runs_star_one")
            if browser.app.error:
                break
        assert plain(browser.app.error[0].value).startswith("The disk is full")
        assert listed(browser) == ["one"]


def test_a_blend_in_the_list_counts_its_time(browser, workspace) -> None:
    blend = {"request": {"config": {"training_mode": "auto", "time_budget": 200.0}}, "epoch": 3, "seconds": 50.0}
    metrics = CLASSES | {"best_epoch": None, "leaderboard": {"members": 3}}
    results = {"bundle_bytes": MODEL_BYTES}
    rows = [a_run("rests", "paused", **blend), a_run("kept", "stopped", **blend, metrics=metrics, results=results)]
    write_runs(workspace, rows)
    browser.open(RUNS)
    for words in ("Can be resumed (25 %)", "Blend kept", "Blend of networks"):
        assert browser.sees(words), words
    assert not browser.sees("Best kept")
