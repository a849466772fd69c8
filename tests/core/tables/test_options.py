"""Every decision about reading can be chosen; what is chosen is done, and what that changes is counted."""

from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from core.errors import ConfigError, TableFileError
from core.tables.files.convert import open_table
from core.tables.options import ColumnOptions, ReadOptions
from core.tables.read import load_tabular_file
from core.tables.report import ReadReport
from core.tables.sandbox import head_in_sandbox, read_in_sandbox


def read(folder: Path, content: str | bytes, **chosen: object) -> tuple[dict[str, list[object]], ReadReport]:
    """Return the cells, None where missing, and the report."""
    path = folder / "table.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    options = ReadOptions(**chosen)  # type: ignore[arg-type]
    frame = load_tabular_file(path, options=options)
    cells = {name: [None if pd.isna(cell) else cell for cell in frame[name]] for name in frame.columns}
    return cells, open_table(path, folder, options).report


CHOSEN = {
    "encoding": ("a,b\n1,ж\n".encode("cp1251"), {"encoding": "cp1251"}, {"a": [1], "b": ["ж"]}),
    "utf-16 with its mark": ("a,b\n1,é\n".encode("utf-16"), {"encoding": "utf-16"}, {"a": [1], "b": ["é"]}),
    "utf-8 with its mark": (b"\xef\xbb\xbfa,b\n1,\xc3\xa9\n", {"encoding": "utf-8"}, {"a": [1], "b": ["é"]}),
    "separator": ("a;b,c\n1;2,3\n", {"separator": ","}, {"a;b": ["1;2"], "c": [3]}),
    "any separator": ("a~b\n1~2\n", {"separator": "~"}, {"a": [1], "b": [2]}),
    "one column": ("a,b\n1,x\n", {"separator": ""}, {"a,b": ["1,x"]}),
    "no quotation marks": ('a,b\n"1,2"\n3,4\n', {"quote": ""}, {"a": ['"1', "3"], "b": ['2"', "4"]}),
    "single quotation marks": ("a,b\n'x,y',2\n", {"quote": "'"}, {"a": ["x,y"], "b": [2]}),
    "decimal comma": ("a;b\n1,234;x\n5,678;y\n", {"decimal": ","}, {"a": [1.234, 5.678], "b": ["x", "y"]}),
    "thousands comma": ("a;b\n1,234;x\n5,678;y\n", {"thousands": ","}, {"a": [1234, 5678], "b": ["x", "y"]}),
    "thousands point": ("a;b\n1.234;x\n5.678;y\n", {"thousands": "."}, {"a": [1234, 5678], "b": ["x", "y"]}),
    "decimal point and no mark": ("a;b\n1,234;x\n", {"decimal": ".", "thousands": ""}, {"a": ["1,234"], "b": ["x"]}),
    "header row": ("x,y\n5,6\na,b\n1,2\n", {"header_row": 3}, {"a": [1], "b": [2]}),
    "header row below a blank line": ("T\n\na,b\n1,2\n", {"header_row": 3}, {"a": [1], "b": [2]}),
    "no header": ("a,b\nc,d\n", {"header_row": 0}, {"column_1": ["a", "c"], "column_2": ["b", "d"]}),
    "missing words": ("a,b\n1,?\n-999,x\n", {"missing_words": ("?", "-999")}, {"a": [1, None], "b": [None, "x"]}),
    "text": ("a\n1\n2\n", {"columns": {"a": ColumnOptions("text")}}, {"a": ["1", "2"]}),
    "numbers with units": (
        "a\n1.5 kg\n2 kg\nnone of it\n", {"columns": {"a": ColumnOptions("number")}}, {"a": [1.5, 2, None]},
    ),
    "numbers with zeros before": ("a\n007\n010\n", {"columns": {"a": ColumnOptions("number")}}, {"a": [7, 10]}),
    "missing words of a column": (
        "a,b\n0,0\n1,1\n", {"columns": {"a": ColumnOptions(missing_words=("0",))}}, {"a": [None, 1], "b": [0, 1]},
    ),
    "words to keep": ("a,b\nNA,none\nx,1\n", {"kept_words": ("NA",)}, {"a": ["NA", "x"], "b": ["none", "1"]}),
    "words of a column to keep": (
        "a,b\nNA,1\n-,2\n",
        {"missing_words": ("-",), "columns": {"a": ColumnOptions(kept_words=("-", "NA"))}},
        {"a": ["NA", "-"], "b": [1, 2]},
    ),
    "long rows": ("a,b\n1,2\n3,4,5\n6,7\n", {"long_rows": "leave_out"}, {"a": [1, 6], "b": [2, 7]}),
}  # fmt: skip


@pytest.mark.parametrize(("content", "chosen", "expected"), CHOSEN.values(), ids=CHOSEN.keys())
def test_what_is_chosen_is_done_and_remembered(tmp_path, content, chosen, expected):
    cells, report = read(tmp_path, content, **chosen)
    assert cells == expected
    assert report.options == ReadOptions(**chosen)
    assert ReadOptions.from_dict(report.options.as_dict()) == report.options


def test_each_decision_comes_with_its_evidence(tmp_path):
    _, report = read(tmp_path, "Sales\n\na;b\n1,5;x\n2,25;y\n")
    assert (report.separator, report.decimal, report.header_row, report.encoding) == (";", ",", 3, "utf-8")
    assert set(report.evidence) == {"encoding", "separator", "quote", "decimal", "header_row"}
    assert report.evidence["decimal"] == "1 columns show it, 'a' the first."
    assert report.evidence["separator"].startswith("It cuts 3 of the first 4 rows into 2 cells each")


def test_a_doubtful_column_follows_the_others(tmp_path):
    cells, report = read(tmp_path, "a;b\n1,234;7,5\n5,678;8,25\n")
    assert cells["a"] == [1.234, 5.678]
    assert report.ambiguous == ()
    cells, _ = read(tmp_path, 'a,b\n"1,234",7.5\n"5,678",8.25\n')
    assert cells["a"] == [1234, 5678]
    cells, _ = read(tmp_path, "a;b\n1.234;7,5\n5.678;8,25\n")
    assert cells["a"] == [1234, 5678]


def test_a_column_that_nothing_decides_stays_text_and_is_asked_about(tmp_path):
    cells, report = read(tmp_path, "a;b\n1,234;x\n5,678;y\n")
    assert cells["a"] == ["1,234", "5,678"]
    assert report.ambiguous == ("a",)


def test_what_a_choice_costs_is_counted_with_its_rows(tmp_path):
    _, report = read(tmp_path, "a\n1 kg\nmuch\n2 kg\n?\n", columns={"a": ColumnOptions("number", missing_words=("?",))})
    missing, unread = report.changes
    assert missing.sentence == "Counted as missing in 'a', as chosen: '?', 1 cells."
    assert unread.sentence == (
        "Cells of 'a' that are no numbers and became missing: 1, such as 'much', the first in row 2 of the table."
    )
    _, report = read(tmp_path, "a,b\n1,2\n3,4,5\n6,7\n", long_rows="leave_out")
    assert (report.n_left_out, report.changes[0].lines) == (1, (3,))


@pytest.mark.parametrize(
    ("chosen", "sentence"),
    [
        ({"encoding": "klingon"}, "'klingon' is no known encoding of text"),
        ({"encoding": "base64"}, "no known encoding of text"),
        ({"separator": ",,"}, "cannot separate cells"),
        ({"quote": "x"}, "no quotation mark"),
        ({"decimal": ",", "thousands": ","}, "are the same"),
        ({"quote": "'", "separator": "'"}, "are the same"),
        ({"header_row": -1}, "cannot be in row -1"),
        ({"header_row": 7}, "Line 7 is none of the first 500 rows"),
        ({"columns": {"z": ColumnOptions("text")}}, "There is no column 'z' to read in another way"),
        ({"columns": {"a": ColumnOptions("date")}}, "no type of column 'a'"),  # type: ignore[arg-type]
    ],
)
def test_a_choice_that_is_none_is_refused(tmp_path, chosen, sentence):
    with pytest.raises((ConfigError, TableFileError), match=sentence):
        read(tmp_path, "a,b\n1,2\n", **chosen)


@pytest.mark.parametrize("values", [{"columns": 5}, {"surprise": 1}, {"columns": {"a": {"b": 1}}}])
def test_options_that_are_not_understood_are_refused(values):
    with pytest.raises(ConfigError, match="not understood"):
        ReadOptions.from_dict(values)


@pytest.fixture
def workbook(tmp_path: Path) -> Path:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in ([None] * 3, ["x", "y", "z"], ["a", "b", "c"], [1, "1,5 kg", -999], [2, "2,25 kg", 5]):
        sheet.append(row)
    book.save(tmp_path / "book.xlsx")
    return tmp_path / "book.xlsx"


def test_a_workbook_is_read_as_chosen(tmp_path: Path, workbook: Path):
    columns = {"a": ColumnOptions("text"), "b": ColumnOptions("number")}
    options = ReadOptions(header_row=3, decimal=",", missing_words=("-999",), columns=columns)
    frame = load_tabular_file(workbook, options=options)
    assert frame["a"].tolist() == ["1", "2"]
    assert frame["b"].tolist() == [1.5, 2.25]
    assert frame["c"].isna().tolist() == [True, False]
    report = read_in_sandbox(workbook, tmp_path, options)
    assert report.header_row == 3
    assert "Counted as missing in 'c', as chosen: '-999', 1 cells." in report.notices


def test_a_parquet_file_is_read_as_chosen(tmp_path: Path):
    pd.DataFrame({"a": [1, -999], "b": ["3 kg", "?"]}).to_parquet(tmp_path / "t.parquet")
    options = ReadOptions(missing_words=("-999",), columns={"b": ColumnOptions("number")})
    frame = load_tabular_file(tmp_path / "t.parquet", options=options)
    assert frame["a"].isna().tolist() == [False, True]
    assert frame["b"].tolist()[0] == 3.0


def test_the_first_rows_are_read_from_the_beginning_alone(tmp_path: Path):
    path = tmp_path / "large.csv"
    with open(path, "w") as file:
        file.write("a,b\n")
        file.writelines(f"{i},row {i}\n" for i in range(200_000))
        file.write('9,"never closed\n')
    head = head_in_sandbox(path, tmp_path)
    assert head.names == ("a", "b")
    assert len(head.rows) == 100
    assert head.rows[99] == ("99", "row 99")
    with pytest.raises(TableFileError, match="never closed"):
        read_in_sandbox(path, tmp_path)
