"""One check of a table: what was found, the evidence, and at most one thing to do about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

State = Literal["passed", "fixed", "look"]
ActionKind = Literal[
    "leave_out", "as_category", "as_date", "as_number", "missing_words", "keep_words", "order_by_time",
    "drop_duplicates",
]  # fmt: skip

MOST_EXAMPLES = 5
MOST_CELLS = 8


@dataclass(frozen=True)
class Action:
    """What one button does with `columns`; with `is_undo`, it takes back what the app did.

    `words` are, by column, the cells to read as missing, or to keep as values, as the file spells them.
    """

    kind: ActionKind
    columns: tuple[str, ...] = ()
    words: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    is_undo: bool = False


@dataclass(frozen=True)
class Example:
    """Some cells of one row of the table, as text; `row` counts from 1, the first row below the header."""

    row: int
    cells: Mapping[str, str]


@dataclass(frozen=True)
class Check:
    """A finding: `title` states it, `evidence` gives numbers and the consequence, in one sentence each."""

    id: str
    state: State
    title: str
    evidence: str
    columns: tuple[str, ...] = ()
    examples: tuple[Example, ...] = ()
    action: Action | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return the check as plain values for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Check:
        """Return the check that `as_dict` gave. Raises KeyError or TypeError for anything else."""
        action = values["action"]
        return cls(
            **{
                **values,
                "columns": tuple(values["columns"]),
                "examples": tuple(Example(**example) for example in values["examples"]),
                "action": None if action is None else _action_from(action),
            }
        )


def _action_from(values: Mapping[str, Any]) -> Action:
    words = {name: tuple(those) for name, those in values["words"].items()}
    return Action(**{**values, "columns": tuple(values["columns"]), "words": words})
