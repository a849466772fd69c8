"""Files with next to nothing in them, and files with far too much."""

from __future__ import annotations

from tests.core.tables.cases.case import refused, table

BLANK = "The file holds only blank lines. Choose a file with a header and rows."
NO_ROWS = "The file has a header but no rows. Add rows below it."
EMPTY = "The file is empty. Choose a file with a header and rows."


def _wide(n_columns: int, n_rows: int = 1) -> bytes:
    names = ",".join(f"c{i}" for i in range(n_columns))
    row = ",".join(["1"] * n_columns)
    return "\n".join([names, *[row] * n_rows]).encode()


TINY = [
    refused("nothing", b"", EMPTY),
    refused("one line end", b"\n", BLANK),
    refused("blanks and line ends", b" \n\t\n \r\n", BLANK),
    refused("a mark of utf-8 alone", b"\xef\xbb\xbf", BLANK),
    refused("one letter", b"a", NO_ROWS),
    refused("one number", b"5", NO_ROWS),
    refused("one row of numbers", b"1,2,3\n", NO_ROWS),
    refused("separators alone", b",,,\n,,,\n", BLANK),
    refused("one separator", b",", BLANK),
    refused("empty quotes", b'""', BLANK),
    refused("an open quote", b'"', BLANK),
    refused("names above blank cells", b"a,b\n , \n", NO_ROWS),
    table("one column and one row", b"a\n1", {"a": [1]}),
    table("one column of one letter", b"a\nb\n", {"a": ["b"]}),
    table("a thousand columns", lambda: _wide(1_000, 2), {f"c{i}": [1, 1] for i in range(1_000)}),
]

HUGE = [
    table("a cell of a megabyte", b"a,b\n1," + b"x" * 1_000_000 + b"\n", {"a": [1], "b": ["x" * 1_000_000]}),
    refused(
        "a cell beyond a megabyte",
        b"a,b\n1," + b"x" * 1_000_001 + b"\n",
        "A cell holds 1.0 MB of text; at most 1 MB is read. A quotation mark may be missing.",
    ),
    refused(
        "a cell of five megabytes",
        b"a,b\n1," + b"x" * 5_000_000 + b"\n",
        "A cell holds 5.0 MB of text; at most 1 MB is read. A quotation mark may be missing.",
    ),
    refused(
        "a quoted cell of five megabytes",
        b'a,b\n1,"' + b"x\n" * 2_500_000 + b'"\n',
        "A cell holds 5.0 MB of text; at most 1 MB is read. A quotation mark may be missing.",
    ),
    refused(
        "a name of two megabytes",
        b"a," + b"x" * 2_000_000 + b"\n1,2\n",
        "A cell holds 2.0 MB of text; at most 1 MB is read. A quotation mark may be missing.",
    ),
    refused(
        "more columns than are read",
        lambda: _wide(16_385),
        "The table has 16,385 columns; at most 16,384 are read. Check that it was saved with the right separator.",
    ),
    refused(
        "five megabytes without a line end",
        b"x" * 5_000_000,
        NO_ROWS,
    ),
]
