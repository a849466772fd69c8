"""How large a file may be, and for how long it may be read."""

from __future__ import annotations

import os

from core.errors import TableFileError

MEGABYTE = 1_000_000
MAX_FILE_MEGABYTES = 1_000  # ROWSMITH_MAX_FILE_MB changes it
MAX_WORKBOOK_MEGABYTES = 200  # which is whole in memory while it is read
MAX_COLUMNS = 16_384
MAX_CELL_BYTES = MEGABYTE
MAX_WORKBOOK_CELLS = 20_000_000
MAX_ARCHIVE_ENTRIES = 1_000
MAX_INFLATED_BYTES = 512 * MEGABYTE
MAX_INFLATION = 100  # how many times larger a member may get, beyond the first 100 kB
FREE_INFLATED_BYTES = 100_000

WORKBOOK_MEMORY_BYTES = 2 * 1024**3
OTHER_MEMORY_BYTES = 8 * 1024**3
WRITTEN_TO_READ = 20  # how many times larger than the largest file a written one may get
WORKBOOK_SECONDS = 90
TEXT_SECONDS_A_MEGABYTE = 1


def max_file_bytes(is_workbook: bool = False) -> int:
    """Return the largest file that is accepted, in bytes."""
    most = int(os.environ.get("ROWSMITH_MAX_FILE_MB", MAX_FILE_MEGABYTES))
    return (min(most, MAX_WORKBOOK_MEGABYTES) if is_workbook else most) * MEGABYTE


def wall_seconds(n_bytes: int, is_workbook: bool) -> float:
    """Return how long a file of `n_bytes` may take: 90 s, and longer for a large text file."""
    extra = 0 if is_workbook else TEXT_SECONDS_A_MEGABYTE * n_bytes // MEGABYTE
    return WORKBOOK_SECONDS + extra


def check_cell(n_bytes: int) -> None:
    """Raise TableFileError where a cell of `n_bytes` is longer than one may be."""
    if n_bytes > MAX_CELL_BYTES:
        raise TableFileError(
            f"A cell holds {n_bytes / MEGABYTE:.1f} MB of text; at most 1 MB is read. A quotation mark may be missing."
        )
