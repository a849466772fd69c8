"""The file of a checkpoint, which holds no pickle and is read without torch."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from core.bundle.fields import Fields
from core.bundle.flaw import FlawError, shown
from core.checkpoint.array_file import Header, read_array, read_arrays, read_header, write_arrays
from core.checkpoint.contents import ARRAYS, MAX_EPOCHS, Checkpoint, CheckpointSummary
from core.checkpoint.document import build_checkpoint, identity_in, parse_checkpoint, render_checkpoint
from core.checkpoint.identity import Identity, check_identity
from core.errors import CheckpointError
from core.workspace import write_atomically


def write_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Write `path` whole or not at all. Raises RunError when the disk refuses."""
    text = render_checkpoint(checkpoint)
    write_atomically(path, lambda temporary: write_arrays(temporary, text, checkpoint.arrays))


def read_checkpoint(
    path: str | Path, identity: Identity | None = None, longest: Mapping[str, int] | None = None
) -> Checkpoint:
    """Return the checkpoint in a file, after every check that needs no network.

    With `identity`, a checkpoint of another training is refused; `longest` gives the most rows that
    arrays may have. Both are checked before an array is loaded. Raises CheckpointError in one sentence.
    """
    with _opened(path) as (file, header, document):
        if identity is not None:
            check_identity(identity_in(document), identity)
        for name, most in (longest or {}).items():
            found = header.specs[name].shape[0]
            if found > most:
                raise FlawError(f"its {name} has {found:,} numbers where at most {most:,} belong")
        return build_checkpoint(document, read_arrays(file, header))


def checkpoint_summary(path: str | Path) -> CheckpointSummary:
    """Return what a checkpoint says of itself, without loading the network in it. Raises CheckpointError."""
    with _opened(path) as (file, header, document):
        checkpoint = build_checkpoint(document, {"curve": read_array(file, header.specs["curve"])})
    return CheckpointSummary(
        epoch=len(checkpoint.arrays["curve"]),
        epochs=checkpoint.epochs,
        reports=checkpoint.reports,
        ended=checkpoint.ended,
        threads=checkpoint.threads,
        device=checkpoint.device,
        elapsed_seconds=checkpoint.elapsed_seconds,
    )


@contextmanager
def _opened(path: str | Path) -> Iterator[tuple[BinaryIO, Header, Fields]]:
    """Open a checkpoint and give its checked header; what goes wrong while it is open becomes one sentence."""
    try:
        found = os.stat(path)
        if not stat.S_ISREG(found.st_mode):
            raise FlawError("it is not a file")
        with Path(path).open("rb") as file:
            header = read_header(file)
            _check_arrays(header)
            yield file, header, parse_checkpoint(header.text)
    except FlawError as flaw:
        raise CheckpointError(f"This checkpoint cannot be used: {flaw}. Start the training anew.") from flaw
    except FileNotFoundError as error:
        raise CheckpointError(f"There is no checkpoint {str(path)!r}. Start the training anew.") from error
    except OSError as error:
        reason = error.strerror or "the system refused"
        raise CheckpointError(f"This checkpoint cannot be read: {reason}. Check the disk, and try again.") from error


def _check_arrays(header: Header) -> None:
    for name in header.specs:
        if name not in ARRAYS:
            raise FlawError(f"it holds the array {shown(name)}, which no checkpoint has")
    for name, (dtype, columns) in ARRAYS.items():
        if name not in header.specs:
            raise FlawError(f"it lacks the array {name!r}")
        spec = header.specs[name]
        if spec.dtype != dtype or spec.shape[1:] != ((columns,) if columns > 1 else ()) or not spec.shape:
            raise FlawError(f"its {name} is of type {spec.dtype} and shape {spec.shape}")
    if header.specs["curve"].shape[0] > MAX_EPOCHS:
        raise FlawError(f"its curve has {header.specs['curve'].shape[0]:,} epochs where {MAX_EPOCHS:,} are allowed")
