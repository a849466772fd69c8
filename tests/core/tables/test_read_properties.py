"""Any table that pandas writes comes back cell by cell, whatever the dialect, the encoding or the kind of file.

Equal means, for a text file: a cell without text is missing, a text is the same text to the letter, and
a number is the number that the cell's text names. Columns of whole numbers up to 2^53 and of floats come
back as such; larger whole numbers, flags and dates as the text that was written. A text column whose
cells all name numbers may come back as those numbers, a number among texts may have a point for its comma,
and a column without a name and a cell is left out.
Without a header, at least two rows and columns are needed to tell. Parquet gives back each value. A
workbook has no whole numbers apart from floats, keeps 15 digits, and a text of blanks alone may be missing.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

import pandas as pd
import pyarrow.parquet as pq
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from core.tables.files.convert import TABLE_NAME, convert_file

SAFE = 2**53
QUOTING: dict[str, Literal[0, 1, 2]] = {"minimal": 0, "all": 1, "text alone": 2}  # as the csv module numbers them
AWKWARD = (
    *("", " ", "NA", "007", "1e5", "+43", "a,b", "x;y", "1,5", "1;2", "|", "\t", "two\nlines", "\n"),
    *('"', '""', 'say "hi"', ' "x"', "'", "'x'", "\\", '\\"', "=1+1", "@x", "-", "?", "#", "é", "😀", "שלום"),
)
quick = settings(deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])


@dataclass(frozen=True)
class Dialect:
    """How pandas writes a text table."""

    separator: str
    quoting: str
    line_end: str
    encoding: str
    header: bool
    decimal: str


letters = st.characters(exclude_categories=["Cs", "Cc", "Cn"], exclude_characters="\ufeff")
texts = st.one_of(st.text(letters, max_size=8), st.sampled_from(AWKWARD))
western = st.lists(st.sampled_from(["a", "b ", "é,", "ü;", "ß\t", '€"', "ñ|", "'"]), max_size=4).map("-".join)
names = st.text(st.sampled_from("abcxyz_ é"), max_size=5).map(lambda name: f"c{name}".strip())
hundredths = st.integers(-(10**9), 10**9).map(lambda n: n / 100)
floats = st.floats(allow_nan=False, allow_infinity=False)
moments = st.datetimes(datetime(1901, 1, 1), datetime(2100, 1, 1)).map(lambda at: at.replace(microsecond=0))


def column_of(kind: str, n_rows: int, cells: st.SearchStrategy[Any]) -> st.SearchStrategy[pd.Series]:
    """Return columns of a kind with missing cells here and there."""
    dtypes = {"int": "Int64", "float": "float64", "text": "object", "flag": "boolean", "date": "datetime64[us]"}
    some = st.lists(st.one_of(cells, cells, cells, st.none()), min_size=n_rows, max_size=n_rows)
    return some.map(lambda values: pd.Series(values, dtype=dtypes[kind]))


@st.composite
def frames(draw: st.DrawFn, text: st.SearchStrategy[str], number: st.SearchStrategy[float]) -> pd.DataFrame:
    """Draw a frame: an anchor of quarters without gaps, then up to four columns of any kind."""
    n_rows = draw(st.integers(1, 8))
    kinds = {
        "int": st.one_of(st.integers(-100, 100), st.integers(-SAFE, SAFE), st.integers(-(2**63), 2**63 - 1)),
        "float": number,
        "text": text,
        "flag": st.booleans(),
        "date": moments,
    }
    quarters = st.integers(-1_000, 1_000).map(lambda n: n + 0.25)
    frame = pd.DataFrame({"anchor": draw(st.lists(quarters, min_size=n_rows, max_size=n_rows))})
    for name in draw(st.lists(names, max_size=4, unique=True)):
        kind = draw(st.sampled_from(sorted(kinds)))
        frame[name] = draw(column_of(kind, n_rows, kinds[kind]))
    return frame


@st.composite
def written(draw: st.DrawFn) -> tuple[pd.DataFrame, Dialect]:
    """Draw a frame and a dialect that can hold it."""
    encoding = draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "cp1252"]))
    decimal = draw(st.sampled_from(".,"))
    frame = draw(frames(western if encoding == "cp1252" else texts, hundredths if decimal == "," else floats))
    dialect = Dialect(
        separator=draw(st.sampled_from(",;\t|")),
        quoting=draw(st.sampled_from(sorted(QUOTING))),
        line_end=draw(st.sampled_from(["\n", "\r\n"])),
        encoding=encoding,
        header=draw(st.booleans()),
        decimal=decimal,
    )
    return frame, dialect


def as_text(frame: pd.DataFrame, dialect: Dialect) -> str:
    text = frame.to_csv(
        sep=dialect.separator,
        quoting=QUOTING[dialect.quoting],
        lineterminator=dialect.line_end,
        header=dialect.header,
        decimal=dialect.decimal,
        index=False,
    )
    return str(text)


def read_back(source: Path) -> dict[str, list[Any]]:
    convert_file(source, source.parent)
    return dict(pq.read_table(source.parent / TABLE_NAME).to_pydict())


def number_in(text: str, decimal: str) -> float | None:
    """The number that a text names, with this decimal mark."""
    try:
        return float(Decimal(text.strip().replace(decimal, ".")))
    except InvalidOperation:
        return None


def is_same(cell: object, text: str, decimal: str) -> bool:
    if cell is None:
        return not text.strip()
    if isinstance(cell, str):
        return cell == text or (number_in(text, ",") is not None and number_in(cell, ".") == number_in(text, ","))
    return cell in (number_in(text, decimal), number_in(text, "."), number_in(text, ","))


def counts_up(row: pd.Series) -> bool:
    """Tell whether the numbers of a row go up by one, as names that are numbers do."""
    numbers = [value for value in row if isinstance(value, (int, float)) and not pd.isna(value)]
    return len(numbers) > 1 and all(b - a == 1 for a, b in pairwise(numbers))


def typed(values: pd.Series) -> list[Any]:
    return [None if pd.isna(value) else value for value in values.astype(object)]


@settings(quick, max_examples=180)
@given(written())
def test_a_text_table_comes_back_cell_by_cell_in_any_dialect(
    tmp_path: Path, given: tuple[pd.DataFrame, Dialect]
) -> None:
    frame, dialect = given
    assume(dialect.header or (min(frame.shape) > 1 and not counts_up(frame.iloc[0])))
    text = as_text(frame, dialect)
    (tmp_path / "upload").write_bytes(text.encode(dialect.encoding))
    table = read_back(tmp_path / "upload")
    rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=dialect.separator))
    names = rows.pop(0) if dialect.header else [f"column_{i + 1}" for i in range(frame.shape[1])]
    columns = dict(zip(names, zip(*rows, strict=True), strict=True))
    kept = {name: cells for name, cells in columns.items() if dialect.header or "".join(cells).strip()}
    assert list(table) == list(kept)
    for name, cells in kept.items():
        pairs = list(zip(table[name], cells, strict=True))
        assert [pair for pair in pairs if not is_same(*pair, dialect.decimal)] == [], name
        check_kind(table[name], frame.iloc[:, names.index(name)])


def check_kind(cells: list[Any], values: pd.Series) -> None:
    """Numbers must be the very numbers of the frame; what is no number, or a large one, is text."""
    kind = str(values.dtype)
    if values.notna().any() and (kind == "float64" or (kind == "Int64" and values.dropna().between(-SAFE, SAFE).all())):
        assert [(type(cell), cell) for cell in cells] == [(type(cell), cell) for cell in typed(values)]
    elif kind != "object":
        assert all(cell is None or isinstance(cell, str) for cell in cells)


@settings(quick, max_examples=60)
@given(frames(texts, floats))
def test_a_parquet_table_comes_back_value_by_value(tmp_path: Path, frame: pd.DataFrame) -> None:
    frame.to_parquet(tmp_path / "upload")
    table = read_back(tmp_path / "upload")
    assert list(table) == list(frame.columns)
    for name, values in frame.items():
        assert table[str(name)] == typed(values)


@settings(quick, max_examples=30)
@given(frames(texts.filter(lambda text: not text.startswith("=")), hundredths))
def test_a_workbook_comes_back_cell_by_cell(tmp_path: Path, frame: pd.DataFrame) -> None:
    for name, values in frame.items():
        if values.dtype == "Int64":
            frame[name] = values.where(values.abs() < 10**15)
    frame.to_excel(tmp_path / "upload.xlsx", index=False, engine="openpyxl")
    table = read_back(tmp_path / "upload.xlsx")
    assert list(table) == list(frame.columns)
    for name, values in frame.items():
        assert table[str(name)] == [None if str(cell).strip() == "" else cell for cell in typed(values)]
