"""Does a column know the answer? By its values, or already by whether it holds one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from core.tables.checks.check import Action, Check
from core.tables.checks.scores import Answers, score_column
from core.tables.checks.view import TableView
from core.tables.understand.phrases import joined, listed, percent, plural, quoted, verb
from core.tables.understand.sample import SampledColumn, level_text
from core.tables.understand.twins import same_levels

CERTAIN = 0.995  # an area under the curve, or a share of the variance
SUSPICIOUS = {True: 0.95, False: 0.97}  # by classification: only then is the distance to the others looked at
APART = 3.0  # times the error of the column, before the next one stands behind
APART_TOGETHER = 10.0  # the same for several good columns, of which an easy question has some too
MIN_PRESENCE_ROWS = 20
PURE = 0.99
BY_CHANCE = 1e-6
PRESENCE_SCORE = {True: 0.9, False: 0.5}


def check_leaks(view: TableView) -> Check:
    """Look for columns that know the answer alone."""
    answers = Answers.of(view.sample_target, view.question.is_classification)
    what = "AUC" if answers.is_classification else "R²"
    target = quoted(view.question.target)
    if not answers.are_usable or not view.features:
        return Check(
            "leak", "passed", "No column was asked whether it knows the answer", "The target tells no rows apart."
        )
    scores = {name: score_column(view.sample[name], answers) for name in view.features}
    copies = [name for name in view.features if _is_copy(view.sample[name], view.sample_target)]
    found = list(dict.fromkeys([*copies, *stand_out(scores, answers.is_classification)]))
    best, score = max(scores.items(), key=lambda item: item[1])
    if not found:
        return Check(
            "leak", "passed", f"No column alone knows {target}",
            f"The best single column is {quoted(best)} ({what} {_shown(score)}); none stands far above the others.",
        )  # fmt: skip
    parts = [
        f"{quoted(name)} says the same as the target"
        if name in copies
        else f"{quoted(name)} alone: {what} {_shown(scores[name])}"
        for name in found
    ]
    rest = [score for name, score in scores.items() if name not in found]
    other = f", the next best column {_shown(max(rest))}" if rest else ""
    return Check(
        "leak", "look", f"{listed(found)} {verb(len(found), 'knows', 'know')} the answer alone",
        f"{joined(parts)}{other}; if it is known only after the outcome, the model would look better than it is.",
        tuple(found), view.examples(view.sample_places[answers.rows[:3]], [*found, view.question.target]),
        Action("leave_out", tuple(found)),
    )  # fmt: skip


def stand_out(scores: Mapping[str, float], is_classification: bool) -> list[str]:
    """Return the columns that are as good as certain, or good and far better than the next one."""
    ranked = sorted(scores.items(), key=lambda item: -item[1])
    n_found = 0
    for place, (_, score) in enumerate(ranked, start=1):
        if score < SUSPICIOUS[is_classification]:
            break
        next_score = ranked[place][1] if place < len(ranked) else 0.5 if is_classification else 0.0
        apart = APART if place == n_found + 1 else APART_TOGETHER
        if score >= CERTAIN or (1 - next_score) >= apart * (1 - score):
            n_found = place
    return [name for name, _ in ranked[:n_found]]


def check_presence(view: TableView) -> Check:
    """Look for columns whose being filled in depends on the answer."""
    answers = Answers.of(view.sample_target, view.question.is_classification)
    target = quoted(view.question.target)
    found = [one for name in view.features if (one := _presence(view.sample[name], view.sample_target, answers))]
    if not found:
        return Check(
            "presence_leak", "passed", "No column is filled in because of the answer",
            f"Whether a cell is empty tells little about {target} in every column.",
        )  # fmt: skip
    names = tuple(one.column for one in found)
    be = verb(len(names), "is", "are")
    return Check(
        "presence_leak", "look", f"Whether {listed(names)} {be} filled in gives the answer away",
        f"{joined([one.words for one in found[:3]], len(found) - 3)}; if it is filled in after the outcome, the model "
        "would look better than it is.",
        names, (), Action("leave_out", names),
    )  # fmt: skip


@dataclass(frozen=True)
class _Presence:
    column: str
    words: str


def _presence(column: SampledColumn, target: SampledColumn, answers: Answers) -> _Presence | None:
    """Return what being filled in says about the target, if that is much."""
    filled = column.codes[answers.rows] >= 0
    if min(filled.sum(), (~filled).sum()) < MIN_PRESENCE_ROWS or not answers.are_usable:
        return None
    name = quoted(column.name)
    if not answers.is_classification:
        groups = (answers.values[filled], answers.values[~filled])
        explained = sum(len(y) * float(y.mean()) ** 2 for y in groups) / float((answers.values**2).sum())
        if explained < PRESENCE_SCORE[False]:
            return None
        return _Presence(column.name, f"{name} filled in or not explains {percent(explained)} of the differences (R²)")
    codes = target.codes[answers.rows]
    shares = target.counts / target.counts.sum()
    for rows, words in ((filled, "is filled in"), (~filled, "is empty")):
        level = int(np.bincount(codes[rows]).argmax())
        purity, usual = float((codes[rows] == level).mean()), float(shares[level])
        others = float((codes[~rows] == level).mean())
        is_pure = purity >= PURE and usual ** int(rows.sum()) < BY_CHANCE
        tells_both = purity - others >= PRESENCE_SCORE[True]
        if is_pure or tells_both:
            return _Presence(
                column.name,
                f"where {name} {words} ({plural(int(rows.sum()), 'row')}), the answer is "
                f"{quoted(level_text(target.levels[level]))} in {percent(purity)}, elsewhere in {percent(others)}",
            )
    return None


def _is_copy(column: SampledColumn, target: SampledColumn) -> bool:
    """Tell whether each level goes with one of the target's, over more rows than chance would allow."""
    return (
        column.n_levels > 1 and column.n_present - column.n_levels >= MIN_PRESENCE_ROWS and same_levels(column, target)
    )


def _shown(score: float) -> str:
    return f"{max(0.0, score):.3f}"
