"""Archives that lie about what is in them, before any part of them is opened."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable

from tests.core.tables.cases.case import refused, table
from tests.core.tables.cases.handmade import BODY, DAMAGED, SOUND
from tests.core.tables.cases.packing import packed, xlsx, xlsx_parts

CUT = "The file starts like a workbook but is damaged or cut off. Save it again or send it again."
PART = "xl/worksheets/sheet1.xml"
TIMES = (
    "A part of the workbook unpacks to over 100 times its size, as a damaged or hostile file does. "
    "Save the table as CSV."
)


def _listed(change: Callable[[zipfile.ZipInfo], object], part: str = PART) -> bytes:
    """A workbook whose directory is changed after its parts were written."""
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in xlsx_parts(BODY).items():
            archive.writestr(name, content)
        change(archive.getinfo(part))
    return sink.getvalue()


def _twice() -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in xlsx_parts(BODY).items():
            archive.writestr(name, content)
    other = xlsx_parts(BODY.replace(">x<", ">other<"))[PART]
    parts = sink.getvalue()
    name = "xl/worksheets/sheet2.xml"
    sink = io.BytesIO(parts)
    with zipfile.ZipFile(sink, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, other)
    return sink.getvalue().replace(name.encode(), PART.encode())


def _commented(comment: bytes) -> bytes:
    sink = io.BytesIO(xlsx(BODY))
    with zipfile.ZipFile(sink, "a") as archive:
        archive.comment = comment
    return sink.getvalue()


def _damaged_part() -> bytes:
    content = bytearray(xlsx(BODY))
    at = content.index(PART.encode()) + len(PART) + 20
    content[at : at + 40] = b"\xff" * 40
    return bytes(content)


def _encrypted() -> bytes:
    def change(info: zipfile.ZipInfo) -> None:
        info.flag_bits |= 1

    return _listed(change)


def _unpacks_to_more() -> bytes:
    """A sheet of 300 MB that says it has 50 kB."""
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in xlsx_parts(BODY).items():
            if name != PART:
                archive.writestr(name, content)
        with archive.open(PART, "w") as file:
            head, foot = str(xlsx_parts(BODY)[PART]).split("</sheetData>")
            file.write(f"{head}</sheetData>".encode())
            for _ in range(300):
                file.write(b" " * 1_000_000)
            file.write(foot.encode())
        archive.getinfo(PART).file_size = 50_000
    return sink.getvalue()


ARCHIVES = [
    table("bytes before the archive", b"PK" + b"\0" * 30 + xlsx(BODY), SOUND),
    table("a comment behind the archive", lambda: _commented(b"made by X"), SOUND),
    table("a part listed twice: the later one counts", _twice, {"a": [1, 2], "b": ["other", "y"]}),
    refused("parts packed by bzip2", packed(xlsx_parts(BODY), zipfile.ZIP_BZIP2), DAMAGED, in_child=True),
    refused("an archive cut in half", xlsx(BODY)[:700], CUT),
    refused("an archive without its directory", xlsx(BODY)[:-200], CUT),
    refused("two letters", b"PK", CUT),
    refused(
        "an empty archive",
        packed({}),
        "The file is a ZIP archive, not a workbook. Unpack it and choose the table in it.",
    ),
    refused("a damaged part", _damaged_part, DAMAGED, in_child=True),
    refused("a part that needs a password", _encrypted, DAMAGED, in_child=True),
    refused("a part of nothing but zeros", packed(xlsx_parts(BODY) | {PART: b"\0" * 5_000_000}), TIMES),
    refused(
        "parts that overlap", lambda: _listed(lambda info: setattr(info, "header_offset", 0)), DAMAGED, in_child=True
    ),
    refused(
        "a part beyond the end",
        lambda: _listed(lambda info: setattr(info, "header_offset", 10**8)),
        DAMAGED,
        in_child=True,
    ),
    refused(
        "a directory that names too much",
        lambda: _listed(lambda info: setattr(info, "file_size", 600_000_000)),
        "The workbook unpacks to 600 MB; at most 512 MB are read. Save the table as CSV.",
    ),
    refused("a directory that names too little", _unpacks_to_more, DAMAGED, in_child=True),
    refused(
        "too many parts",
        packed(xlsx_parts(BODY) | {f"xl/{i}.xml": "" for i in range(1_000)}),
        "The workbook has 1,005 parts; at most 1,000 are read.",
    ),
    refused(
        "names that leave the folder",
        packed({f"../../{name}": part for name, part in xlsx_parts(BODY).items()}),
        "The file is a ZIP archive, not a workbook. Unpack it and choose the table in it.",
    ),
]
