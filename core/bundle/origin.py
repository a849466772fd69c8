"""What a file is when it is not a model of ours: recognised by its first bytes or its ZIP members.

Only its look decides; nothing in it is opened or run.
"""

from __future__ import annotations

import re
import struct
from typing import BinaryIO, NamedTuple

HEAD_BYTES = 4096
TAIL_BYTES = 65_558

_TABLE_REMEDY = "add tables under Data, and choose a file that ends in .rowsmith here"
_CODE_REMEDY = "it is never opened, since that could run code: train the model in Rowsmith instead"
_OTHER_REMEDY = "choose a file that ends in .rowsmith"


class Origin(NamedTuple):
    """What a file seems to be, and what to do about it."""

    kind: str
    remedy: str


_WORKBOOK = Origin("a spreadsheet", _TABLE_REMEDY)
_PICKLE = Origin("a Python pickle", _CODE_REMEDY)
_TORCH = Origin("a PyTorch file", _CODE_REMEDY)
_TORCHSCRIPT = Origin("a TorchScript program", _CODE_REMEDY)
_SAFETENSORS = Origin("bare weights (safetensors)", _OTHER_REMEDY)
_TEXT = Origin("a table or another text", _TABLE_REMEDY)
_ZIPPED_MODEL = Origin("a ZIP with a model inside", "unpack it, and choose the file in it that ends in .rowsmith")
_ZIP = Origin("a ZIP archive of other files", _OTHER_REMEDY)

_BY_START = (
    (b"\x80", _PICKLE),
    (b"PAR1", Origin("a Parquet table", _TABLE_REMEDY)),
    (b"\xd0\xcf\x11\xe0", Origin("an old or password-protected Office file", _TABLE_REMEDY)),
    (b"\x89HDF", Origin("an HDF5 or Keras file", _OTHER_REMEDY)),
    (b"\x93NUMPY", Origin("a NumPy array", _OTHER_REMEDY)),
    (b"GGUF", Origin("a GGUF language model", _OTHER_REMEDY)),
    (b"%PDF", Origin("a PDF document", _OTHER_REMEDY)),
    (b"\x89PNG", Origin("a picture", _OTHER_REMEDY)),
    (b"\xff\xd8\xff", Origin("a picture", _OTHER_REMEDY)),
    (b"\x1f\x8b", Origin("a gzip archive", "unpack it first, and choose the file in it that ends in .rowsmith")),
    (b"7z\xbc\xaf", Origin("a 7-Zip archive", "unpack it first, and choose the file in it that ends in .rowsmith")),
    ((b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda"), Origin("a compressed file", _OTHER_REMEDY)),
    (b"SQLite format 3", Origin("a SQLite database", _OTHER_REMEDY)),
)
_BY_MEMBER = (
    (re.compile(r"(^|/)code/.*\.py$|(^|/)constants\.pkl$"), _TORCHSCRIPT),
    (re.compile(r"(^|/)data\.pkl$"), _TORCH),
    (re.compile(r"\.(pkl|pickle|joblib)$"), _PICKLE),
    (re.compile(r"^xl/|^\[Content_Types\]\.xml$"), _WORKBOOK),
    (re.compile(r"^content\.xml$"), _WORKBOOK),
    (re.compile(r"\.npy$"), Origin("a NumPy archive", _OTHER_REMEDY)),
    (re.compile(r"^(model|config)\.(weights\.h5|json)$"), Origin("a Keras file", _OTHER_REMEDY)),
)
# How the protocols 0 and 1 start: a global and what is done with it, a container, or a number or text.
_TEXT_PICKLE = re.compile(rb"c[\w.]+\n[\w.]+\n(?:p\d+\n|[(q])|[(\]})](?:[cdlit]|[pq\n.])|[IFLVS][^\n]*\n(?:p\d+\n)?\.")
_DECLARATION = re.compile(
    rb'\{"format":"rowsmith-model","format_version":(\d{1,9}),"needs":"(\d{1,5}(?:\.\d{1,5}){1,2})"'
)
_MANIFEST_AT = struct.calcsize("<4s5H3I2H") + len("manifest.json")


def declared_version(head: bytes) -> tuple[int, str] | None:
    """Return the format a model file declares in its first bytes, and the Rowsmith version that reads it."""
    found = _DECLARATION.match(head, _MANIFEST_AT) if head.startswith(b"PK\3\4") else None
    return (int(found[1]), found[2].decode("ascii")) if found else None


def origin_of(file: BinaryIO, n_bytes: int) -> Origin | None:
    """Return what a file is that is not a model, or None where it may be one."""
    file.seek(0)
    head = file.read(HEAD_BYTES)
    if head.startswith(b"PK\3\4"):
        return _origin_of_archive(_member_names(file, n_bytes, head))
    file.seek(max(0, n_bytes - TAIL_BYTES))
    if b"PK\5\6" in file.read(TAIL_BYTES):
        return None  # a ZIP with something before it
    for start, origin in _BY_START:
        if head.startswith(start):
            return origin
    file.seek(n_bytes - 1)
    return _PICKLE if _TEXT_PICKLE.match(head) and file.read(1) == b"." else _origin_of_content(head)


def _origin_of_content(head: bytes) -> Origin:
    if len(head) > 9 and head[8:9] == b"{" and int.from_bytes(head[:8], "little") < 2**32:
        return _SAFETENSORS
    if head.startswith((b"\xff\xfe", b"\xfe\xff")) or not re.search(rb"[\x00-\x08\x0e-\x1f]", head):
        return _TEXT
    return Origin("of an unknown kind", _OTHER_REMEDY)


def _origin_of_archive(names: list[str]) -> Origin | None:
    if names[0].endswith(".rowsmith"):
        return _ZIPPED_MODEL
    if "manifest.json" in names:
        return None
    for pattern, origin in _BY_MEMBER:
        if any(pattern.search(name) for name in names):
            return origin
    return _ZIP


def _member_names(file: BinaryIO, n_bytes: int, head: bytes) -> list[str]:
    """Return the names in the first header and near the end, without trusting any of it."""
    file.seek(max(0, n_bytes - TAIL_BYTES))
    tail = file.read(TAIL_BYTES)
    names = [_name_at(head, 0, 30, 26)]
    names += [_name_at(tail, found.start(), 46, 28) for found in re.finditer(b"PK\1\2", tail)]
    return names


def _name_at(data: bytes, start: int, header_size: int, length_at: int) -> str:
    length = int.from_bytes(data[start + length_at : start + length_at + 2], "little")
    return data[start + header_size : start + header_size + length].decode("latin-1")
