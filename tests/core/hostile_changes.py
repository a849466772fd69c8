"""Ways to change one thing in a good model file and leave the rest true, hashes included."""

from __future__ import annotations

import hashlib
import io
import json
import struct
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from tests.core.hostile_packing import Parts, Piece, Sound, pieces_of, zip_of


def zipped(change: Callable[[list[Piece]], list[Piece]], **options: Any) -> Callable[[Sound], bytes]:
    """Pack the pieces after `change`."""
    return lambda sound: zip_of(change(pieces_of(sound.parts)), **options)


def same(pieces: list[Piece]) -> list[Piece]:
    """Change no piece."""
    return pieces


def piece(index: int, **changes: Any) -> Callable[[Sound], bytes]:
    """Let the headers of one piece claim something else."""
    return zipped(lambda pieces: [replace(p, **changes) if i == index else p for i, p in enumerate(pieces)])


def extra(name: bytes, **changes: Any) -> Callable[[Sound], bytes]:
    """Add a piece."""
    return zipped(lambda pieces: [*pieces, Piece(name, b"x", **changes)])


def manifest(change: Callable[[dict[str, Any]], object]) -> Callable[[Sound], bytes]:
    """Change values of manifest.json."""

    def make(sound: Sound) -> bytes:
        manifest = json.loads(sound.parts["manifest.json"])
        change(manifest)
        return zip_of(pieces_of(sound.parts | {"manifest.json": as_json(manifest)}))

    return make


def manifest_text(change: Callable[[bytes], bytes]) -> Callable[[Sound], bytes]:
    """Change the bytes of manifest.json."""
    name = "manifest.json"
    return lambda sound: zip_of(pieces_of(sound.parts | {name: change(sound.parts[name])}))


def preprocess(change: Callable[[dict[str, Any]], object]) -> Callable[[Sound], bytes]:
    """Change values of preprocess.json; its hash is right."""

    def make(sound: Sound) -> bytes:
        values = json.loads(sound.parts["preprocess.json"])
        change(values)
        return with_part(sound.parts, "preprocess.json", as_json(values))

    return make


def part(name: str, change: Callable[[bytes], bytes]) -> Callable[[Sound], bytes]:
    """Change the bytes of a member; its hash is right."""
    return lambda sound: with_part(sound.parts, name, change(sound.parts[name]))


def with_part(parts: Parts, name: str, data: bytes) -> bytes:
    """Return the file with another member `name`, and a manifest that gives its right hash."""
    manifest = json.loads(parts["manifest.json"])
    manifest["parts"][name] = {"n_bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    return zip_of(pieces_of(parts | {name: data, "manifest.json": as_json(manifest)}))


def header(name: str, change: Callable[[dict[str, Any]], object]) -> Callable[[Sound], bytes]:
    """Change the header of a safetensors member; its hash is right."""

    def changed(data: bytes) -> bytes:
        header, body = split_tensors(data)
        change(header)
        return join_tensors(as_json(header), body)

    return part(name, changed)


def numbers(name: str, tensor: str, value: float) -> Callable[[Sound], bytes]:
    """Change the first number of a tensor; the hash is right."""

    def changed(data: bytes) -> bytes:
        header, body = split_tensors(data)
        start, end = header[tensor]["data_offsets"]
        kind = {"F64": "<d", "F32": "<f", "I64": "<q"}[header[tensor]["dtype"]]
        packed = struct.pack(kind, int(value) if kind == "<q" else value)
        assert end > start
        return join_tensors(as_json(header), body[:start] + packed + body[start + len(packed) :])

    return part(name, changed)


def split_tensors(data: bytes) -> tuple[dict[str, Any], bytes]:
    """Return the header and the numbers of a safetensors file."""
    length = int.from_bytes(data[:8], "little")
    return json.loads(data[8 : 8 + length]), data[8 + length :]


def join_tensors(header: bytes, body: bytes) -> bytes:
    """Return a safetensors file."""
    return len(header).to_bytes(8, "little") + header + body


def as_json(value: object) -> bytes:
    """Return a value as JSON."""
    return json.dumps(value).encode()


def put(path: str, value: object) -> Callable[[dict[str, Any]], object]:
    """Set the entry at a path such as `model/hidden_dim`."""

    def change(target: dict[str, Any]) -> None:
        *way, last = path.split("/")
        place: Any = target
        for step in way:
            place = place[int(step) if isinstance(place, list) else step]
        place[int(last) if isinstance(place, list) else last] = value

    return change


def with_number(text: bytes) -> Callable[[Sound], bytes]:
    """Put a text where a number of the manifest stands."""
    return manifest_text(lambda data: data.replace(b'"n_rows":5', b'"n_rows":' + text))


def with_device(text: bytes) -> Callable[[Sound], bytes]:
    """Put a text between the quotation marks of a text of the manifest."""
    return manifest_text(lambda data: data.replace(b'"device":"cpu"', b'"device":"' + text + b'"'))


def with_setting(text: bytes) -> Callable[[Sound], bytes]:
    """Put a text where a value of any kind stands in the manifest."""
    return manifest_text(lambda data: data.replace(b'"epochs":3', b'"epochs":' + text))


def plain_zip(members: Mapping[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    """Pack with Python's own writer."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def whole_file(sound: Sound) -> bytes:
    """Return the good file."""
    return zip_of(pieces_of(sound.parts))
