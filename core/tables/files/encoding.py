"""Find out how a text file is encoded, and give it to the reader as UTF-8."""

from __future__ import annotations

import codecs
import re
import shutil
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path

from core.errors import TableFileError
from core.tables.files import limits
from core.tables.report import Notice

_CHUNK = 1 << 20
_BOMS = (  # the longer one first: UTF-32-LE begins like UTF-16-LE
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_MARK = "\ufeff"
_END_MARK = b"\x1a"  # Ctrl-Z, with which old systems end a text
_CONTROL = re.compile(rb"[\x01-\x08\x0e-\x1a\x1c-\x1f]")
_GOOD = re.compile(r"[^\x00-\x7f\udc80-\udcff]")
_BAD = re.compile(r"[\udc80-\udcff]")
MAX_CONTROL_SHARE = 0.02
MIN_CONTROLS = 3
MIN_ZEROS = 3  # bytes of UTF-16 without a mark
GOOD_TO_BAD = 2  # letters of UTF-8 to each byte that is none, for the text to be damaged UTF-8
MAX_LINES = 5
SAMPLE_CHARS = 1 << 20
MIN_LINES = 3
MAX_LINE_CHARS = limits.MAX_CELL_BYTES * 4


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

    def first_lines(self) -> list[str]:
        """Return whole lines from the beginning: about a million characters, and three lines at least."""
        lines: list[str] = []
        n_chars = 0
        with self.open_at(self.start) as file:
            while (n_chars < SAMPLE_CHARS or len(lines) < MIN_LINES) and (line := file.readline(MAX_LINE_CHARS)):
                lines.append(line)
                n_chars += len(line)
                if n_chars >= SAMPLE_CHARS and not line.endswith(("\n", "\r")):
                    break  # a line that is too long is read no further
        return lines

    def holds(self, mark: str) -> bool:
        """Tell whether the character `mark` occurs anywhere."""
        sought = mark.encode()
        with self.path.open("rb") as file:
            return any(sought in chunk for chunk in iter(lambda: file.read(_CHUNK), b""))


@dataclass(frozen=True)
class _Scan:
    """What a first pass over the bytes showed.

    `bad_at` is the first byte that is no UTF-8, in `bad_line`; `has_marks` tells of byte order marks
    within the text, as where files were put together.
    """

    bad_at: int | None = None
    bad_line: int = 0
    has_marks: bool = False


def open_as_utf8(path: Path, folder: Path, encoding: str | None = None) -> TextSource:
    """Return the text at `path` as UTF-8, written to `folder` first where it is something else.

    Where no `encoding` is asked for, tried are a byte order mark, UTF-8 with at most a few damaged bytes,
    then Windows-1252. Raises TableFileError for text that is none, with the position of a NUL byte.
    """
    path = _without_end_mark(path, folder / "ended.txt")
    with path.open("rb") as file:
        head = file.read(_CHUNK)
    found, bom, evidence = _marked_encoding(head)
    if encoding is not None:
        return _as_asked(path, folder, codecs.lookup(encoding).name, found, bom)
    _refuse_binary(head, found)
    copy = folder / "utf8.txt"
    if found != "utf-8":
        return _rewritten(path, bom, found, copy, evidence)
    scan = _scan_utf8(path, bom)
    if scan.bad_at is None:
        evidence = evidence or "Every byte of the file fits UTF-8."
        if scan.has_marks:
            return _rewritten(path, bom, found, copy, evidence)
        return TextSource(path, bom, found, evidence)
    evidence = f"The byte at position {scan.bad_at:,}, in line {scan.bad_line:,}, does not fit UTF-8"
    n_good, n_bad = _count_letters(path)
    if n_good >= GOOD_TO_BAD * n_bad:
        return _rewritten(path, bom, found, copy, f"{evidence}, but {n_good:,} letters of the file do.")
    doubt = Notice(
        "The text is not UTF-8; it was read as Windows-1252. "
        f"Check accented letters. The first is in line {scan.bad_line:,}.",
        lines=(scan.bad_line,),
    )
    return _rewritten(path, bom, "cp1252", copy, f"{evidence}.", (doubt,))


def _as_asked(path: Path, folder: Path, encoding: str, found: str, bom: int) -> TextSource:
    """Read with the encoding that was chosen; a mark of its own is no part of the text."""
    family = encoding.replace("_", "-").removesuffix("-sig")
    start = bom if found.startswith(family) else 0
    if family in ("utf-16", "utf-32") and start:
        family = found
    if family == "utf-8" and _scan_utf8(path, start) == _Scan():
        return TextSource(path, start, "utf-8", "")
    return _rewritten(path, start, family, folder / "utf8.txt", "")


def _without_end_mark(path: Path, copy: Path) -> Path:
    """Return the file, or a copy that ends before the end mark of old systems."""
    size = path.stat().st_size
    with path.open("rb") as file:
        file.seek(max(0, size - _CHUNK))
        tail = file.read()
    kept = tail.rstrip(b"\r\n").rstrip(_END_MARK)
    if len(kept) == len(tail.rstrip(b"\r\n")):
        return path
    shutil.copyfile(path, copy)
    with copy.open("rb+") as file:
        file.truncate(size - len(tail) + len(kept))
    return copy


def _marked_encoding(head: bytes) -> tuple[str, int, str]:
    """Return the encoding that the first bytes show, how long its mark is, and what was seen."""
    for mark, encoding in _BOMS:
        if head.startswith(mark):
            n_marks = 1
            while head.startswith(mark, n_marks * len(mark)):
                n_marks += 1
            return encoding, n_marks * len(mark), "The file begins with the byte order mark of this encoding."
    for encoding, zeros, others in (("utf-16-le", head[1::2], head[::2]), ("utf-16-be", head[::2], head[1::2])):
        if _is_wide(zeros, others):
            return encoding, 0, "Every second byte is zero beside line ends and plain letters, as in this encoding."
    return "utf-8", 0, ""


def _is_wide(zeros: bytes, others: bytes) -> bool:
    """Tell whether each line end of a text is followed (or preceded) by a zero byte, and no others are zero."""
    if zeros.count(0) < MIN_ZEROS or 0 in others:
        return False
    ends = [at for at, byte in enumerate(others[:4096]) if byte in b"\r\n"]
    if not ends:
        return not any(zeros[: len(others)])
    return sum(at < len(zeros) and zeros[at] == 0 for at in ends) >= 0.9 * len(ends)


def _refuse_binary(head: bytes, encoding: str) -> None:
    n_controls = len(_CONTROL.findall(head))
    if encoding == "utf-8" and n_controls >= MIN_CONTROLS and n_controls > MAX_CONTROL_SHARE * len(head):
        raise TableFileError("The file is not text and no known kind of table. Save the table as CSV or XLSX.")


def _scan_utf8(path: Path, start: int) -> _Scan:
    """Find the first byte that is no UTF-8 and marks behind `start`, and refuse a NUL byte wherever it is."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    bad_at, bad_line = None, 0
    position, lines, has_marks, last = start, 0, False, b""
    with path.open("rb") as file:
        file.seek(start)
        while chunk := file.read(_CHUNK):
            if (at := chunk.find(b"\0")) >= 0:
                _refuse_nul(position + at)
            has_marks = has_marks or codecs.BOM_UTF8 in chunk or codecs.BOM_UTF8 in last + chunk[:2]
            last = chunk[-2:]
            if bad_at is None:
                held = len(decoder.getstate()[0])
                try:
                    decoder.decode(chunk)
                except UnicodeDecodeError as error:
                    at = max(0, error.start - held)
                    bad_at, bad_line = position + error.start - held, lines + chunk.count(b"\n", 0, at) + 1
            lines += chunk.count(b"\n") if bad_at is None else 0
            position += len(chunk)
    held = len(decoder.getstate()[0])
    if bad_at is None and held:
        return _Scan(position - held, lines + 1, has_marks)
    return _Scan(bad_at, bad_line, has_marks)


def _count_letters(path: Path) -> tuple[int, int]:
    """Return how many letters beyond ASCII fit UTF-8, and how many bytes do not."""
    decoder = codecs.getincrementaldecoder("utf-8")(errors="surrogateescape")
    n_good = n_bad = 0
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            text = decoder.decode(chunk)
            n_good += len(_GOOD.findall(text))
            n_bad += len(_BAD.findall(text))
    return n_good, n_bad + len(decoder.getstate()[0])


def _rewritten(
    path: Path, start: int, encoding: str, copy: Path, evidence: str, changes: tuple[Notice, ...] = ()
) -> TextSource:
    """Write the text in UTF-8 without marks that begin a line, and note in which lines characters were lost."""
    n_lost, line, at_line_start, bad_lines = 0, 1, True, list[int]()
    decoder = codecs.getincrementaldecoder(encoding)(errors="replace")
    with path.open("rb") as file, copy.open("wb") as out:
        file.seek(start)
        while True:
            chunk = file.read(_CHUNK)
            text = decoder.decode(chunk, final=not chunk)
            if "\0" in text:
                _refuse_nul(out.tell() + len(text[: text.index("\0")].encode()))
            if "\ufffd" in text:
                n_lost += text.count("\ufffd")
                if len(bad_lines) <= MAX_LINES:
                    bad_lines += [i for i, part in enumerate(text.split("\n"), start=line) if "\ufffd" in part]
            if _MARK in text:
                text = text.lstrip(_MARK) if at_line_start else text
                text = re.sub("(?<=[\r\n])\ufeff+", "", text)
            line += text.count("\n")
            at_line_start = text.endswith(("\n", "\r")) if text else at_line_start
            out.write(text.encode("utf-8", "replace"))
            if not chunk:
                break
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
