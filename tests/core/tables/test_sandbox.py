"""A file is read in a process of its own, which leaves a whole result or nothing."""

import os
import time
from pathlib import Path

import pandas as pd
import psutil
import pytest

from core.errors import TableFileError
from core.tables.files import limits
from core.tables.options import ColumnOptions, ReadOptions
from core.tables.report import ColumnProfile, Notice, ReadReport
from core.tables.sandbox import read_in_sandbox

DATA = Path(__file__).parents[4] / "shared" / "data"


def read(folder, content):
    source = folder / "source.csv"
    source.write_text(content)
    out = folder / "out"
    out.mkdir(exist_ok=True)
    return read_in_sandbox(source, out), out


def test_the_table_and_its_report_are_written(tmp_path):
    report, out = read(
        tmp_path, "id,x,when,what\n" + "".join(f"k{i},{i % 4},2010-01-{i:02},NA\n" for i in range(1, 31))
    )
    assert sorted(path.name for path in out.iterdir()) == ["report.json", "table.parquet"]
    assert (report.kind, report.n_rows, report.n_columns) == ("csv", 30, 4)
    assert (report.encoding, report.separator, report.sheet) == ("utf-8", ",", None)
    assert ReadReport.from_json((out / "report.json").read_text(encoding="utf-8")) == report
    frame = pd.read_parquet(out / "table.parquet")
    assert list(frame.columns) == ["id", "x", "when", "what"]
    assert frame["what"].tolist() == ["NA"] * 30
    identity, x, when, what = report.columns
    assert (identity.kind, identity.n_distinct, identity.looks_like_id) == ("text", 30, True)
    assert (x.kind, x.n_distinct, x.minimum, x.maximum, x.looks_like_id) == ("number", 4, 0.0, 3.0, False)
    assert sum(x.histogram) == 30
    assert (when.looks_like_date, when.looks_like_id) == (True, False)
    assert when.examples[0] == "2010-01-01"
    assert (what.kind, what.n_missing, what.missing_words) == ("empty", 30, {"NA": 30})


def test_a_report_survives_json():
    column = ColumnProfile("ü", "text", 1, 2, None, None, ("a",), (2, 1), False, True, {"NA": 1})
    options = ReadOptions(sheet="Tab", header_row=0, missing_words=("?",), columns={"ü": ColumnOptions("number")})
    report = ReadReport(
        "xlsx", 3, 1, sheet="Tab", sheets=("Tab", "B"), changes=(Notice("Note.", 3, (1, 2), ("ü",)),),
        columns=(column,), evidence={"sheet": "It is so."}, options=options, ambiguous=("ü",), n_left_out=2,
    )  # fmt: skip
    assert ReadReport.from_json(report.to_json()) == report


def test_columns_that_mix_numbers_and_texts_say_so(tmp_path):
    report, _ = read(tmp_path, "x,y\n1,007\nlow,1\nna,2\n,inf\n")
    x, y = report.columns
    assert (x.kind, x.n_missing, x.n_distinct, x.minimum) == ("mixed", 2, 2, 1.0)
    assert x.missing_words == {"na": 1}
    assert (y.kind, y.n_missing, y.minimum, y.maximum) == ("number", 1, 1.0, 7.0)


def test_a_refused_file_leaves_nothing(tmp_path):
    with pytest.raises(TableFileError, match="header but no rows"):
        read(tmp_path, "a,b\n")
    assert list((tmp_path / "out").iterdir()) == []


def test_an_earlier_table_stays_when_a_later_file_is_refused(tmp_path):
    read(tmp_path, "a\n1\n")
    with pytest.raises(TableFileError):
        read(tmp_path, "a\n")
    assert pd.read_parquet(tmp_path / "out" / "table.parquet")["a"].tolist() == [1]


def test_a_file_over_the_limit_is_refused_before_it_is_read(tmp_path, monkeypatch):
    monkeypatch.setenv("ROWSMITH_MAX_FILE_MB", "1")
    with pytest.raises(TableFileError, match="The file has 2 MB; at most 1 MB"):
        read(tmp_path, "a\n" + "1\n" * 1_000_000)


def test_a_reader_that_takes_too_long_is_ended_with_its_group(tmp_path, monkeypatch):
    monkeypatch.setattr(limits, "WORKBOOK_SECONDS", 0)
    before = {child.pid for child in psutil.Process().children(recursive=True)}
    started = time.monotonic()
    with pytest.raises(TableFileError, match="took longer than"):
        read(tmp_path, "a\n1\n")
    assert time.monotonic() - started < 5
    after = {child.pid for child in psutil.Process().children(recursive=True)}
    assert after <= before


def test_no_secrets_reach_the_reader(tmp_path, monkeypatch):
    from core.tables.sandbox import _environment

    monkeypatch.setenv("ROWSMITH_SECRET", "x")
    assert set(_environment()) & {"ROWSMITH_SECRET", "HOME"} == set()
    assert os.environ["ROWSMITH_SECRET"] == "x"


REAL = {
    "adult/adult_train.csv": (32_561, 15),
    "air_quality/AirQualityUCI.xlsx": (9_357, 15),
    "concrete/Concrete_Data.xls": (1_030, 9),
    "student_dropout/dropout_data.csv": (4_424, 37),
    "titanic/titanic3.xls": (1_309, 14),
    "walmart_sales/sales_forecasting_walmart.csv": (6_435, 8),
}


@pytest.mark.skipif(not DATA.exists(), reason="the real tables are not here")
@pytest.mark.parametrize(("name", "shape"), REAL.items())
def test_real_tables_have_their_rows_and_columns(tmp_path, name, shape):
    report = read_in_sandbox(DATA / name, tmp_path)
    assert (report.n_rows, report.n_columns) == shape
