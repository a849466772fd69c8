"""What reading a file found: how it is written, its columns, and everything that was changed or left out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from core.tables.options import AUTOMATIC, ReadOptions
from core.tables.understand.suggestion import Suggestion
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
class Notice:
    """One thing that reading changed, lost or had to guess, in a sentence.

    `count` is how many cells, rows or columns it concerns; `lines` are the first of them, from 1 as
    the file has them.
    """

    sentence: str
    count: int = 0
    lines: tuple[int, ...] = ()
    columns: tuple[str, ...] = ()


@dataclass(frozen=True)
class Head:
    """The names of a table and its first rows, every cell as a text; None where it is missing."""

    names: tuple[str, ...]
    rows: tuple[tuple[str | None, ...], ...]


@dataclass(frozen=True)
class ReadReport:
    """How a file was read. `kind` is csv, parquet, xlsx, xlsm, xlsb, xls or ods.

    `header_row` is the line, or the row of the sheet, with the names, 0 where there are none; a
    Parquet file has no such thing. `separator` is None for one column. `evidence` says in a sentence
    why each decision was made, by the name of its field; `options` are the choices that were given.
    `ambiguous` are columns whose marks in numbers can be read in two ways, and were left as text.
    `n_left_out` rows of the file are not in the table. `suggestions` are what its columns seem to be.
    """

    kind: str
    n_rows: int
    n_columns: int
    encoding: str | None = None
    separator: str | None = None
    quote: str | None = None
    decimal: str | None = None
    thousands: str | None = None
    header_row: int | None = None
    sheet: str | None = None
    sheets: tuple[str, ...] = ()
    changes: tuple[Notice, ...] = ()
    columns: tuple[ColumnProfile, ...] = ()
    evidence: Mapping[str, str] = field(default_factory=dict)
    options: ReadOptions = AUTOMATIC
    ambiguous: tuple[str, ...] = ()
    n_left_out: int = 0
    suggestions: tuple[Suggestion, ...] = ()

    @property
    def notices(self) -> tuple[str, ...]:
        """Return what was changed, lost or guessed, a sentence each."""
        return tuple(change.sentence for change in self.changes)

    def to_json(self) -> str:
        """Return the report as JSON text."""
        values = asdict(self) | {"options": self.options.as_dict()}
        return json.dumps(values, ensure_ascii=False, allow_nan=False, indent=1)

    @classmethod
    def from_json(cls, text: str) -> ReadReport:
        """Return the report that `to_json` wrote. Raises ValueError, KeyError or TypeError for anything else."""
        values = json.loads(text)
        columns = tuple(ColumnProfile(**_with_tuples(column)) for column in values.pop("columns"))
        changes = tuple(Notice(**_with_tuples(change)) for change in values.pop("changes", ()))
        changes += tuple(Notice(sentence) for sentence in values.pop("notices", ()))  # as reports were at first
        options = ReadOptions.from_dict(values.pop("options", {}))
        suggestions = tuple(map(Suggestion.from_dict, values.pop("suggestions", ())))
        return cls(**_with_tuples(values), columns=columns, changes=changes, options=options, suggestions=suggestions)


def _with_tuples(values: dict[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in values.items()}
