"""What is to be learned from a table: the roles of its columns and the kind of answer."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Question:
    """The target and how it is predicted; a column that is not named is a feature.

    `categories` are numbers that are used as categories, and `time_column` is what the test rows are the
    latest by; without one they are drawn at random. `test_size` is their share.
    """

    target: str
    task: str
    excluded: tuple[str, ...] = ()
    dates: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    time_column: str | None = None
    test_size: float = 0.2

    @property
    def is_classification(self) -> bool:
        """Tell whether the answer is a category."""
        return self.task == "classification"

    def as_dict(self) -> dict[str, Any]:
        """Return the question as plain values for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Question:
        """Return the question that `as_dict` gave."""
        lists = {key: tuple(value) for key, value in values.items() if isinstance(value, list)}
        return cls(**(values | lists))
