"""The data receipt: what became of every row and every column of a file, so that the counts add up.

It stands in the training record, and so travels in the bundle.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from core.types import ColumnKind, ColumnRole, ColumnSchema, InputSchema, Metrics

ROW_FATES = (
    "left out in reading",
    "without a target, left out",
    "learned from",
    "kept aside to judge each epoch (validation)",
    "kept aside for the final figure (test)",
)
FEATURE_FATES: Mapping[str, str] = {
    "number": "a feature, one number",
    "text": "a feature, one input for each text",
    "date": "a feature, one input for each date",
    "mixed": "a feature of numbers and texts",
    "empty": "a feature without any value",
}


@dataclass(frozen=True)
class RowsFate:
    """What became of `count` rows."""

    fate: str
    count: int


@dataclass(frozen=True)
class ColumnFate:
    """What became of a column: its role and kind in words, and how many numbers it gives the network."""

    name: str
    fate: str
    n_inputs: int
    n_missing: int


@dataclass(frozen=True)
class Receipt:
    """The fates of the rows and columns of a file, and what its reading changed, in sentences.

    The counts of rows add up to `n_rows` of the file, the inputs to those of the network.
    """

    n_rows: int
    rows: tuple[RowsFate, ...]
    columns: tuple[ColumnFate, ...]
    changes: tuple[str, ...] = ()

    @property
    def n_inputs(self) -> int:
        """Return how many numbers a row gives the network."""
        return sum(column.n_inputs for column in self.columns)

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON: a list for each property, so that there are few objects."""
        return {
            "n_rows": self.n_rows,
            "rows": {name: [getattr(row, name) for row in self.rows] for name in _ROW},
            "columns": {name: [getattr(column, name) for column in self.columns] for name in _COLUMN},
            "changes": list(self.changes),
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Rebuild what `as_dict` gave. Raises KeyError, TypeError or ValueError for anything else."""
        rows, columns = values["rows"], values["columns"]
        return cls(
            n_rows=int(values["n_rows"]),
            rows=tuple(RowsFate(*cells) for cells in zip(*(rows[name] for name in _ROW), strict=True)),
            columns=tuple(ColumnFate(*cells) for cells in zip(*(columns[name] for name in _COLUMN), strict=True)),
            changes=tuple(map(str, values["changes"])),
        )


_ROW = tuple(RowsFate.__dataclass_fields__)
_COLUMN = tuple(ColumnFate.__dataclass_fields__)


def make_receipt(
    schema: InputSchema, features: Sequence[str], metrics: Metrics, n_rows: int, reading: Mapping[str, Any]
) -> Receipt:
    """Return the receipt of a training on a table of `n_rows` rows.

    `features` are the vectorizer's names; `reading` may hold `n_left_out`, the rows of the file that are
    not in the table, and `changes`, sentences on what reading changed.
    """
    widths = _inputs_of(schema, features)
    return Receipt(
        n_rows + int(reading.get("n_left_out", 0)),
        fates_of_rows(
            int(reading.get("n_left_out", 0)), metrics.n_dropped, metrics.n_train, metrics.n_validation, metrics.n_test
        ),
        tuple(
            ColumnFate(c.name, fate_of(c.role, c.kind, c.is_categorical), widths.get(c.name, 0), c.n_missing)
            for c in schema.columns
        ),
        tuple(map(str, reading.get("changes", ()))),
    )


def fates_of_rows(*counts: int | None) -> tuple[RowsFate, ...]:
    """Return the fates of rows by their counts: left out in reading, without a target, train, validation, test."""
    return tuple(RowsFate(fate, count) for fate, count in zip(ROW_FATES, counts, strict=True) if count)


def fate_of(role: ColumnRole, kind: ColumnKind, is_categorical: bool) -> str:
    """Return what becomes of a column, in words."""
    if role != "feature":
        return {"target": "the target", "excluded": "left out by choice", "date": "a date, told in numbers"}[role]
    if is_categorical and kind != "empty":
        return "a feature of codes, one input for each"
    return FEATURE_FATES[kind]


def _inputs_of(schema: InputSchema, features: Sequence[str]) -> dict[str, int]:
    """Count the vectorizer's features that come from each column; the longest name that fits has made it."""
    names = {column.name: column for column in schema.by_role("feature", "date")}
    counts = dict.fromkeys(names, 0)
    for feature in features:
        if (name := _source_of(feature, names)) is not None:
            counts[name] += 1
    return counts


def _source_of(feature: str, names: Mapping[str, ColumnSchema]) -> str | None:
    if feature in names and names[feature].role == "feature":
        return feature
    cuts = [i for i in range(len(feature)) if feature.startswith(("=", "__"), i)]
    for cut in reversed(cuts):
        column = names.get(feature[:cut])
        if column is not None and (feature[cut] == "=") == (column.role == "feature"):
            return column.name
    return None
