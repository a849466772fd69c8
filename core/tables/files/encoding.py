"""Find out how a text file is encoded, and give it to the reader as UTF-8."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path

from core.errors import TableFileError

_CHUNK = 1 << 20
_BOMS = (  # the longer one first: UTF-32-LE begins like UTF-16-LE
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_CONTROL = re.compile(rb"[\x01-\x08\x0e-\x1a\x1c-\x1f]")
MAX_CONTROL_SHARE = 0.02


@dataclass(frozen=True)
class TextSource:
    """A text file in UTF-8: its path, where its text begins, and what it was before.

    `has_quotes` tells whether there is any quotation mark in it.
    """

    path: Path
    start: int  # bytes
    encoding: str
    has_quotes: bool
    notices: tuple[str, ...] = ()

    def open_at(self, position: int) -> TextIOWrapper:
        """Open the text at a byte position, with its line ends as they are."""
        file = self.path.open("rb")
        file.seek(position)
        return TextIOWrapper(file, encoding="utf-8", newline="")


def open_as_utf8(path: Path, folder: Path) -> TextSource:
    """Return the text at `path` as UTF-8, written to `folder` first where it is something else.

    Tried are a byte order mark, strict UTF-8, then Windows-1252. Raises TableFileError for text
    that is none, with the position of a NUL byte.
    """
    with path.open("rb") as file:
        head = file.read(_CHUNK)
    encoding, bom = _marked_encoding(head)
    _refuse_binary(head, encoding)
    if encoding == "utf-8" and _is_utf8(path):
        return TextSource(path, bom, encoding, _has_quotes(path))
    notices: tuple[str, ...] = ()
    if encoding == "utf-8":
        encoding = "cp1252"
        notices = ("The text is not UTF-8; it was read as Windows-1252. Check accented letters.",)
    copy = folder / "utf8.txt"
    n_lost = _rewrite(path, bom, encoding, copy)
    if n_lost:
        notices += (f"Characters that could not be read and were replaced: {n_lost:,}.",)
    return TextSource(copy, 0, encoding, _has_quotes(copy), notices)


def _marked_encoding(head: bytes) -> tuple[str, int]:
    """Return the encoding that the first bytes show, and how long its mark is."""
    for mark, encoding in _BOMS:
        if head.startswith(mark):
            return encoding, len(mark)
    even, odd = head[:200:2], head[1:200:2]
    if len(odd) >= 4 and not any(odd) and all(even):
        return "utf-16-le", 0
    if len(odd) >= 4 and not any(even) and all(odd):
        return "utf-16-be", 0
    return "utf-8", 0


def _refuse_binary(head: bytes, encoding: str) -> None:
    share = len(_CONTROL.findall(head)) / len(head)
    if encoding == "utf-8" and share > MAX_CONTROL_SHARE:
        raise TableFileError("The file is not text and no known kind of table. Save the table as CSV or XLSX.")


def _is_utf8(path: Path) -> bool:
    """Tell whether the whole file is UTF-8, and refuse a NUL byte, whatever the encoding."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    valid, position = True, 0
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            if (at := chunk.find(b"\0")) >= 0:
                _refuse_nul(position + at)
            position += len(chunk)
            try:
                if valid:
                    decoder.decode(chunk, final=len(chunk) < _CHUNK)
            except UnicodeDecodeError:
                valid = False
    return valid and not decoder.getstate()[0]


def _rewrite(path: Path, start: int, encoding: str, copy: Path) -> int:
    """Write the text in UTF-8 and return how many characters were lost."""
    n_lost = 0
    decoder = codecs.getincrementaldecoder(encoding)(errors="replace")
    with path.open("rb") as file, copy.open("wb") as out:
        file.seek(start)
        while chunk := file.read(_CHUNK):
            text = decoder.decode(chunk, final=len(chunk) < _CHUNK)
            if "\0" in text:
                _refuse_nul(out.tell() + len(text[: text.index("\0")].encode()))
            n_lost += text.count("\ufffd")
            out.write(text.encode())
    return n_lost


def _refuse_nul(position: int) -> None:
    raise TableFileError(
        f"The file holds a NUL byte at position {position:,}, so it is damaged or not a text file. "
        "Save the table again as CSV."
    )


def _has_quotes(path: Path) -> bool:
    with path.open("rb") as file:
        return any(b'"' in chunk for chunk in iter(lambda: file.read(_CHUNK), b""))
