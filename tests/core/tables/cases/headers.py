"""Where the table begins and what its columns are called."""

from __future__ import annotations

from tests.core.tables.cases.case import refused, table

NUMBERED = "The first row holds values, not names; the columns were numbered."

HEADERS = [
    table(
        "a title and a blank line",
        "Sales 2020\n\nshop,n,x\na,1,2\nb,3,4\n",
        {"shop": ["a", "b"], "n": [1, 3], "x": [2, 4]},
        "Skipped 1 title row above the header.",
    ),
    table(
        "a title padded with separators",
        "Sales 2020,,\n,,\nshop,n,x\na,1,2\nb,3,4\n",
        {"shop": ["a", "b"], "n": [1, 3], "x": [2, 4]},
        "Skipped 1 title row",
    ),
    table(
        "settings above the table",
        "Device:,X-200\nDate:,2020-01-01\n\ntime,temp,hum\n1,20.5,40\n2,21.5,41\n3,22.5,42\n",
        {"time": [1, 2, 3], "temp": [20.5, 21.5, 22.5], "hum": [40, 41, 42]},
        "Skipped 2 title rows",
    ),
    table(
        "comments above the table",
        "# made by X\n# on Monday\na,b\n1,x\n2,y\n",
        {"a": [1, 2], "b": ["x", "y"]},
        "Skipped 2",
    ),
    table(
        "comments with the separator",
        "# columns: a, b, made by X\na,b,c\n1,x,2\n2,y,3\n",
        {"a": [1, 2], "b": ["x", "y"], "c": [2, 3]},
        "Skipped 1",
    ),
    table(
        "a comment within the table",
        "# made by X\na,b\n1,x\n# checked up to here\n2,y\n",
        {"a": [1, 2], "b": ["x", "y"]},
    ),
    table(
        "more comments than rows",
        "x,y,z\n# one\n1,2,3\n# two\n# three\n4,5,6\n# four\n",
        {"x": [1, 4], "y": [2, 5], "z": [3, 6]},
    ),
    table("a name that begins with a hash", "#id,name\n1,x\n2,y\n", {"#id": [1, 2], "name": ["x", "y"]}),
    table("cells that begin with a hash", "tag,n\n#red,1\n#blue,2\n", {"tag": ["#red", "#blue"], "n": [1, 2]}),
    table(
        "a row of units below the names",
        "length,weight\nm,kg\n1.5,2\n2.5,3\n",
        {"length": ["m", "1.5", "2.5"], "weight": ["kg", "2", "3"]},
        kinds={"length": ("mixed", 0)},
    ),
    table(
        "names in two rows",
        ",2019,,2020,\nland,men,women,men,women\nAT,1,2,3,4\nDE,5,6,7,8\n",
        {"land": ["AT", "DE"], "men": [1, 5], "women": [2, 6], "men.2": [3, 7], "women.2": [4, 8]},
    ),
    table("no names, numbers", "1,2.5\n3,4.5\n", {"column_1": [1, 3], "column_2": [2.5, 4.5]}, NUMBERED),
    table(
        "no names, a number and texts",
        "x,5,y\nz,6,w\n",
        {"column_1": ["x", "z"], "column_2": [5, 6], "column_3": ["y", "w"]},
        NUMBERED,
    ),
    table(
        "no names, dates",
        "01.02.2020,x\n02.02.2020,y\n",
        {"column_1": ["01.02.2020", "02.02.2020"], "column_2": ["x", "y"]},
        NUMBERED,
    ),
    table("no names, a missing first cell", ",5\nx,6\n", {"column_1": [None, "x"], "column_2": [5, 6]}, NUMBERED),
    table("no names, one column", "5\n6\n7\n", {"column_1": [5, 6, 7]}, NUMBERED),
    table("years as names", "land,2019,2020\nAT,5,6\nDE,7,8\n", {"land": ["AT", "DE"], "2019": [5, 7], "2020": [6, 8]}),
    table("quarters as names", "land,2019Q1,2019Q2\nAT,5,6\n", {"land": ["AT"], "2019Q1": [5], "2019Q2": [6]}),
    table("numbers counted up as names", "0,1,2\n5,7,9\n6,8,1\n", {"0": [5, 6], "1": [7, 8], "2": [9, 1]}),
    table(
        "months as names",
        "shop,01.2020,02.2020\na,5,6\nb,7,8\n",
        {"shop": ["a", "b"], "01.2020": [5, 7], "02.2020": [6, 8]},
    ),
    table(
        "dates as names",
        "shop,2020-01-01,2020-02-01\na,5,6\nb,7,8\n",
        {"shop": ["a", "b"], "2020-01-01": [5, 7], "2020-02-01": [6, 8]},
    ),
    table("repeated names", "a,a,a\n1,2,3\n", {"a": [1], "a.2": [2], "a.3": [3]}, "'a.2', 'a.3'"),
    table("names that differ in case", "a,A\n1,2\n", {"a": [1], "A": [2]}),
    table("names that differ in blanks", "a, a,a \n1,2,3\n", {"a": [1], "a.2": [2], "a.3": [3]}, "'a.2', 'a.3'"),
    table(
        "names that look like markup",
        "<b>x</b>,$y$,=z,[w](u)\n1,2,3,4\n",
        {"<b>x</b>": [1], "$y$": [2], "=z": [3], "[w](u)": [4]},
    ),
    table("a name of a no-break space", "a,\u00a0\nx,1\ny,2\n", {"a": ["x", "y"], "column_2": [1, 2]}, "'column_2'"),
    table("a name as long as a page", "a,{}\n1,2\n".format("n" * 10_000), {"a": [1], "n" * 10_000: [2]}),
    table("a name with line ends", 'a," x\n\x0by "\n1,2\n', {"a": [1], "x\n\x0by": [2]}, "Blanks around the names"),
    table(
        "a long name with a blank before it",
        "a, {}\n1,2\n".format("n" * 500),
        {"a": [1], "n" * 500: [2]},
        "Blanks around",
    ),
    table("rows like the names", "x,x\nx,x\nx,x\nx,y\nx,x\n", {"x": ["x"] * 4, "x.2": ["x", "x", "y", "x"]}),
    table("the header again further down", "a,b\n1,x\na,b\n2,y\n", {"a": [1, 2], "b": ["x", "y"]}, "line 3"),
    table(
        "a total below the table stays", "shop,n\na,1\nb,2\nTotal,3\n", {"shop": ["a", "b", "Total"], "n": [1, 2, 3]}
    ),
    table(
        "a count below the table",
        "a,b,c\n1,x,2\n3,y,4\n\n(2 rows affected)\n",
        {"a": [1, 3], "b": ["x", "y"], "c": [2, 4]},
        "line 5",
    ),
    table(
        "a source below the table",
        "a;b;c\n1;x;2\n3;y;4\nSource: office of statistics\n",
        {"a": [1, 3], "b": ["x", "y"], "c": [2, 4]},
        "line 4",
    ),
    table("rows of separators below the table", "a,b\n1,x\n2,y\n,\n,\n", {"a": [1, 2], "b": ["x", "y"]}),
    table("a row of separators within the table", "a,b\n1,x\n,\n2,y\n", {"a": [1, None, 2], "b": ["x", None, "y"]}),
    table(
        "a column without a name and cells", "a,,b\n1,,x\n2,,y\n", {"a": [1, 2], "b": ["x", "y"]}, "dropped: 'column_2'"
    ),
    table(
        "a named column without cells",
        "a,empty,b\n1,,x\n2,,y\n",
        {"a": [1, 2], "empty": [None, None], "b": ["x", "y"]},
        kinds={"empty": ("empty", 2)},
    ),
    refused("names alone", "a,b\n", "The file has a header but no rows. Add rows below it."),
    refused("names and blank lines", "a,b\n\n\n", "The file has a header but no rows. Add rows below it."),
    refused("names and rows of separators", "a,b\n,\n,\n", "The file has a header but no rows. Add rows below it."),
]
