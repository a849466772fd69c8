"""Which columns of a table a model learns from: the checks that trainer and distillation share."""

from __future__ import annotations

import difflib
import logging
from collections.abc import Collection, Sequence

import pandas as pd

from core.errors import ConfigError, DataError

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


def check_columns(columns: Sequence[str], target: str, excluded: Collection[str], dates: Collection[str]) -> None:
    """Raise DataError where the table lacks the target, or has nothing beside it; log unknown exclusions."""
    if target not in columns:
        raise DataError(f"The table has no column {target!r}.{_suggestion(target, columns)}")
    if target in dates:
        raise ConfigError(f"Column {target!r} is the target and cannot be a date column too. Choose one.")
    for name in dates:
        if name not in columns:
            raise DataError(f"The table has no date column {name!r}.{_suggestion(name, columns)}")
    if len(columns) < 2:
        raise DataError(f"The table has only one column, {target!r}. Add the columns to predict it from.")
    if not set(columns) - {target} - set(excluded):
        raise DataError(f"Every column but the target {target!r} is excluded. Keep at least one to learn from.")
    for name in sorted(set(excluded) - set(columns)):
        logger.info("Excluded column %r is not in the table.", name)


def feature_frame(frame: pd.DataFrame, target: str, excluded: Collection[str]) -> pd.DataFrame:
    """Return the columns to learn from, in the table's order."""
    return frame.drop(columns=[c for c in frame.columns if c == target or c in excluded])


def _suggestion(name: str, columns: Sequence[str]) -> str:
    close = difflib.get_close_matches(name, columns, n=1)
    if close:
        return f" Did you mean {close[0]!r}?"
    shown = ", ".join(repr(column) for column in columns[:12]) + (", …" if len(columns) > 12 else "")
    return f" Choose one of: {shown}."
