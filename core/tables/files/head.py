"""The first rows of a file, from its beginning alone, so that a large one can be shown at once."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from core.tables.files.content import file_kind
from core.tables.files.convert import open_table
from core.tables.options import ReadOptions
from core.tables.report import Head

HEAD_BYTES = 1 << 20
HEAD_ROWS = 100


def read_head(source: Path, folder: Path, options: ReadOptions) -> Head:
    """Return the first rows of `source`; of a text, what its first megabyte shows of them.

    Raises TableFileError where they cannot be read.
    """
    with TemporaryDirectory(dir=folder, prefix="head-") as scratch_name:
        scratch = Path(scratch_name)
        if file_kind(source) == "text" and source.stat().st_size > HEAD_BYTES:
            source = _beginning(source, scratch / "beginning.txt")
            options = replace(options, columns={})
        opened = open_table(source, scratch, options)
        rows: list[tuple[str | None, ...]] = []
        for batch in opened.batches:
            cells = [[_text(cell) for cell in column.slice(0, HEAD_ROWS).to_pylist()] for column in batch.columns]
            rows.extend(islice(zip(*cells, strict=True), HEAD_ROWS - len(rows)))
            if len(rows) >= HEAD_ROWS:
                break
        return Head(tuple(opened.schema.names), tuple(rows))


def _beginning(source: Path, copy: Path) -> Path:
    """Copy the first lines; the last of them may be cut and is left out."""
    with source.open("rb") as file:
        text = file.read(HEAD_BYTES)
    whole = text.rfind(b"\n") + 1 if b"\0" not in text else len(text) // 4 * 4  # characters of 2 or 4 bytes
    copy.write_bytes(text[:whole] or text)
    return copy


def _text(cell: Any) -> str | None:
    return None if cell is None else str(cell)
