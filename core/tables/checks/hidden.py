"""Cells that do not say what they seem to: words and numbers for nothing, and dates that are none."""

from __future__ import annotations

from core.tables.checks.check import Action, Check
from core.tables.checks.view import TableView
from core.tables.understand.dates import unreadable_share
from core.tables.understand.missing import is_nothing_word
from core.tables.understand.phrases import capital, joined, listed, percent, plural, quoted, verb
from core.tables.understand.suggestion import Suggestion, of_kind

MOST_SHOWN = 4
UNREADABLE = 0.1  # of the different cells of a date


def check_hidden_missing(view: TableView) -> Check:
    """Look for cells that stand for nothing in the features and in the target."""
    found = [one for one in of_kind(view.suggestions, "hidden_missing", "number_words") if _counts(view, one)]
    words = {one.column: tuple(map(str, one.details["words"])) for one in found}
    parts = [_in_rows(one) for one in found]
    if in_target := _nothing_in_target(view):
        words[view.question.target] = in_target
        parts.append(f"{listed(in_target)} among the categories of {quoted(view.question.target)}")
    if not words and (chosen := _chosen_words(view)):
        shown = joined([f"{listed(those, 2)} in {quoted(name)}" for name, those in chosen.items()][:MOST_SHOWN])
        return Check(
            "hidden_missing", "fixed", f"Some cells of {listed(list(chosen))} are read as missing",
            f"As was chosen, these stand for a missing value: {shown}.",
            tuple(chosen), (), Action("missing_words", tuple(chosen), chosen, is_undo=True),
        )  # fmt: skip
    if not words:
        evidence = "No word and no number far from the others comes often enough to be one."
        return Check("hidden_missing", "passed", "Nothing seems to stand for a missing value", evidence)
    names = tuple(words)
    shown = found[0].evidence.rstrip(".") if parts == [_in_rows(one) for one in found[:1]] else ""
    evidence = shown or capital(joined(parts[:MOST_SHOWN], len(parts) - MOST_SHOWN))
    return Check(
        "hidden_missing", "look",
        f"{listed(names)} {verb(len(names), 'seems', 'seem')} to have missing values in disguise",
        f"{evidence}; left as they are, they would be learned as if they were real.",
        names, (), Action("missing_words", names, words),
    )  # fmt: skip


def check_marked_dates(view: TableView) -> Check:
    """Look for columns that are marked as dates and cannot be read as such."""
    marked = [name for name in view.features if name in view.question.dates]
    shares = {name: unreadable_share(view.sample[name].levels) for name in marked}
    bad = tuple(name for name in marked if shares[name] > UNREADABLE and view.profiles[name].kind != "date")
    if not bad and (either := _either_way_round(view, marked)):
        return Check(
            "unreadable_dates", "look",
            f"Day and month of {listed(either)} could be either way round",
            "No date shows which of the two comes first: if the app has them the wrong way round, 1 February becomes "
            "2 January; choose the order under how the file was read.",
            either,
        )  # fmt: skip
    if not bad:
        used = f"{listed(marked)} {verb(len(marked), 'is', 'are')}" if marked else "No column is"
        return Check("unreadable_dates", "passed", "Every date can be read in one way", f"{used} used as dates.")
    parts = [f"{percent(shares[name])} of the different cells of {quoted(name)}" for name in bad[:MOST_SHOWN]]
    return Check(
        "unreadable_dates", "look", f"{listed(bad)} cannot be read as {verb(len(bad), 'a date', 'dates')}",
        f"No date was found in {joined(parts, len(bad) - MOST_SHOWN)}: those rows would have no date at all.",
        bad, (), Action("as_date", bad, is_undo=True),
    )  # fmt: skip


def _chosen_words(view: TableView) -> dict[str, tuple[str, ...]]:
    """Return the cells that were chosen to be missing, by the column in use."""
    chosen = view.report.options.columns
    used = [*view.features, view.question.target]
    return {name: chosen[name].missing_words for name in used if name in chosen and chosen[name].missing_words}


def _either_way_round(view: TableView, marked: list[str]) -> tuple[str, ...]:
    """Return the dates in use whose cells fit both orders of day and month."""
    return tuple(one.column for one in view.noticed("date") if one.column in marked and one.details["ambiguous"])


def _counts(view: TableView, one: Suggestion) -> bool:
    """Tell whether the cells are in a column in use; those of a target of categories are looked at by themselves."""
    in_target = one.column == view.question.target and not view.question.is_classification
    return one.is_firm and (one.column in view.features or in_target)


def _in_rows(one: Suggestion) -> str:
    """Say how often the words of one column come."""
    rows = sum(int(count) for count in one.details["counts"])
    return f"{listed([str(word) for word in one.details['words']], 2)} in {plural(rows, 'row')} of {quoted(one.column)}"


def _nothing_in_target(view: TableView) -> tuple[str, ...]:
    """Return the words for nothing among the categories of the target."""
    if not view.question.is_classification:
        return ()
    return tuple(level for level in view.target.levels if isinstance(level, str) and is_nothing_word(level))
