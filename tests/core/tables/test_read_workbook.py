"""A workbook gives its visible table, with cells of the kind they are in the sheet."""

import io
import zipfile
from datetime import date, datetime, time, timedelta

import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core.errors import TableFileError
from core.tables.read import list_sheets, load_tabular_file
from core.tables.sandbox import read_in_sandbox


def workbook(path, **sheets):
    book = openpyxl.Workbook()
    book.remove(book.active)
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    book.save(path)
    return path


def cells(frame):
    return {name: [None if pd.isna(cell) else cell for cell in frame[name]] for name in frame.columns}


def test_cells_keep_their_kind(tmp_path):
    path = workbook(
        tmp_path / "t.xlsx",
        data=[
            ["whole", "broken", "text", "flag", "day", "mixed", "gap"],
            [1, 1.5, "007", True, date(2010, 2, 5), 5, 1],
            [2, 2, "NA", False, datetime(2010, 2, 6, 12), "five", None],
            [3, None, " x ", True, date(2010, 2, 7), date(2010, 2, 5), 3],
        ],
    )
    frame = load_tabular_file(path)
    assert [str(dtype) for dtype in frame.dtypes] == [
        "int64", "float64", "str", "bool", "datetime64[us]", "str", "Int64",
    ]  # fmt: skip
    assert cells(frame) == {
        "whole": [1, 2, 3],
        "broken": [1.5, 2.0, None],
        "text": ["007", "NA", " x "],
        "flag": [True, False, True],
        "day": [pd.Timestamp("2010-02-05"), pd.Timestamp("2010-02-06 12:00"), pd.Timestamp("2010-02-07")],
        "mixed": ["5", "five", "2010-02-05"],
        "gap": [1, None, 3],
    }


def test_times_are_text_and_durations_are_days(tmp_path):
    path = workbook(tmp_path / "t.xlsx", data=[["at", "for"], [time(18, 30), timedelta(hours=36)]])
    book = openpyxl.load_workbook(path)
    book["data"]["B2"].number_format = "[h]:mm:ss"
    book.save(path)
    assert cells(load_tabular_file(path)) == {"at": ["18:30:00"], "for": [1.5]}


def test_titles_above_and_blanks_around_the_table_are_left_out(tmp_path):
    path = workbook(
        tmp_path / "t.xlsx",
        data=[
            ["Sales report"], [], ["2020", "all"],
            [None, "shop", "items", "price"], [None, "a", 1, 2.5], [None, "b", 2, None], [None, None, None, None],
            [" "[:0]],
        ],
    )  # fmt: skip
    assert cells(load_tabular_file(path)) == {"shop": ["a", "b"], "items": [1, 2], "price": [2.5, None]}
    assert "Skipped 2 title rows above the header." in read_in_sandbox(path, tmp_path).notices


def test_a_header_of_years_and_a_table_without_header(tmp_path):
    years = workbook(tmp_path / "y.xlsx", data=[["land", 2019, 2020], ["AT", 5, 6]])
    assert cells(load_tabular_file(years)) == {"land": ["AT"], "2019": [5], "2020": [6]}
    bare = workbook(tmp_path / "b.xlsx", data=[["x", 5.5], ["y", 6.5]])
    assert cells(load_tabular_file(bare)) == {"column_1": ["x", "y"], "column_2": [5.5, 6.5]}


def test_blank_rows_inside_the_table_stay_and_those_below_go(tmp_path):
    path = workbook(tmp_path / "t.xlsx", data=[["a", "b"], [1, "x"], [], [3, "z"], [], []])
    assert cells(load_tabular_file(path)) == {"a": [1, None, 3], "b": ["x", None, "z"]}


def test_repeated_and_blank_names_are_made_different(tmp_path):
    path = workbook(tmp_path / "t.xlsx", data=[["a", "a", None, "b"], [1, 2, 3, 4], [1, 2, 3, 4]])
    assert list(load_tabular_file(path).columns) == ["a", "a.2", "column_3", "b"]


def two_sheets(path):
    workbook(path, hidden=[["secret"], [1]], empty=[], first=[["a"], [1], [2]], second=[["b"], ["x"]])
    book = openpyxl.load_workbook(path)
    book["hidden"].sheet_state = "hidden"
    book.save(path)
    return path


def test_hidden_sheets_are_not_read_and_the_first_with_cells_is(tmp_path):
    path = two_sheets(tmp_path / "t.xlsx")
    assert list_sheets(path) == ["empty", "first", "second"]
    assert cells(load_tabular_file(path)) == {"a": [1, 2]}
    report = read_in_sandbox(path, tmp_path)
    assert (report.kind, report.sheet, report.sheets) == ("xlsx", "first", ("empty", "first", "second"))


def test_a_sheet_is_chosen_by_name(tmp_path):
    assert cells(load_tabular_file(two_sheets(tmp_path / "t.xlsx"), "second")) == {"b": ["x"]}


@pytest.mark.parametrize("name", ["third", "hidden"])
def test_an_unknown_sheet_is_refused_with_the_names_there_are(tmp_path, name):
    with pytest.raises(TableFileError, match=f"no sheet '{name}'.*'empty', 'first', 'second'"):
        load_tabular_file(two_sheets(tmp_path / "t.xlsx"), name)


def test_an_empty_sheet_and_an_empty_workbook_are_refused(tmp_path):
    with pytest.raises(TableFileError, match="The sheet 'empty' is empty"):
        load_tabular_file(two_sheets(tmp_path / "t.xlsx"), "empty")
    with pytest.raises(TableFileError, match="All visible sheets are empty"):
        load_tabular_file(workbook(tmp_path / "e.xlsx", one=[], two=[]))
    with pytest.raises(TableFileError, match="header but no rows"):
        load_tabular_file(workbook(tmp_path / "h.xlsx", one=[["a", "b"]]))


def test_the_content_decides_that_it_is_a_workbook(tmp_path):
    path = workbook(tmp_path / "t.xlsx", data=[["a"], [1]])
    renamed = path.rename(tmp_path / "t.csv")
    assert cells(load_tabular_file(renamed)) == {"a": [1]}


def test_error_cells_and_formulas_without_a_result_are_missing_and_counted(tmp_path):
    path = workbook(tmp_path / "t.xlsx", data=[["a", "b"], [1, "=1+1"], ["#N/A", 5], ["#DIV/0!", 6]])
    assert cells(load_tabular_file(path)) == {"a": [1, None, None], "b": [None, 5, 6]}
    said = " ".join(read_in_sandbox(path, tmp_path).notices)
    assert "error such as #N/A, which count as missing: 2" in said
    assert "Formulas without a stored result, which count as missing: 1" in said


def archive(path, members, compression=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", compression) as file:
        for name, content in members.items():
            file.writestr(name, content)
    return path


def test_archives_beyond_the_limits_are_refused_before_they_are_opened(tmp_path):
    many = archive(tmp_path / "many.xlsx", {f"xl/{i}.xml": "" for i in range(1_001)})
    with pytest.raises(TableFileError, match="1,001 parts; at most 1,000"):
        load_tabular_file(many)
    bomb = archive(tmp_path / "bomb.xlsx", {"xl/workbook.xml": b"\0" * 5_000_000})
    with pytest.raises(TableFileError, match="over 100 times its size"):
        load_tabular_file(bomb)
    huge = tmp_path / "huge.xlsx"
    with zipfile.ZipFile(huge, "w") as file:
        file.writestr("xl/workbook.xml", b"x")
        file.filelist[0].file_size = 560_000_000
    with pytest.raises(TableFileError, match="unpacks to 560 MB; at most 512 MB"):
        load_tabular_file(huge)


def test_other_archives_are_refused(tmp_path):
    with pytest.raises(TableFileError, match="ZIP archive, not a workbook"):
        load_tabular_file(archive(tmp_path / "t.xlsx", {"a.csv": "a\n1\n"}))


def test_a_tiny_sheet_that_spans_everything_harms_only_itself(tmp_path):
    path = workbook(tmp_path / "t.xlsx", data=[["a"], [1]])
    book = openpyxl.load_workbook(path)
    book["data"]["XFD1048576"] = 1
    book.save(path)
    with pytest.raises(TableFileError) as refusal:
        load_tabular_file(path)
    assert "\n" not in str(refusal.value)


def test_a_damaged_workbook_is_refused(tmp_path):
    path = workbook(tmp_path / "t.xlsx", data=[["a"], [1]])
    with zipfile.ZipFile(path) as book:
        members = {name: book.read(name) for name in book.namelist()}
    members["xl/workbook.xml"] = members["xl/workbook.xml"][:100]
    with pytest.raises(TableFileError, match="damaged"):
        load_tabular_file(archive(tmp_path / "cut.xlsx", members))
    (tmp_path / "half.xlsx").write_bytes(path.read_bytes()[:2_000])
    with pytest.raises(TableFileError, match="damaged or cut off"):
        load_tabular_file(tmp_path / "half.xlsx")


def test_a_sheet_that_spans_too_many_cells_is_refused_with_their_number(tmp_path):
    path = workbook(tmp_path / "t.xlsx", data=[["a"], [1]])
    book = openpyxl.load_workbook(path)
    book["data"]["Z800000"] = 1
    book.save(path)
    with pytest.raises(TableFileError, match="spans 20,800,000 cells; at most 20,000,000"):
        load_tabular_file(path)


def test_parquet_columns_become_plain_kinds(tmp_path):
    table = pa.table(
        {
            "whole": pa.array([1, None], pa.int16()),
            "broken": pa.array([1.5, None], pa.float32()),
            "exact": pa.array([None, "2.50"]).cast(pa.decimal128(5, 2)),
            "level": pa.array(["007", "NA"]).dictionary_encode(),
            "day": pa.array([date(2010, 2, 5), None]),
            "moment": pa.array([datetime(2010, 2, 5, 12)] * 2, pa.timestamp("ns", tz="Europe/Berlin")),
            "at": pa.array([time(1, 2), None]),
            "list": pa.array([[1, 2], None]),
            "bytes": pa.array([b"abc", None]),
            "flag": pa.array([True, None]),
            "nothing": pa.nulls(2),
        }
    )
    pq.write_table(table, tmp_path / "t.parquet")
    frame = load_tabular_file(tmp_path / "t.parquet")
    assert cells(frame) == {
        "whole": [1, None],
        "broken": [1.5, None],
        "exact": [None, 2.5],
        "level": ["007", "NA"],
        "day": [pd.Timestamp("2010-02-05"), None],
        "moment": [pd.Timestamp("2010-02-05 12:00")] * 2,
        "at": ["01:02:00", None],
        "list": ["[1, 2]", None],
        "bytes": ["abc", None],
        "flag": [True, None],
        "nothing": [None, None],
    }
    report = read_in_sandbox(tmp_path / "t.parquet", tmp_path)
    assert report.kind == "parquet"
    assert cells(load_tabular_file(tmp_path / "table.parquet")) == cells(frame)


def test_a_parquet_file_without_rows_or_cut_off_is_refused(tmp_path):
    pq.write_table(pa.table({"a": pa.array([], pa.int64())}), tmp_path / "none.parquet")
    with pytest.raises(TableFileError, match="no rows"):
        load_tabular_file(tmp_path / "none.parquet")
    sink = io.BytesIO()
    pq.write_table(pa.table({"a": list(range(1_000))}), sink)
    (tmp_path / "cut.parquet").write_bytes(sink.getvalue()[:-50])
    with pytest.raises(TableFileError, match="damaged"):
        load_tabular_file(tmp_path / "cut.parquet")
