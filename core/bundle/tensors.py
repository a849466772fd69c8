"""The header of a safetensors file, checked against the tensors that must be in it.

The header is read with bounds that follow from what is expected, before any loader sees the file.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import BinaryIO

from core.bundle.archive import Entry
from core.bundle.document import parse_document
from core.bundle.fields import Fields
from core.bundle.flaw import FlawError, shown

ITEM_BYTES = {"F64": 8, "F32": 4, "I64": 8, "BOOL": 1}

_HEADER_SLACK = 1024
_ENTRY_BYTES = 160  # the longest JSON of one tensor, without its name
_MAX_DIMENSIONS = 3


@dataclass(frozen=True)
class TensorSpec:
    """The type and shape a tensor must have."""

    dtype: str
    shape: tuple[int, ...]

    @property
    def n_bytes(self) -> int:
        """Return the bytes that the numbers take."""
        return math.prod(self.shape) * ITEM_BYTES[self.dtype]

    def __str__(self) -> str:
        return f"{'×'.join(map(str, self.shape)) or 'scalar'} of type {self.dtype!r}"


def check_tensors(file: BinaryIO, entry: Entry, expected: Mapping[str, TensorSpec]) -> None:
    """Raise FlawError unless the member holds exactly the `expected` tensors, one after the other."""
    header = _read_header(file, entry, expected)
    found = parse_document(header, f"{entry.name} header", 16 * (len(expected) + 1))
    if not isinstance(found, dict):
        raise FlawError(f"the header of its {entry.name} is {shown(found)} where an object belongs")
    _check_names(list(found), expected, entry.name)
    spans = sorted(_check_tensor(name, found[name], expected[name], entry.name) for name in expected)
    position = 0
    for start, end in spans:
        if start != position:
            raise FlawError(f"the tensors of its {entry.name} overlap or leave gaps")
        position = end
    if 8 + len(header) + position != entry.size:
        raise FlawError(f"its {entry.name} is {entry.size:,} bytes long, and its tensors account for another size")


def _read_header(file: BinaryIO, entry: Entry, expected: Mapping[str, TensorSpec]) -> bytes:
    file.seek(entry.data_offset)
    length = int.from_bytes(file.read(min(8, entry.size)), "little")
    if entry.size < 8 or length > entry.size - 8:
        raise FlawError(f"the header of its {entry.name} claims {length:,} bytes, more than there are")
    most = _HEADER_SLACK + sum(6 * len(name) + _ENTRY_BYTES for name in expected)
    if length > most:
        raise FlawError(
            f"the header of its {entry.name} is {length:,} bytes long, too long for {len(expected):,} tensors"
        )
    return file.read(length)


def _check_names(found: list[str], expected: Mapping[str, TensorSpec], member: str) -> None:
    for name in found:
        if name not in expected:
            raise FlawError(f"its {member} holds the tensor {shown(name)}, which this model does not have")
    for name in expected:
        if name not in found:
            raise FlawError(f"its {member} lacks the tensor {shown(name)}")


def _check_tensor(name: str, value: object, expected: TensorSpec, member: str) -> tuple[int, int]:
    where = f"the tensor {shown(name)} of its {member}"
    fields = Fields(value, where, ("dtype", "shape", "data_offsets"))
    shape = fields.counts("shape")
    offsets = fields.counts("data_offsets")
    if len(shape) > _MAX_DIMENSIONS or (fields.text("dtype"), tuple(shape)) != (expected.dtype, expected.shape):
        found = f"{'×'.join(map(str, shape))[:60] or 'scalar'} of type {shown(fields.text('dtype'))}"
        raise FlawError(f"{where} is {found} and must be {expected}")
    if len(offsets) != 2 or offsets[1] - offsets[0] != expected.n_bytes:
        raise FlawError(f"{where} is given {shown(str(offsets[:4]))} as its place, which is not its size")
    return offsets[0], offsets[1]
