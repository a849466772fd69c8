"""The checkpoint of an automatic training: the networks that are finished, each as the bytes of its tensors.

It is read without torch; what is half trained is not in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from core.bundle.document import parse_document, render_document
from core.bundle.fields import Fields
from core.bundle.flaw import FlawError
from core.bundle.shape import parse_network
from core.checkpoint.array_file import Header, read_arrays, write_arrays
from core.checkpoint.contents import CheckpointSummary
from core.checkpoint.identity import Identity, check_identity
from core.checkpoint.opening import opened
from core.epoch import EpochReport
from core.networks.shape import FAMILIES, AddedShape
from core.workspace import write_atomically

FORMAT = "rowsmith-members"
FORMAT_VERSION = 1
MOST_KEPT, MOST_FOLDS = 64, 100
MAX_VALUES = 100_000

_ENTRIES = (
    "format",
    "format_version",
    "settings",
    "rows",
    "teaching",
    "seconds",
    "threads",
    "baseline_loss",
    "members",
)


@dataclass(frozen=True)
class KeptMember:
    """A finished network: which it is, how it did, and its `tensors` as a safetensors file."""

    kind: str
    division: int
    fold: int
    shape: AddedShape
    loss: float
    train_loss: float
    blend_loss: float
    seconds: float
    forward_seconds: float
    was_cut: bool
    tensors: bytes


@dataclass(frozen=True)
class KeptMembers:
    """All finished networks of a training that has taken `seconds` so far, in the order in which they ended."""

    identity: Identity
    seconds: float
    threads: int
    baseline_loss: float
    members: Sequence[KeptMember]


def write_members(path: Path, kept: KeptMembers) -> None:
    """Write `path` whole or not at all. Raises RunError when the disk refuses."""
    values = {
        "format": FORMAT, "format_version": FORMAT_VERSION, **asdict(kept.identity),
        "seconds": kept.seconds, "threads": kept.threads, "baseline_loss": kept.baseline_loss,
        "members": [_as_values(member) for member in kept.members],
    }  # fmt: skip
    text = render_document(values).decode("ascii")
    arrays = {_name(which): np.frombuffer(member.tensors, dtype=np.uint8) for which, member in enumerate(kept.members)}
    write_atomically(path, lambda temporary: write_arrays(temporary, text, arrays))


def read_members(path: str | Path, identity: Identity) -> KeptMembers:
    """Return what a file holds of the training `identity`. Raises CheckpointError in one sentence."""
    with opened(path) as (file, header):
        fields = _fields(header)
        begun = Identity(fields.mapping("settings"), fields.text("rows"), fields.text("teaching"))
        check_identity(begun, identity)
        arrays = read_arrays(file, header)
        listed = fields.items("members")
        if len(listed) > MOST_KEPT or set(arrays) != {_name(which) for which in range(len(listed))}:
            raise FlawError(f"it lists {len(listed):,} networks and holds {len(arrays):,}")
        return KeptMembers(
            begun,
            max(0.0, fields.number("seconds")),
            fields.whole("threads", 1),
            fields.number("baseline_loss"),
            [_member(value, arrays[_name(which)].tobytes()) for which, value in enumerate(listed)],
        )


def is_of_members(header: Header) -> bool:
    """Tell whether a checkpoint is one of these."""
    return FORMAT in header.text[: len(FORMAT) + 20]


def summary_of_members(header: Header) -> CheckpointSummary:
    """Return what such a checkpoint says of itself; its epochs are networks."""
    fields = _fields(header)
    baseline, listed = fields.number("baseline_loss"), fields.items("members")
    reports = tuple(
        EpochReport(number, len(listed), member.train_loss, member.blend_loss, 0.0, member.seconds, baseline)
        for number, member in enumerate((_member(value, b"") for value in listed), start=1)
    )
    return CheckpointSummary(
        epoch=len(listed), epochs=len(listed), reports=reports, ended=False, threads=fields.whole("threads", 1),
        device="cpu", elapsed_seconds=fields.number("seconds"),
    )  # fmt: skip


def _name(which: int) -> str:
    return f"member_{which:03}"


def _as_values(member: KeptMember) -> dict[str, Any]:
    values = {name: getattr(member, name) for name in KeptMember.__dataclass_fields__ if name != "tensors"}
    return {**values, "shape": member.shape.as_dict()}


def _fields(header: Header) -> Fields:
    fields = Fields(parse_document(header.text.encode("utf-8"), "description", MAX_VALUES), "its description", _ENTRIES)
    fields.choice("format", (FORMAT,))
    fields.whole("format_version", FORMAT_VERSION, FORMAT_VERSION)
    return fields


def _member(value: object, tensors: bytes) -> KeptMember:
    names = [name for name in KeptMember.__dataclass_fields__ if name != "tensors"]
    fields = Fields(value, "a network in it", names)
    return KeptMember(
        kind=fields.text("kind"),
        division=fields.whole("division", 0, MOST_KEPT),
        fold=fields.whole("fold", 0, MOST_FOLDS),
        shape=parse_network(fields.raw("shape"), fields.where("shape"), FAMILIES),
        loss=fields.number("loss"),
        train_loss=fields.number("train_loss"),
        blend_loss=fields.number("blend_loss"),
        seconds=fields.number("seconds"),
        forward_seconds=fields.number("forward_seconds"),
        was_cut=fields.flag("was_cut"),
        tensors=tensors,
    )
