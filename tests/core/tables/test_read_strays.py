"""What is no row of a table is left out where the evidence is strong, counted, and kept on request."""

from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from core.tables.files.convert import convert_file
from core.tables.options import ColumnOptions, ReadOptions
from core.tables.read import load_tabular_file
from core.tables.report import ReadReport


def read(folder: Path, content: str | bytes | Path, **chosen: object) -> tuple[dict[str, list[object]], ReadReport]:
    """Return the cells, None where missing, and the report."""
    path = folder / "table.csv"
    if isinstance(content, Path):
        path = content
    else:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    options = ReadOptions(**chosen)  # type: ignore[arg-type]
    frame = load_tabular_file(path, options=options)
    cells = {name: [None if pd.isna(cell) else cell for cell in frame[name]] for name in frame.columns}
    return cells, convert_file(path, folder, options)


KEPT = {
    "a row cut off below texts": ("a,b,c\nx,1,2\ny,3,4\nz\n", {"a": ["x", "y", "z"], "b": [1, 3, None]}),
    "a row cut off below numbers": ("a,b,c\n1,2,3\n4\n", {"a": [1, 4], "b": [2, None]}),
    "a last row that is apart as others are": (
        "a,b,c\nx,1,2\n\ny,3,4\n\nz\n",
        {"a": ["x", "y", "z"], "b": [1, 3, None]},
    ),
    "one text below two columns": ("a,b\n1,x\n2,y\nnote\n", {"a": ["1", "2", "note"], "b": ["x", "y", None]}),
    "a name as a value of its only column": ("a\na\nb\n", {"a": ["a", "b"]}),
    "one name as a value": ("a,b\na,1\nx,2\n", {"a": ["a", "x"], "b": [1, 2]}),
    "names that are numbers": ("1,2\n1,2\n8,9\n", {"1": [1, 8], "2": [2, 9]}),
    "rows like the header that are most of them": ("a,b\na,b\na,b\nx,y\n", {"a": ["a", "a", "x"]}),
    "the only row, apart": ("a,b,c\n,,\nthis,,\n", {"a": ["this"], "b": [None]}),
    "a blank row within": ("a,b\n1,x\n,\n2,y\n", {"a": [1, None, 2]}),
    "a blank row below one column": ('a\n1\n""\n', {"a": [1, None]}),
    "texts below a header with a blank name": ("id,,c\nA,x,low\nB,y,high\n", {"id": ["A", "B"], "c": ["low", "high"]}),
    "a text below a blank name, above numbers": ("id,,c\nA,x,low\nB,y,5\n", {"id": ["A", "B"], "c": ["low", "5"]}),
    "two unnamed columns of row names": (",,x\na,b,5\nc,d,6\n", {"x": [5, 6]}),
    "names behind a hash": ("# id,name\n1,x\n2,y\n", {"# id": [1, 2], "name": ["x", "y"]}),
    "texts that begin with a hash below a title": ("Tags\na,b\n#1,x\n#2,y\n", {"a": ["#1", "#2"]}),
}


@pytest.mark.parametrize(("content", "expected"), KEPT.values(), ids=KEPT.keys())
def test_rows_stay_where_the_evidence_is_weak(tmp_path, content, expected):
    cells, report = read(tmp_path, content)
    assert {name: cells[name] for name in expected} == expected
    assert report.n_left_out == 0


STRAYS = "# made by X\na,b,c\n1,x,5\n# so far\na,b,c\n2,y,6\n,,\nSource: office\n,,\n"


def test_all_that_is_no_row_is_left_out_and_counted_with_its_lines(tmp_path):
    cells, report = read(tmp_path, STRAYS)
    assert cells == {"a": [1, 2], "b": ["x", "y"], "c": [5, 6]}
    assert (report.n_rows, report.n_left_out) == (2, 5)
    assert report.notices == (
        "Skipped 1 title row above the header.",
        "Comments within the table were left out: line 4.",
        "Rows that hold the names of the columns again were left out: line 5.",
        "Remarks below the table were left out, in line 8: 'Source: office'.",
        "Blank rows below the table were left out: 2.",
    )
    assert [change.lines for change in report.changes[1:]] == [(4,), (5,), (8,), (7, 9)]


def test_all_that_is_no_row_is_kept_on_request(tmp_path):
    cells, report = read(tmp_path, STRAYS, stray_rows="keep")
    assert cells["a"] == ["1", "# so far", "a", "2", None, "Source: office", None]
    assert (report.n_rows, report.n_left_out) == (7, 0)
    assert ReadOptions.from_dict(report.options.as_dict()) == report.options


def test_lines_of_strays_are_right_below_cells_of_several_lines(tmp_path):
    rows = "".join(f'{i},"two\nlines",{i}\n' for i in range(100))
    _, report = read(tmp_path, f"a,b,c\n{rows}a,b,c\n\n1,x,2\nNote: ends here\n")
    assert [change.lines for change in report.changes] == [(202,), (205,)]


def test_the_header_that_was_chosen_is_obeyed(tmp_path):
    content = ",2019,,2020,\nland,men,women,men,women\nAT,1,2,3,4\nDE,5,6,7,8\n"
    cells, report = read(tmp_path, content, header_row=1)
    assert list(cells) == ["column_1", "2019", "column_3", "2020", "column_5"]
    assert (report.header_row, report.n_rows) == (1, 3)


def test_a_unit_is_kept_as_text_on_request(tmp_path):
    cells, report = read(tmp_path, "a,b\n12 %,x\n7.5 %,y\n")
    assert cells["a"] == [0.12, 0.075]
    assert report.notices == ("Numbers with % were read as shares of one, 1 % as 0.01: 'a'.",)
    cells, report = read(tmp_path, "a,b\n12 %,x\n7.5 %,y\n", columns={"a": ColumnOptions("text")})
    assert (cells["a"], report.notices) == (["12 %", "7.5 %"], ())


def test_a_unit_that_not_all_cells_have_is_no_unit(tmp_path):
    for column in (
        ["12 %", "7"],
        ["$5", "6"],
        ["5 kg", "6 kg", "much"],
        ["(5)", "(6)"],
        ["1990s", "1980s"],
        ["3 4", "5 %"],
    ):
        cells, report = read(tmp_path, "row;x\n" + "".join(f"r;{text}\n" for text in column))
        assert (cells["x"], report.notices) == (column, ())


def test_numbers_with_a_unit_read_alike_beside_words_for_nothing(tmp_path):
    cells, report = read(tmp_path, "row;x\na;12,5 %\nb;n/a\nc;7 %\n")
    assert cells["x"] == ["0.125", "n/a", "0.07"]
    assert report.columns[1].kind == "number"


def test_escaping_backslashes_are_shown_and_stay_on_request(tmp_path):
    content = 'a,b\n"5\\" pipe, \\\\ and more",1\n"x",2\n'
    cells, report = read(tmp_path, content)
    assert cells["a"] == ['5" pipe, \\ and more', "x"]
    assert report.evidence["quote"] == "A backslash stands before quotation marks within cells, the first in line 2."
    cells, _ = read(tmp_path, 'a,b\n"5\\" pipe",1\n"x",2\n', quote='"')
    assert cells["a"] == ['5\\ pipe"', "x"]


@pytest.fixture
def workbook(tmp_path: Path) -> Path:
    book = openpyxl.Workbook()
    sheet = book["Sheet"]
    for row in (
        ["region", "shop", "n"], ["north", "a", 1], [None, "b", 2], ["region", "shop", "n"], ["south", "c", 3],
        [], ["Note: by hand"],
    ):  # fmt: skip
        sheet.append(row)
    sheet.merge_cells("A2:A3")
    book.save(tmp_path / "book.xlsx")
    return tmp_path / "book.xlsx"


def test_strays_and_merged_cells_of_a_sheet_are_told_by_their_rows(tmp_path, workbook):
    cells, report = read(tmp_path, workbook)
    assert cells == {"region": ["north", "north", "south"], "shop": ["a", "b", "c"], "n": [1, 2, 3]}
    assert report.notices == (
        "Cells merged over several rows hold their value in each of them: 'region'.",
        "Rows that hold the names of the columns again were left out: row 4.",
        "Remarks below the table were left out, in row 7: 'Note: by hand'.",
        "Blank rows below the table were left out: 1.",
    )
    assert (report.n_rows, report.n_left_out) == (3, 3)


def test_a_name_that_is_merged_downwards_does_not_reach_into_the_rows(tmp_path):
    book = openpyxl.Workbook()
    for row in (["a", "b"], [None, 1], ["x", 2]):
        book["Sheet"].append(row)
    book["Sheet"].merge_cells("A1:A2")
    book.save(tmp_path / "merged.xlsx")
    cells, report = read(tmp_path, tmp_path / "merged.xlsx")
    assert (cells, report.notices) == ({"a": [None, "x"], "b": [1, 2]}, ())


def test_strays_of_a_sheet_are_kept_on_request(tmp_path, workbook):
    cells, report = read(tmp_path, workbook, stray_rows="keep")
    assert cells["region"] == ["north", "north", "region", "south", None, "Note: by hand"]
    assert report.n_left_out == 0


def test_a_unit_in_a_sheet_of_texts_is_read_as_in_a_text_file(tmp_path):
    book = openpyxl.Workbook()
    for row in (["a", "b"], ["12 %", "x"], ["7 %", "y"]):
        book["Sheet"].append(row)
    book.save(tmp_path / "units.xlsx")
    cells, report = read(tmp_path, tmp_path / "units.xlsx")
    assert cells["a"] == [0.12, 0.07]
    assert "Numbers with % were read as shares of one, 1 % as 0.01: 'a'." in report.notices
