"""Workbooks as Excel and openpyxl write them: kinds of cells, titles, gaps, merged and hidden cells."""

from __future__ import annotations

import io
from datetime import date, datetime, time, timedelta

import openpyxl
from openpyxl.utils.datetime import CALENDAR_MAC_1904
from openpyxl.worksheet.worksheet import Worksheet

from tests.core.tables.cases.case import refused, table
from tests.core.tables.cases.packing import HEAD, book, packed, rows, xlsx_parts


def _bytes(workbook: openpyxl.Workbook) -> bytes:
    sink = io.BytesIO()
    workbook.save(sink)
    return sink.getvalue()


def _formatted(form: str, *cells: object) -> bytes:
    """A sheet with the names a and b, the cells in b formatted as told."""
    workbook = openpyxl.Workbook()
    sheet = workbook["Sheet"]
    sheet.append(["a", "b"])
    for i, cell in enumerate(cells, start=2):
        sheet.append([f"r{i}", cell])
        sheet.cell(i, 2).number_format = form
    return _bytes(workbook)


def _epoch_of_1904() -> bytes:
    workbook = openpyxl.Workbook()
    workbook.epoch = CALENDAR_MAC_1904
    workbook["Sheet"].append(["a", "when"])
    workbook["Sheet"].append(["x", datetime(2010, 2, 5)])
    return _bytes(workbook)


def _hidden(*, state: str) -> bytes:
    workbook = openpyxl.Workbook()
    workbook["Sheet"].append(["secret"])
    workbook["Sheet"].append([1])
    workbook["Sheet"].sheet_state = state
    other = workbook.create_sheet("open & 'shown' <b>")
    for line in (["a", "b"], [1, "x"]):
        other.append(line)
    return _bytes(workbook)


def _cover(text: str) -> bytes:
    workbook = openpyxl.Workbook()
    workbook["Sheet"].append([text])
    table = workbook.create_sheet("table")
    for line in (["a", "b"], [1, "x"], [2, "y"]):
        table.append(line)
    return _bytes(workbook)


def _only_hidden() -> bytes:
    parts = xlsx_parts(HEAD)
    listed = str(parts["xl/workbook.xml"])
    return packed(parts | {"xl/workbook.xml": listed.replace('name="data"', 'name="data" state="hidden"')})


def _only_a_chart() -> bytes:
    workbook = openpyxl.Workbook()
    workbook.create_chartsheet("chart")
    workbook.remove(workbook["Sheet"])
    return _bytes(workbook)


def _merged_down(sheet: Worksheet) -> None:
    for line in (["region", "shop", "n"], ["north", "a", 1], [None, "b", 2], ["south", "c", 3]):
        sheet.append(line)
    sheet.merge_cells("A2:A3")


def _merged_title(sheet: Worksheet) -> None:
    for line in (["Sales 2020", None, None], ["shop", "n", "x"], ["a", 1, 1.5], ["b", 2, 2.5]):
        sheet.append(line)
    sheet.merge_cells("A1:C1")


def _merged_names(sheet: Worksheet) -> None:
    for line in (["land", 2019, None, 2020, None], [None, "men", "women", "men", "women"], ["AT", 1, 2, 3, 4]):
        sheet.append(line)
    for cells in ("B1:C1", "D1:E1", "A1:A2"):
        sheet.merge_cells(cells)


def _hidden_lines(sheet: Worksheet) -> None:
    for line in (["a", "b", "c"], [1, "x", 2], [3, "y", 4], [5, "z", 6]):
        sheet.append(line)
    sheet.row_dimensions[3].hidden = True
    sheet.column_dimensions["B"].hidden = True


def _formatted_far_down(sheet: Worksheet) -> None:
    for line in (["a", "b"], [1, "x"]):
        sheet.append(line)
    for i in range(3, 300):
        sheet.cell(i, 5).number_format = "0.00"


def _beside(sheet: Worksheet) -> None:
    for at, value in {"C4": "a", "D4": "b", "C5": 1, "D5": "x", "C6": 2, "D6": "y"}.items():
        sheet[at] = value


WORKBOOKS = [
    table(
        "whole, broken, text, flag",
        rows(["a", "b", "c", "d"], [1, 1.5, "007", True], [2, 2, "NA", False]),
        {"a": [1, 2], "b": [1.5, 2.0], "c": ["007", "NA"], "d": [True, False]},
    ),
    table(
        "gaps in each kind",
        rows(["a", "b", "c", "d"], [1, 1.5, "x", True], [None] * 4, [3, 2.5, "z", False]),
        {"a": [1, None, 3], "b": [1.5, None, 2.5], "c": ["x", None, "z"], "d": [True, None, False]},
    ),
    table(
        "numbers and texts in one column",
        rows(["a", "b"], ["x", 5], ["y", "five"], ["z", 2.5]),
        {"a": ["x", "y", "z"], "b": ["5", "five", "2.5"]},
        kinds={"b": ("mixed", 0)},
    ),
    table("true among numbers", rows(["a", "b"], ["x", True], ["y", 5]), {"a": ["x", "y"], "b": ["TRUE", "5"]}),
    table("texts that are numbers", rows(["a", "b"], ["x", "007"], ["y", "12"]), {"a": ["x", "y"], "b": ["007", "12"]}),
    table(
        "texts with line ends, tabs and blanks",
        rows(["a", "b"], [" x ", "y\nz"], ["\tq", "w  w"]),
        {"a": [" x ", "\tq"], "b": ["y\nz", "w  w"]},
    ),
    table(
        "formulas as texts stay texts",
        book(lambda s: [s.append(["a", "b"]), s.append(["'=1+1", "@x"])]),
        {"a": ["'=1+1"], "b": ["@x"]},
    ),
    table("percent is a share", lambda: _formatted("0.0%", 0.125, 1), {"a": ["r2", "r3"], "b": [0.125, 1.0]}),
    table("money is a number", lambda: _formatted('#,##0.00 "€"', 1234.5, 7), {"a": ["r2", "r3"], "b": [1234.5, 7.0]}),
    table(
        "zeros that only the format shows", lambda: _formatted("00000", 7, 1234), {"a": ["r2", "r3"], "b": [7, 1234]}
    ),
    table(
        "very large and small numbers",
        rows(["a", "b"], ["x", 2.5e-300], ["y", 1e300]),
        {"a": ["x", "y"], "b": [2.5e-300, 1e300]},
    ),
    table("numbers beyond 2^53", rows(["a", "b"], ["x", 2.0**60], ["y", 5]), {"a": ["x", "y"], "b": [2.0**60, 5.0]}),
    table(
        "dates",
        rows(["a", "b"], ["x", date(2010, 2, 5)], ["y", date(1900, 3, 1)]),
        {"a": ["x", "y"], "b": [datetime(2010, 2, 5), datetime(1900, 3, 1)]},
    ),
    table(
        "moments to the second",
        rows(["a", "b"], ["x", datetime(2010, 2, 5, 18, 30, 59)], ["y", datetime(2024, 2, 29, 23, 59, 59)]),
        {"a": ["x", "y"], "b": [datetime(2010, 2, 5, 18, 30, 59), datetime(2024, 2, 29, 23, 59, 59)]},
    ),
    table(
        "moments to the millisecond",
        rows(["a", "b"], ["x", datetime(2010, 2, 5, 18, 30, 59, 123_000)]),
        {"a": ["x"], "b": [datetime(2010, 2, 5, 18, 30, 59, 123_000)]},
    ),
    table("dates of the other epoch", _epoch_of_1904, {"a": ["x"], "when": [datetime(2010, 2, 5)]}),
    table(
        "dates among texts",
        rows(["a", "b"], ["x", date(2010, 2, 5)], ["y", "unknown"]),
        {"a": ["x", "y"], "b": ["2010-02-05", "unknown"]},
    ),
    table(
        "moments among texts",
        rows(["a", "b"], ["x", datetime(2010, 2, 5, 18, 30)], ["y", "unknown"]),
        {"a": ["x", "y"], "b": ["2010-02-05 18:30:00", "unknown"]},
    ),
    table(
        "dates among numbers",
        rows(["a", "b"], ["x", date(2010, 2, 5)], ["y", 5]),
        {"a": ["x", "y"], "b": ["2010-02-05", "5"]},
    ),
    table(
        "clock times",
        rows(["a", "b"], ["x", time(18, 30)], ["y", time(0, 0, 1)]),
        {"a": ["x", "y"], "b": ["18:30:00", "00:00:01"]},
    ),
    table(
        "durations are days",
        lambda: _formatted("[h]:mm:ss", timedelta(hours=36), timedelta(minutes=90)),
        {"a": ["r2", "r3"], "b": [1.5, 0.0625]},
    ),
    table(
        "the first days of the calendar",
        lambda: _formatted("yyyy-mm-dd", 1, 59, 61),
        {"a": ["r2", "r3", "r4"], "b": [datetime(1900, 1, 1), datetime(1900, 2, 28), datetime(1900, 3, 1)]},
    ),
    table(
        "a zero among dates is missing",
        lambda: _formatted("yyyy-mm-dd", 40000, 0, 40001),
        {"a": ["r2", "r3", "r4"], "b": [datetime(2009, 7, 6), None, datetime(2009, 7, 7)]},
        "'b'",
    ),
    table(
        "the day that never was",
        lambda: _formatted("yyyy-mm-dd", 60, 61),
        {"a": ["r2", "r3"], "b": [datetime(1900, 2, 28), datetime(1900, 3, 1)]},
    ),
    table("a negative date is a number", lambda: _formatted("yyyy-mm-dd", -5, -6), {"a": ["r2", "r3"], "b": [-5, -6]}),
    table(
        "a date beyond the calendar is a number",
        lambda: _formatted("yyyy-mm-dd", 3_000_000, 4_000_000),
        {"a": ["r2", "r3"], "b": [3_000_000, 4_000_000]},
    ),
    table(
        "a title in merged cells",
        book(_merged_title),
        {"shop": ["a", "b"], "n": [1, 2], "x": [1.5, 2.5]},
        "Skipped 1 title row",
    ),
    table(
        "cells merged over rows hold their value in each",
        book(_merged_down),
        {"region": ["north", "north", "south"], "shop": ["a", "b", "c"], "n": [1, 2, 3]},
    ),
    table(
        "names in two rows, merged",
        book(_merged_names),
        {"land": ["AT"], "men": [1], "women": [2], "men.2": [3], "women.2": [4]},
    ),
    table(
        "hidden rows and columns are read", book(_hidden_lines), {"a": [1, 3, 5], "b": ["x", "y", "z"], "c": [2, 4, 6]}
    ),
    table("formatted cells without a value", book(_formatted_far_down), {"a": [1], "b": ["x"]}),
    table("a table in the middle of the sheet", book(_beside), {"a": [1, 2], "b": ["x", "y"]}),
    table(
        "a blank column within", rows(["a", None, "b"], [1, None, "x"], [2, None, "y"]), {"a": [1, 2], "b": ["x", "y"]}
    ),
    table(
        "blank rows within and below",
        rows(["a", "b"], [1, "x"], [None, None], [2, "y"], [None, ""]),
        {"a": [1, None, 2], "b": ["x", None, "y"]},
    ),
    table(
        "a remark below the table",
        rows(["a", "b", "c"], [1, "x", 2], [3, "y", 4], [], ["Source: office"]),
        {"a": [1, 3], "b": ["x", "y"], "c": [2, 4]},
        "Source",
    ),
    table(
        "the names again further down", rows(["a", "b"], [1, "x"], ["a", "b"], [2, "y"]), {"a": [1, 2], "b": ["x", "y"]}
    ),
    table(
        "dates as names of columns",
        rows(["shop", date(2020, 1, 1), date(2020, 2, 1)], ["a", 5, 6], ["b", 7, 8]),
        {"shop": ["a", "b"], "2020-01-01": [5, 7], "2020-02-01": [6, 8]},
    ),
    table(
        "years and flags as names of columns",
        rows(["shop", 2019, 2020.0, True], ["a", 5, 6, 7]),
        {"shop": ["a"], "2019": [5], "2020": [6], "TRUE": [7]},
    ),
    table(
        "no names in a sheet",
        rows(["x", 5.5], ["y", 6.5]),
        {"column_1": ["x", "y"], "column_2": [5.5, 6.5]},
        "columns were numbered",
    ),
    table(
        "repeated and blank names in a sheet",
        rows(["a", "a", None], [1, 2, 3]),
        {"a": [1], "a.2": [2], "column_3": [3]},
    ),
    table(
        "blank names above rows of every width",
        rows(["id", "name", None, "name", None], [1, "x"], [2, "y"], [], [3, "z", 5, 6, 7]),
        {
            "id": [1, 2, None, 3],
            "name": ["x", "y", None, "z"],
            "column_3": [None, None, None, 5],
            "name.2": [None, None, None, 6],
            "column_5": [None, None, None, 7],
        },
    ),
    table("a first sheet with a title alone", _cover("Sales of 2020"), {"a": [1, 2], "b": ["x", "y"]}),
    table("a first sheet of blanks", _cover(" "), {"a": [1, 2], "b": ["x", "y"]}),
    table(
        "an index of pandas in a sheet",
        rows([None, "a", "b"], [0, 1, 5], [1, 2, 6], [2, 3, 7]),
        {"column_1": [0, 1, 2], "a": [1, 2, 3], "b": [5, 6, 7]},
    ),
    table("an index of names in a sheet", rows([None, "n"], ["x", 5], ["y", 6]), {"column_1": ["x", "y"], "n": [5, 6]}),
    table(
        "a blank name among four in a sheet",
        rows(["a", None, "c", "d"], ["p", "q", "r", "s"], ["t", "u", "v", "w"]),
        {"a": ["p", "t"], "column_2": ["q", "u"], "c": ["r", "v"], "d": ["s", "w"]},
    ),
    table("a hidden sheet is not read", lambda: _hidden(state="hidden"), {"a": [1], "b": ["x"]}),
    table("a very hidden sheet is not read", lambda: _hidden(state="veryHidden"), {"a": [1], "b": ["x"]}),
    table(
        "errors are missing",
        rows(["a", "b"], ["#N/A", 1], ["x", "#DIV/0!"], ["y", "#REF!"]),
        {"a": [None, "x", "y"], "b": [1, None, None]},
        "which count as missing: 3",
    ),
    table(
        "formulas without a result",
        rows(["a", "b"], [1, "=A2+1"], [2, "=A3+1"], [3, 5]),
        {"a": [1, 2, 3], "b": [None, None, 5]},
        "Formulas without a stored result, which count as missing: 2",
    ),
    refused("an empty sheet", rows(), "All visible sheets are empty. Choose a workbook with a header and rows."),
    refused(
        "a sheet of names alone", rows(["a", "b"]), "The sheet 'Sheet' has a header but no rows. Add rows below it."
    ),
    refused("a sheet with one cell", rows([5]), "The sheet 'Sheet' has a header but no rows. Add rows below it."),
    refused("no visible sheet", _only_hidden, "The workbook has no visible worksheet. Show one in Excel and save it."),
    refused("only a chart", _only_a_chart, "The workbook has no visible worksheet. Show one in Excel and save it."),
]
