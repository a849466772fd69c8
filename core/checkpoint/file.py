"""The file of a checkpoint, which holds no pickle and is read without torch."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from core.bundle.flaw import FlawError, shown
from core.checkpoint.array_file import Header, read_array, read_arrays, write_arrays
from core.checkpoint.contents import ARRAYS, MAX_EPOCHS, Checkpoint, CheckpointSummary
from core.checkpoint.document import build_checkpoint, identity_in, parse_checkpoint, render_checkpoint
from core.checkpoint.identity import Identity, check_identity
from core.checkpoint.members_file import is_of_members, summary_of_members
from core.checkpoint.opening import opened
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
    with opened(path) as (file, header):
        _check_arrays(header)
        document = parse_checkpoint(header.text)
        if identity is not None:
            check_identity(identity_in(document), identity)
        for name, most in (longest or {}).items():
            found = header.specs[name].shape[0]
            if found > most:
                raise FlawError(f"its {name} has {found:,} numbers where at most {most:,} belong")
        return build_checkpoint(document, read_arrays(file, header))


def checkpoint_summary(path: str | Path) -> CheckpointSummary:
    """Return what a checkpoint says of itself, without loading the network in it. Raises CheckpointError."""
    with opened(path) as (file, header):
        if is_of_members(header):
            return summary_of_members(header)
        _check_arrays(header)
        document = parse_checkpoint(header.text)
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
