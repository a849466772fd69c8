"""Words for nothing that are values: what is kept by choice, and what stays missing."""

from __future__ import annotations

from core.tables.options import ColumnOptions, ReadOptions
from tests.core.tables.cases.case import table

COUNTRIES = b"country,n\nNA,1\nDE,2\n na ,3\n,4\nn/a,5\n"
NAMED = {"country": ["NA", "DE", " na ", None, "n/a"], "n": [1, 2, 3, 4, 5]}

KEPT = [
    table("NA counts as missing", COUNTRIES, NAMED, kinds={"country": ("text", 4)}),
    table(
        "NA is kept in every column", COUNTRIES, NAMED, kinds={"country": ("text", 2), "n": ("number", 0)},
        options=ReadOptions(kept_words=("Na",)),
    ),
    table(
        "NA is kept in one column", b"a,b\nNA,NA\nx,y\n", {"a": ["NA", "x"], "b": ["NA", "y"]},
        kinds={"a": ("text", 0), "b": ("text", 1)},
        options=ReadOptions(columns={"a": ColumnOptions(kept_words=("NA",))}),
    ),
    table(
        "NA is kept but in one column", b"a,b\nNA,NA\nx,y\n", {"a": ["NA", "x"], "b": [None, "y"]},
        "Counted as missing in 'b', as chosen: 'NA', 1 cells.", kinds={"a": ("text", 0), "b": ("text", 1)},
        options=ReadOptions(kept_words=("NA",), columns={"b": ColumnOptions(missing_words=("na",))}),
    ),
    table(
        "none is kept between numbers", b"a\n1\nnone\n3\n", {"a": ["1", "none", "3"]}, kinds={"a": ("mixed", 0)},
        options=ReadOptions(kept_words=("none",)),
    ),
    table(
        "a column that was chosen to be numbers has no words", b"a\n1\nnone\n3\n", {"a": [1.0, None, 3.0]},
        kinds={"a": ("number", 1)},
        options=ReadOptions(columns={"a": ColumnOptions("number", kept_words=("none",))}),
    ),
    table(
        "a word that is missing in every column is kept in one", b"a,b\n-,-\nx,y\n",
        {"a": ["-", "x"], "b": [None, "y"]},
        kinds={"a": ("text", 0), "b": ("text", 1)},
        options=ReadOptions(missing_words=("-",), columns={"a": ColumnOptions(kept_words=("-",))}),
    ),
    table(
        "a blank cell is never kept", b"a,b\n,1\nx,2\n", {"a": [None, "x"], "b": [1, 2]},
        kinds={"a": ("text", 1)}, options=ReadOptions(kept_words=("", " ")),
    ),
    table(
        "a column of nothing but a kept word", b"a,b\nnone,1\nNone,2\n", {"a": ["none", "None"], "b": [1, 2]},
        kinds={"a": ("text", 0)}, options=ReadOptions(kept_words=("none",)),
    ),
]  # fmt: skip
