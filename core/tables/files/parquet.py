"""Read Parquet files batch by batch, with every column a kind that the rest of the app knows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from core.errors import TableFileError
from core.tables.files import limits
from core.tables.files.names import ColumnNames, name_columns

ROWS_A_BATCH = 65_536
TIMESTAMP = pa.timestamp("us")


class ParquetSource:
    """An opened Parquet file whose footer passed the checks."""

    def __init__(self, path: Path) -> None:
        try:
            self._file = pq.ParquetFile(path)
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
        self.schema = pa.schema(
            [(name, plain_type(field.type)) for name, field in zip(self.columns.names, fields, strict=True)]
        )

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Yield the rows, in order."""
        try:
            for batch in self._file.iter_batches(ROWS_A_BATCH):
                columns = [plain_array(column) for column in batch.columns]
                yield pa.RecordBatch.from_arrays(columns, schema=self.schema)
        except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
            raise _refusal(error) from None

    def close(self) -> None:
        self._file.close()


def plain_type(kind: pa.DataType) -> pa.DataType:
    """Return what a column of `kind` becomes: whole, float, true or false, timestamp or text."""
    if pa.types.is_dictionary(kind):
        return plain_type(kind.value_type)
    if pa.types.is_uint64(kind) or pa.types.is_boolean(kind):
        return kind
    if pa.types.is_integer(kind):
        return pa.int64()
    if pa.types.is_floating(kind) or pa.types.is_decimal(kind):
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
    if wanted == pa.string() and not pa.types.is_string(kind):
        return pa.array([_text(cell) for cell in column.to_pylist()], pa.string())
    return column.cast(wanted)


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
