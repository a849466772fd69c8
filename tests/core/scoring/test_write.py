"""A table file appears whole or not at all, and what is copied to a spreadsheet cannot act."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core.errors import ConfigError, DataError, DiskError
from core.scoring import sheets
from core.scoring.write import CsvStyle, TableWriter, open_writer, to_tsv, write_table
from tests.core.small_disk import fill, make_read_only, small_disk

SUFFIXES = (".csv", ".tsv", ".xlsx", ".parquet")


def write_much(writer: TableWriter) -> None:
    for seed in range(20):
        writer.write(wide(20_000, seed))
    writer.finish()


def wide(n_rows: int, seed: int = 0) -> pa.RecordBatch:
    """Return rows that do not pack well."""
    values = np.random.default_rng(seed).integers(0, 2**60, (10, n_rows))
    return pa.RecordBatch.from_arrays([pa.array(column) for column in values], names=list("abcdefghij"))


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_nothing_appears_before_the_end_and_then_the_file_alone(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"out{suffix}"
    writer = open_writer(path, wide(1).schema)
    writer.write(wide(3))
    assert not path.exists()
    assert writer.finish() == ()
    assert list(tmp_path.iterdir()) == [path]
    writer.abandon()
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_abandoning_leaves_what_was_there_before(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"out{suffix}"
    path.write_text("earlier")
    writer = open_writer(path, wide(1).schema)
    writer.write(wide(3))
    writer.abandon()
    writer.abandon()
    assert list(tmp_path.iterdir()) == [path]
    assert path.read_text() == "earlier"


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("n_rows", [0, 1])
def test_the_file_of_a_table_with_hardly_any_rows_is_read_again(tmp_path: Path, suffix: str, n_rows: int) -> None:
    path = tmp_path / f"out{suffix}"
    write_table(pa.table({"id": ["007"] * n_rows, "p": pa.array([0.5] * n_rows, pa.float64())}), path)
    readers: dict[str, Callable[[], pd.DataFrame]] = {
        ".csv": lambda: pd.read_csv(path, dtype={"id": str}),
        ".tsv": lambda: pd.read_csv(path, sep="\t", dtype={"id": str}),
        ".xlsx": lambda: pd.read_excel(path, engine="openpyxl", dtype={"id": str}),
        ".parquet": lambda: pd.read_parquet(path),
    }
    frame = readers[suffix]()
    assert list(frame.columns) == ["id", "p"]
    assert frame.values.tolist() == [["007", 0.5]] * n_rows


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_full_disk_is_said_in_a_sentence_and_leaves_nothing(tmp_path: Path, suffix: str) -> None:
    with small_disk(tmp_path / "disk", 1 << 20) as disk:
        earlier = disk / f"out{suffix}"
        earlier.write_text("earlier")
        writer = open_writer(earlier, wide(1).schema)
        with pytest.raises(DiskError, match=r"The disk is full: .*out\..* could not be written\. Free some space"):
            write_much(writer)
        writer.abandon()
        assert list(disk.iterdir()) == [earlier]
        assert earlier.read_text() == "earlier"
        fill(disk)
        with pytest.raises(DiskError, match="The disk is full"):  # where not even the first bytes find room
            write_table(pa.table({"a" * 50_000: ["x"]}), disk / f"other{suffix}")
        assert sorted(path.name for path in disk.iterdir()) == ["filler", earlier.name]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_folder_that_cannot_be_written_is_said_in_a_sentence(tmp_path: Path, suffix: str) -> None:
    with pytest.raises(DiskError, match=r"none/out\.\w+ could not be written: No such file or directory"):
        open_writer(tmp_path / "none" / f"out{suffix}", wide(1).schema)
    (tmp_path / "file").touch()
    with pytest.raises(DiskError, match=r"file/out\.\w+ could not be written: Not a directory"):
        open_writer(tmp_path / "file" / f"out{suffix}", wide(1).schema)
    with small_disk(tmp_path / "disk", 1 << 20) as disk:
        make_read_only(disk)
        with pytest.raises(DiskError, match="The disk is read-only"):
            open_writer(disk / f"out{suffix}", wide(1).schema)


def test_another_extension_and_a_table_without_columns_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"'out\.ods' has an extension that is not written\. Choose among: \.csv"):
        open_writer(tmp_path / "out.ods", wide(1).schema)
    with pytest.raises(DataError, match="no columns to write"):
        open_writer(tmp_path / "out.csv", pa.schema([]))
    assert list(tmp_path.iterdir()) == []


def test_too_many_rows_for_a_workbook_are_refused_and_leave_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sheets, "MAX_SHEET_ROWS", 6)
    path = tmp_path / "out.xlsx"
    refusal = r"A sheet of a workbook holds 5 rows below its header, and there are more\. Take the CSV file\."
    write_table(pa.Table.from_batches([wide(2), wide(3)]), path)
    path.unlink()
    for tables in ([wide(6)], [wide(2), wide(4)], [wide(0), wide(5), wide(1)]):
        with pytest.raises(DataError, match=refusal):
            write_table(pa.Table.from_batches(tables), path)
        assert list(tmp_path.iterdir()) == []
    with pytest.raises(DataError, match=refusal):
        write_table(pa.Table.from_batches([wide(2)]), path, {"Notes": pa.table({"note": list("abcdef")})})
    assert list(tmp_path.iterdir()) == []


def test_too_many_columns_for_a_workbook_are_refused_and_leave_nothing(tmp_path: Path) -> None:
    schema = pa.schema([(f"c{index}", pa.string()) for index in range(16_385)])
    with pytest.raises(DataError, match=r"holds 16,384 columns, and there are 16,385\. Take the CSV file\."):
        open_writer(tmp_path / "out.xlsx", schema)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("suffix", "n_rows"), [(".csv", 20_000), (".xlsx", 200)])
def test_memory_does_not_grow_with_the_rows(tmp_path: Path, suffix: str, n_rows: int) -> None:
    batch = wide(n_rows)

    def peak(n_batches: int) -> int:
        pool, earlier = pa.proxy_memory_pool(pa.system_memory_pool()), pa.default_memory_pool()
        pa.set_memory_pool(pool)
        tracemalloc.start()
        try:
            writer = open_writer(tmp_path / f"out{suffix}", batch.schema)
            for _ in range(n_batches):
                writer.write(batch)
            writer.finish()
            return int(pool.max_memory()) + tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
            pa.set_memory_pool(earlier)

    peak(1)  # what is made once
    assert 0 < peak(20) < 1.1 * peak(2)


def test_parquet_keeps_types_and_rows_and_needs_no_row_group_a_batch(tmp_path: Path) -> None:
    path = tmp_path / "out.parquet"
    table = pa.table(
        {
            "id": ["007", None],
            "p": pa.array([0.1, None], pa.float32()),
            "label": pa.array(["=a", "b"]).dictionary_encode(),
            "when": pa.array([datetime(2020, 1, 31, 13, 45), None], pa.timestamp("us")),
        }
    )
    writer = open_writer(path, table.schema)
    for _ in range(50):
        writer.write(table.to_batches()[0])
    writer.finish()
    assert pq.read_table(path) == pa.concat_tables([table] * 50)
    assert pq.ParquetFile(path).num_row_groups == 1


def test_copied_rows_are_one_line_each_and_inert() -> None:
    table = pa.table(
        {
            "a\tb": ["x\r\ny", "=1", "\t=2", "\r@x", '5" pipe', None],
            "=n": [1.5, -2.0, None, 0.1, 1e300, -0.5],
            "d": [date(2024, 1, 5), None, None, None, None, None],
        }
    )
    assert to_tsv(table).split("\n") == [
        "a b\t'=n\td",
        "x y\t1.5\t2024-01-05",
        "'=1\t-2\t",
        "' =2\t\t",
        "' @x\t0.1\t",
        '"5"" pipe"\t1e+300\t',
        "\t-0.5\t",
        "",
    ]


def test_copied_rows_hold_nothing_in_place_of_no_rows() -> None:
    assert to_tsv(pa.table({"a": pa.array([], pa.string())})) == "a\n"


def test_a_text_file_without_its_mark_starts_with_the_header(tmp_path: Path) -> None:
    for bom, start in ((True, b"\xef\xbb\xbfa;b\n"), (False, b"a;b\n")):
        write_table(pa.table({"a": [1], "b": [0.5]}), tmp_path / "out.csv", style=CsvStyle(";", ",", bom=bom))
        assert (tmp_path / "out.csv").read_bytes() == start + b"1;0,5\n"
