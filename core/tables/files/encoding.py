"""Find out how a text file is encoded, and give it to the reader as UTF-8."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path

from core.errors import TableFileError
from core.tables.report import Notice

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
MAX_LINES = 5


@dataclass(frozen=True)
class TextSource:
    """A text file in UTF-8: its path, where its text begins, what it was before, and how that is known."""

    path: Path
    start: int  # bytes
    encoding: str
    evidence: str
    changes: tuple[Notice, ...] = ()

    def open_at(self, position: int) -> TextIOWrapper:
        """Open the text at a byte position, with its line ends as they are."""
        file = self.path.open("rb")
        file.seek(position)
        return TextIOWrapper(file, encoding="utf-8", newline="")

    def holds(self, mark: str) -> bool:
        """Tell whether the character `mark` occurs anywhere."""
        sought = mark.encode()
        with self.path.open("rb") as file:
            return any(sought in chunk for chunk in iter(lambda: file.read(_CHUNK), b""))


@dataclass(frozen=True)
class _Scan:
    """What a first pass over the bytes showed; `bad_at` is the first byte that is no UTF-8, in `bad_line`."""

    bad_at: int | None = None
    bad_line: int = 0


def open_as_utf8(path: Path, folder: Path, encoding: str | None = None) -> TextSource:
    """Return the text at `path` as UTF-8, written to `folder` first where it is something else.

    Where no `encoding` is asked for, tried are a byte order mark, strict UTF-8, then Windows-1252.
    Raises TableFileError for text that is none, with the position of a NUL byte.
    """
    with path.open("rb") as file:
        head = file.read(_CHUNK)
    found, bom, evidence = _marked_encoding(head)
    if encoding is not None:
        return _as_asked(path, folder, codecs.lookup(encoding).name, found, bom)
    _refuse_binary(head, found)
    if found != "utf-8":
        return _rewritten(path, bom, found, folder / "utf8.txt", evidence)
    scan = _scan_utf8(path)
    if scan.bad_at is None:
        return TextSource(path, bom, found, evidence or "Every byte of the file fits UTF-8.")
    evidence = f"The byte at position {scan.bad_at:,}, in line {scan.bad_line:,}, does not fit UTF-8."
    doubt = Notice(
        "The text is not UTF-8; it was read as Windows-1252. "
        f"Check accented letters. The first is in line {scan.bad_line:,}.",
        lines=(scan.bad_line,),
    )
    return _rewritten(path, bom, "cp1252", folder / "utf8.txt", evidence, (doubt,))


def _as_asked(path: Path, folder: Path, encoding: str, found: str, bom: int) -> TextSource:
    """Read with the encoding that was chosen; a mark of its own is no part of the text."""
    family = encoding.replace("_", "-").removesuffix("-sig")
    start = bom if found.startswith(family) else 0
    if family in ("utf-16", "utf-32") and start:
        family = found
    if family == "utf-8" and _scan_utf8(path).bad_at is None:
        return TextSource(path, start, "utf-8", "")
    return _rewritten(path, start, family, folder / "utf8.txt", "")


def _marked_encoding(head: bytes) -> tuple[str, int, str]:
    """Return the encoding that the first bytes show, how long its mark is, and what was seen."""
    for mark, encoding in _BOMS:
        if head.startswith(mark):
            return encoding, len(mark), "The file begins with the byte order mark of this encoding."
    even, odd = head[:200:2], head[1:200:2]
    if len(odd) >= 4 and not any(odd) and all(even):
        return "utf-16-le", 0, "Every second byte is zero, as in plain letters of this encoding."
    if len(odd) >= 4 and not any(even) and all(odd):
        return "utf-16-be", 0, "Every second byte is zero, as in plain letters of this encoding."
    return "utf-8", 0, ""


def _refuse_binary(head: bytes, encoding: str) -> None:
    share = len(_CONTROL.findall(head)) / len(head)
    if encoding == "utf-8" and share > MAX_CONTROL_SHARE:
        raise TableFileError("The file is not text and no known kind of table. Save the table as CSV or XLSX.")


def _scan_utf8(path: Path) -> _Scan:
    """Find the first byte that is no UTF-8, and refuse a NUL byte wherever it is."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    scan, position, lines = _Scan(), 0, 0
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            if (at := chunk.find(b"\0")) >= 0:
                _refuse_nul(position + at)
            if scan.bad_at is None:
                held = len(decoder.getstate()[0])
                try:
                    decoder.decode(chunk, final=len(chunk) < _CHUNK)
                except UnicodeDecodeError as error:
                    at = max(0, error.start - held)
                    scan = _Scan(position + error.start - held, lines + chunk.count(b"\n", 0, at) + 1)
            lines += chunk.count(b"\n") if scan.bad_at is None else 0
            position += len(chunk)
    if scan.bad_at is None and decoder.getstate()[0]:
        return _Scan(position - len(decoder.getstate()[0]), lines + 1)
    return scan


def _rewritten(
    path: Path, start: int, encoding: str, copy: Path, evidence: str, changes: tuple[Notice, ...] = ()
) -> TextSource:
    """Write the text in UTF-8, and note how many characters were lost, and in which lines."""
    n_lost, line, bad_lines = 0, 1, list[int]()
    decoder = codecs.getincrementaldecoder(encoding)(errors="replace")
    with path.open("rb") as file, copy.open("wb") as out:
        file.seek(start)
        while chunk := file.read(_CHUNK):
            text = decoder.decode(chunk, final=len(chunk) < _CHUNK)
            if "\0" in text:
                _refuse_nul(out.tell() + len(text[: text.index("\0")].encode()))
            if "\ufffd" in text:
                n_lost += text.count("\ufffd")
                if len(bad_lines) <= MAX_LINES:
                    bad_lines += [i for i, part in enumerate(text.split("\n"), start=line) if "\ufffd" in part]
            line += text.count("\n")
            out.write(text.encode("utf-8", "replace"))
    if n_lost:
        sentence = (
            f"Characters that could not be read and were replaced: {n_lost:,}. The first is in line {bad_lines[0]:,}."
        )
        changes += (Notice(sentence, n_lost, tuple(bad_lines[:MAX_LINES])),)
    return TextSource(copy, 0, encoding, evidence, changes)


def _refuse_nul(position: int) -> None:
    raise TableFileError(
        f"The file holds a NUL byte at position {position:,}, so it is damaged or not a text file. "
        "Save the table again as CSV."
    )
