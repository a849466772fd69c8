"""Tell what a file is from its bytes, whatever its name says, and refuse what is no table."""

from __future__ import annotations

import codecs
import re
import zipfile
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import Literal

from core.errors import TableFileError
from core.tables.files import limits

FileKind = Literal["text", "parquet", "xlsx", "xlsm", "xlsb", "xls", "ods"]

_HEAD_BYTES = 4096
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OLE_NAMES = ("EncryptedPackage", "Workbook", "WORKBOOK", "Book", "BOOK")
_FOREIGN = (
    (b"%PDF-", "a PDF document"),
    (b"{\\rtf", "a rich text document"),
    (b"\x1f\x8b", "a gzip archive; unpack it first"),
    (b"BZh", "a bzip2 archive; unpack it first"),
    (b"7z\xbc\xaf", "a 7z archive; unpack it first"),
    (b"Rar!", "a RAR archive; unpack it first"),
    (b"\x28\xb5\x2f\xfd", "a zstd archive; unpack it first"),
    (b"\xfd7zXZ\x00", "an xz archive; unpack it first"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
    (b"SQLite format 3\x00", "an SQLite database; export one table as CSV"),
    (b"ARROW1", "an Arrow file; save the table as Parquet or CSV"),
    (b"\x93NUMPY", "a numpy array; save the table as CSV"),
)
_TAR_AT = 257
_PICKLE = re.compile(rb"\x80[\x02-\x05]|\((?:dp|lp)\d*\r?\n|c[\w.]+\r?\n[\w.]+\r?\n(?:p\d+\r?\n)?\(")
_PAGE = re.compile(r"<(?:!doctype html|html|head|body|table|meta|div|script|style)\b", re.IGNORECASE)
_XML = re.compile(r"<\?xml\b|<!DOCTYPE\b|<!--|<[a-z_][^<>]*>\s*(?:<|$)", re.IGNORECASE)
_MAIL = re.compile(r"MIME-Version:.*?(?:multipart/related|text/html)", re.IGNORECASE | re.DOTALL)
_JSON = re.compile(r"\[\s*(?:\{\s*[\"}]|\[\s*[\[\]\"0-9-])|\{\s*\"(?:[^\"\\\n]|\\.)*\"\s*:")
_ARFF = re.compile(r"(?:%[^\n]*\n\s*)*@relation\s", re.IGNORECASE)
_OLD_WORKBOOKS = (b"\x09\x00\x04\x00", b"\x09\x02\x06\x00", b"\x09\x04\x06\x00")  # before Excel 5


def looks_like_workbook(path: Path) -> bool:
    """Tell from the first bytes alone whether a file has to be opened under a workbook's limits."""
    if path.is_dir():
        raise TableFileError(f"'{path.name}' is a folder, not a file.")
    with path.open("rb") as file:
        return file.read(len(_OLE)).startswith((b"PK", _OLE))


def file_kind(path: Path) -> FileKind:
    """Return what the file at `path` holds. Raises TableFileError for what is no table."""
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    if not head:
        raise TableFileError("The file is empty. Choose a file with a header and rows.")
    if head.startswith(b"PK"):
        return _archive_kind(path)
    if head.startswith(_OLE):
        return _ole_kind(path)
    if head.startswith(b"PAR1"):
        return "parquet"
    if head.startswith(b"PARE"):
        raise TableFileError("The Parquet file is encrypted. Save it without encryption.")
    _refuse_foreign(head)
    return "text"


def _refuse_foreign(head: bytes) -> None:
    for start, what in _FOREIGN:
        if head.startswith(start):
            raise TableFileError(f"The file is {what}. Choose a CSV, Excel, ODS or Parquet file.")
    if head.startswith(_OLD_WORKBOOKS):
        raise TableFileError("The workbook is older than Excel 5. Open it and save it as XLSX.")
    if head[_TAR_AT : _TAR_AT + 5] == b"ustar":
        raise TableFileError("The file is a tar archive; unpack it first. Choose a CSV, Excel, ODS or Parquet file.")
    if _PICKLE.match(head):
        raise TableFileError("The file is a Python pickle, which is never opened. Save the table as CSV.")
    _refuse_markup(_text_of(head))


def _refuse_markup(start: str) -> None:
    """Refuse texts that hold a table in another way than in rows and columns, if at all."""
    if start.startswith("version https://git-lfs"):
        raise TableFileError(
            "The file is a pointer to a file that Git LFS keeps elsewhere. Fetch the file itself and choose it."
        )
    if _ARFF.match(start):
        raise TableFileError("The file is an ARFF file. Save the table as CSV.")
    if _JSON.match(start):
        raise TableFileError("The file is JSON, not a table. Save the table as CSV or XLSX.")
    if _PAGE.match(start) or _MAIL.match(start):
        raise TableFileError("The file is a web page, not a table. Open it in Excel and save it as XLSX.")
    if _XML.match(start):
        raise TableFileError("The file is XML, not a table. Open it in Excel and save it as XLSX.")


def _text_of(head: bytes) -> str:
    """Return the beginning as text, without marks, blanks and comments before it."""
    marked = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
    encoding = marked.get(head[:2], "utf-8")
    start = head.decode(encoding, "replace").lstrip("\ufeff \t\r\n")
    while start.startswith("<!--") and (end := start.find("-->")) > 0:
        start = start[end + 3 :].lstrip()
    return start


def _ole_kind(path: Path) -> FileKind:
    """Tell an old workbook from other documents by the names in its directory (UTF-16)."""
    with path.open("rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as content:
        names = {name for name in _OLE_NAMES if content.find(name.encode("utf-16-le")) >= 0}
    if "EncryptedPackage" in names:
        raise TableFileError("The workbook is password-protected. Save it without a password.")
    if names:
        return "xls"
    raise TableFileError("The file is an Office document without a workbook in it. Save the table as XLSX.")


def _archive_kind(path: Path) -> FileKind:
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError):
        raise TableFileError(
            "The file starts like a workbook but is damaged or cut off. Save it again or send it again."
        ) from None
    _check_archive(members)
    names = {member.filename.lstrip("/").replace("\\", "/").lower() for member in members}
    if any(name.endswith("workbook.bin") for name in names):
        return "xlsb"
    if any(name.endswith("vbaproject.bin") for name in names):
        return "xlsm"
    if "[content_types].xml" in names and any(name.endswith("workbook.xml") for name in names):
        return "xlsx"
    if "content.xml" in names:
        return "ods"
    raise TableFileError("The file is a ZIP archive, not a workbook. Unpack it and choose the table in it.")


def _check_archive(members: list[zipfile.ZipInfo]) -> None:
    if len(members) > limits.MAX_ARCHIVE_ENTRIES:
        raise TableFileError(
            f"The workbook has {len(members):,} parts; at most {limits.MAX_ARCHIVE_ENTRIES:,} are read."
        )
    inflated = sum(member.file_size for member in members)
    if inflated > limits.MAX_INFLATED_BYTES:
        raise TableFileError(
            f"The workbook unpacks to {inflated / limits.MEGABYTE:,.0f} MB; "
            f"at most {limits.MAX_INFLATED_BYTES // limits.MEGABYTE} MB are read. Save the table as CSV."
        )
    for member in members:
        excess = member.file_size - limits.FREE_INFLATED_BYTES
        if excess > limits.MAX_INFLATION * max(1, member.compress_size):
            raise TableFileError(
                f"A part of the workbook unpacks to over {limits.MAX_INFLATION} times its size, "
                "as a damaged or hostile file does. Save the table as CSV."
            )
