"""Awkward files in the real browser: what cannot be read can be read otherwise, large files show how far they are."""

import re
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.serving import Server


def bring(page: Page, server: Server, path: Path) -> None:
    page.goto(server.url)
    page.locator("input[type=file]").set_input_files(path)


def choose_target(page: Page, name: str) -> None:
    page.get_by_label("Target: what to predict").click()
    page.get_by_role("option", name=name, exact=True).click()
    expect(page.get_by_text(re.compile(f"Outcome: {name}"))).to_be_visible()


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
