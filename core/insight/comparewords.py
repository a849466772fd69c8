"""What comparing runs says, in sentences. Runs are named A, B and C; imports neither torch nor scikit-learn."""

from __future__ import annotations

from collections.abc import Sequence

from core.insight.compare import FEWEST_COMMON, Comparison, Contender, Pair
from core.insight.disagree import Disagreement
from core.insight.figures.bootstrap import PairedDifference
from core.insight.words import number
from core.tables.understand.phrases import joined, percent, plural, quoted

LETTERS = ("A", "B", "C")
FAIR = "A fair comparison needs the same table, seed, test share and time column."
FIGURES: dict[str, tuple[str, str]] = {
    "accuracy": ("Accuracy (share right)", "more"),
    "balanced_accuracy": ("Balanced accuracy (each class counts alike)", "more"),
    "f1": ("F1", "more"),
    "roc_auc": ("ROC AUC", "more"),
    "average_precision": ("Average precision", "more"),
    "log_loss": ("Log-loss of the probabilities", "less"),
    "brier": ("Brier score of the probabilities", "less"),
    "ece": ("Calibration error", "less"),
    "mae": ("Mean absolute error", "less"),
    "rmse": ("RMSE (large errors count more)", "less"),
    "median_absolute_error": ("Median absolute error", "less"),
    "r2": ("R² (share of the variation explained)", "more"),
    "mape": ("Mean error in percent of the truth", "less"),
}
SHARES = ("accuracy", "balanced_accuracy", "mape")


def verdict(pair: Pair, contenders: Sequence[Contender]) -> str:
    """Say which of two runs is better, by how much and how sure that is, or why that cannot be said."""
    first, second = LETTERS[pair.first], LETTERS[pair.second]
    if pair.obstacle or pair.main is None:
        return _obstacle(pair, contenders)
    main, rows = pair.main, f"{pair.n_common:,} common test rows"
    if pair.n_disagree == 0:
        return f"{first} and {second} predict the same on each of the {rows}: there is no difference to call."
    classes = contenders[pair.first].task == "classification"
    if main.verdict == "too close to call":
        return f"{first} and {second} are too close to call on the {rows}{_leaning(main, first, second, classes)}."
    better, worse = (first, second) if main.verdict == "better" else (second, first)
    return f"{better} is better than {worse} on the {rows}{_gain(main, classes)}."


def second_verdict(pair: Pair, contenders: Sequence[Contender]) -> str:
    """Say what the probabilities, or the large errors, add to the verdict; empty where they add nothing."""
    found = pair.second_look
    if found is None or pair.main is None or pair.n_disagree == 0:
        return ""
    first, second = LETTERS[pair.first], LETTERS[pair.second]
    what = "Probabilities (Brier score)"
    if contenders[pair.first].task == "regression":
        what = "Where large errors count more (RMSE)"
    if found.verdict == "too close to call":
        return f"{what}: too close to call."
    better = first if found.verdict == "better" else second
    if found.estimate is None or found.low is None or found.high is None:
        return f"{what}: {better} is better."
    low, high = sorted((abs(found.low), abs(found.high)))
    return f"{what}: {better} is better by {number(abs(found.estimate))} (between {number(low)} and {number(high)})."


def rows_words(comparison: Comparison, contenders: Sequence[Contender]) -> str:
    """Say where the runs were tested on different rows, how many are common, and what follows; empty where not."""
    is_known = all(contender.rows is not None for contender in contenders)
    is_alike = len({(contender.task, contender.target) for contender in contenders}) == 1
    if comparison.has_same_rows or not is_known or not is_alike:
        return ""
    if len({contender.dataset_id for contender in contenders}) > 1:
        return f"These runs are of different tables, so no row is common. {FAIR}"
    counts = joined([f"{contender.n_test:,}" for contender in contenders])
    what = "no verdict is given" if comparison.n_common < FEWEST_COMMON else "verdicts are on common rows only"
    return (
        f"These runs were tested on different rows: {counts}, of which {plural(comparison.n_common, 'row')} "
        f"can be compared, so {what}. Figures on each run's own rows are not comparable. {FAIR}"
    )


def disagreement_words(found: Disagreement, classes: bool) -> str:
    """Say on how many rows the runs disagree."""
    if not found.n_common:
        return "There is no common test row to disagree on."
    if not found.n_rows:
        return f"They agree on each of the {found.n_common:,} common test rows."
    if classes:
        share = percent(found.n_rows / found.n_common)
        return f"They disagree on {found.n_rows:,} of {found.n_common:,} common test rows ({share}), the surest first."
    apart = f"Their predictions for the {found.n_common:,} common test rows are typically {number(found.typical)} apart"
    return f"{apart} (median), at most {number(found.largest)}. The largest differences come first."


def level_words(comparison: Comparison) -> str:
    """Say how sure the intervals are."""
    if len(comparison.pairs) < 2:
        return "Intervals of 95 %, from drawing the common test rows again 1,000 times or more (paired bootstrap)."
    return (
        f"Intervals of {100 * comparison.level:.1f} % each, so that all {len(comparison.pairs)} verdicts hold together "
        "with 95 %, from drawing the common test rows again (paired bootstrap)."
    )


def _obstacle(pair: Pair, contenders: Sequence[Contender]) -> str:
    first, second = LETTERS[pair.first], LETTERS[pair.second]
    both = f"{first} and {second}"
    one, other = contenders[pair.first], contenders[pair.second]
    if pair.obstacle == "not evaluated":
        lacking = [
            letter for letter, contender in ((first, one), (second, other)) if contender.rows is None
        ]  # fmt: skip
        return f"{both}: no verdict, for {joined(lacking)} {'has' if len(lacking) == 1 else 'have'} no evaluation."
    if pair.obstacle == "different targets":
        if one.target != other.target:
            different = f"{first} predicts {quoted(one.target)} and {second} {quoted(other.target)}"
        else:
            different = f"one predicts {quoted(one.target)} as categories, the other as a number"
        return f"{both}: {different}. Only their settings can be compared."
    if pair.obstacle == "different tables":
        return f"{both} are of different tables, so their test rows cannot be matched. {FAIR}"
    rows = "no test row is" if not pair.n_common else f"only {plural(pair.n_common, 'test row')} {_are(pair.n_common)}"
    return f"{both}: {rows} common, and a verdict takes {FEWEST_COMMON} at least. {FAIR}"


def _are(n: int) -> str:
    return "is" if n == 1 else "are"


def _gain(found: PairedDifference, classes: bool) -> str:
    if found.estimate is None or found.low is None or found.high is None:
        return f": {found.reason[:1].lower()}{found.reason[1:].rstrip('.')}" if found.reason else ""
    low, high = sorted((abs(found.low), abs(found.high)))
    if classes:
        return f": right for {100 * abs(found.estimate):.1f} points more (between {100 * low:.1f} and {100 * high:.1f})"
    return f": off by {number(abs(found.estimate))} less on average (between {number(low)} and {number(high)})"


def _leaning(found: PairedDifference, first: str, second: str, classes: bool) -> str:
    if found.estimate is None or found.low is None or found.high is None:
        return f": {found.reason[:1].lower()}{found.reason[1:].rstrip('.')}" if found.reason else ""
    if found.reason:
        return f": {found.reason[:1].lower()}{found.reason[1:].rstrip('.')}"
    ends = [_side(value, first, second, classes) for value in (found.low, found.high)]
    middle = "no difference" if found.estimate == 0 else _side(found.estimate, first, second, classes)
    return f": {middle}, and anything from {ends[0]} to {ends[1]} is possible"


def _side(difference: float, first: str, second: str, classes: bool) -> str:
    if difference == 0:
        return "no difference"
    size = f"{100 * abs(difference):.1f} points" if classes else number(abs(difference))
    return f"{first if difference < 0 else second} better by {size}"
