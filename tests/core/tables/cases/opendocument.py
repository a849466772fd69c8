"""ODS workbooks written by hand."""

from __future__ import annotations

from datetime import datetime

from tests.core.tables.cases.case import Cells, refused, table
from tests.core.tables.cases.packing import ods, ods_row, ods_text, ods_value, packed

NAMES = ods_row(ods_text("a"), ods_text("b"))
ONE = ods_row(ods_value("float", 1), ods_text("x"))
TWO = ods_row(ods_value("float", 2), ods_text("y"))
BLANK = "<table:table-cell/>"
COVERED = "<table:covered-table-cell/>"
SOUND: dict[str, Cells] = {"a": [1, 2], "b": ["x", "y"]}
DAMAGED = "The workbook is damaged. Open it in Excel and save it again."


def _blanks(n: int) -> str:
    return f'<table:table-cell table:number-columns-repeated="{n}"/>'


HIDDEN = (
    '<office:automatic-styles><style:style style:name="ta1" style:family="table">'
    '<style:table-properties table:display="false"/></style:style></office:automatic-styles>'
)

OPENDOCUMENT = [
    table("an ODS sheet", ods(NAMES + ONE + TWO), SOUND),
    table(
        "kinds of cells in ODS",
        ods(
            ods_row(*map(ods_text, "abcd"))
            + ods_row(
                ods_value("boolean", "true"),
                ods_value("date", "2010-02-05"),
                ods_value("percentage", 0.125),
                ods_value("currency", 7.5),
            )
        ),
        {"a": [True], "b": [datetime(2010, 2, 5)], "c": [0.125], "d": [7.5]},
    ),
    table(
        "moments and times in ODS",
        ods(
            ods_row(*map(ods_text, "abc"))
            + ods_row(ods_value("date", "2010-02-05T18:30:00"), ods_value("time", "PT36H00M00S"), ods_text("x"))
        ),
        {"a": [datetime(2010, 2, 5, 18, 30)], "b": [1.5], "c": ["x"]},
    ),
    table(
        "a sheet filled up with blanks to its end",
        ods(
            ods_row(ods_text("a"), ods_text("b"), _blanks(16_382))
            + ods_row(ods_value("float", 1), ods_text("x"), _blanks(16_382))
            + ods_row(ods_value("float", 2), ods_text("y"), _blanks(16_382))
            + ods_row(_blanks(16_384), repeated=1_048_573)
        ),
        SOUND,
        in_child=True,
    ),
    table(
        "blank rows within an ODS sheet",
        ods(NAMES + ONE + ods_row(BLANK, BLANK, repeated=2) + TWO),
        {"a": [1, None, None, 2], "b": ["x", None, None, "y"]},
    ),
    table(
        "a row that is repeated",
        ods(NAMES + ods_row(ods_value("float", 1), ods_text("x"), repeated=3)),
        {"a": [1, 1, 1], "b": ["x", "x", "x"]},
    ),
    table(
        "a cell that is repeated",
        ods(
            ods_row(*map(ods_text, "abc"))
            + ods_row(ods_value("float", 5, ' table:number-columns-repeated="2"'), ods_text("x"))
        ),
        {"a": [5], "b": [5], "c": ["x"]},
    ),
    table(
        "blanks, tabs and line ends of ODS",
        ods(
            NAMES
            + ods_row(
                ods_value("float", 1),
                '<table:table-cell office:value-type="string"><text:p>x<text:s text:c="2"/>y<text:tab/>z'
                "<text:line-break/>w</text:p><text:p>v</text:p></table:table-cell>",
            )
        ),
        {"a": [1], "b": ["x  y\tz\nw\nv"]},
    ),
    table(
        "pieces of text in ODS",
        ods(NAMES + ods_row(ods_value("float", 1), ods_text("x<text:span>y</text:span><text:a>z</text:a>"))),
        {"a": [1], "b": ["xyz"]},
    ),
    table(
        "a remark on a cell is no text of it",
        ods(
            NAMES
            + ods_row(
                ods_value("float", 1),
                '<table:table-cell office:value-type="string"><office:annotation><text:p>remark</text:p>'
                "</office:annotation><text:p>x</text:p></table:table-cell>",
            )
        ),
        {"a": [1], "b": ["x"]},
    ),
    table(
        "cells merged in ODS",
        ods(
            ods_row(ods_text("a"), ods_text("b"), ods_text("c"))
            + ods_row(ods_text("north", ' table:number-rows-spanned="2"'), ods_text("x"), ods_value("float", 1))
            + ods_row(COVERED, ods_text("y"), ods_value("float", 2))
        ),
        {"a": ["north", "north"], "b": ["x", "y"], "c": [1, 2]},
    ),
    table(
        "numbers shown as text in ODS",
        ods(NAMES + ods_row(ods_text("007"), ods_text("1e5"))),
        {"a": ["007"], "b": ["1e5"]},
    ),
    refused(
        "an ODS sheet that is hidden",
        ods(NAMES + ONE, style="ta1", more=HIDDEN),
        "The workbook has no visible worksheet. Show one in Excel and save it.",
    ),
    refused("an empty ODS sheet", ods(""), "All visible sheets are empty. Choose a workbook with a header and rows."),
    refused(
        "a block repeated to the end of the sheet",
        ods(NAMES + ods_row(ods_value("float", 1, ' table:number-columns-repeated="16384"'), repeated=1_048_575)),
        DAMAGED,
        in_child=True,
    ),
    refused(
        "a cell repeated a billion times",
        ods(NAMES + ods_row(ods_value("float", 1, ' table:number-columns-repeated="1000000000"'))),
        "The sheet 'data' has a header but no rows. Add rows below it.",
        in_child=True,
    ),
    refused(
        "ODS cut off",
        packed(
            {"mimetype": "application/vnd.oasis.opendocument.spreadsheet", "content.xml": "<office:document-content>"}
        ),
        DAMAGED,
        in_child=True,
    ),
]
