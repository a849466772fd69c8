"""What reading a file found: its kind, its columns, and everything that was changed or left out."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any

from core.types import ColumnKind


@dataclass(frozen=True)
class ColumnProfile:
    """One column at a glance. `missing_words` counts the texts taken as missing, as spelled.

    `minimum` and `maximum` are numbers, or ISO texts for dates. `histogram` has 20 equal bins from
    minimum to maximum, or the counts of the most frequent texts.
    """

    name: str
    kind: ColumnKind
    n_missing: int
    n_distinct: int
    minimum: float | str | None = None
    maximum: float | str | None = None
    examples: tuple[str, ...] = ()
    histogram: tuple[int, ...] = ()
    looks_like_date: bool = False
    looks_like_id: bool = False
    missing_words: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class ReadReport:
    """How a file was read. `kind` is csv, parquet, xlsx, xlsm, xlsb, xls or ods."""

    kind: str
    n_rows: int
    n_columns: int
    encoding: str | None = None
    separator: str | None = None
    sheet: str | None = None
    sheets: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()
    columns: tuple[ColumnProfile, ...] = ()

    def to_json(self) -> str:
        """Return the report as JSON text."""
        return json.dumps(asdict(self), ensure_ascii=False, allow_nan=False, indent=1)

    @classmethod
    def from_json(cls, text: str) -> ReadReport:
        """Return the report that `to_json` wrote."""
        values = json.loads(text)
        columns = tuple(_profile_from(column) for column in values.pop("columns"))
        return cls(**_with_tuples(values), columns=columns)


def _profile_from(values: dict[str, Any]) -> ColumnProfile:
    return ColumnProfile(**_with_tuples(values))


def _with_tuples(values: dict[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in values.items()}
