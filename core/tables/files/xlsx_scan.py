"""Count what an XLSX sheet loses in reading: error cells, and formulas without a stored value."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path
from xml.etree import ElementTree

from core.tables.report import Notice

_CHUNK = 1 << 20
_OVERLAP = 4096
_MAX_INDEX_BYTES = 10_000_000
_ERROR = re.compile(rb'<c\b[^>]{0,200}\bt="e"')
_NO_VALUE = re.compile(rb"(?:</f>|<f\b[^>]{0,200}/>)(?:<v\s*/>|<v></v>)?</c>")
_NAMESPACE = re.compile(r"\{.*?\}")


def lost_cell_notices(path: Path, sheet: str) -> tuple[Notice, ...]:
    """Return what to tell about `sheet`; nothing for a file that is laid out in another way."""
    try:
        with zipfile.ZipFile(path) as archive:
            member = _sheet_member(archive, sheet)
            if member is None:
                return ()
            n_errors, n_unstored = _count(archive, member)
    except (zipfile.BadZipFile, KeyError, ElementTree.ParseError, NotImplementedError, OSError):
        return ()
    notices = []
    if n_errors:
        notices.append(Notice(f"Cells with an error such as #N/A, which count as missing: {n_errors:,}.", n_errors))
    if n_unstored:
        sentence = f"Formulas without a stored result, which count as missing: {n_unstored:,}. "
        notices.append(Notice(sentence + "Open the workbook in Excel and save it to fill them.", n_unstored))
    return tuple(notices)


def _sheet_member(archive: zipfile.ZipFile, sheet: str) -> str | None:
    """Follow the workbook's relations to the part that holds `sheet`."""
    indexes = ("xl/_rels/workbook.xml.rels", "xl/workbook.xml")
    if any(archive.getinfo(name).file_size > _MAX_INDEX_BYTES for name in indexes):
        return None
    targets = {
        item.get("Id"): item.get("Target", "")
        for item in ElementTree.fromstring(archive.read(indexes[0]))  # noqa: S314
    }
    for item in ElementTree.fromstring(archive.read(indexes[1])).iter():  # noqa: S314
        names = {_NAMESPACE.sub("", key): value for key, value in item.attrib.items()}
        if _NAMESPACE.sub("", item.tag) == "sheet" and names.get("name") == sheet:
            target = targets.get(names.get("id"), "")
            return target.lstrip("/") if target.startswith("/") else f"xl/{target}"
    return None


def _count(archive: zipfile.ZipFile, member: str) -> tuple[int, int]:
    """Count in a stream; what lies across two chunks is counted once, with the later one."""
    n_errors = n_unstored = 0
    rest = b""
    with archive.open(member) as file:
        while chunk := file.read(_CHUNK):
            text = rest + chunk
            cut = text.rfind(b"</c>") + 4 if b"</c>" in text else max(0, len(text) - _OVERLAP)
            n_errors += len(_ERROR.findall(text[:cut]))
            n_unstored += len(_NO_VALUE.findall(text[:cut]))
            rest = text[cut:]
    return n_errors + len(_ERROR.findall(rest)), n_unstored
