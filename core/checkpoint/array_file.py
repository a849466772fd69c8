"""A safetensors file of numpy arrays and one text, written in a stream and read within bounds.

It does not know what the arrays mean, and needs no torch. A hash covers the text and every array.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from core.bundle.document import parse_document
from core.bundle.fields import Fields
from core.bundle.flaw import FlawError, shown

DTYPES = {"F32": "<f4", "F64": "<f8", "I64": "<i8", "U8": "|u1", "U32": "<u4"}
MAX_HEADER_BYTES = 4 * 2**20
MAX_ARRAYS = 100

_CODES = {dtype: code for code, dtype in DTYPES.items()}
_METADATA = "__metadata__"


@dataclass(frozen=True)
class ArraySpec:
    """Type, shape and place of one array; `offset` counts from the beginning of the file."""

    dtype: str
    shape: tuple[int, ...]
    offset: int

    @property
    def n_bytes(self) -> int:
        """Return the bytes that the numbers take."""
        return math.prod(self.shape) * np.dtype(DTYPES[self.dtype]).itemsize


@dataclass(frozen=True)
class Header:
    """What stands before the arrays: their specs in the file's order, the text, and the hash of it all."""

    text: str
    sha256: str
    specs: Mapping[str, ArraySpec]


def write_arrays(path: Path, text: str, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write an ASCII `text` and `arrays` to `path`, one array after the other, without a copy of them all."""
    ordered = {name: np.ascontiguousarray(arrays[name]) for name in sorted(arrays, key=_widest_first(arrays))}
    specs = _specs_of(ordered)
    entries: dict[str, Any] = {_METADATA: {"text": text, "sha256": _digest(text, specs, ordered)}}
    for name, spec in specs.items():
        end = spec.offset + spec.n_bytes
        entries[name] = {"dtype": spec.dtype, "shape": spec.shape, "data_offsets": (spec.offset, end)}
    header = json.dumps(entries, allow_nan=False, separators=(",", ":")).encode("ascii")
    header += b" " * (-len(header) % 8)
    with path.open("wb") as file:
        file.write(len(header).to_bytes(8, "little"))
        file.write(header)
        for array in ordered.values():
            file.write(array.data)


def read_header(file: BinaryIO) -> Header:
    """Return the header of an open file, or raise FlawError where it and the file's size do not agree."""
    n_bytes = os.fstat(file.fileno()).st_size
    file.seek(0)
    length = int.from_bytes(file.read(8), "little")
    if n_bytes < 8 or length > n_bytes - 8:
        raise FlawError(f"its header claims {length:,} bytes, more than there are")
    if length > MAX_HEADER_BYTES:
        raise FlawError(f"its header is {length:,} bytes long where {MAX_HEADER_BYTES:,} are allowed")
    entries = parse_document(file.read(length), "header", 8 * MAX_ARRAYS)
    if not isinstance(entries, dict) or len(entries) > MAX_ARRAYS:
        raise FlawError(f"its header is {shown(entries)} where an object of a few arrays belongs")
    metadata = Fields(entries.pop(_METADATA, None), "the metadata in its header", ("text", "sha256"))
    specs = {name: _spec(name, value, 8 + length) for name, value in entries.items()}
    ordered = dict(sorted(specs.items(), key=lambda item: (item[1].offset, item[1].n_bytes)))
    _check_places(ordered, 8 + length, n_bytes)
    return Header(metadata.text("text"), metadata.text("sha256"), ordered)


def read_array(file: BinaryIO, spec: ArraySpec) -> NDArray[Any]:
    """Return one array of a file whose header was read."""
    file.seek(spec.offset)
    numbers = np.fromfile(file, dtype=DTYPES[spec.dtype], count=math.prod(spec.shape))
    if numbers.nbytes != spec.n_bytes:
        raise FlawError("it became shorter while it was read")
    return numbers.reshape(spec.shape)


def read_arrays(file: BinaryIO, header: Header) -> dict[str, NDArray[Any]]:
    """Return every array, or raise FlawError where the hash says that text or arrays were changed."""
    arrays = {name: read_array(file, spec) for name, spec in header.specs.items()}
    if _digest(header.text, header.specs, arrays) != header.sha256:
        raise FlawError("its content does not fit its hash, as after a damaged disk or a download that broke off")
    return arrays


def _widest_first(arrays: Mapping[str, NDArray[Any]]) -> Any:
    return lambda name: (-arrays[name].dtype.itemsize, name)  # so that every array begins aligned


def _specs_of(ordered: Mapping[str, NDArray[Any]]) -> dict[str, ArraySpec]:
    specs, position = {}, 0
    for name, array in ordered.items():
        specs[name] = ArraySpec(_CODES[array.dtype.str], array.shape, position)
        position += array.nbytes
    return specs


def _digest(text: str, specs: Mapping[str, ArraySpec], arrays: Mapping[str, NDArray[Any]]) -> str:
    digest = hashlib.sha256(text.encode("utf-8"))
    for name, spec in specs.items():
        digest.update(f"\n{name} {spec.dtype} {spec.shape}\n".encode())
        digest.update(arrays[name].data)
    return digest.hexdigest()


def _spec(name: str, value: object, data_begins: int) -> ArraySpec:
    where = f"the array {shown(name)}"
    fields = Fields(value, where, ("dtype", "shape", "data_offsets"))
    dtype, shape, offsets = fields.choice("dtype", DTYPES), fields.counts("shape"), fields.counts("data_offsets")
    if len(shape) > 2 or len(offsets) != 2:
        raise FlawError(f"{where} has {len(shape)} dimensions and {len(offsets)} ends")
    spec = ArraySpec(dtype, tuple(shape), data_begins + offsets[0])
    if spec.offset + spec.n_bytes != data_begins + offsets[1]:
        raise FlawError(f"{where} is given {shown(str(offsets))} as its place, which is not its size")
    return spec


def _check_places(ordered: Mapping[str, ArraySpec], data_begins: int, n_bytes: int) -> None:
    position = data_begins
    for name, spec in ordered.items():
        if spec.offset != position:
            raise FlawError(f"the array {shown(name)} overlaps another or leaves a gap")
        position += spec.n_bytes
    if position != n_bytes:
        raise FlawError(f"it is {n_bytes:,} bytes long, and its arrays account for {position:,}")
