"""Parquet files: every kind of column, odd names, and broken or lying ones."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from tests.core.tables.cases.case import Case, Cells, refused, table

DAMAGED = "The Parquet file is damaged or of a kind that is not read. Save it again."
MOMENT = datetime(2010, 2, 5, 18, 30, 59, 123_456)


def parquet(content: pa.Table, **options: object) -> bytes:
    """Return a table as a Parquet file."""
    sink = io.BytesIO()
    pq.write_table(content, sink, **options)
    return sink.getvalue()


def column(name: str, array: pa.Array, cells: Cells) -> Case:
    """A table with one column of some kind."""
    return table(name, parquet(pa.table({"x": array})), {"x": cells})


def _named(*names: str) -> bytes:
    arrays = [pa.array([i]) for i, _ in enumerate(names)]
    return parquet(pa.Table.from_arrays(arrays, list(names)))


def _of_frame(frame: pd.DataFrame) -> Callable[[], bytes]:
    return frame.to_parquet


def _many_groups() -> bytes:
    return parquet(pa.table({"a": list(range(1_000))}), row_group_size=7)


def _with_damaged_page() -> bytes:
    content = bytearray(
        parquet(pa.table({"a": [f"text {i}" for i in range(500)]}), compression="snappy", use_dictionary=False)
    )
    content[100:1_500] = b"\xff" * 1_400
    return bytes(content)


PARQUET = [
    column("small whole numbers", pa.array([1, None, -5], pa.int8()), [1, None, -5]),
    column("whole numbers without a sign", pa.array([1, 2**63 + 5], pa.uint64()), [1, 2**63 + 5]),
    column("whole numbers beyond 2^53 stay whole", pa.array([2**53 + 1, -(2**62)]), [2**53 + 1, -(2**62)]),
    column("half floats", pa.array([1.5, None], pa.float16()), [1.5, None]),
    column("floats", pa.array([0.1, 1e300, -0.0]), [0.1, 1e300, -0.0]),
    column("exact numbers that a float keeps", pa.array([Decimal("2.50"), None], pa.decimal128(5, 2)), [2.5, None]),
    column(
        "exact numbers are the nearest floats",
        pa.array([Decimal("1003.858"), Decimal("0.1"), Decimal("-7.007")], pa.decimal128(24, 3)),
        [1003.858, 0.1, -7.007],
    ),
    column(
        "exact numbers that a float loses stay text",
        pa.array([Decimal("12345678901234567.89"), Decimal("1.00")], pa.decimal128(22, 2)),
        ["12345678901234567.89", "1.00"],
    ),
    column(
        "exact whole numbers that a float loses stay text",
        pa.array([Decimal(2**53 + 1), Decimal(7)], pa.decimal128(38, 0)),
        ["9007199254740993", "7"],
    ),
    column("flags in Parquet", pa.array([True, None, False]), [True, None, False]),
    column("texts in Parquet", pa.array(["007", "", "NA", None, " x "]), ["007", "", "NA", None, " x "]),
    column("large texts", pa.array(["x", None], pa.large_string()), ["x", None]),
    column("levels", pa.array(["x", "y", None, "x"]).dictionary_encode(), ["x", "y", None, "x"]),
    column("levels that are numbers", pa.array([5, 7, 5]).dictionary_encode(), [5, 7, 5]),
    column("days", pa.array([date(2010, 2, 5), None]), [datetime(2010, 2, 5), None]),
    column(
        "moments in seconds",
        pa.array([datetime(2010, 2, 5, 18, 30)], pa.timestamp("s")),
        [datetime(2010, 2, 5, 18, 30)],
    ),
    column("moments in microseconds", pa.array([MOMENT], pa.timestamp("us")), [MOMENT]),
    column(
        "a moment that no calendar has",
        pa.array([1_265_394_659_123_456, 2**62], pa.timestamp("us")),
        ["2010-02-05 18:30:59.123456", f"<value out of range: {2**62}>"],
    ),
    column("moments in nanoseconds", pa.array([1_265_394_659_123_456_789], pa.timestamp("ns")), [MOMENT]),
    column(
        "moments with a zone are in UTC",
        pa.array([MOMENT.replace(tzinfo=UTC)], pa.timestamp("us", tz="Asia/Tokyo")),
        [MOMENT],
    ),
    column(
        "moments far from now",
        pa.array([datetime(1, 1, 1), datetime(9999, 12, 31)], pa.timestamp("us")),
        [datetime(1, 1, 1), datetime(9999, 12, 31)],
    ),
    table(
        "moments of the oldest kind far from now",
        parquet(
            pa.table({"x": pa.array([datetime(9999, 12, 31)], pa.timestamp("us"))}),
            use_deprecated_int96_timestamps=True,
        ),
        {"x": [datetime(9999, 12, 31)]},
    ),
    column("clock times in Parquet", pa.array([time(18, 30), None]), ["18:30:00", None]),
    column(
        "durations are days in Parquet as in a workbook",
        pa.array([timedelta(hours=36), None], pa.duration("us")),
        [1.5, None],
    ),
    column("bytes that are text", pa.array([b"caf\xc3\xa9", None]), ["café", None]),
    column("bytes that are none", pa.array([b"\xff\x00x"]), ["\ufffd\x00x"]),
    column("lists", pa.array([[1, 2], [], None]), ["[1, 2]", "[]", None]),
    column("structures", pa.array([{"k": "ä", "n": 1}]), ['{"k": "ä", "n": 1}']),
    column("a column of nothing", pa.array([None, None]), [None, None]),
    table(
        "names with dots, blanks and markup",
        _named("a.b", "c d", "<b>", "$x$"),
        {"a.b": [0], "c d": [1], "<b>": [2], "$x$": [3]},
    ),
    table(
        "an empty and a repeated name",
        _named("a", "", "a"),
        {"a": [0], "column_2": [1], "a.2": [2]},
        "'a.2'",
        "'column_2'",
    ),
    table("many groups of rows", _many_groups, {"a": list(range(1_000))}),
    table(
        "a frame with its index",
        _of_frame(pd.DataFrame({"n": [1, 2]}, index=pd.Index(["x", "y"], name="key"))),
        {"n": [1, 2], "key": ["x", "y"]},
    ),
    table(
        "a frame with an index without a name",
        _of_frame(pd.DataFrame({"n": [1, 2]}, index=["x", "y"])),
        {"n": [1, 2], "__index_level_0__": ["x", "y"]},
    ),
    table(
        "a frame of nullable numbers", _of_frame(pd.DataFrame({"n": pd.array([1, None], "Int64")})), {"n": [1, None]}
    ),
    refused(
        "a parquet file without rows",
        parquet(pa.table({"a": pa.array([], pa.int64())})),
        "The Parquet file has no rows.",
    ),
    refused("a parquet file without columns", parquet(pa.table({})), "The Parquet file has no rows."),
    refused("a parquet file cut off", parquet(pa.table({"a": [1, 2]}))[:-20], DAMAGED),
    refused("four letters", b"PAR1", DAMAGED),
    refused("eight letters", b"PAR1PAR1", DAMAGED),
    refused("a footer longer than the file", b"PAR1" + b"\xff\xff\xff\x7fPAR1", DAMAGED),
    refused("a footer of zeros", b"PAR1" + bytes(40) + (40).to_bytes(4, "little") + b"PAR1", DAMAGED),
    refused("a parquet file whose pages are damaged", _with_damaged_page, DAMAGED),
    refused(
        "an encrypted parquet file",
        b"PARE" + bytes(20) + b"PARE",
        "The Parquet file is encrypted. Save it without encryption.",
    ),
    refused(
        "a cell of five megabytes in Parquet",
        lambda: parquet(pa.table({"a": ["x" * 5_000_000]})),
        "A cell holds 5.0 MB of text; at most 1 MB is read. A quotation mark may be missing.",
    ),
    refused(
        "lists of moments beyond the calendar",
        parquet(pa.table({"a": pa.array([[2**62]], pa.list_(pa.timestamp("us")))})),
        DAMAGED,
        in_child=True,
    ),
    refused(
        "a parquet file of too many columns",
        lambda: _named(*(f"c{i}" for i in range(16_385))),
        "The table has 16,385 columns; at most 16,384 are read.",
    ),
]
