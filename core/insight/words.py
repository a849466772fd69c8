"""What the evaluation of a model says, in sentences: how good, how much better, how sure, and where it fails.

Takes the stored document (`core.insight.evaluation`). Names and labels stay as they are: whoever shows a sentence
escapes it. Imports neither torch nor scikit-learn.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from core.tables.understand.phrases import percent, quoted

Document = Mapping[str, Any]

NEW_ROWS = "These are rows that the model has not seen."
ADVERSARIES = {"guess": "guessing", "linear": "the linear model", "boosting": "gradient-boosted trees"}


def number(value: float | None) -> str:
    """Write a number with four significant digits and thousands separators."""
    if value is None or not math.isfinite(value):
        return "–"
    if value == 0:
        return "0"
    digits = 3 - math.floor(math.log10(abs(value)))
    rounded = round(value, digits)
    if abs(rounded) >= 1e15 or abs(rounded) < 1e-4:
        return f"{rounded:.3e}"
    text = f"{rounded:,.{max(0, digits)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def is_of_classes(document: Document) -> bool:
    """Return whether the model predicts a class, rather than a number."""
    return bool(document["task"] == "classification")


def side_named(document: Document, name: str) -> Mapping[str, Any] | None:
    """Return one of the models on the test rows, None where it was not tried or has no figure."""
    found = (side for side in document["sides"] if side["name"] == name)
    side = next(found, None)
    return None if side is None or side["main"] is None or side["main"]["estimate"] is None else side


def headline(document: Document) -> str:
    """Say how good the model is, how sure that is, and what guessing reaches."""
    network, guess = side_named(document, "network"), side_named(document, "guess")
    if network is None:
        return _no_figure(document)
    classes = is_of_classes(document)
    own = _right(network["main"]) if classes else _off(network["main"])
    if guess is None:
        return f"{own}."
    if classes:
        return f"{own}; {_guessing(document)} is right for {percent(guess['main']['estimate'])}."
    return f"{own}; guessing the mean is off by {number(guess['main']['estimate'])}."


def verdicts(document: Document) -> list[str]:
    """Say of each simpler way whether the model is better, worse, or too close to call, and by how much."""
    found = (side_named(document, name) for name in ADVERSARIES)
    return [_verdict(document, side) for side in found if side is not None and side["difference"] is not None]


def verdict_word(side: Mapping[str, Any]) -> str:
    """Return what the network is beside a side: better, worse or too close to call; empty where not compared."""
    difference = side["difference"]
    return "" if difference is None else str(difference["verdict"])


def standing(document: Document) -> str:
    """Say in a few words how the model stands beside all simpler ways, as the title of their comparison."""
    groups: dict[str, list[str]] = {}
    for name, words in ADVERSARIES.items():
        side = side_named(document, name)
        if side is not None and side["difference"] is not None:
            groups.setdefault(verdict_word(side), []).append(words)
    parts = [f"{start} {_and(groups[word])}" for word, start in _STARTS.items() if word in groups]
    text = ", ".join(parts)
    return f"This network: {text}" if text else "This network on the test rows"


def calibration_words(document: Document) -> str:
    """Say how far the probabilities are from what comes true, before and after they were corrected."""
    if not is_of_classes(document):
        return ""
    after, before = document["figures"]["ece"], document["before"].get("ece")
    if after is None:
        return str(document["figures"]["undefined"].get("ece", ""))
    text = f"Its probabilities are {_points(after)} away from what comes true, on average"
    if document["calibration"] is None:
        return f"{text}. {NO_CALIBRATION}"
    return f"{text} ({_points(before)} before they were corrected)." if before is not None else f"{text}."


def coverage_words(document: Document, level: float | None) -> str:
    """Say how often the truth lay within what predictions promise at a level."""
    found = next((entry for entry in document["coverage"] if entry["level"] == level), None)
    if found is None or found["covered"] is None:
        return ""
    promised, reached = f"{100 * found['level']:.4g} %", percent(found["covered"])
    around = _between_shares(found["low"], found["high"])
    if not is_of_classes(document):
        return (
            f"Ranges that promise to hold the truth in {promised} of the cases held it for {reached} of the test "
            f"rows{around}. They reach {number(found['margin'])} to either side of the prediction."
        )
    labels = "" if found["labels"] is None else f", with {number(found['labels'])} labels on average"
    return (
        f"Lists of possible labels that promise the true one in {promised} of the cases held it for {reached} of the "
        f"test rows{around}{labels}."
    )


def errors_words(document: Document) -> str:
    """Say in which rows the errors are larger than elsewhere."""
    for spread in document["segments"]:
        if spread["n_standing_out"]:
            return segment_words(document, spread)
    if not document["segments"]:
        return ""
    return "No column tells where the errors are: none of its groups stands out from the other rows."


def segment_words(document: Document, spread: Mapping[str, Any]) -> str:
    """Say which group of a column is wrong most, beside all rows."""
    worse = [segment for segment in spread["segments"] if segment["stands_out"] == "worse"]
    better = [segment for segment in spread["segments"] if segment["stands_out"] == "better"]
    column = quoted(spread["column"])
    if worse:
        worst = max(worse, key=lambda segment: segment["mean_loss"])
        return f"Where {column} is {_group(worst)}, {_loss_words(document, worst)}."
    if better:
        best = min(better, key=lambda segment: segment["mean_loss"])
        return f"Errors are rarer or smaller where {column} is {_group(best)}: {_loss_words(document, best)}."
    return f"By {column}, no group stands out: the differences may be chance."


def overall_loss(document: Document) -> float | None:
    """Return what segments are compared with: the share wrong, or the mean absolute error."""
    network = side_named(document, "network")
    if network is None:
        return None
    estimate = float(network["main"]["estimate"])
    return 1 - estimate if is_of_classes(document) else estimate


NO_CALIBRATION = (
    "They could not be corrected, for want of rows that were held out. Set a validation share on the Train page, "
    "or give a blend more time, and train again."
)
_STARTS = {
    "better": "better than",
    "worse": "worse than",
    "too close to call": "too close to call against",
}


def _no_figure(document: Document) -> str:
    reasons = document["figures"].get("undefined", {})
    why = reasons.get("accuracy") or reasons.get("mae") or "there are no test rows that it could be scored on."
    return f"There is no figure for this model: {why[:1].lower()}{why[1:]}"


def _right(main: Mapping[str, Any]) -> str:
    return f"Right for {percent(main['estimate'])} of the test rows{_between_shares(main['low'], main['high'])}"


def _off(main: Mapping[str, Any]) -> str:
    text = f"On average the prediction is off by {number(main['estimate'])}"
    if main["low"] is None or main["high"] is None:
        return text
    return f"{text} (between {number(main['low'])} and {number(main['high'])})"


def _between_shares(low: float | None, high: float | None) -> str:
    if low is None or high is None:
        return ""
    return f" (between {100 * low:.1f} and {100 * high:.1f} %)"


def _guessing(document: Document) -> str:
    """Return what guessing always says, where the test rows tell which class that is."""
    guess = side_named(document, "guess")
    share = guess["main"]["estimate"] if guess else None
    names = [c["name"] for c in document["figures"]["classes"] if _is_same(c["n"] / max(1, document["n_test"]), share)]
    return f"always guessing {quoted(names[0])}" if len(names) == 1 else "always guessing the most frequent class"


def _is_same(share: float, other: float | None) -> bool:
    return other is not None and math.isclose(share, other, rel_tol=1e-9, abs_tol=1e-12)


def _verdict(document: Document, side: Mapping[str, Any]) -> str:
    difference, other = side["difference"], ADVERSARIES[side["name"]]
    estimate, low, high = (difference[name] for name in ("estimate", "low", "high"))
    if estimate is None:
        why = f" {difference['reason']}" if difference["reason"] else ""
        return f"{_STARTS[difference['verdict']].capitalize()} {other}.{why}"
    if difference["verdict"] == "too close to call":
        found = f"{_margin(document, estimate)}{_span(document, low, high)}"
        return f"Too close to call against {other} on these {difference['n']:,} rows: {found}."
    bounds = sorted((abs(low), abs(high)))
    between = f" (between {_size(document, bounds[0])} and {_amount(document, bounds[1])})"
    does = "Better" if difference["verdict"] == "better" else "Worse"
    return f"{does} than {other} by {_amount(document, abs(estimate))}{between}."


def _span(document: Document, low: float | None, high: float | None) -> str:
    """Return both ends of a difference, each with the side it speaks for."""
    if low is None or high is None:
        return ""
    return f", and anything from {_margin(document, low)} to {_margin(document, high)}"


def _margin(document: Document, difference: float) -> str:
    if difference == 0:
        return "no difference"
    return f"{_amount(document, abs(difference))} {'better' if difference < 0 else 'worse'}"


def _amount(document: Document, value: float) -> str:
    return f"{_size(document, value)} points" if is_of_classes(document) else _size(document, value)


def _size(document: Document, value: float) -> str:
    return f"{100 * value:.1f}" if is_of_classes(document) else number(value)


def _points(share: float) -> str:
    return f"{100 * share:.1f} points"


def _group(segment: Mapping[str, Any]) -> str:
    return quoted(segment["label"]) if segment["kind"] == "category" else str(segment["label"])


def _loss_words(document: Document, segment: Mapping[str, Any]) -> str:
    overall, n = overall_loss(document), f"{segment['n']:,} rows"
    if is_of_classes(document):
        beside = "" if overall is None else f", against {percent(overall)} of all test rows"
        return f"{percent(segment['mean_loss'])} of the {n} are wrong{beside}"
    beside = "" if overall is None else f", against {number(overall)} over all test rows"
    return f"the prediction is off by {number(segment['mean_loss'])} on average ({n}){beside}"


def _and(words: Sequence[str]) -> str:
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last
