"""Which training modes a target can have."""

from __future__ import annotations

from core.modes import MODES_IN_ORDER
from core.types import CLASSIFICATION_ONLY_MODES


def modes_for(task: str) -> list[tuple[str, str]]:
    """Return every mode, in its card's place, with the reason why it cannot be used for `task`, empty where it can."""
    reason = "Only for categories; this target is a number."
    return [
        (mode, reason if task == "regression" and mode in CLASSIFICATION_ONLY_MODES else "") for mode in MODES_IN_ORDER
    ]
