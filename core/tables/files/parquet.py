"""Read Parquet files batch by batch, with every column a kind that the rest of the app knows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from core.errors import TableFileError
from core.tables.files import limits
from core.tables.files.columns import SAFE_DIGITS
from core.tables.files.names import ColumnNames, name_columns

ROWS_A_BATCH = 65_536
TIMESTAMP = pa.timestamp("us")

_WITH_LENGTH = (pa.types.is_string, pa.types.is_large_string, pa.types.is_binary, pa.types.is_large_binary)
_FIRST_DAY = (date.min - date(1970, 1, 1)).days
_LAST_DAY = (date.max - date(1970, 1, 1)).days
_UNITS_A_DAY = {"s": 86_400.0, "ms": 86_400e3, "us": 86_400e6, "ns": 86_400e9}


class ParquetSource:
    """An opened Parquet file whose footer passed the checks."""

    def __init__(self, path: Path) -> None:
        try:
            self._file = pq.ParquetFile(path, coerce_int96_timestamp_unit="us")
        except (pa.ArrowException, OSError) as error:
            raise _refusal(error) from None
        if self._file.metadata.num_columns > limits.MAX_COLUMNS:
            raise TableFileError(
                f"The table has {self._file.metadata.num_columns:,} columns; at most {limits.MAX_COLUMNS:,} are read."
            )
        fields = self._file.schema_arrow
        if not len(fields) or not self._file.metadata.num_rows:
            raise TableFileError("The Parquet file has no rows.")
        self.columns: ColumnNames = name_columns(fields.names)
        types = [
            plain_type(field.type) if self._fits(at, field.type) else pa.string() for at, field in enumerate(fields)
        ]
        self.schema = pa.schema(list(zip(self.columns.names, types, strict=True)))

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Yield the rows, in order."""
        try:
            for batch in self._file.iter_batches(ROWS_A_BATCH):
                for column in batch.columns:
                    _check_cells(column)
                columns = [_kept(column, kind) for column, kind in zip(batch.columns, self.schema.types, strict=True)]
                yield pa.RecordBatch.from_arrays(columns, schema=self.schema)
        except (pa.ArrowException, OSError, UnicodeDecodeError, OverflowError) as error:
            raise _refusal(error) from None

    def _fits(self, at: int, kind: pa.DataType) -> bool:
        """Tell whether its plain type keeps each cell of a column; where it may not, look at all of them.

        Floats lose digits of long exact numbers, and no calendar has the days of some timestamps.
        """
        is_instant = pa.types.is_timestamp(kind) and kind.unit != "ns"  # which ends in the year 2262
        if not is_instant and (not _is_exact(kind) or kind.precision <= SAFE_DIGITS):
            return True
        names = self._file.schema_arrow.names
        place = names[:at].count(names[at])  # among columns of the same name
        try:
            parts = self._file.iter_batches(ROWS_A_BATCH, columns=[names[at]])
            are_fit = _fit_calendar if is_instant else _fit_floats
            return all(are_fit(part.column(place)) for part in parts)
        except (pa.ArrowException, OSError) as error:
            raise _refusal(error) from None

    def close(self) -> None:
        self._file.close()


def plain_type(kind: pa.DataType) -> pa.DataType:
    """Return what a column of `kind` becomes: whole, float, true or false, timestamp or text; a duration is days."""
    if pa.types.is_dictionary(kind):
        return plain_type(kind.value_type)
    if pa.types.is_uint64(kind) or pa.types.is_boolean(kind):
        return kind
    if pa.types.is_integer(kind):
        return pa.int64()
    if pa.types.is_floating(kind) or _is_exact(kind) or pa.types.is_duration(kind):
        return pa.float64()
    return TIMESTAMP if pa.types.is_timestamp(kind) or pa.types.is_date(kind) else pa.string()


def plain_array(column: pa.Array) -> pa.Array:
    """Return `column` as its plain type; lists and the like become JSON, times their text."""
    kind = column.type
    if isinstance(column, pa.ExtensionArray):
        return plain_array(column.storage)
    if pa.types.is_dictionary(kind):
        return plain_array(column.dictionary_decode())
    wanted = plain_type(kind)
    if wanted == TIMESTAMP:
        return _naive(column)
    if pa.types.is_duration(kind):
        return pc.divide(column.cast(pa.int64()).cast(pa.float64(), safe=False), _UNITS_A_DAY[kind.unit])
    if wanted == pa.string() and not pa.types.is_string(kind):
        return pa.array([_text(cell) for cell in column.to_pylist()], pa.string())
    return column.cast(pa.string()).cast(wanted) if _is_exact(kind) else column.cast(wanted)


def _kept(column: pa.Array, kind: pa.DataType) -> pa.Array:
    """Return a column as `kind`: its plain type, or a text where that would not keep each cell."""
    if pa.types.is_timestamp(column.type) and pa.types.is_string(kind):
        return column.cast(pa.string())
    if _is_exact(column.type) and not pa.types.is_float64(kind):
        return _digits(column)
    return plain_array(column)


def _check_cells(column: pa.Array) -> None:
    """Refuse a text that is too long, also within lists and structures."""
    kind = column.type
    if isinstance(column, pa.ExtensionArray):
        _check_cells(column.storage)
    elif pa.types.is_dictionary(kind):
        _check_cells(column.dictionary)
    elif pa.types.is_struct(kind):
        for part in column.flatten():
            _check_cells(part)
    elif pa.types.is_map(kind):
        _check_cells(column.keys)
        _check_cells(column.items)
    elif pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind):
        _check_cells(column.flatten())
    elif any(is_kind(kind) for is_kind in _WITH_LENGTH):
        limits.check_cell(pc.max(pc.binary_length(column)).as_py() or 0)


def _is_exact(kind: pa.DataType) -> bool:
    return bool(pa.types.is_decimal(kind))


def _fit_floats(numbers: pa.Array) -> bool:
    """Tell whether a float keeps each exact number: at once where all are short, else digit by digit."""
    bounds = pc.min_max(numbers).as_py()
    if bounds["max"] is None:
        return True
    largest = max(abs(bounds["min"]), abs(bounds["max"]))
    for n_digits in range(min(max(0, numbers.type.scale), SAFE_DIGITS) + 1):
        if largest < 10 ** (SAFE_DIGITS - n_digits) and pc.all(pc.equal(pc.round(numbers, n_digits), numbers)).as_py():
            return True
    return all(Decimal(repr(float(number))) == number for number in numbers.drop_null().to_pylist())


def _fit_calendar(instants: pa.Array) -> bool:
    """Tell whether all timestamps lie in the years 1 to 9999."""
    bounds = pc.min_max(instants.cast(pa.int64())).as_py()
    a_day = _UNITS_A_DAY[instants.type.unit]
    return bounds["max"] is None or (_FIRST_DAY * a_day <= bounds["min"] and bounds["max"] < (_LAST_DAY + 1) * a_day)


def _digits(column: pa.Array) -> pa.Array:
    """Return exact numbers as texts, with every digit they have."""
    return pa.array([None if cell is None else format(cell, "f") for cell in column.to_pylist()], pa.string())


def _naive(column: pa.Array) -> pa.Array:
    """Return dates in microseconds, in UTC where they have a zone."""
    try:
        instants = column.cast(pa.timestamp("us", tz=getattr(column.type, "tz", None)), safe=False)
    except pa.ArrowInvalid:
        return pc.cast(pa.nulls(len(column)), TIMESTAMP)
    return instants.cast(pa.int64()).cast(TIMESTAMP)


def _text(cell: object) -> str | None:
    if cell is None or isinstance(cell, str):
        return cell
    if isinstance(cell, bytes):
        return cell.decode("utf-8", "replace")
    return json.dumps(cell, default=str, ensure_ascii=False) if isinstance(cell, (list, dict)) else str(cell)


def _refusal(error: Exception) -> TableFileError:
    if "encrypt" in str(error).lower() or "decrypt" in str(error).lower():
        return TableFileError("The Parquet file is encrypted. Save it without encryption.")
    return TableFileError("The Parquet file is damaged or of a kind that is not read. Save it again.")
