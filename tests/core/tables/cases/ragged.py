"""Rows that have more or fewer cells than there are columns."""

from __future__ import annotations

from tests.core.tables.cases.case import refused, table

SHORT = "Rows with too few cells were filled up with missing ones"
LONG = "Blank cells beyond the last column were dropped"

RAGGED = [
    table(
        "one short row",
        "a,b,c\n1,2,3\n4,5\n6,7,8\n",
        {"a": [1, 4, 6], "b": [2, 5, 7], "c": [3, None, 8]},
        f"{SHORT}: line 3.",
    ),
    table(
        "the last row is short", "a,b,c\n1,2,3\n4\n", {"a": [1, 4], "b": [2, None], "c": [3, None]}, f"{SHORT}: line 3."
    ),
    table(
        "most rows are short",
        "a,b,c\n1,x\n2\n3,x,y\n4,z\n",
        {"a": [1, 2, 3, 4], "b": ["x", None, "x", "z"], "c": [None, None, "y", None]},
        f"{SHORT}: lines 2, 3, 5.",
    ),
    table(
        "the first of seven short rows are named",
        "a,b\n" + "1\n" * 7 + "1,2\n" * 9,
        {"a": [1] * 16, "b": [None] * 7 + [2] * 9},
        f"{SHORT}: lines 2, 3, 4, 5, 6 and 2 more.",
    ),
    table(
        "a short row after a cell of two lines",
        'a,b\n"x\ny",1\nz\nw,2\n',
        {"a": ["x\ny", "z", "w"], "b": [1, None, 2]},
        f"{SHORT}: line 4.",
    ),
    table("blank cells too many", "a,b\n1,2\n3,4,,\n5,6\n", {"a": [1, 3, 5], "b": [2, 4, 6]}, f"{LONG}: line 3."),
    table(
        "quoted blanks too many", 'a,b\n1,2\n3,4,""," "\n5,6\n', {"a": [1, 3, 5], "b": [2, 4, 6]}, f"{LONG}: line 3."
    ),
    table("a name more than cells in every row", "a,b,c\n1,2\n3,4\n", {"a": [1, 3], "b": [2, 4], "c": [None, None]}),
    table(
        "a name fewer than cells that count up",
        "one,two,three\n1,2,3,4\n5,6,7,8\n9,5,5,5\n",
        {"column_1": [1, 5, 9], "one": [2, 6, 5], "two": [3, 7, 5], "three": [4, 8, 5]},
    ),
    table("one row that is short", "i,j\n7\n", {"i": [7], "j": [None]}, f"{SHORT}: line 2."),
    table(
        "names that end with a separator above one row",
        "id,name,lat,lon,\n1,x,0,5\n",
        {"id": [1], "name": ["x"], "lat": [0], "lon": [5]},
    ),
    table(
        "a name fewer than cells, as R writes",
        '"x","y"\n"1",5,6\n"2",7,8\n',
        {"column_1": [1, 2], "x": [5, 7], "y": [6, 8]},
    ),
    table("a row cut off at the end", "a,b\n1,x\n2,y\n3", {"a": [1, 2, 3], "b": ["x", "y", None]}, f"{SHORT}: line 4."),
    refused(
        "one long row",
        "a,b\n1,2\n3,4,5\n6,7\n",
        "Line 3 has 3 cells, but the table has 2 columns. "
        "Put quotation marks around text that holds the separator, or remove the extra cells.",
    ),
    refused(
        "a long row among short ones",
        "id,name,,name\n1,english\n1,english\n\n2,german,1,2,3\n",
        "Line 5 has 5 cells, but the table has 4 columns. "
        "Put quotation marks around text that holds the separator, or remove the extra cells.",
    ),
    refused(
        "one long row far down",
        "a,b\n" + "1,2\n" * 2_000 + "3,4,5\n",
        "Line 2,002 has 3 cells, but the table has 2 columns. "
        "Put quotation marks around text that holds the separator, or remove the extra cells.",
    ),
    refused(
        "a long row after a cell of two lines",
        'a,b\n"1\n2",2\n3,4,5\n6,7\n',
        "Line 4 has 3 cells, but the table has 2 columns. "
        "Put quotation marks around text that holds the separator, or remove the extra cells.",
    ),
    refused(
        "decimal commas between commas",
        "a,b\n1,5,2\n2,5,3\n3,4\n4,5\n5,6\n6,7\n",
        "Line 2 has 3 cells, but the table has 2 columns. "
        "Put quotation marks around text that holds the separator, or remove the extra cells.",
    ),
]
