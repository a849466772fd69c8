"""Text tables as the csv module and pandas read them, with the dialect that the reader decided on."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Mapping, Sequence

import pandas as pd

from core.tables.report import ReadReport
from tests.corpora.difference import KNOWN, SAME, Column, Reading, SkippedError, is_filled
from tests.corpora.numbers import numbers_in
from tests.corpora.reading import Outcome

NO_SEPARATOR = "\x1f"
LINE_ENDS = "line ends in a text"


def by_csv(outcome: Outcome, report: ReadReport, ours: Mapping[str, Column]) -> Reading:
    """Return the columns as Python's csv module reads them, strictly."""
    lines = _lines(outcome, report)
    marks = {"quotechar": report.quote} if report.quote else {"quoting": csv.QUOTE_NONE}
    delimiter = report.separator or NO_SEPARATOR
    skips = _blanks_before_quotes(lines, report)
    reader = csv.reader(lines, delimiter=delimiter, strict=True, skipinitialspace=skips, **marks)
    try:
        rows = [row for row in reader if row]
    except csv.Error as error:
        raise SkippedError(f"the csv module: {error}") from error
    return Reading(_columns(rows, report, ours), classify)


def by_pandas(outcome: Outcome, report: ReadReport, ours: Mapping[str, Column]) -> Reading:
    """Return the columns as pandas reads them, every cell a text."""
    lines = _lines(outcome, report)
    delimiter = report.separator or NO_SEPARATOR
    try:
        frame = pd.read_csv(
            io.StringIO("".join(lines), newline=""),
            sep=delimiter,
            skipinitialspace=_blanks_before_quotes(lines, report),
            quotechar=report.quote or '"',
            quoting=csv.QUOTE_MINIMAL if report.quote else csv.QUOTE_NONE,
            header=None, dtype=str, na_filter=False, index_col=False, engine="c",
        )  # fmt: skip
    except (pd.errors.ParserError, pd.errors.EmptyDataError, ValueError) as error:
        raise SkippedError(f"pandas: {type(error).__name__}") from error
    rows = [["" if cell is None else str(cell) for cell in row] for row in frame.to_numpy(dtype=object).tolist()]
    return Reading(_columns(rows, report, ours), classify)


def classify(cell: object, text: str) -> str:
    """Say how a cell differs from the text in the file."""
    if cell is None:
        return SAME if not text.strip() else "a text is missing"
    if isinstance(cell, str):
        if cell == text:
            return SAME
        if cell.strip() == text.strip():
            return "blanks around a text"
        same = cell.replace("\r\n", "\n") == text.replace("\r\n", "\n")
        marks = bool(numbers_in(cell) & numbers_in(text))
        return LINE_ENDS if same else f"{KNOWN}the marks of a number among texts" if marks else "a text"
    return SAME if cell in numbers_in(text) else "a number"


def _lines(outcome: Outcome, report: ReadReport) -> list[str]:
    """Return the lines from the header on, or all where there is none."""
    text = outcome.path.read_bytes().decode(report.encoding or "utf-8", "replace").removeprefix("\ufeff")
    lines = list(io.StringIO(text, newline=""))
    return lines[report.header_row - 1 :] if report.header_row else lines


def _blanks_before_quotes(lines: Sequence[str], report: ReadReport) -> bool:
    """Tell whether a blank stands between a separator and an opening quotation mark, outside of any other."""
    quote = report.quote
    if not quote or report.separator is None:
        return False
    outside = rf"^(?:[^{quote}]*{quote}[^{quote}]*{quote})*[^{quote}]*?(?:^|{re.escape(report.separator)}) +{quote}"
    is_inside = False
    for line in lines:
        if not is_inside and re.match(outside, line):
            return True
        is_inside ^= line.count(quote) % 2 == 1
    return False


def _columns(rows: list[list[str]], report: ReadReport, ours: Mapping[str, Column]) -> list[Column]:
    """Return the columns below the header, made even, without nameless ones that hold nothing."""
    header = rows.pop(0) if report.header_row else []
    rows = rows if report.header_row else _last(rows, report.n_rows)
    usual = Counter(map(len, rows)).most_common(1)
    width = max(len(header), usual[0][0] if usual else 0)
    if report.header_row and len(header) == width - 1 and next(iter(ours)) == "column_1" and header[0].strip():
        header = ["", *header]  # a column of row names
    names = [*header, *[""] * (width - len(header))]
    columns = [[row[i] if i < len(row) else "" for row in rows] for i in range(width)]
    return [
        column for name, column in zip(names, columns, strict=True) if is_filled(name) or any(map(is_filled, column))
    ]


def _last(rows: list[list[str]], n_rows: int) -> list[list[str]]:
    """Return the last rows of a table without a header, above which remarks and below which blank rows may stand."""
    while len(rows) > n_rows and not any(map(is_filled, rows[-1])):
        rows = rows[:-1]
    return rows[-n_rows:]
