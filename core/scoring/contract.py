"""The file contract: what a table for prediction has of what a model needs, and what follows from the rest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from core.errors import DataError
from core.scoring.cells import ISSUE_KINDS, Issue, ReadColumn
from core.scoring.renames import match_names
from core.types import InputSchema

NAMES_SHOWN = 8
EXAMPLES_KEPT = 10
EXAMPLES_COUNTED = 5_000  # distinct cells of a column and kind of issue

_ONE_AND_MORE = {
    "repaired": (
        "1 cell says more than a plain number, and was read all the same",
        "{:,} cells say more than a plain number, and were read all the same",
    ),
    "unreadable": (
        "1 cell could not be read, and counts as missing",
        "{:,} cells could not be read, and count as missing",
    ),
    "unseen": (
        "1 cell holds what training never saw, and counts as none of the values known",
        "{:,} cells hold what training never saw, and count as none of the values known",
    ),
    "outside": (
        "1 cell is beyond what training saw, where the prediction is a guess",
        "{:,} cells are beyond what training saw, where the prediction is a guess",
    ),
    "lacking": (
        "1 cell is empty, as none was in training, and what is typical was taken",
        "{:,} cells are empty, as none was in training, and what is typical was taken",
    ),
}


@dataclass(frozen=True)
class ColumnMatch:
    """Which column of a table each of the model's columns is; the model's that lack, and the table's not used."""

    found: Mapping[str, str]
    missing: tuple[str, ...]
    extra: tuple[str, ...]

    @property
    def renamed(self) -> dict[str, str]:
        """Return the model's columns that the table has under another name."""
        return {name: source for name, source in self.found.items() if name != source}

    @property
    def notes(self) -> tuple[str, ...]:
        """Say what was found and what follows from it, a sentence each."""
        lines = [f"{len(self.found)} of {len(self.found) + len(self.missing)} columns of the model were found."]
        if self.renamed:
            pairs = [f"{name!r} is {source!r} here" for name, source in self.renamed.items()]
            lines.append(f"Under another name: {listed(pairs)}.")
        if self.missing:
            lines.append(f"Missing, and treated as empty cells in every row: {names(self.missing)}.")
        if self.extra:
            lines.append(f"Not used by the model, and kept as they are: {names(self.extra)}.")
        return tuple(lines)


@dataclass(frozen=True)
class IssueCount:
    """How many cells of a column have one kind of issue: the first row of them, from 1, and the most frequent."""

    kind: str
    n: int
    first_row: int
    examples: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True)
class ColumnContract:
    """One of the model's columns in a table: where it is, and what is not as in training."""

    name: str
    source: str | None
    n_missing: int = 0
    issues: tuple[IssueCount, ...] = ()

    @property
    def sentences(self) -> tuple[str, ...]:
        """Say each issue with its consequence."""
        return tuple(_sentence(self.name, issue) for issue in self.issues)


@dataclass(frozen=True)
class Contract:
    """What a table had of what a model needs, cell by cell."""

    n_rows: int
    columns: tuple[ColumnContract, ...]
    extra: tuple[str, ...]
    statuses: Mapping[str, int] = field(default_factory=dict)  # rows by their row_status

    @property
    def match(self) -> ColumnMatch:
        """Return what was found by name."""
        return ColumnMatch(
            {column.name: column.source for column in self.columns if column.source is not None},
            tuple(column.name for column in self.columns if column.source is None),
            self.extra,
        )

    @property
    def notes(self) -> tuple[str, ...]:
        """Say everything, a sentence each."""
        return (*self.match.notes, *(sentence for column in self.columns for sentence in column.sentences))

    def as_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Contract:
        """Return what `as_dict` gave, from JSON too."""
        columns = tuple(
            ColumnContract(
                column["name"], column["source"], column["n_missing"],
                tuple(
                    IssueCount(i["kind"], i["n"], i["first_row"], tuple((t, n) for t, n in i["examples"]))
                    for i in column["issues"]
                ),
            )
            for column in values["columns"]
        )  # fmt: skip
        return cls(values["n_rows"], columns, tuple(values["extra"]), dict(values["statuses"]))


class ContractCounter:
    """Adds up the issues of a table that is read in chunks."""

    def __init__(self, match: ColumnMatch) -> None:
        self._match = match
        self._n_missing: Counter[str] = Counter()
        self._counts: dict[tuple[str, str], int] = {}
        self._first_rows: dict[tuple[str, str], int] = {}
        self._examples: dict[tuple[str, str], Counter[str]] = {}
        self.statuses: Counter[str] = Counter()

    def add(self, name: str, read: ReadColumn, first_row: int) -> None:
        """Count a chunk of a column whose first row is the table's row `first_row`, from 1."""
        n_unusable = sum(len(issue.rows) for issue in read.issues if issue.kind in ("unreadable", "unseen"))
        self._n_missing[name] += int((~read.has_value).sum()) - n_unusable
        for issue in read.issues:
            key = (name, issue.kind)
            self._counts[key] = self._counts.get(key, 0) + len(issue.rows)
            self._first_rows.setdefault(key, first_row + int(issue.rows[0]))
            self._count_examples(self._examples.setdefault(key, Counter()), issue)

    def result(self, n_rows: int, schema: InputSchema) -> Contract:
        """Return the whole."""
        columns = tuple(self._column(name) for name in schema.feature_columns)
        return Contract(n_rows, columns, self._match.extra, dict(self.statuses))

    def _column(self, name: str) -> ColumnContract:
        issues = tuple(
            IssueCount(
                kind, self._counts[name, kind], self._first_rows[name, kind],
                tuple(self._examples[name, kind].most_common(EXAMPLES_KEPT)),
            )
            for kind in ISSUE_KINDS if (name, kind) in self._counts
        )  # fmt: skip
        return ColumnContract(name, self._match.found.get(name), self._n_missing[name], issues)

    def _count_examples(self, counter: Counter[str], issue: Issue) -> None:
        if issue.kind == "lacking" or len(counter) >= EXAMPLES_COUNTED:
            return
        counts = np.bincount(issue.codes, minlength=len(issue.cells))
        most = np.argsort(-counts, kind="stable")[:EXAMPLES_COUNTED].tolist()
        cells = issue.cells.take(most).to_pylist()
        for cell, at in zip(cells, most, strict=True):
            counter[cell] += int(counts[at])


def match_columns(schema: InputSchema, columns: Sequence[str], renames: Mapping[str, str] | None = None) -> ColumnMatch:
    """Match a table's column names with the model's: as they are, else alike but for case and blanks.

    `renames` names the table's column for some of the model's, which goes first. Raises DataError (a ValueError)
    when the table does not have the one that is named. That it has any of the model's, `check_match` sees to.
    """
    given = {name: source for name, source in (renames or {}).items() if name in schema.feature_columns}
    for name, source in given.items():
        if source not in columns:
            raise DataError(f"The table has no column {source!r} to take for {name!r}. Choose one of {names(columns)}.")
    target = {column.name for column in schema.by_role("target")}
    free = [name for name in columns if name not in given.values() and name not in target]
    found = given | match_names([name for name in schema.feature_columns if name not in given], free)
    return ColumnMatch(
        found={name: found[name] for name in schema.feature_columns if name in found},
        missing=tuple(name for name in schema.feature_columns if name not in found),
        extra=tuple(str(name) for name in columns if name not in found.values()),
    )


def check_match(match: ColumnMatch) -> ColumnMatch:
    """Return `match`. Raises DataError (a ValueError) when the table has none of the model's columns."""
    if not match.found:
        raise DataError(
            f"The table has none of the model's columns. The model needs {names(match.missing)}; "
            f"the table has {names(match.extra) if match.extra else 'no columns'}. Choose another table or model."
        )
    return match


def names(columns: Sequence[str]) -> str:
    """Return column names for a sentence, cut where there are many."""
    return listed([repr(column) for column in columns])


def listed(parts: Sequence[str]) -> str:
    """Return parts of a sentence with commas, cut where there are many."""
    rest = len(parts) - NAMES_SHOWN
    return ", ".join(parts[:NAMES_SHOWN]) + (f" and {rest} more" if rest > 0 else "")


def _sentence(name: str, issue: IssueCount) -> str:
    one, more = _ONE_AND_MORE[issue.kind]
    said = one if issue.n == 1 else more.format(issue.n)
    shown = ", ".join(f"{cell!r} ({n:,})" if n > 1 else repr(cell) for cell, n in issue.examples[:3])
    return f"Column {name!r}: {said}; the first in row {issue.first_row:,}" + (f": {shown}." if shown else ".")
