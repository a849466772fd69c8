"""Holds a table for prediction against what a model learned from: which columns it finds, and which not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.errors import DataError
from core.types import InputSchema

NAMES_SHOWN = 8


@dataclass(frozen=True)
class ColumnMatch:
    """The model's columns that a table has and lacks, and the table's columns the model does not use."""

    matched: tuple[str, ...]
    missing: tuple[str, ...]
    extra: tuple[str, ...]

    @property
    def notes(self) -> tuple[str, ...]:
        """Say what was found and what follows from it, a sentence each."""
        lines = [f"{len(self.matched)} of {len(self.matched) + len(self.missing)} columns of the model were found."]
        if self.missing:
            lines.append(f"Missing, and treated as empty cells in every row: {names(self.missing)}.")
        if self.extra:
            lines.append(f"Not used by the model, and kept as they are: {names(self.extra)}.")
        return tuple(lines)


def match_columns(schema: InputSchema, columns: Sequence[str]) -> ColumnMatch:
    """Match a table's column names with the model's.

    Raises DataError (a ValueError) when the table has none of the model's columns.
    """
    needed = schema.feature_columns
    match = ColumnMatch(
        matched=tuple(name for name in needed if name in columns),
        missing=tuple(name for name in needed if name not in columns),
        extra=tuple(str(name) for name in columns if name not in needed),
    )
    if not match.matched:
        raise DataError(
            f"The table has none of the model's columns. The model needs {names(needed)}; "
            f"the table has {names(match.extra) if match.extra else 'no columns'}. Choose another table or model."
        )
    return match


def names(columns: Sequence[str]) -> str:
    """Return column names for a sentence, cut where there are many."""
    shown = ", ".join(repr(column) for column in columns[:NAMES_SHOWN])
    rest = len(columns) - NAMES_SHOWN
    return f"{shown} and {rest} more" if rest > 0 else shown
