"""What a training must have in common with a checkpoint to go on from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from core.bundle.flaw import shown
from core.errors import CheckpointMismatchError


@dataclass(frozen=True)
class Identity:
    """The settings that may not change, and hashes of the rows and of what a teacher says of them."""

    settings: Mapping[str, Any] = field(default_factory=dict)
    rows: str = ""
    teaching: str = ""


def check_identity(begun: Identity, now: Identity) -> None:
    """Raise CheckpointMismatchError where a training is not the one that a checkpoint was `begun` with."""
    changed = [name for name in {**now.settings, **begun.settings} if not _agree(name, begun, now)]
    if changed:
        more = f", and {len(changed) - 1} more differ" if len(changed) > 1 else ""
        raise _other_training(
            f"with other settings: {changed[0]} was {shown(begun.settings.get(changed[0]))} and is now "
            f"{shown(now.settings.get(changed[0]))}{more}",
            "those settings (only epochs and patience may change)",
        )
    if begun.rows != now.rows:
        raise _other_training("on another table, or on other columns of it", "that table and those columns")
    if begun.teaching != now.teaching:
        raise _other_training("with another teacher", "that teacher")


def _agree(name: str, begun: Identity, now: Identity) -> bool:
    return name in begun.settings and name in now.settings and begun.settings[name] == now.settings[name]


def _other_training(how: str, what: str) -> CheckpointMismatchError:
    return CheckpointMismatchError(
        f"This checkpoint is of a training {how}. To go on from it, use {what}, or start a new training."
    )
