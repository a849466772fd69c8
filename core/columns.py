"""Which columns of a table a model learns from: the checks that trainer and distillation share."""

from __future__ import annotations

import difflib
import logging
from collections.abc import Collection, Sequence
from typing import Any, TypeVar

from core.errors import ConfigError, DataError

AnyTable = TypeVar("AnyTable")

logger = logging.getLogger(__name__)


def check_target_not_excluded(target: str, excluded: Collection[str]) -> None:
    """Raise ConfigError (a ValueError) when the target is to be left out. Source: REQ-T03."""
    if target in excluded:
        raise ConfigError(
            "target_column cannot be excluded",
            remedy=f"Choose another target than {target!r}, or take it off the excluded columns.",
        )


def as_names(columns: str | Sequence[str] | None) -> tuple[str, ...]:
    """Return column names as a tuple; a lone text is one name, not its letters."""
    return (columns,) if isinstance(columns, str) else tuple(columns or ())


def check_columns(
    columns: Sequence[str],
    target: str,
    excluded: Collection[str],
    dates: Collection[str],
    categorical: Collection[str] = (),
    time_column: str | None = None,
) -> None:
    """Raise DataError where the table lacks a column that was chosen, or has nothing beside the target.

    Raises ConfigError where a column was chosen for two things that exclude each other, and logs unknown
    exclusions.
    """
    if target not in columns:
        raise DataError(f"The table has no column {target!r}.{_suggestion(target, columns)}")
    if target in dates:
        raise ConfigError(f"Column {target!r} is the target and cannot be a date column too. Choose one.")
    for name in dates:
        if name not in columns:
            raise DataError(f"The table has no date column {name!r}.{_suggestion(name, columns)}")
    check_categorical(columns, target, categorical, excluded, dates)
    check_time_column(columns, target, time_column)
    if len(columns) < 2:
        raise DataError(f"The table has only one column, {target!r}. Add the columns to predict it from.")
    if not set(columns) - {target} - set(excluded):
        raise DataError(f"Every column but the target {target!r} is excluded. Keep at least one to learn from.")
    for name in sorted(set(excluded) - set(columns)):
        logger.info("Excluded column %r is not in the table.", name)


def check_categorical(
    columns: Sequence[str],
    target: str,
    categorical: Collection[str],
    excluded: Collection[str] = (),
    dates: Collection[str] = (),
) -> None:
    """Raise DataError for a categorical column that the table lacks, ConfigError for one that is no such feature."""
    for name in categorical:
        if name == target:
            raise ConfigError(
                f"Column {name!r} is the target and cannot be a categorical column too. For codes as a target, "
                "set the task to classification."
            )
        if name not in columns:
            raise DataError(f"The table has no categorical column {name!r}.{_suggestion(name, columns)}")
        if name in excluded:
            raise ConfigError(f"Column {name!r} is excluded and cannot be a categorical column too. Choose one.")
        if name in dates:
            raise ConfigError(f"Column {name!r} is a date column and cannot be a categorical column too. Choose one.")


def check_time_column(columns: Sequence[str], target: str, time_column: str | None) -> None:
    """Raise DataError for a time column that the table lacks, and ConfigError where it is the target."""
    if time_column is None:
        return
    if time_column == target:
        raise ConfigError(f"Column {time_column!r} is the target and cannot be the time column too. Choose one.")
    if time_column not in columns:
        raise DataError(f"The table has no time column {time_column!r}.{_suggestion(time_column, columns)}")


def feature_frame(frame: AnyTable, target: str, excluded: Collection[str]) -> AnyTable:
    """Return the columns to learn from, in the order of the frame or the stored table."""
    table: Any = frame
    kept: AnyTable = table.drop(columns=[c for c in table.columns if c == target or c in excluded])
    return kept


def _suggestion(name: str, columns: Sequence[str]) -> str:
    close = difflib.get_close_matches(name, columns, n=1)
    if close:
        return f" Did you mean {close[0]!r}?"
    shown = ", ".join(repr(column) for column in columns[:12]) + (", …" if len(columns) > 12 else "")
    return f" Choose one of: {shown}."
