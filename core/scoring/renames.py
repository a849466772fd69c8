"""Finds the columns of a table that are the model's under another name, by their names and by their cells.

A suggestion is made where the names say the same and the cells do not contradict; where the names are alike and the
cells are spread as in training; or where many different cells are, and suit no other column. None costs less than a
wrong one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from core.scoring.celllikeness import CellSample, Fit, fit_of
from core.scoring.namelikeness import (
    SURE,
    are_siblings,
    distinguishing_words,
    folded,
    parts_likeness,
    parts_of,
    without_prefix,
    word_likeness,
)
from core.types import ColumnSchema, InputSchema

_ALIKE = 0.6  # likeness of names that is enough where the cells suit
_LEAST_SHARE, _GOOD_SHARE = 0.5, 0.9  # of the cells that the model can use: with the same name, and with another
_NEAR, _SAME = 0.75, 0.97  # closeness of the cells: with a name that is alike, and with any
_MARGIN = 0.05  # over the second best
_MOST_PAIRS = 2_500  # beyond these, cells are compared only where names are alike


@dataclass(frozen=True)
class Rename:
    """A column of a table that may be one of the model's: how likely, from 0 to 1, and why in a sentence."""

    model: str
    table: str
    score: float
    evidence: str


def plain_name(name: str) -> str:
    """Return what the spellings of a name share: no case, accents, blanks or punctuation."""
    return "".join(letter for letter in folded(name) if letter.isalnum())


def match_names(wanted: Sequence[str], present: Sequence[str]) -> dict[str, str]:
    """Return which of the names `present` each wanted one is: the same, else the only one that is alike.

    No name of the table is used twice.
    """
    found = {name: name for name in wanted if name in set(present)}
    left = [name for name in wanted if name not in found]
    free = [name for name in present if name not in found]
    n_left, n_free = Counter(map(plain_name, left)), Counter(map(plain_name, free))
    by_plain = {plain_name(name): name for name in free}
    for name in left:
        key = plain_name(name)
        if key and n_left[key] == 1 and n_free[key] == 1:
            found[name] = by_plain[key]
    return {name: found[name] for name in wanted if name in found}


def suggest_renames(
    schema: InputSchema, missing: Sequence[str], samples: Mapping[str, Sequence[str | None]]
) -> tuple[Rename, ...]:
    """Return which columns of the table could be those of the model that are missing, the likeliest first.

    `samples` are cells of each column of the table that is not matched; those named as another column of the
    training table are passed over. No column is suggested twice.
    """
    lacking = set(missing)
    others = tuple(column for column in schema.columns if column.name not in lacking)
    wanted = tuple(column for column in schema.by_role("feature", "date") if column.name in lacking)
    taken = {column.name for column in others}
    table = _Table({name: texts for name, texts in samples.items() if name not in taken}, others)
    by_cells = len(wanted) * len(samples) <= _MOST_PAIRS
    return tuple(_unrivalled([rename for column in wanted for rename in table.renames_of(column, by_cells=by_cells)]))


class _Table:
    """What is known of a table's columns, and of the `others` of the model that they must not be mistaken for."""

    def __init__(self, samples: Mapping[str, Sequence[str | None]], others: Sequence[ColumnSchema]) -> None:
        self._cells = {name: CellSample.of(texts) for name, texts in samples.items()}
        names = [parts_of(name) for name in samples]
        self._names = {
            name: {parts, short} for name, parts, short in zip(samples, names, without_prefix(names), strict=True)
        }
        self._others = others
        self._words_of_others = {word for other in others for word in parts_of(other.name).heavy}

    def renames_of(self, column: ColumnSchema, *, by_cells: bool) -> Iterator[Rename]:
        """Yield which columns may be the model's `column`; with another name only where `by_cells`."""
        for name, sample in self._cells.items():
            likeness = self._likeness(column.name, name)
            if likeness < _ALIKE and not by_cells:
                continue
            fit = fit_of(column, sample)
            if likeness >= SURE and (fit is None or fit.share >= _LEAST_SHARE):
                yield _of_same_name(column.name, name, likeness, fit)
            elif fit is None or fit.share < _GOOD_SHARE:
                continue
            elif likeness >= _ALIKE and fit.closeness >= _NEAR and not self._may_be_another(column.name, name):
                score = likeness * (0.7 + 0.2 * fit.closeness)
                yield Rename(column.name, name, round(score, 3), f"The names are alike, and {fit.words}.")
            elif self._is_told_by_cells(column.name, name, fit):
                evidence = f"The names differ, but {fit.words}, spread as in training."
                yield Rename(column.name, name, round(0.7 * fit.closeness, 3), evidence)

    def _likeness(self, model: str, table: str) -> float:
        return max(parts_likeness(parts_of(model), parts) for parts in self._names[table])

    def _may_be_another(self, model: str, table: str) -> bool:
        """Tell whether another column's name is as like, or has the word that tells these two names apart."""
        likeness = self._likeness(model, table)
        if any(self._likeness(other.name, table) >= likeness for other in self._others):
            return True
        words = distinguishing_words(model, table)
        return any(word_likeness(word, own) >= SURE for word in words for own in self._words_of_others)

    def _is_told_by_cells(self, model: str, table: str, fit: Fit) -> bool:
        if not fit.is_telling or fit.closeness < _SAME or are_siblings(model, table):
            return False
        fits = (fit_of(other, self._cells[table]) for other in self._others)
        return not any(other and other.share >= _GOOD_SHARE and other.closeness >= _NEAR for other in fits)


def _of_same_name(model: str, table: str, likeness: float, fit: Fit | None) -> Rename:
    share = _LEAST_SHARE if fit is None else fit.share
    words = f", and {fit.words}" if fit is not None and share >= _GOOD_SHARE else ""
    return Rename(model, table, round(likeness * (0.8 + 0.2 * share), 3), f"The names say the same{words}.")


def _unrivalled(renames: Sequence[Rename]) -> Iterator[Rename]:
    """Yield the best suggestions, the likeliest first, each column once; none where a second is nearly as good."""
    left = sorted(renames, key=lambda rename: -rename.score)
    while left:
        best = left[0]
        rivals = [rename for rename in left[1:] if best.model == rename.model or best.table == rename.table]
        doubtful = [rename for rename in rivals if rename.score > best.score - _MARGIN]
        if not doubtful:
            yield best
        models = {rename.model for rename in (best, *doubtful)}
        tables = {rename.table for rename in (best, *doubtful)}
        left = [rename for rename in left if rename.model not in models and rename.table not in tables]
