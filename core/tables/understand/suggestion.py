"""One thing that was noticed in a column, and what could be made of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal

Kind = Literal[
    "id", "row_number", "date", "year_month", "unix_time", "time", "code", "calendar", "boolean", "free_text",
    "amount", "number_words", "hidden_missing", "constant", "nearly_constant", "empty", "duplicate",
    "near_duplicate", "personal",
]  # fmt: skip
Advice = Literal["leave_out", "as_date", "as_category", "as_number", "missing_words", "none"]
Confidence = Literal["sure", "likely", "maybe"]


@dataclass(frozen=True)
class Suggestion:
    """What `column` seems to be, and the advice that follows; `evidence` is one sentence with numbers.

    `details` holds plain JSON values by kind:

    - date: `order` (as in DateFormat), `ambiguous`, `unreadable` (distinct texts that are no dates)
    - unix_time: `unit`, "s" or "ms"
    - amount: `unit`, `decimal` and `thousands` (the marks of its numbers), `ambiguous` (the marks could be others),
      `share` (of the present cells), `unread` (examples that are no amount)
    - number_words, hidden_missing: `words`, as the file spells them, with the `counts` of each
    - duplicate, near_duplicate: `other`, the earlier column that says the same; `equal` where cell by cell
    - personal: `of`, what it is (email, phone, name, address, iban, card, birthday), and `count`

    `n_looked` is the number of rows that the evidence counts, where it is not all of them.
    """

    column: str
    kind: Kind
    advice: Advice
    confidence: Confidence
    evidence: str
    details: Mapping[str, Any] = field(default_factory=dict)
    examples: tuple[str, ...] = ()
    n_looked: int | None = None

    @property
    def is_firm(self) -> bool:
        """Return whether it may be followed without asking, or shown as something to look at."""
        return self.confidence != "maybe"

    def as_dict(self) -> dict[str, Any]:
        """Return the suggestion as plain values for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Suggestion:
        """Return the suggestion that `as_dict` gave; values it does not know are left out."""
        known = {entry.name for entry in fields(cls)}
        kept = {name: value for name, value in values.items() if name in known}
        return cls(**{**kept, "examples": tuple(kept.get("examples", ()))})


def of_kind(suggestions: Iterable[Suggestion], *kinds: Kind) -> tuple[Suggestion, ...]:
    """Return the suggestions of these kinds, in order."""
    return tuple(suggestion for suggestion in suggestions if suggestion.kind in kinds)
