"""Text files hold each cell as it was, and none that acts when a spreadsheet opens them."""

from __future__ import annotations

import csv
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import ConfigError
from core.scoring.write import CsvStyle, inert_text, open_writer, write_table

ACTIVE = [
    "=1+1",
    "=",
    "+cmd|' /C calc'!A0",
    "+49 30 1",
    "-2+3",
    "-five",
    "-",
    "--5",
    "-5-",
    "-inf",
    "+nan",
    "@SUM(A1)",
    "@",
    "\tx",
    "\t",
    "\rx",
    "-1,23,4",
    "-1.2.3",
    "-1\n",
    "-\u0661",
    '=HYPERLINK("http://x")',
]
NUMBERS = [
    "-5",
    "+3.25",
    "-.5",
    "-5.",
    "-0007",
    "-1e-3",
    "+1E+5",
    "-1.234,56",
    "-1,234.56",
    "-0,5",
    "-1 234,5",
    "-12345678901234567890",
    "-12,5 %",
]
PLAIN = ["", "plain", "'=1", " =1", "a=1", "007", "10.50", "1e5", "12345678901234567890", "x+y"]

# Every kind of character that a reader of such a file treats in its own way, and any other.
HOSTILE = st.text(
    st.one_of(st.sampled_from("=+-@\t\r\n\"';,| .0159eE\x00\ufeff"), st.characters(exclude_categories=["Cs"]))
)

ROW = st.lists(HOSTILE, min_size=3, max_size=3)


def written(table: pa.Table, folder: Path, style: CsvStyle = CsvStyle(bom=False)) -> str:  # noqa: B008
    write_table(table, folder / "out.csv", style=style)
    return (folder / "out.csv").read_bytes().decode("utf-8")


def rows_of(path: Path, separator: str = ",") -> list[list[str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file, delimiter=separator, strict=True))


@pytest.mark.parametrize("text", ACTIVE)
def test_a_text_that_a_spreadsheet_would_run_gets_an_apostrophe(tmp_path: Path, text: str) -> None:
    assert inert_text(text) == f"'{text}"
    write_table(pa.table({text: [text, "a"], "b": ["b", text]}), tmp_path / "out.csv")
    assert rows_of(tmp_path / "out.csv") == [[f"'{text}", "b"], [f"'{text}", "b"], ["a", f"'{text}"]]


@pytest.mark.parametrize("text", [*NUMBERS, *PLAIN])
def test_numbers_and_plain_texts_stay_as_they_are(tmp_path: Path, text: str) -> None:
    assert inert_text(text) == text
    write_table(pa.table({text: [text, "a"], "b": ["b", text]}), tmp_path / "out.csv")
    assert rows_of(tmp_path / "out.csv") == [[text, "b"], [text, "b"], ["a", text]]


@settings(deadline=None)
@given(texts=st.lists(ROW, min_size=1, max_size=8), names=ROW)
@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_texts_come_back_as_they_were(
    tmp_path_factory: pytest.TempPathFactory, separator: str, texts: list[list[str]], names: list[str]
) -> None:
    path = tmp_path_factory.getbasetemp() / "property.csv"
    columns = [pa.array(column) for column in zip(*texts, strict=True)]
    write_table(pa.Table.from_arrays(columns, names=names), path, style=CsvStyle(separator))
    header, *rows = rows_of(path, separator)
    assert header == [inert_text(name) for name in names]
    assert rows == [[inert_text(text) for text in row] for row in texts]
    assert [
        [undone(cell, text) for cell, text in zip(*pair, strict=True)] for pair in zip(rows, texts, strict=True)
    ] == texts


def undone(cell: str, text: str) -> str:
    """Return a cell without the apostrophe that a text like this one gets."""
    return cell[1:] if text[:1] in ("=", "+", "-", "@", "\t", "\r") and cell.startswith("'") else cell


@settings(deadline=None)
@given(texts=st.lists(st.none() | HOSTILE, max_size=8))
def test_an_only_column_has_a_line_for_each_row(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str | None]
) -> None:
    path = tmp_path_factory.getbasetemp() / "only.csv"
    write_table(pa.table({"": pa.array(texts, pa.string())}), path)
    assert rows_of(path) == [[""], *([inert_text(text or "")] for text in texts)]


def test_an_empty_row_of_an_only_column_is_no_blank_line(tmp_path: Path) -> None:
    assert written(pa.table({"a": ["x", None, ""]}), tmp_path) == 'a\nx\n""\n""\n'
    assert written(pa.table({"a": pa.array([None, 1], pa.int64())}), tmp_path) == 'a\n""\n1\n'


def test_numbers_have_the_fewest_digits_that_say_them(tmp_path: Path) -> None:
    numbers = [0.1 + 0.2, 1.0, -0.5, 1e300, 5e-324, None]
    table = pa.table(
        {
            "double": pa.array([*numbers, float("nan"), float("inf"), float("-inf")]),
            "single": pa.array(np.array([0.1, 1 / 3, 1, 0, 0.999, 1e-9, 0.5, np.nan, np.inf], np.float32)),
            "whole": pa.array([2**63 - 1, -(2**63), 0, None, 1, 2, 3, 4, 5]),
            "large": pa.array([2**64 - 1, 0, 0, 0, 0, 0, 0, 0, None], pa.uint64()),
            "exact": pa.array([Decimal("10.50"), None, *[Decimal("-0.01")] * 7]),
        }
    )
    assert written(table, tmp_path).splitlines() == [
        "double,single,whole,large,exact",
        "0.30000000000000004,0.1,9223372036854775807,18446744073709551615,10.50",
        "1,0.33333334,-9223372036854775808,0,",
        "-0.5,1,0,0,-0.01",
        "1e+300,0,,0,-0.01",
        "5e-324,0.999,1,0,-0.01",
        ",1e-9,2,0,-0.01",
        ",0.5,3,0,-0.01",
        ",,4,0,-0.01",
        ",,5,,-0.01",
    ]


@pytest.mark.parametrize(
    ("separator", "line"),
    [
        (";", "-0,5;1,25;-1.5;7;'=1;-0.5"),
        (",", '"-0,5","1,25",-1.5,7,\'=1,-0.5'),
        ("\t", "-0,5\t1,25\t-1.5\t7\t'=1\t-0.5"),
    ],
)
def test_a_decimal_comma_is_for_numbers_and_not_for_texts(tmp_path: Path, separator: str, line: str) -> None:
    table = pa.table(
        {
            "p": pa.array([-0.5], pa.float32()),
            "exact": [Decimal("1.25")],
            "text": ["-1.5"],
            "whole": [7],
            "active": ["=1"],
            "code": pa.array(["-0.5"]).dictionary_encode(),
        }
    )
    assert written(table, tmp_path, CsvStyle(separator, ",", bom=False)).splitlines()[1] == line


def test_cells_that_a_reader_would_split_are_quoted(tmp_path: Path) -> None:
    table = pa.table({"a,b": ['say "hi"', "x,y", "two\nlines", "cr\r", "semi;colon"], 'q"': ["1", "2", None, "", "5"]})
    assert written(table, tmp_path) == ('"a,b","q"""\n"say ""hi""",1\n"x,y",2\n"two\nlines",\n"cr\r",\nsemi;colon,5\n')
    assert written(table, tmp_path, CsvStyle(";", bom=False)).splitlines()[-1] == '"semi;colon";5'


def test_moments_have_their_time_of_day_once_a_batch_holds_one(tmp_path: Path) -> None:
    def batch(*hours: int) -> pa.RecordBatch:
        moments = [datetime(1969, 1, 5, hour) for hour in hours]
        return pa.RecordBatch.from_arrays(
            [pa.array(moments, pa.timestamp("ns")), pa.array(moments, pa.timestamp("s", "Europe/Berlin"))],
            names=["a", "b"],
        )

    def lines_of(*batches: pa.RecordBatch) -> list[str]:
        return written(pa.Table.from_batches(batches), tmp_path).splitlines()[1:]

    assert lines_of(batch(0, 0)) == ["1969-01-05,1969-01-05"] * 2
    assert lines_of(batch(0), batch(0, 7), batch(0)) == [
        "1969-01-05,1969-01-05",
        "1969-01-05 00:00:00,1969-01-05 00:00:00",
        "1969-01-05 07:00:00,1969-01-05 07:00:00",
        "1969-01-05 00:00:00,1969-01-05 00:00:00",
    ]


def test_dates_truths_and_what_has_no_kind_of_its_own(tmp_path: Path) -> None:
    table = pa.table(
        {
            "day": [date(2024, 1, 5), None],
            "instant": pa.array([datetime(2024, 1, 5, 7, 8, 9, 120_000), None], pa.timestamp("us")),
            "yes": [True, False],
            "none": pa.nulls(2),
            "list": [["=1", "b"], None],
            "bytes": [b"=\xff", b"x"],
            "view": pa.array(["007", "=2"], pa.string_view()),
            "label": pa.array(["=a", None]).dictionary_encode(),
        }
    )
    assert written(table, tmp_path).splitlines()[1:] == [
        "2024-01-05,2024-01-05 07:08:09.120,True,,\"['=1', 'b']\",'=\ufffd,007,'=a",
        ",,False,,,x,'=2,",
    ]


def test_slices_batches_and_blocks_do_not_show(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = ["=1", "x,y", None, "", "7", "-5", '"', "ü", "-x", "end"]
    whole = pa.table(
        {
            "t": texts,
            "l": pa.array(texts).dictionary_encode(),
            "f": pa.array(range(10), pa.float32()),
            "n": pa.nulls(10),
        }
    )
    expected = written(whole, tmp_path)
    assert expected.splitlines()[2] == '"x,y","x,y",1,'
    (batch,) = whole.to_batches()
    cut = [batch.slice(0, 3), batch.slice(3, 0), batch.slice(3, 1), batch.slice(4, 6)]
    for cells, n_bytes in ((1 << 19, 1 << 24), (8, 1 << 24), (1 << 19, 32), (1, 1)):
        monkeypatch.setattr("core.scoring.celltext._CELLS_A_BLOCK", cells)
        monkeypatch.setattr("core.scoring.celltext._BYTES_A_BLOCK", n_bytes)
        writer = open_writer(tmp_path / "cut.csv", batch.schema, CsvStyle(bom=False))
        for part in cut:
            writer.write(part)
        assert writer.finish() == ()
        assert (tmp_path / "cut.csv").read_text(encoding="utf-8") == expected


def test_a_mark_that_no_spreadsheet_reads_is_refused() -> None:
    with pytest.raises(ConfigError, match="Cells cannot be separated by ':'"):
        CsvStyle(":")
    with pytest.raises(ConfigError, match="'·' is no decimal mark"):
        CsvStyle(decimal="·")
