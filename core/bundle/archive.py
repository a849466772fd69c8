"""The outer file: a ZIP of exactly four stored members, byte for byte as `write_archive` lays it out.

Nothing here knows what the members hold. The layout leaves no freedom, so that a file which
another reader might take for something else is refused.
"""

from __future__ import annotations

import hashlib
import stat
import struct
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import BinaryIO

from core.bundle.flaw import FlawError, shown

MEMBERS = ("manifest.json", "preprocess.json", "arrays.safetensors", "weights.safetensors")
MAX_FILE_BYTES = 2**32 - 1  # beyond it a ZIP needs another layout

_LOCAL = struct.Struct("<4s5H3I2H")
_CENTRAL = struct.Struct("<4s6H3I5H2I")
_END = struct.Struct("<4s4H2IH")
_VERSION = 20
_MADE_BY = 3 << 8 | _VERSION  # Unix
_DATE = 1 << 5 | 1  # 1980-01-01: the same model gives the same bytes
_ATTRIBUTES = (stat.S_IFREG | 0o600) << 16
_ENCRYPTED = 0b1
_MAX_DIRECTORY_BYTES = 65_536
_CHUNK = 1 << 20


@dataclass(frozen=True)
class Entry:
    """One member: where its header starts, how long it is, and its checksum."""

    name: str
    offset: int
    size: int
    crc: int

    @property
    def data_offset(self) -> int:
        """Where the member's bytes start."""
        return self.offset + _LOCAL.size + len(self.name)

    @property
    def end(self) -> int:
        """Where the next member starts."""
        return self.data_offset + self.size

    def local_header(self) -> bytes:
        """Return the header that stands before the member's bytes."""
        head = (b"PK\3\4", _VERSION, 0, 0, 0, _DATE, self.crc, self.size, self.size, len(self.name), 0)
        return _LOCAL.pack(*head) + self.name.encode("ascii")

    def central_header(self) -> bytes:
        """Return the member's record in the directory."""
        head = (b"PK\1\2", _MADE_BY, _VERSION, 0, 0, 0, _DATE, self.crc, self.size, self.size, len(self.name))
        return _CENTRAL.pack(*head, 0, 0, 0, 0, _ATTRIBUTES, self.offset) + self.name.encode("ascii")


@dataclass(frozen=True)
class _Record:
    """One record of a directory as the file claims it."""

    name: str
    version: int
    flags: int
    method: int
    crc: int
    stored_size: int
    size: int
    extras: int
    attributes: int
    offset: int


def write_archive(file: BinaryIO, members: Mapping[str, bytes]) -> None:
    """Write the four members, in order, and the directory."""
    entries: list[Entry] = []
    offset = 0
    for name in MEMBERS:
        entry = Entry(name, offset, len(members[name]), zlib.crc32(members[name]))
        if entry.end > MAX_FILE_BYTES - _MAX_DIRECTORY_BYTES:
            raise FlawError(f"it needs more than {MAX_FILE_BYTES / 2**30:.0f} GB, the most a model file can hold")
        file.write(entry.local_header())
        file.write(members[name])
        entries.append(entry)
        offset = entry.end
    directory = b"".join(entry.central_header() for entry in entries)
    end = _END.pack(b"PK\5\6", 0, 0, len(entries), len(entries), len(directory), offset, 0)
    file.write(directory + end)


def read_directory(file: BinaryIO, n_bytes: int) -> dict[str, Entry]:
    """Return the four members of a file of `n_bytes`, or raise FlawError where the layout differs."""
    directory, start, n_members = _directory_bytes(file, n_bytes)
    records = list(_records(directory))
    if len(records) != n_members:
        raise FlawError(f"its directory lists {len(records):,} members and claims {n_members:,}")
    _check_names([record.name for record in records])
    for record in records:
        _check_record(record)
    entries = [Entry(record.name, record.offset, record.size, record.crc) for record in records]
    _check_places(entries, start)
    for entry in entries:
        _check_local_header(file, entry)
    if directory != b"".join(entry.central_header() for entry in entries):
        raise FlawError("another program has packed it again")
    return {entry.name: entry for entry in entries}


def read_member(file: BinaryIO, entry: Entry) -> bytes:
    """Return a member's bytes, after comparing them with their checksum."""
    file.seek(entry.data_offset)
    data = file.read(entry.size)
    if len(data) != entry.size or zlib.crc32(data) != entry.crc:
        raise FlawError(f"its {entry.name} does not match its checksum, so the file is damaged")
    return data


def sha256_of(file: BinaryIO, entry: Entry) -> str:
    """Return the SHA-256 of a member's bytes as hex, after comparing them with their checksum."""
    file.seek(entry.data_offset)
    digest, crc, left = hashlib.sha256(), 0, entry.size
    while left and (chunk := file.read(min(left, _CHUNK))):
        digest.update(chunk)
        crc = zlib.crc32(chunk, crc)
        left -= len(chunk)
    if left or crc != entry.crc:
        raise FlawError(f"its {entry.name} does not match its checksum, so the file is damaged")
    return digest.hexdigest()


def _directory_bytes(file: BinaryIO, n_bytes: int) -> tuple[bytes, int, int]:
    tail_size = min(n_bytes, _MAX_DIRECTORY_BYTES + _END.size)
    file.seek(n_bytes - tail_size)
    tail = file.read(tail_size)
    if tail[-_END.size : -_END.size + 4] != b"PK\5\6":
        raise FlawError(_why_no_end(tail))
    _, disk, start_disk, n_here, n_total, size, start, comment = _END.unpack(tail[-_END.size :])
    if disk or start_disk or n_here != n_total or comment:
        raise FlawError("the record at its end is not that of a model file")
    if b"PK\6\7" in tail[-_END.size - 20 : -_END.size]:
        raise FlawError("it is a ZIP64 archive, which no model file is")
    if n_total > len(MEMBERS) * 16 or size > _MAX_DIRECTORY_BYTES:
        raise FlawError(f"it holds {n_total:,} members where a model file holds {len(MEMBERS)}")
    if start + size + _END.size < n_bytes:
        raise FlawError("it has bytes before, between or after its members that belong to none of them")
    if start + size + _END.size > n_bytes:
        raise FlawError("its directory claims more bytes than the file has")
    return tail[-_END.size - size : -_END.size], start, n_total


def _why_no_end(tail: bytes) -> str:
    if b"PK\5\6" in tail[: -_END.size]:
        return "it has bytes after its end, as if another file were attached"
    return "it is cut off before its end"


def _records(directory: bytes) -> Iterator[_Record]:
    position = 0
    while position < len(directory):
        if directory[position : position + 4] != b"PK\1\2" or position + _CENTRAL.size > len(directory):
            raise FlawError("its directory is damaged")
        (
            _, _, version, flags, method, _, _, crc, stored_size, size,
            n_name, n_extra, n_comment, disk, _, attributes, offset,
        ) = _CENTRAL.unpack_from(directory, position)  # fmt: skip
        position += _CENTRAL.size
        name = directory[position : position + n_name].decode("latin-1")
        position += n_name + n_extra + n_comment
        extras = n_extra + n_comment + disk
        yield _Record(name, version, flags, method, crc, stored_size, size, extras, attributes, offset)


def _check_names(names: list[str]) -> None:
    for name in names:
        if _is_unsafe(name):
            raise FlawError(f"it holds a member with the unsafe name {shown(name)}")
        if names.count(name) > 1:
            raise FlawError(f"it holds {shown(name)} more than once")
        if name not in MEMBERS:
            raise FlawError(f"it holds {shown(name)}, which is no part of a model file")
    missing = [name for name in MEMBERS if name not in names]
    if missing:
        raise FlawError(f"it lacks its part {missing[0]!r}")
    if tuple(names) != MEMBERS:
        raise FlawError("its parts are not in their order, so another program has packed it again")


def _is_unsafe(name: str) -> bool:
    path = PurePosixPath(name)
    return not name or not name.isprintable() or "\\" in name or ":" in name or path.is_absolute() or ".." in path.parts


def _check_record(record: _Record) -> None:
    name = record.name
    if record.flags & _ENCRYPTED:
        raise FlawError(f"its {name} is encrypted")
    if record.method:
        raise FlawError(f"its {name} is compressed, as another program does that has packed it again")
    if record.flags or record.extras or record.version != _VERSION:
        raise FlawError(f"its {name} is stored with ZIP features that a model file does not use")
    if record.stored_size != record.size:
        raise FlawError(f"its {name} is given two sizes, {record.stored_size:,} and {record.size:,} bytes")
    if stat.S_IFMT(record.attributes >> 16) == stat.S_IFLNK:
        raise FlawError(f"its {name} is marked as a link to another file")
    if record.attributes != _ATTRIBUTES:
        raise FlawError(f"its {name} is not marked as an ordinary file, so another program has packed it again")


def _check_places(entries: list[Entry], directory_start: int) -> None:
    position = 0
    for entry in entries:
        if entry.offset < position:
            raise FlawError(f"its {entry.name} overlaps the part before it")
        if entry.offset > position:
            raise FlawError(f"it hides {entry.offset - position:,} bytes before its {entry.name}")
        position = entry.end
        if position > directory_start:
            raise FlawError(f"its {entry.name} claims {entry.size:,} bytes and runs into what follows")
    if position != directory_start:
        raise FlawError(f"it hides {directory_start - position:,} bytes before its directory")


def _check_local_header(file: BinaryIO, entry: Entry) -> None:
    file.seek(entry.offset)
    if file.read(_LOCAL.size + len(entry.name)) != entry.local_header():
        raise FlawError(f"the header of its {entry.name} and its directory contradict each other")
