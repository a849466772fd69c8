"""What the two studies say, in sentences, from their stored answers. Imports neither torch nor scikit-learn."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.insight.words import number
from core.tables.understand.phrases import percent, quoted

Answer = Mapping[str, Any]

ONE_SEED = "Each point is one training: another seed would move it a little, beyond what the intervals show."
_TRENDS = {
    "still helps": "More rows will likely still help: the last quarter of them did.",
    "levels off": "From three quarters to all of them it hardly changed: more rows of this kind will not help much.",
    "cannot tell": "What the last quarter of the rows brought is too uncertain to tell whether more would help.",
    "does not help": "With three quarters of them it was even better: more rows of this kind are not what it lacks.",
}


def more_data_words(answer: Answer) -> str:
    """Say what half the rows reached, and whether more rows will help."""
    half, full = (_estimate(answer["points"][place]) for place in (0, -1))
    if half is None or full is None:
        return "Some errors are no finite numbers, so there is no curve to read."
    return f"{_half(answer, half, full)}. {_TRENDS[answer['trend']]}"


def last_quarter_words(answer: Answer) -> str:
    """Say what the last quarter of the rows brought, with its interval: what the verdict rests on."""
    found = answer["from_three_quarters"]
    if found["estimate"] is None or found["low"] is None:
        return str(found["reason"] or "")
    bounds = [_change(answer, found[name]) for name in ("estimate", "low", "high")]
    return (
        f"The last quarter of the rows changed the error by {bounds[0]} (between {bounds[2]} and {bounds[1]}, "
        f"on the same {answer['n_test']:,} test rows)."
    )


def splits_words(answer: Answer) -> str:
    """Say what the error is at random and on the latest rows, and by how much the random one flatters."""
    at_random, latest = answer["at_random"]["error"]["estimate"], answer["latest"]["error"]["estimate"]
    if at_random is None or latest is None:
        return "Some errors are no finite numbers, so the two cannot be compared."
    begins = answer["latest"]["begins"]
    since = f" (from {begins} on)" if begins else ""
    if _is_of_classes(answer):
        both = f"Kept aside at random {percent(at_random)} of the rows are wrong; of the latest rows{since} "
        both += percent(latest)
    else:
        both = f"Kept aside at random the error is {number(at_random)}; on the latest rows{since} {number(latest)}"
    return f"{both}: {_flattery(answer)}"


def difference_words(answer: Answer) -> str:
    """Say how sure the difference is, and what guessing reaches on either side."""
    if answer["low"] is None or answer["high"] is None:
        return ""
    low, high = (_signed(answer, answer[name]) for name in ("low", "high"))
    guesses = [answer[side]["guess"] for side in ("at_random", "latest")]
    said = f"The latest rows add {_signed(answer, answer['difference'])} to the error (between {low} and {high})."
    if None in guesses:
        return said
    at_random, latest = (percent(guess) if _is_of_classes(answer) else number(guess) for guess in guesses)
    return f"{said} Guessing would be at {at_random} and {latest}: the latest rows may be harder, or easier, as such."


def split_advice(answer: Answer) -> str:
    """Say what follows for a model that will predict the future."""
    column = quoted(answer["column"])
    if answer["outcome"] != "flatters":
        return ""
    if answer["latest"]["is_own"]:
        return f"This model was tested by {column}, so its figures are the sober ones."
    return f"If it is to predict what comes next, train with {column} as the time order, and believe that figure."


def _half(answer: Answer, half: float, full: float) -> str:
    n_rows = answer["points"][0]["n_rows"]
    with_half = f"With half the training rows ({n_rows:,})"
    if _is_of_classes(answer):
        return f"{with_half} {percent(half)} of the test rows were wrong, with all of them {percent(full)}"
    if full == 0:
        return f"{with_half} the error was {number(half)}, with all of them 0"
    change = half / full - 1
    beside = f"(off by {number(half)} rather than {number(full)})"
    if abs(change) < 0.005:
        return f"{with_half} the error was the same {beside}"
    return f"{with_half} the error was {100 * abs(change):.0f} % {'higher' if change > 0 else 'lower'} {beside}"


def _flattery(answer: Answer) -> str:
    share = answer["flattery"]
    if answer["outcome"] == "too close to call" or share is None:
        return "too close to call, so a random test does not noticeably flatter here."
    if answer["outcome"] == "flatters":
        return f"a random test flatters by {100 * share:.0f} %."
    return f"a random test does not flatter; the latest rows are easier, by {100 * -share:.0f} %."


def _change(answer: Answer, without: float) -> str:
    """Return what the rows brought, from the error without them minus that with them."""
    return _signed(answer, -without)


def _signed(answer: Answer, value: float) -> str:
    if value == 0:
        return "nothing"
    sign = "+" if value > 0 else "−"
    return f"{sign}{100 * abs(value):.1f} points" if _is_of_classes(answer) else f"{sign}{number(abs(value))}"


def _estimate(point: Mapping[str, Any]) -> float | None:
    found: float | None = point["error"]["estimate"]
    return found


def _is_of_classes(answer: Answer) -> bool:
    return bool(answer["task"] == "classification")
