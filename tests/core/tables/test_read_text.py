"""A text table is read as it stands, whatever wrote it, or refused in one sentence."""

import csv
import io
import math
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import TableFileError
from core.tables.files.convert import open_table
from core.tables.files.delimited import UntidyReader, UntidyRowsError, read_tidy
from core.tables.files.dialect import find_dialect
from core.tables.files.encoding import open_as_utf8
from core.tables.read import list_sheets, load_tabular_file


def load(folder: Path, content: str | bytes, name: str = "table.csv") -> pd.DataFrame:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return load_tabular_file(path)


def cells(frame: pd.DataFrame) -> dict[str, list[object]]:
    """The columns as lists, with None for every missing cell."""
    return {name: [None if pd.isna(cell) else cell for cell in frame[name]] for name in frame.columns}


def notices(folder: Path, content: str | bytes) -> str:
    (folder / "noticed.csv").write_bytes(content if isinstance(content, bytes) else content.encode())
    return " ".join(open_table(folder / "noticed.csv", folder).report.notices)


AWKWARD = {
    "plain": ("a,b\n1,x\n2,y\n", {"a": [1, 2], "b": ["x", "y"]}),
    "no final line end": ("a,b\n1,x", {"a": [1], "b": ["x"]}),
    "windows line ends": ("a,b\r\n1,x\r\n", {"a": [1], "b": ["x"]}),
    "old mac line ends": ("a,b\r1,x\r2,y\r", {"a": [1, 2], "b": ["x", "y"]}),
    "utf-8 mark": (b"\xef\xbb\xbfa,b\n1,\xc3\xa9\n", {"a": [1], "b": ["é"]}),
    "utf-16 little": ("a,b\n1,é\n".encode("utf-16"), {"a": [1], "b": ["é"]}),
    "utf-16 big": (b"\xfe\xff" + "a;b\n1;é\n".encode("utf-16-be"), {"a": [1], "b": ["é"]}),
    "utf-16 without mark": ("alpha,b\n1,x\n".encode("utf-16-le"), {"alpha": [1], "b": ["x"]}),
    "utf-32": ("a,b\n1,é\n".encode("utf-32"), {"a": [1], "b": ["é"]}),
    "windows-1252": ("a,b\n1,é€\n".encode("cp1252"), {"a": [1], "b": ["é€"]}),
    "semicolons": ("a;b\n1;x,y\n", {"a": [1], "b": ["x,y"]}),
    "tabs": ("a\tb\n1\tx,y;z\n", {"a": [1], "b": ["x,y;z"]}),
    "bars": ("a|b\n1|x\n", {"a": [1], "b": ["x"]}),
    "one column": ("name\nx\ny\n", {"name": ["x", "y"]}),
    "one column of sentences": ("text\nHello, world\nfoo\nBar, baz\n", {"text": ["Hello, world", "foo", "Bar, baz"]}),
    "one column of last and first names": ("name\nDoe, John\nRoe, Jane\n", {"name": ["Doe, John", "Roe, Jane"]}),
    "one column of decimal commas": ("price\n1,5\n2,25\n", {"price": [1.5, 2.25]}),
    "decimal commas between semicolons": ("a;b\n1,5;2,5\n3,5;4\n", {"a": [1.5, 3.5], "b": [2.5, 4.0]}),
    "points and decimal commas": ("a;b\n1.234,56;x\n7,5;y\n", {"a": [1234.56, 7.5], "b": ["x", "y"]}),
    "commas as thousands marks": ('a,b\n"1,234.5",x\n7,y\n', {"a": [1234.5, 7.0], "b": ["x", "y"]}),
    "ambiguous commas stay text": ("a;b\n1,234;x\n5,678;y\n", {"a": ["1,234", "5,678"], "b": ["x", "y"]}),
    "quoted separators and line ends": ('a,b\n"1,z","x\ny"\n', {"a": ["1,z"], "b": ["x\ny"]}),
    "doubled quotes": ('a,b\n1,"say ""hi"""\n', {"a": [1], "b": ['say "hi"']}),
    "quotes within a word": ('a,b\n1,5" pipe\n2,6" pipe\n', {"a": [1, 2], "b": ['5" pipe', '6" pipe']}),
    "an odd quote within a word": ('a,b\n1,5" pipe\n2,x\n', {"a": [1, 2], "b": ['5" pipe', "x"]}),
    "a blank before quotes": ('a, b\n1, "x, y"\n2, "z"\n', {"a": [1, 2], "b": ["x, y", "z"]}),
    "blank lines": ("\n\na,b\n\n1,x\n\n2,y\n\n", {"a": [1, 2], "b": ["x", "y"]}),
    "missing cells": ("a,b\n1,\n,y\n", {"a": [1, None], "b": [None, "y"]}),
    "blanks among numbers": ("a,b\n 1,x\n  ,y\n", {"a": [1, None], "b": ["x", "y"]}),
    "leading blanks in text": ("a,b\n1, x\n2, y\n", {"a": [1, 2], "b": [" x", " y"]}),
    "namibia": ("country,n\nNA,1\nDE,2\n", {"country": ["NA", "DE"], "n": [1, 2]}),
    "ids with leading zeros": ("id,n\n007,1\n100,2\n", {"id": ["007", "100"], "n": [1, 2]}),
    "ids like 1e5": ("id,n\n1e5,1\n2e7,2\n", {"id": ["1e5", "2e7"], "n": [1, 2]}),
    "ids beyond 2^53": ("id,n\n9007199254740993,1\n", {"id": ["9007199254740993"], "n": [1]}),
    "2^53 itself": ("id,n\n9007199254740992,1\n", {"id": [2**53], "n": [1]}),
    "plus signs": ("tel,n\n+43,1\n", {"tel": ["+43"], "n": [1]}),
    "sixteen digits that a float keeps": ("x,n\n0.1428571428571428,1\n", {"x": [0.1428571428571428], "n": [1]}),
    "digits that a float loses": ("x,n\n0.12345678901234567890,1\n", {"x": ["0.12345678901234567890"], "n": [1]}),
    "small floats": ("x,n\n1.5e-05,1\n2.0,2\n", {"x": [1.5e-05, 2.0], "n": [1, 2]}),
    "whole and broken numbers": ("x,n\n1,1\n2.5,2\n", {"x": [1.0, 2.5], "n": [1, 2]}),
    "true and false": ("x,n\nTRUE,1\nFALSE,2\n", {"x": ["TRUE", "FALSE"], "n": [1, 2]}),
    "repeated names": ("a,a,a\n1,2,3\n", {"a": [1], "a.2": [2], "a.3": [3]}),
    "repeated names that are taken": ("a,a,a.2\n1,2,3\n", {"a": [1], "a.3": [2], "a.2": [3]}),
    "blank names": ("a,,c\n1,2,3\n", {"a": [1], "column_2": [2], "c": [3]}),
    "blanks around names": ("a, b ,c\t\n1,2,3\n", {"a": [1], "b": [2], "c": [3]}),
    "rows that end with a separator": ("a,b\n1,x,\n2,y,\n", {"a": [1, 2], "b": ["x", "y"]}),
    "rows and header that end with a separator": ("a,b,\n1,x,\n2,y,\n", {"a": [1, 2], "b": ["x", "y"]}),
    "a column of row names": ("x,y\n1,5,6\n2,7,8\n", {"column_1": [1, 2], "x": [5, 7], "y": [6, 8]}),
    "short rows": ("a,b,c\n1,2,3\n4\n5,6,7\n", {"a": [1, 4, 5], "b": [2, None, 6], "c": [3, None, 7]}),
    "mostly short rows": ("a,b,c\n1,x\n2\n3,x,y\n", {"a": [1, 2, 3], "b": ["x", None, "x"], "c": [None, None, "y"]}),
    "a name more than cells": ("a,b,c\n1,2\n3,4\n", {"a": [1, 3], "b": [2, 4], "c": [None, None]}),
    "blank cells too many": ("a,b\n1,2\n3,4,,\n5,6\n", {"a": [1, 3, 5], "b": [2, 4, 6]}),
    "title rows": ("Report 2020\n\na,b,c\n1,2,3\n4,5,6\n", {"a": [1, 4], "b": [2, 5], "c": [3, 6]}),
    "no header": ("5.1,3.5,x\n4.9,3.0,y\n", {"column_1": [5.1, 4.9], "column_2": [3.5, 3.0], "column_3": ["x", "y"]}),
    "no header but decimal commas": ("1,5;2,5\n3,5;4\n", {"column_1": [1.5, 3.5], "column_2": [2.5, 4.0]}),
    "no header but dates": ("2010-1-1,x\n2010-1-2,x\n", {"column_1": ["2010-1-1", "2010-1-2"], "column_2": ["x"] * 2}),
    "numbered names": ("0,1,2\n7,8,9\n1,1,1\n", {"0": [7, 1], "1": [8, 1], "2": [9, 1]}),
    "a year as a name": ("land,2019\nAT,5\nDE,6\n", {"land": ["AT", "DE"], "2019": [5, 6]}),
    "emoji and rtl": ("naïve,😀\nשלום,1\n", {"naïve": ["שלום"], "😀": [1]}),
    "formula-like cells": ("a,b\n=1+1,@x\n", {"a": ["=1+1"], "b": ["@x"]}),
}  # fmt: skip


@pytest.mark.parametrize(("content", "expected"), AWKWARD.values(), ids=AWKWARD.keys())
def test_awkward_text_is_read_right(tmp_path, content, expected):
    assert cells(load(tmp_path, content)) == expected


REFUSED = {
    "empty": (b"", "empty"),
    "blank": (b"\n \n\n", "only blank lines"),
    "header only": (b"a,b\n", "header but no rows"),
    "mark only": (b"\xef\xbb\xbf", "only blank lines"),
    "NUL": (b"a,b\n1,x\n2,\0\n", "NUL byte at position 10"),
    "NUL after other encodings": (b"a,b\n1,\xe9\n2,\0\n", "NUL byte at position 10"),
    "junk": (bytes(range(1, 32)) * 50, "not text"),
    "pickle": (b"\x80\x04\x95\x05\x00", "pickle"),
    "pdf": (b"%PDF-1.7 ...", "PDF"),
    "gzip": (b"\x1f\x8b\x08\x00", "gzip"),
    "page": (b"\n <!DOCTYPE html><html><table>", "web page"),
    "table tag": (b"<table><tr><td>1</td></tr></table>", "web page"),
    "xml": (b'<?xml version="1.0"?><Workbook/>', "XML"),
    "long row": (b"a,b\n1,2\n3,4,5\n6,7\n", r"Line 3 has 3 cells, but the table has 2 columns"),
    "long row after a cell of two lines": (b'a,b\n"1\n2",2\n3,4,5\n6,7\n', "Line 4 has 3 cells"),
    "open quote": (b'a,b\n1,x\n2,"y\n3,z\n', "opens in line 3 is never closed"),
    "zip": (b"PK\x03\x04 no more", "damaged or cut off"),
    "old workbook": (b"\x09\x00\x04\x00\x02\x00", "older than Excel 5"),
    "parquet": (b"PAR1 no more", "Parquet file is damaged"),
    "encrypted parquet": (b"PARE....PARE", "encrypted"),
    "ole": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "Office document"),
    "ole with a password": (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"), "password-protected",
    ),
    "big cell": (b"a,b\n1," + b"x" * 1_500_000 + b"\n", "at most 1 MB"),
    "many columns": (b",".join([b"c"] * 20_000) + b"\n" + b",".join([b"1"] * 20_000), "20,000 columns"),
}  # fmt: skip


@pytest.mark.parametrize(("content", "sentence"), REFUSED.values(), ids=REFUSED.keys())
def test_what_is_no_table_is_refused_in_one_sentence(tmp_path, content, sentence):
    with pytest.raises(TableFileError, match=sentence) as refusal:
        load(tmp_path, content)
    assert "\n" not in str(refusal.value)
    assert len(str(refusal.value)) < 250


def test_companion_an_unknown_extension_is_a_value_error_that_names_the_known(tmp_path):
    with pytest.raises(ValueError, match=r"'table.docx'.*\.csv, .*\.xlsx.* and \.parquet"):
        load(tmp_path, "a\n1\n", "table.docx")


def test_companion_a_missing_file_is_a_file_not_found_error(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere"):
        load_tabular_file(tmp_path / "nowhere.csv")


def test_a_folder_is_refused(tmp_path):
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(TableFileError, match="is a folder"):
        load_tabular_file(tmp_path / "folder.csv")


@pytest.mark.parametrize("name", ["table.CSV", "table.tsv", "table.txt", "table.xlsx", "table.parquet"])
def test_the_content_decides_what_a_file_is(tmp_path, name):
    assert cells(load(tmp_path, "a,b\n1,x\n", name)) == {"a": [1], "b": ["x"]}
    assert list_sheets(tmp_path / name) == []


def test_types_are_whole_float_or_text(tmp_path):
    frame = load(tmp_path, "a,b,c,d\n1,1,1.5,x\n2,,2,y\n")
    assert [str(dtype) for dtype in frame.dtypes] == ["int64", "Int64", "float64", "str"]


@pytest.mark.parametrize(
    ("content", "notice"),
    [
        ("a,b\n1,é\n".encode("cp1252"), "Windows-1252"),
        (b"a,b\n1,\x81\xff\n", "could not be read and were replaced: 1"),
        (b"a,a\n1,2\n", "renamed: 'a.2'"),
        (b"a,,c\n1,2,3\n", "'column_2'"),
        (b"a, b\n1,2\n", "Blanks around the names of columns were removed: 'b'"),
        (b"a,b\n1,2\n3\n4,5\n", "filled up with missing ones: line 3"),
        (b'a,b\n"x\ny",2\n3\n4\n5,6\n7,8\n', "lines 4, 5"),
        (b"a,b\n1,2,,\n3,4\n5,6\n", "beyond the last column were dropped: line 2"),
        (b"a,b,\n1,2,\n", "dropped: 'column_3'"),
        (b"a;b\n1,5;2\n", "1.234,56 were recognised in 'a'"),
        (b"1,x\n2,y\n", "columns were numbered"),
        (b"Title\n\na,b,c\n1,2,3\n", "Skipped 1 title row"),
        (b"a,b\n1,2\n", ""),
    ],
)
def test_what_was_changed_is_noticed(tmp_path, content, notice):
    said = notices(tmp_path, content)
    assert notice in said
    assert bool(said) == bool(notice)


texts = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=8)
words = st.one_of(texts, st.sampled_from(["", "NA", "007", "1e5", "a,b", "x;y", 'say "hi"', "two\nlines", "|", "\t"]))


@st.composite
def frames(draw):
    n_columns = draw(st.integers(2, 5))
    rows = draw(st.lists(st.lists(words, min_size=n_columns, max_size=n_columns), min_size=1, max_size=8))
    return [f"name {i}" for i in range(n_columns)], [["text", *row] for row in rows]


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
@given(frames(), st.sampled_from(",;\t|"))
def test_a_written_table_is_read_back_cell_by_cell(tmp_path, table, separator):
    names, rows = table
    names = ["first", *names]
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=separator, quoting=csv.QUOTE_ALL).writerows([names, *rows])
    frame = load(tmp_path, out.getvalue())
    assert list(frame.columns) == names
    for got, row in zip(frame.astype(object).to_numpy().tolist(), rows, strict=True):
        for cell, text in zip(got, row, strict=True):
            if isinstance(cell, str):
                assert cell == text
            elif cell is pd.NA or math.isnan(cell):
                assert text.strip() == ""
            else:
                assert cell == float(text)
                assert not text.strip().startswith(("0", "+")) or text.strip()[:2] in ("0", "0.")


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300)
@given(st.text(st.sampled_from('ab1, ",;\n\r'), max_size=40))
def test_the_fast_reader_gives_what_pythons_reader_gives_or_stands_back(tmp_path, body):
    path = tmp_path / "raw.csv"
    path.write_bytes(b"x,y\nx,y\nx,y\n" + body.encode())
    source = open_as_utf8(path, tmp_path)
    dialect = find_dialect(source)
    try:
        fast = [row for batch in read_tidy(source, dialect) for row in batch.to_pylist()]
    except UntidyRowsError:
        return
    slow = [row for batch in UntidyReader(source, dialect).batches() for row in batch.to_pylist()]
    assert fast == slow


def test_many_rows_are_read_in_several_batches(tmp_path):
    n_rows = 150_000
    frame = load(tmp_path, "a,b\n" + "".join(f"{i},t{i}\n" for i in range(n_rows)))
    assert frame["a"].tolist() == list(range(n_rows))
    assert frame["b"].iloc[-1] == f"t{n_rows - 1}"


def test_a_ragged_row_far_down_is_named_by_its_line(tmp_path):
    lines = ["a,b", *("1,2" for _ in range(100_000)), "1", "3,4"]
    (tmp_path / "long.csv").write_text("\n".join(lines))
    frame = load_tabular_file(tmp_path / "long.csv")
    assert cells(frame.tail(2)) == {"a": [1, 3], "b": [None, 4]}
    assert "line 100,002" in notices(tmp_path, "\n".join(lines))
