"""The texts of a whole column at once: numbers in full, dates in ISO, and which texts a spreadsheet would run.

It knows no file format. A text is a `large_string`, so that no column is too long for one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from core.tables.numbers import GROUP_PATTERNS, Marks, number_pattern

TEXT = pa.large_string()
ACTIVE_START = ("=", "+", "-", "@", "\t", "\r")
UNITS_A_DAY = {"s": 86_400, "ms": 86_400_000, "us": 86_400_000_000, "ns": 86_400_000_000_000}

_CELLS_A_BLOCK = 1 << 19  # what is worked on at once: it stays small, however long or wide the table is
_BYTES_A_BLOCK = 1 << 24
_MARKS = [Marks(decimal, group) for decimal in ".," for group in ("", *GROUP_PATTERNS) if group != decimal]
_PLAIN = r"(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
_NUMBER = f"[+-]?(?:{'|'.join([_PLAIN, *map(number_pattern, _MARKS)])})[ \u00a0\u202f]?%? *"  # for Python and Arrow
_NUMBER_PATTERN = re.compile(_NUMBER)

Flags = npt.NDArray[np.bool_]


class Spelled(NamedTuple):
    """The bytes of a column of texts, one cell after the other."""

    data: npt.NDArray[np.uint8]
    bounds: npt.NDArray[np.int64]  # (n_rows + 1,): where each cell starts, and where the last one ends

    @property
    def lengths(self) -> npt.NDArray[np.int64]:
        """Return the bytes of each cell, shape (n_rows,)."""
        return np.diff(self.bounds)

    def first(self, wanted: Flags) -> Flags:
        """Tell of each cell whether its first byte is one of `wanted`, shape (256,)."""
        return self._at(self.bounds[:-1], wanted)

    def last(self, wanted: Flags) -> Flags:
        """Tell of each cell whether its last byte is one of `wanted`, shape (256,)."""
        return self._at(self.bounds[1:] - 1, wanted)

    def counts(self, wanted: Flags) -> npt.NDArray[np.int64]:
        """Return how many of the bytes `wanted`, shape (256,), each cell has."""
        so_far = np.zeros(len(self.data) + 1, np.int64)
        np.cumsum(wanted.take(self.data), out=so_far[1:])
        return np.diff(so_far[self.bounds])

    def _at(self, places: npt.NDArray[np.int64], wanted: Flags) -> Flags:
        if not len(self.data):
            return np.zeros(len(places), bool)
        return wanted[self.data[np.clip(places, 0, len(self.data) - 1)]] & (self.lengths > 0)


def byte_set(characters: str) -> Flags:
    """Return which of the 256 bytes are one of the ASCII `characters`."""
    wanted = np.zeros(256, bool)
    wanted[list(characters.encode("ascii"))] = True
    return wanted


_ACTIVE_BYTES = byte_set("".join(ACTIVE_START))
_DIGITS, _POINT, _SIGNS = byte_set("0123456789"), byte_set("."), byte_set("+-")


def spelled(texts: pa.Array) -> Spelled:
    """Return the bytes of a column of TEXT, without those of the rows that it is a slice of."""
    bounds = _bounds(texts)
    return Spelled(np.frombuffer(content(texts), np.uint8), bounds - bounds[0])


def content(texts: pa.Array) -> pa.Buffer:
    """Return all cells of a column of TEXT, one after the other, as UTF-8."""
    bounds, data = _bounds(texts), texts.buffers()[2]
    return pa.py_buffer(b"") if data is None else data.slice(bounds[0], bounds[-1] - bounds[0])


def blocks(batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    """Yield the rows of a batch in parts of about as many cells or bytes, none of them without rows."""
    n_blocks = max(1.0, batch.num_rows * batch.num_columns / _CELLS_A_BLOCK, batch.nbytes / _BYTES_A_BLOCK)
    n_rows = max(1, int(batch.num_rows / n_blocks))
    for start in range(0, batch.num_rows, n_rows):
        yield batch.slice(start, n_rows)


def is_text(kind: pa.DataType) -> bool:
    """Tell whether cells of this type are shown as what they are, and not written out as numbers or dates are."""
    if pa.types.is_dictionary(kind):
        return is_text(kind.value_type)
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def plain(column: pa.Array) -> pa.Array:
    """Return `column` without its dictionary, instants of a zone in UTC as the reader gives them."""
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_timestamp(column.type) and column.type.tz is not None:
        column = column.cast(pa.timestamp(column.type.unit))
    return column


def texts_of(column: pa.Array, *, with_time: bool = False) -> pa.Array:
    """Return the text of each cell: null for nothing, and for what is not a finite number.

    Floats have the fewest digits that give the same number again; moments are written without the
    time of day unless `with_time`.
    """
    column = plain(column)
    kind = column.type
    if is_text(kind) or pa.types.is_integer(kind) or pa.types.is_null(kind) or pa.types.is_decimal(kind):
        return column.cast(TEXT)
    if pa.types.is_floating(kind):
        return _finite(column).cast(TEXT)
    if pa.types.is_boolean(kind):
        return pc.if_else(column, text_scalar("True"), text_scalar("False"))
    if pa.types.is_date(kind) or (pa.types.is_timestamp(kind) and not with_time):
        return column.cast(pa.date32(), safe=False).cast(TEXT)
    if pa.types.is_timestamp(kind):
        return _shortest_unit(column).cast(TEXT)
    return pa.array([None if cell is None else _text(cell) for cell in column.to_pylist()], TEXT)


def has_time_of_day(column: pa.Array) -> bool:
    """Tell whether a column holds a moment that is not midnight."""
    if not pa.types.is_timestamp(column.type):
        return False
    instants = column.cast(pa.int64()).fill_null(0).to_numpy(zero_copy_only=False)
    return bool((instants % UNITS_A_DAY[column.type.unit]).any())


def note_times(timed: list[bool], batch: pa.RecordBatch) -> None:
    """Remember in `timed` which columns have held a moment that is not midnight."""
    for index, column in enumerate(batch.columns):
        timed[index] = timed[index] or has_time_of_day(column)


def glue(*parts: pa.Array | str) -> pa.Array:
    """Put texts together row by row; a row in which one is null is null."""
    return pc.binary_join_element_wise(*map(text_scalar, parts), text_scalar(""))


def glue_rows(parts: Sequence[pa.Array | str], separator: str = "") -> pa.Array:
    """Put the cells of each row together, nothing for a cell that is null."""
    parts = [text_scalar(part) for part in parts]
    return pc.binary_join_element_wise(*parts, text_scalar(separator), null_handling="replace", null_replacement="")


def text_scalar(part: pa.Array | str) -> pa.Array | pa.Scalar:
    """Return a text as Arrow takes it beside columns; a column as it is."""
    return pa.scalar(part, TEXT) if isinstance(part, str) else part


def inert_text(text: str) -> str:
    """Return `text` such that a spreadsheet shows it rather than runs it."""
    return f"'{text}" if text.startswith(ACTIVE_START) and not _NUMBER_PATTERN.fullmatch(text) else text


def inert_texts(texts: pa.Array) -> pa.Array:
    """Return a column of TEXT such that a spreadsheet shows every cell rather than runs it."""
    active = active_cells(texts)
    if active is None:
        return texts
    return pc.replace_with_mask(texts, active, glue("'", texts.filter(active)))


def active_cells(texts: pa.Array) -> pa.Array | None:
    """Tell of each cell whether `inert_text` would change it; None where it would change none."""
    cells = spelled(texts)
    active = cells.first(_ACTIVE_BYTES)
    if active.any():
        active &= ~_plain_numbers(cells)
    if active.any():
        is_number = pc.match_substring_regex(texts.filter(pa.array(active)), f"^(?:{_NUMBER})$")
        active[active] = pc.invert(is_number).fill_null(False).to_numpy(zero_copy_only=False)
    return pa.array(active) if active.any() else None


def _bounds(texts: pa.Array) -> npt.NDArray[np.int64]:
    """Return where cells start in the buffer of a column, which those of the rows around a slice share."""
    offsets = texts.buffers()[1]
    if not len(texts) or offsets is None:
        return np.zeros(len(texts) + 1, np.int64)
    return np.frombuffer(offsets, np.int64)[texts.offset : texts.offset + len(texts) + 1]


def _plain_numbers(cells: Spelled) -> Flags:
    """Tell of cells that start with a sign whether digits follow, with one point at most: the usual numbers."""
    n_digits, n_points = cells.counts(_DIGITS), cells.counts(_POINT)
    one_more = n_digits + n_points == cells.lengths - 1
    return np.asarray(cells.first(_SIGNS) & one_more & (n_digits > 0) & (n_points <= 1), bool)


def _finite(column: pa.Array) -> pa.Array:
    finite = pc.is_finite(column)
    return column if pc.all(finite, min_count=0).as_py() else pc.if_else(finite, column, pa.scalar(None, column.type))


def _shortest_unit(moments: pa.Array) -> pa.Array:
    """Return moments in the coarsest unit that keeps all of them, so that no zeros are written behind."""
    for unit in ("s", "ms", "us"):
        try:
            return moments.cast(pa.timestamp(unit))
        except pa.ArrowInvalid:
            continue
    return moments


def _text(cell: object) -> str:
    return cell.decode("utf-8", "replace") if isinstance(cell, bytes) else str(cell)
