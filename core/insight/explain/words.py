"""Importance and attributions in words, and as the bars of a waterfall; imports neither torch nor scikit-learn."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from core.insight.explain.results import Attribution, ColumnImportance, Contribution, Importance
from core.tables.understand.phrases import joined, number, plural

MOST_NAMED = 5
SMALLEST_POINTS = 0.05  # of a hundred


@dataclass(frozen=True)
class Bar:
    """One bar of a waterfall, from `start` to `end`; `total` bars begin at 0."""

    label: str
    start: float
    end: float
    kind: Literal["total", "up", "down"]


def most_important(importance: Importance, most: int = 3) -> str:
    """Return the sentences on the columns that clearly matter, and on what the first of them is worth."""
    clear = [entry for entry in importance.columns if entry.is_clear and (entry.mean or 0) > 0]
    if not clear:
        return "On these rows no single column clearly matters: the model does about as well without any one of them."
    names, do = joined([entry.column for entry in clear[:most]]), "matters" if len(clear) == 1 else "matter"
    return f"{names} {do} most. {_worth(importance, clear[0])}"


def lead(attribution: Attribution) -> str:
    """Return the sentence on the prediction and on what it is compared with."""
    output, base = (_amount(attribution, value) for value in (attribution.output, attribution.base))
    if attribution.outcome is None:
        return f"The model predicts {output} for this row. Its average prediction is {base}."
    return f"The model gives {attribution.outcome} a probability of {output}. On average it gives {base}."


def reasons(attribution: Attribution, most: int = MOST_NAMED) -> list[str]:
    """Return a sentence for each of the strongest columns, and one for all others together."""
    named, rest = attribution.contributions[:most], attribution.contributions[most:]
    whole = "the prediction" if attribution.outcome is None else f"the probability of {attribution.outcome}"
    subjects = [f"{part.column} = {part.value}" for part in named]
    sentences = [
        f"{subject} {_does(attribution, part.effect, whole if at == 0 else 'it', is_one=True)}."
        for at, (subject, part) in enumerate(zip(subjects, named, strict=True))
    ]
    if rest:
        effect = math.fsum(part.effect for part in rest)
        others = _others(rest)
        sentences.append(f"{others} {_does(attribution, effect, 'it', is_one=len(rest) == 1)}.")
    return sentences


def sentence(attribution: Attribution, most: int = MOST_NAMED) -> str:
    """Return all reasons as one sentence."""
    parts = [part.removesuffix(".") for part in reasons(attribution, most)]
    parts[most:] = [part.replace("The", "the", 1) for part in parts[most:]]
    return f"{'; '.join(parts)}." if parts else ""


def waterfall(
    attribution: Attribution, most: int = MOST_NAMED, scale: Literal["effect", "log_odds"] = "effect"
) -> tuple[Bar, ...]:
    """Return the bars from the average prediction over the strongest columns to that of the row.

    Each begins where the one before ends. On the scale `log_odds`, which only classes have, the columns are ordered
    by their effect there.
    """
    in_odds = scale == "log_odds" and attribution.base_log_odds is not None
    base = attribution.base_log_odds if in_odds else attribution.base
    output = attribution.output_log_odds if in_odds else attribution.output
    size = _log_odds if in_odds else _effect
    parts = sorted(attribution.contributions, key=lambda part: -abs(size(part)))
    steps = [(f"{part.column} = {part.value}", size(part)) for part in parts[:most]]
    if parts[most:]:
        steps.append((_others(parts[most:]), math.fsum(size(part) for part in parts[most:])))
    bars, at = [Bar("Average", 0.0, base or 0.0, "total")], base or 0.0
    for label, step in steps:
        bars.append(Bar(label, at, at + step, "up" if step >= 0 else "down"))
        at += step
    return (*bars, Bar("This row", 0.0, output or 0.0, "total"))


def _worth(importance: Importance, entry: ColumnImportance) -> str:
    shuffled = f"With {entry.column} shuffled among the rows,"
    if importance.measure == "RMSE":
        loss = importance.loss or 0.0
        worse = _figure(loss + (entry.mean or 0.0))
        return f"{shuffled} the typical error (RMSE) is {worse} rather than {_figure(loss)}."
    accuracy = importance.accuracy or 0.0
    right, fewer = (f"{100 * share:.1f} %" for share in (accuracy, accuracy - (entry.accuracy_drop or 0.0)))
    if right == fewer:
        return f"{shuffled} as many predictions are right, but their probabilities fit worse."
    return f"{shuffled} {fewer} of the predictions are right rather than {right}."


def _figure(value: float) -> str:
    """Write a number with four significant digits, and thousands separators where it is large."""
    return f"{value:,.0f}" if value == int(value) and abs(value) >= 10_000 else number(value)


def _effect(part: Contribution) -> float:
    return part.effect


def _log_odds(part: Contribution) -> float:
    return part.log_odds or 0.0


def _others(rest: tuple[Contribution, ...] | list[Contribution]) -> str:
    return "The other column" if len(rest) == 1 else f"The other {plural(len(rest), 'column')} together"


def _does(attribution: Attribution, effect: float, whole: str, *, is_one: bool) -> str:
    size = _size(attribution, effect)
    if not size:
        return f"{'hardly changes' if is_one else 'hardly change'} {whole}"
    up, down = ("raises", "lowers") if is_one else ("raise", "lower")
    return f"{up if effect > 0 else down} {whole} by {size}"


def _size(attribution: Attribution, effect: float) -> str:
    """Return an effect without its sign, nothing for one that is next to none."""
    if attribution.outcome is None:
        is_tiny = abs(effect) <= 1e-4 * abs(attribution.output - attribution.base) or effect == 0
        return "" if is_tiny else _figure(abs(effect))
    points = abs(100 * effect)
    if points < SMALLEST_POINTS:
        return ""
    shown = round(points) if points >= 9.5 else round(points, 1)
    return plural(shown, "point") if isinstance(shown, int) else f"{shown:g} {'point' if shown == 1 else 'points'}"


def _amount(attribution: Attribution, value: float) -> str:
    if attribution.outcome is None:
        return _figure(value)
    share = 100 * value
    if 0 < share < 1:
        return "under 1 %"
    return "over 99 %" if 99 < share < 100 else f"{share:.0f} %"
