"""Awkward files in the real browser: how they were read can be changed, and nothing the user has open closes."""

import fcntl
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

from core.runs.checks import CHECKS
from tests.serving import Server

DRAWN = "[data-test-script-state=notRunning]"
NEXT_FRAMES = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"


def bring(page: Page, server: Server, path: Path) -> None:
    page.goto(server.url)
    page.locator("input[type=file]").set_input_files(path)


def open_list(page: Page, label: str) -> Locator:
    """Open a list as a user does, who has first scrolled to it; scrolling closes a list that is open.

    The browser tells of a scroll in its next frame only, which on a busy machine comes after the click. Until a
    table is drawn, the lists of the one before may still be there.
    """
    page.locator(DRAWN).wait_for()
    box = page.get_by_role("combobox", name=label)
    box.hover()
    page.evaluate(NEXT_FRAMES)
    box.click()
    return box


def choose(page: Page, label: str, option: str) -> None:
    open_list(page, label)
    page.get_by_role("option", name=option, exact=True).click()


def choose_target(page: Page, name: str) -> None:
    choose(page, "Target: what to predict", name)
    expect(page.get_by_text(re.compile(f"Outcome: {name}"))).to_be_visible()


@contextmanager
def checks_held_up(server: Server) -> Iterator[None]:
    """Keep tables from being checked for the duration of a `with` block."""
    with (server.home / CHECKS.lock_name).open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def test_an_ambiguous_mark_is_asked_about_and_the_answer_reads_the_file_again(
    page: Page, server: Server, tmp_path: Path
):
    path = tmp_path / "amounts.csv"
    path.write_text("shop;amount\n" + "".join(f"{i % 9};1,{100 + i}\n" for i in range(60)))
    bring(page, server, path)
    expect(page.get_by_text("1,234 can be a thousand or a little over one")).to_be_visible()
    choose(page, "Decimal mark", "comma")
    page.get_by_role("button", name="Read it this way").click()
    expect(page.get_by_text("1,234 can be a thousand or a little over one")).to_be_hidden()
    choose_target(page, "amount")
    expect(page.get_by_text("Outcome: amount, number.")).to_be_visible()
    page.get_by_text("How it was read, and how to change it").click()
    expect(page.get_by_role("combobox", name="Decimal mark")).to_have_value("comma")


def test_what_is_open_or_half_typed_stays_so_when_the_checks_arrive(page: Page, server: Server, tmp_path: Path):
    path = tmp_path / "visits.csv"
    rows = "".join(f"{i % 9},{i * 37 % 101},{'yes' if i % 2 else 'no'}\n" for i in range(90))
    path.write_text(f"shop,visits,left\n{rows}")
    bring(page, server, path)
    expect(page.get_by_text("90 rows · 3 columns")).to_be_visible()
    with checks_held_up(server):
        choose_target(page, "left")
        page.get_by_text("How it was read, and how to change it").click()
        page.get_by_text("Data receipt: what becomes of every row and column").click()
        left_out = open_list(page, "Left out")
        left_out.press_sequentially("vis")
        expect(page.get_by_text("Checking the table")).to_be_visible()
    expect(page.get_by_text("checks passed")).to_be_visible()
    expect(page.get_by_text("Checking the table")).to_be_hidden()
    expect(left_out).to_have_value("vis")
    expect(page.get_by_role("option", name="visits")).to_be_visible()
    expect(page.get_by_text("90 rows in the file")).to_be_visible()
    expect(page.get_by_text("Single columns")).to_be_visible()


def test_one_click_on_a_check_leaves_the_others_where_they_are(page: Page, server: Server, tmp_path: Path):
    path = tmp_path / "late.csv"
    rows = "".join(f"{i % 9},{i % 2},{'yes' if i % 2 else 'no'}\n" for i in range(90))
    path.write_text(f"a,known later,left\n{rows}")
    bring(page, server, path)
    expect(page.get_by_text("90 rows · 3 columns")).to_be_visible()
    choose_target(page, "left")
    page.get_by_text("checks passed").click()
    expect(page.get_by_text("No column is mostly empty")).to_be_visible()
    with checks_held_up(server):
        page.get_by_role("button", name="Leave out", exact=True).first.click()
        expect(page.get_by_text("'known later' knows the answer alone")).to_be_hidden()
        expect(page.get_by_text("Checking the table")).to_be_visible()
        expect(page.get_by_text("No column is mostly empty")).to_be_visible()
    expect(page.get_by_text("Checking the table")).to_be_hidden()
    expect(page.get_by_text("No column is mostly empty")).to_be_visible()


def test_a_file_that_is_refused_is_read_in_another_way(page: Page, server: Server, tmp_path: Path):
    path = tmp_path / "long.csv"
    path.write_text("a,b\n1,2\n3,4,5\n6,7\n")
    bring(page, server, path)
    expect(page.get_by_text("Line 3 has 3 cells, but the table has 2 columns.")).to_be_visible()
    page.reload()
    expect(page.get_by_text("Line 3 has 3 cells, but the table has 2 columns.")).to_be_visible()
    page.get_by_text("Leave out rows with too many cells").click()
    page.get_by_role("button", name="Read it this way").click()
    expect(page.get_by_text("2 rows · 2 columns")).to_be_visible()
    expect(page.get_by_text("Rows with more cells than columns were left out: line 3.").first).to_be_visible()


def test_a_large_file_shows_its_first_rows_and_survives_a_refresh(page: Page, server: Server, tmp_path: Path):
    path = tmp_path / "large.csv"
    with path.open("w") as file:
        file.write("n,k,word,y\n")
        file.writelines(f"{i},{i % 7},word {i % 5000} of many,{i % 3}\n" for i in range(900_000))
    bring(page, server, path)
    expect(page.get_by_text("while the rest is being read")).to_be_visible()
    page.reload()
    expect(page.get_by_text("900,000 rows · 4 columns")).to_be_visible(timeout=120_000)


def test_pasted_rows_with_a_leak_are_checked_and_one_click_leaves_it_out(page: Page, server: Server):
    rows = "".join(f"{i % 7}\t{(i * 37) % 11}\t{i % 2}\t{'yes' if i % 2 else 'no'}\n" for i in range(200))
    page.goto(server.url)
    page.get_by_text("Or paste rows from Excel").click()
    page.get_by_label("Rows with their header").fill(f"a\tb\tknown later\tleft\n{rows}")
    page.get_by_role("button", name="Read these rows").click()
    choose_target(page, "left")
    expect(page.get_by_text("'known later' knows the answer alone")).to_be_visible()
    page.get_by_role("button", name="Leave out", exact=True).first.click()
    expect(page.get_by_text("'known later' knows the answer alone")).to_be_hidden()
    page.get_by_text("Data receipt: what becomes of every row and column").click()
    expect(page.get_by_text("200 rows in the file")).to_be_visible()
