"""A good model file taken apart, and packed again by other means than our own writer.

Every header can be made to lie; `make` functions change one thing and leave the rest true.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from core.bundle.pack import pack
from tests.core.bundle_samples import make_bundle

NAMES = ("manifest.json", "preprocess.json", "arrays.safetensors", "weights.safetensors")
Parts = dict[str, bytes]


@dataclass(frozen=True)
class Sound:
    """A good file taken apart, and the file that a payload would create."""

    parts: Parts
    marker: Path


@dataclass(frozen=True)
class Case:
    """How to make a hostile file of a good one, and words that its refusal must hold."""

    make: Callable[[Sound], bytes]
    words: str


def sound_parts() -> Parts:
    """Return the members of a good classification bundle."""
    return pack(make_bundle())


@dataclass(frozen=True)
class Piece:
    """One member as its headers claim it; None means the truth."""

    name: bytes
    data: bytes
    flags: int = 0
    method: int = 0
    version: int = 20
    date: int = 33
    attributes: int = 0o100600 << 16
    extra: bytes = b""
    claimed_size: int | None = None
    stored_size: int | None = None
    crc: int | None = None
    offset: int | None = None
    local_name: bytes | None = None
    local_size: int | None = None
    local_crc: int | None = None
    local_flags: int | None = None
    local_method: int | None = None
    before: bytes = b""
    listed: bool = True


def pieces_of(parts: Mapping[str, bytes]) -> list[Piece]:
    """Return truthful pieces."""
    return [Piece(name.encode(), data) for name, data in parts.items()]


def zip_of(
    pieces: list[Piece],
    *,
    prefix: bytes = b"",
    before_directory: bytes = b"",
    suffix: bytes = b"",
    comment: bytes = b"",
    n_total: int | None = None,
    directory_size: int | None = None,
    before_end: bytes = b"",
) -> bytes:
    """Return a ZIP that says of each piece what the piece claims."""
    body, central = prefix, b""
    for piece in pieces:
        body += piece.before
        offset = len(body) if piece.offset is None else piece.offset
        body += _local(piece) + piece.data
        central += _central(piece, offset) if piece.listed else b""
    body += before_directory
    n = sum(piece.listed for piece in pieces) if n_total is None else n_total
    size = len(central) if directory_size is None else directory_size
    end = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, n, n, size, len(body), len(comment))
    return body + central + before_end + end + comment + suffix


def _local(piece: Piece) -> bytes:
    name = piece.name if piece.local_name is None else piece.local_name
    size = _truth(piece.local_size, _truth(piece.claimed_size, len(piece.data)))
    crc = _truth(piece.local_crc, _truth(piece.crc, zlib.crc32(piece.data)))
    flags, method = _truth(piece.local_flags, piece.flags), _truth(piece.local_method, piece.method)
    head = (b"PK\3\4", piece.version, flags, method, 0, piece.date, crc, size, size, len(name), len(piece.extra))
    return struct.pack("<4s5H3I2H", *head) + name + piece.extra


def _central(piece: Piece, offset: int) -> bytes:
    size = _truth(piece.claimed_size, len(piece.data))
    stored = _truth(piece.stored_size, size)
    crc = _truth(piece.crc, zlib.crc32(piece.data))
    head = (b"PK\1\2", 3 << 8 | 20, piece.version, piece.flags, piece.method, 0, piece.date, crc, stored, size)
    tail = (len(piece.name), len(piece.extra), 0, 0, 0, piece.attributes, offset)
    return struct.pack("<4s6H3I5H2I", *head, *tail) + piece.name + piece.extra


def _truth(claimed: int | None, real: int) -> int:
    return real if claimed is None else claimed
