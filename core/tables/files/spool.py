"""Keep the rows of a text file in a scratch file, without those that are no rows of its table."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import overload

import pyarrow as pa
import pyarrow.compute as pc

from core.tables.files.delimited import OnBytes, UntidyReader, UntidyRowsError, read_tidy
from core.tables.files.dialect import Dialect
from core.tables.files.encoding import TextSource
from core.tables.files.header import COMMENT
from core.tables.files.strays import Stray, are_telling, find_tail, repeated_notice, stray_rows
from core.tables.options import ReadOptions
from core.tables.report import Notice

LOOKED_ROWS = 65_536  # from which a column's kind is told
LOOKED_TEXTS = 1_000
MAPPED_BYTES = 100_000_000  # up to here, all columns are mapped at once
MAPPED_PARTS = 32  # else the columns are mapped in so many parts
SLICE_CELLS = 20_000  # looked at together, from the end


@dataclass(frozen=True)
class Spooled:
    """The rows of a text file in a scratch file, every cell a text."""

    path: Path
    n_rows: int
    changes: tuple[Notice, ...] = ()
    n_left_out: int = 0

    def columns(self, n_columns: int) -> Sequence[pa.ChunkedArray]:
        """Return every column, mapped into memory: those of a large file one at a time, while each is looked at."""
        if self.path.stat().st_size > MAPPED_BYTES:
            return _Columns(self, n_columns)
        return self.some_columns(range(n_columns))

    def some_columns(self, columns: Sequence[int]) -> list[pa.ChunkedArray]:
        """Return some columns, mapped into memory rather than read."""
        with pa.memory_map(str(self.path)) as file:
            batches = list(self._batches(file, columns))
        return [pa.chunked_array([batch.column(i) for batch in batches], pa.string()) for i in range(len(columns))]

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Yield the rows, in order."""
        with pa.OSFile(str(self.path)) as file:  # what is mapped would add up to the whole file in memory
            yield from self._batches(file)

    def _batches(self, file: pa.NativeFile, only: Sequence[int] | None = None) -> Iterator[pa.RecordBatch]:
        """Yield the rows, of `only` some columns where these are given."""
        left = self.n_rows
        reader = pa.ipc.open_file(
            file, options=pa.ipc.IpcReadOptions(included_fields=None if only is None else list(only))
        )
        for i in range(reader.num_record_batches):
            batch = reader.get_batch(i).slice(0, left)
            left -= batch.num_rows
            if batch.num_rows:
                yield batch

    def rows_from_end(self) -> Iterator[tuple[str, ...]]:
        """Yield the rows, the last one first."""
        with pa.memory_map(str(self.path)) as file:
            reader = pa.ipc.open_file(file)
            n_together = max(1, SLICE_CELLS // len(reader.schema))
            for i in reversed(range(reader.num_record_batches)):
                batch = reader.get_batch(i)
                for end in range(batch.num_rows, 0, -n_together):
                    part = batch.slice(max(0, end - n_together), min(end, n_together))
                    rows = list(zip(*(column.to_pylist() for column in part.columns), strict=True))
                    yield from reversed(rows)


@dataclass
class _Columns(Sequence[pa.ChunkedArray]):
    """The columns, some of which are mapped at a time: opening each by itself takes the longer, the more there are."""

    spooled: Spooled
    n: int
    mapped: tuple[Sequence[int], list[pa.ChunkedArray]] = ((), [])

    def __len__(self) -> int:
        return self.n

    @overload
    def __getitem__(self, at: int) -> pa.ChunkedArray: ...

    @overload
    def __getitem__(self, at: slice) -> list[pa.ChunkedArray]: ...

    def __getitem__(self, at: int | slice) -> pa.ChunkedArray | list[pa.ChunkedArray]:
        if isinstance(at, slice):
            return [self[i] for i in range(*at.indices(self.n))]
        if not 0 <= at < self.n:
            raise IndexError(at)
        places, columns = self.mapped
        if at not in places:
            together = -(-self.n // MAPPED_PARTS)
            places = range(at // together * together, min(self.n, (at // together + 1) * together))
            columns = self.spooled.some_columns(places)
            self.mapped = (places, columns)
        return columns[at - places[0]]


def spool_rows(
    source: TextSource, dialect: Dialect, path: Path, options: ReadOptions, on_bytes: OnBytes | None = None
) -> Spooled:
    """Write the rows of `source` to `path`, and leave out those that are none."""
    leaves_out = options.stray_rows == "leave_out"
    header = dialect.header if leaves_out and are_telling(dialect.header) else ()
    untidy: UntidyReader | None = None
    try:
        n_rows, n_repeated = _write(read_tidy(source, dialect, on_bytes), dialect, header, path)
    except UntidyRowsError:
        untidy = UntidyReader(
            source, dialect, on_bytes, leave_out_long=options.long_rows == "leave_out", leave_out_comments=leaves_out
        )
        n_rows, n_repeated = _write(untidy.batches(), dialect, header, path)
    if n_repeated > n_rows:  # what comes so often is data
        return spool_rows(source, dialect, path, replace(options, stray_rows="keep"), on_bytes)
    repeated = repeated_notice(n_repeated, _lines_like_header(source, dialect, n_repeated))
    spooled = Spooled(path, n_rows, repeated, n_repeated)
    first_stray_line = None
    if leaves_out:
        spooled, first_stray_line = _without_tail(spooled, source, dialect)
    if untidy is None:
        return spooled
    changes = untidy.changes(first_stray_line) + spooled.changes
    return replace(spooled, changes=changes, n_left_out=untidy.n_left_out + spooled.n_left_out)


def _write(batches: Iterator[pa.RecordBatch], dialect: Dialect, header: Sequence[str], path: Path) -> tuple[int, int]:
    """Write the rows that are not the header again; return how many there are, and how many were left out."""
    schema = pa.schema([(str(i), pa.string()) for i in range(len(dialect.names.names))])
    named = [i for i, name in enumerate(header) if name.strip()]
    n_rows = n_repeated = 0
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, schema) as writer:
        for batch in batches:
            kept = _without_header(batch, header, named) if named else batch
            n_repeated += batch.num_rows - kept.num_rows
            n_rows += kept.num_rows
            writer.write_batch(kept)
    return n_rows, n_repeated


def _without_header(batch: pa.RecordBatch, header: Sequence[str], named: Sequence[int]) -> pa.RecordBatch:
    is_header = pc.equal(batch.column(named[0]), header[named[0]])
    if not pc.any(is_header).as_py():
        return batch
    for i, name in enumerate(header):
        is_header = pc.and_(is_header, pc.equal(batch.column(i), name))
    return batch.filter(pc.invert(is_header))


def _lines_like_header(source: TextSource, dialect: Dialect, n_rows: int) -> list[int]:
    """Return the lines that repeat the line of the header; none where they are not `n_rows`."""
    if not n_rows:
        return []
    found: list[int] = []
    header: str | None = None
    with source.open_at(source.start) as file:
        for number, line in enumerate(file, start=1):
            if number == dialect.header_line:
                header = line.rstrip("\r\n")
            elif header is not None and line.rstrip("\r\n") == header:
                found.append(number)
    return found if len(found) == n_rows else []


def _without_tail(spooled: Spooled, source: TextSource, dialect: Dialect) -> tuple[Spooled, int | None]:
    """Return the rows without those below the table, and the first line where one of those stands."""
    found = stray_rows(spooled.rows_from_end())
    if not found:
        return spooled, None
    strays, has_gaps = _placed(found, source, dialect)
    batches = spooled.batches()
    n_above = spooled.n_rows - len(found)
    head = next(batches).slice(0, min(LOOKED_ROWS, n_above))
    tail = find_tail(strays, lambda at: _texts(head.column(at)), n_above=n_above, has_gaps=has_gaps)
    if not tail.n_rows:
        return spooled, None
    first = next((stray.line for stray in strays[-tail.n_rows :] if stray.line), None)
    changes, n_left_out = spooled.changes + tail.changes, spooled.n_left_out + tail.n_rows
    return Spooled(spooled.path, spooled.n_rows - tail.n_rows, changes, n_left_out), first


def _texts(column: pa.Array) -> list[str]:
    texts: list[str] = pc.unique(column).slice(0, LOOKED_TEXTS).to_pylist()
    return texts


def _placed(found: Sequence[tuple[int, str]], source: TextSource, dialect: Dialect) -> tuple[list[Stray], bool]:
    """Return the rows at the end with their lines, and whether blank lines stand between the rows above them."""
    last: deque[tuple[int, bool]] = deque(maxlen=len(found))  # lines with a row, and whether a blank one is above
    n_blank, is_apart = 0, False
    with source.open_at(dialect.body) as file:
        for number, line in enumerate(file, start=dialect.body_line):
            if not line.strip():
                n_blank += not is_apart
                is_apart = True
            elif not (dialect.has_comments and line.lstrip().startswith(COMMENT)):
                last.append((number, is_apart))
                is_apart = False
    if len(last) < len(found) or any("\n" in text or "\r" in text for _, text in found):
        return [Stray(at, text) for at, text in found], True
    strays = [Stray(at, text, line, apart) for (at, text), (line, apart) in zip(found, last, strict=True)]
    has_gaps = n_blank - is_apart > sum(stray.is_apart for stray in strays)
    return strays, has_gaps
