"""Opens the file of a checkpoint; whatever is wrong with it becomes one sentence."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from core.bundle.flaw import FlawError
from core.checkpoint.array_file import Header, read_header
from core.errors import CheckpointError


@contextmanager
def opened(path: str | Path) -> Iterator[tuple[BinaryIO, Header]]:
    """Open a checkpoint and give its header; what goes wrong while it is open becomes one sentence."""
    try:
        found = os.stat(path)
        if not stat.S_ISREG(found.st_mode):
            raise FlawError("it is not a file")
        with Path(path).open("rb") as file:
            yield file, read_header(file)
    except FlawError as flaw:
        raise CheckpointError(f"This checkpoint cannot be used: {flaw}. Start the training anew.") from flaw
    except FileNotFoundError as error:
        raise CheckpointError(f"There is no checkpoint {str(path)!r}. Start the training anew.") from error
    except OSError as error:
        reason = error.strerror or "the system refused"
        raise CheckpointError(f"This checkpoint cannot be read: {reason}. Check the disk, and try again.") from error
