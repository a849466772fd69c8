"""How the target is spread: values far from all others, a cut at the top, or one category that is nearly all."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from core.tables.checks.check import Check
from core.tables.checks.view import TableView
from core.tables.understand.phrases import number, percent, plural, quoted, verb
from core.tables.understand.sample import level_text

ID = "target_spread"
LOPSIDED = 0.9
SKEWED = 3.0
FAR_OUT = 10.0  # in units of the range that the middle half lies in
FEW_FAR = 0.005  # of the rows
PILED = 0.01  # of the rows, at the largest value
PILE = 5.0  # times the rows of the values next to it
MIN_VALUES = 20
MOST_EXAMPLES = 3

Floats = NDArray[np.float64]


def check_spread(view: TableView) -> Check:
    """Look whether a few rows, or one category, would rule what is learned."""
    return _check_balance(view) if view.question.is_classification else _check_number(view)


def _check_number(view: TableView) -> Check:
    name, target = quoted(view.question.target), view.target
    y = target.numbers[~np.isnan(target.numbers)]
    if target.n_levels - target.n_texts < MIN_VALUES:
        return Check(ID, "passed", f"{name} has no value far out", "It has too few different values to tell.")
    low, middle, high = (float(edge) for edge in np.quantile(y, (0.25, 0.5, 0.75)))
    usual = f"half of all rows are between {number(low)} and {number(high)}"
    return (
        _far_out(view, y, middle, high - low, usual)
        or _cut_off(view, y)
        or _uneven(view, y, middle)
        or Check(
            ID, "passed", f"{name} has no value far out",
            f"The values are from {number(float(y.min()))} to {number(float(y.max()))}, and {usual}.",
        )
    )  # fmt: skip


def _far_out(view: TableView, y: Floats, middle: float, reach: float, usual: str) -> Check | None:
    """Return that a few values are far from all the others."""
    distance = np.nan_to_num(np.abs(view.target.numbers - middle))
    far = np.flatnonzero(distance > FAR_OUT * reach)
    if reach <= 0 or not 0 < len(far) <= max(1, FEW_FAR * len(y)):
        return None
    worst = far[np.argsort(-distance[far])][:MOST_EXAMPLES]
    squares = (view.target.numbers[far] - y.mean()) ** 2
    weight = float(squares.sum() / ((y - y.mean()) ** 2).sum())
    evidence = (
        f"The farthest is {number(float(view.target.numbers[worst[0]]))}, while {usual}; as squared differences are "
        f"learned from, they make up {percent(weight)} of what counts: check that they are right."
    )
    title = f"{plural(len(far), 'value')} of {quoted(view.question.target)} {verb(len(far), 'is', 'are')} far out"
    examples = view.examples(view.places[worst], [view.question.target, *view.features])
    return Check(ID, "look", title, evidence, (view.question.target,), examples)


def _cut_off(view: TableView, y: Floats) -> Check | None:
    """Return that very many rows have exactly the largest value."""
    values, counts = np.unique(y, return_counts=True)
    if counts[-1] < PILED * len(y) or counts[-1] < PILE * counts[-6:-1].max():
        return None
    evidence = (
        f"{plural(int(counts[-1]), 'row')} ({percent(counts[-1] / len(y))}) have exactly the largest value: the model "
        "cannot learn what lies above it."
    )
    title = f"{quoted(view.question.target)} seems to be cut off at {number(float(values[-1]))}"
    return Check(ID, "look", title, evidence, (view.question.target,))


def _uneven(view: TableView, y: Floats, middle: float) -> Check | None:
    """Return that the values have a long tail."""
    skew = float(((y - y.mean()) ** 3).mean() / y.std() ** 3)
    if not abs(skew) > SKEWED:
        return None
    side, edge, last = ("below", "largest", y.max()) if skew > 0 else ("above", "smallest", y.min())
    evidence = (
        f"Half of the rows are {side} {number(middle)} and the {edge} is {number(float(last))} (skewness {skew:.1f}): "
        "the few extreme rows weigh most in what is learned."
    )
    title = f"{quoted(view.question.target)} is very uneven"
    return Check(ID, "look", title, evidence, (view.question.target,))


def _check_balance(view: TableView) -> Check:
    """Look whether one category is so frequent that always guessing it looks good."""
    name, target = quoted(view.question.target), view.target
    if target.n_levels < 2:
        return Check(ID, "passed", f"{name} is not lopsided", "There are no two categories to compare.")
    level = int(target.counts.argmax())
    usual, share = quoted(level_text(target.levels[level])), float(target.counts[level] / target.n_present)
    if share < LOPSIDED:
        evidence = f"The most frequent category, {usual}, is in {percent(share)} of the rows."
        return Check(ID, "passed", f"{name} is not lopsided", evidence)
    evidence = (
        "Always guessing that would be right as often, and useless: judge the model by how many of the other rows it "
        "finds, not by accuracy."
    )
    return Check(ID, "look", f"{percent(share)} of {name} is {usual}", evidence, (view.question.target,))
