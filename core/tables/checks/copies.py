"""Rows that come more than once, with the same answer or with different ones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.tables.checks.check import Action, Check
from core.tables.checks.view import TableView
from core.tables.understand.phrases import percent, plural, quoted, verb
from core.tables.understand.twins import mix

MANY = 0.01  # of the rows
UNAVOIDABLE = 0.02  # of the answers, or of the variance
BY_CHANCE = 0.7  # of the pairs of alike rows, that columns which know nothing of each other would have as well
MOST_SHOWN = 3


@dataclass(frozen=True)
class _Groups:
    """Rows put together that are alike: the group of each row (n,), and the rows of each group."""

    of_row: NDArray[np.int64]
    sizes: NDArray[np.int64]

    @classmethod
    def by(cls, keys: NDArray[np.uint64]) -> _Groups:
        _, of_row, sizes = np.unique(keys, return_inverse=True, return_counts=True)
        return cls(of_row, sizes)


def check_duplicates(view: TableView) -> Check:
    """Look for rows that are the same in every column in use, the target included."""
    groups = _Groups.by(mix(view.keys, view.target.codes.view(np.uint64)))
    n_rows = len(groups.of_row)
    n_copies = n_rows - len(groups.sizes)
    sampled = f" of the {n_rows:,} looked at" if view.is_sample else ""
    if not n_copies:
        return _no_copies(view, f"All {plural(n_rows, 'row')}{sampled} are different.")
    counts = f"{plural(n_copies, 'row')}{sampled} ({percent(n_copies / n_rows)})"
    natural = _are_by_chance(view, groups)
    if n_copies < MANY * n_rows or natural:
        why = "as columns with so few values must have" if natural else "too few to matter"
        title = f"{plural(n_copies, 'row')} {verb(n_copies, 'is', 'are')} the same as an earlier one"
        evidence = f"{counts} {verb(n_copies, 'repeats', 'repeat')} an earlier one in every column that is used, {why}."
        return Check("duplicate_rows", "passed", title, evidence)
    n_whole = n_rows - len(np.unique(view.row_keys))
    seen = percent(_seen_share(groups, view.question.test_size))
    only = f" ({n_whole:,} of them in the columns left out too)" if n_whole < n_copies else ""
    evidence = (
        f"{counts} repeat an earlier one in every column that is used{only}; with rows drawn at random, {seen} of the "
        "test rows would have a copy among the training rows, and the model would look better than it is; keep them "
        "only if each is a case of its own."
    )
    places = _places_of_largest(groups, groups.sizes)
    return Check(
        "duplicate_rows", "look", f"{plural(n_copies, 'row')} {verb(n_copies, 'is a copy', 'are copies')} of others",
        evidence, (), view.examples(view.places[places], [*view.features[:6], view.question.target]),
        Action("drop_duplicates") if n_whole else None,
    )  # fmt: skip


def _no_copies(view: TableView, evidence: str) -> Check:
    if view.report.options.duplicates == "leave_out":
        undo = Action("drop_duplicates", is_undo=True)
        return Check(
            "duplicate_rows", "fixed", "Copies of rows are left out", f"{evidence[:-1]}, as was chosen.", (), (), undo
        )
    return Check("duplicate_rows", "passed", "No row comes twice", evidence)


def check_contradictions(view: TableView) -> Check:
    """Look for rows that are the same in every feature and have different answers."""
    known = view.target.codes >= 0
    groups = _Groups.by(view.keys[known])
    wrong = _unavoidable(view, groups, known)
    target = quoted(view.question.target)
    differing = _differing(groups, view.target.codes[known])
    n_rows = int(groups.sizes[differing].sum())
    if not n_rows:
        return Check(
            "contradictions", "passed", "No two rows contradict each other",
            f"Rows that are the same in every feature have the same {target}.",
        )  # fmt: skip
    counts = f"{plural(n_rows, 'row')} ({percent(n_rows / max(1, len(groups.of_row)))})"
    if view.question.is_classification:
        limit = f"no model can be right in more than {percent(1 - wrong)} of the rows"
    else:
        limit = f"no model can explain more than {percent(1 - wrong)} of the differences"
    if wrong < UNAVOIDABLE:
        return Check(
            "contradictions", "passed", "Hardly any rows contradict each other",
            f"{counts} are the same as another in every feature but have another {target}: {limit}.",
        )  # fmt: skip
    places = np.flatnonzero(known)[_places_of_largest(groups, np.where(differing, groups.sizes, 0))]
    return Check(
        "contradictions", "look", f"{plural(n_rows, 'row')} are alike but have different answers",
        f"{counts} are the same as another in every feature but have another {target}, so {limit}.",
        (), view.examples(view.places[places], [view.question.target, *view.features[:6]]),
    )  # fmt: skip


def _seen_share(groups: _Groups, test_size: float) -> float:
    """Return the share of test rows, drawn at random, with a copy among the training rows."""
    sizes = groups.sizes.astype(np.float64)
    return float((sizes * (1 - test_size ** (sizes - 1))).sum() / sizes.sum())


def _are_by_chance(view: TableView, groups: _Groups) -> bool:
    """Tell whether columns that know nothing of each other would have about as many pairs of alike rows."""
    sizes = groups.sizes.astype(np.float64)
    found = float((sizes * (sizes - 1)).sum())
    share = 1.0
    for name in (*view.features, view.question.target):
        column = view.sample[name]
        n = float(len(column.codes))
        counts = np.append(column.counts, n - column.n_present)
        share *= float((counts * (counts - 1)).sum()) / max(1.0, n * (n - 1))
    n_rows = float(len(groups.of_row))
    return share * n_rows * (n_rows - 1) >= BY_CHANCE * found


def _differing(groups: _Groups, codes: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return for each group whether its rows have different answers."""
    low = np.full(len(groups.sizes), np.iinfo(np.int64).max)
    high = np.full(len(groups.sizes), -1)
    np.minimum.at(low, groups.of_row, codes)
    np.maximum.at(high, groups.of_row, codes)
    return low < high


def _unavoidable(view: TableView, groups: _Groups, known: NDArray[np.bool_]) -> float:
    """Return the share of wrong answers, or of the variance, that is left when every group gets its best answer."""
    if not len(groups.of_row):
        return 0.0
    if not view.question.is_classification:
        y = view.target.numbers[known]
        y = np.nan_to_num(y - np.nanmean(y)) if (~np.isnan(y)).any() else np.zeros(len(y))
        means = np.bincount(groups.of_row, weights=y) / groups.sizes
        return float(((y - means[groups.of_row]) ** 2).sum() / max(1e-300, (y**2).sum()))
    n_levels = max(1, view.target.n_levels)
    pairs, counts = np.unique(groups.of_row * n_levels + view.target.codes[known], return_counts=True)
    best = np.zeros(len(groups.sizes), dtype=np.int64)
    np.maximum.at(best, pairs // n_levels, counts)
    return 1 - float(best.sum() / len(groups.of_row))


def _places_of_largest(groups: _Groups, sizes: NDArray[np.int64]) -> NDArray[np.intp]:
    """Return the first rows of the largest group."""
    return np.flatnonzero(groups.of_row == int(sizes.argmax()))[:MOST_SHOWN]
