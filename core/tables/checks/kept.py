"""Words for nothing that may be values of their own: NA for Namibia, none as a class."""

from __future__ import annotations

import re

from core.tables.cell import KeptText, is_missing_text
from core.tables.checks.check import Action, Check
from core.tables.checks.view import TableView
from core.tables.options import UNCHOSEN
from core.tables.report import ColumnProfile
from core.tables.understand.phrases import joined, listed, plural, quoted, verb

FEWEST_CODES = 5  # other than the word, before it can be one of them
MOST_LEVELS = 20
MOST_SHOWN = 4

_CODE = re.compile(r"[A-Z]{2}")


def check_kept_words(view: TableView) -> Check:
    """Look for words for nothing among the values of the features, where they are likely one of them."""
    found = {name: words for name in view.features if (words := _likely(view, name))}
    if found:
        return _look(view, found)
    kept = {name: words for name in (*view.features, view.question.target) if (words := _kept(view, name))}
    if kept:
        return _fixed(view, kept)
    evidence = "No word such as NA or none counts as missing where it looks like one of the values."
    return Check("kept_words", "passed", "No value is taken for a missing one", evidence)


def words_for_nothing(profile: ColumnProfile) -> tuple[str, ...]:
    """Return the words for nothing, as spelled, in cells that count as missing for them."""
    return tuple(word for word in profile.missing_words if word and is_missing_text(word))


def _likely(view: TableView, name: str) -> tuple[str, ...]:
    """Return the words that look like the other texts of a column: NA among codes of two letters, none among levels."""
    profile, levels = view.profiles[name], view.sample[name].levels
    if profile.kind != "text" or name in view.question.dates or profile.looks_like_date:
        return ()
    texts = [level for level in levels if isinstance(level, str)]
    are_codes = len(texts) >= FEWEST_CODES and all(map(_CODE.fullmatch, texts))
    are_few = 2 <= profile.n_distinct <= MOST_LEVELS
    return tuple(
        word
        for word in words_for_nothing(profile)
        if (are_codes and _CODE.fullmatch(word)) or (are_few and word.lower() == "none")
    )


def _look(view: TableView, found: dict[str, tuple[str, ...]]) -> Check:
    names = tuple(found)
    parts = [
        f"{listed(words)} in {plural(sum(view.profiles[name].missing_words[word] for word in words), 'row')} of "
        f"{quoted(name)}"
        for name, words in found.items()
    ]
    several = sum(map(len, found.values())) > 1
    shown = joined(parts[:MOST_SHOWN], len(parts) - MOST_SHOWN)
    return Check(
        "kept_words", "look",
        f"A value of {listed(names)} may count as missing",
        f"{shown} {verb(1 + several, 'looks', 'look')} like the other values there, as NA for Namibia does: a model "
        f"cannot tell {verb(1 + several, 'it', 'them')} from an empty cell until kept as a value.",
        names, (), Action("keep_words", names, found),
    )  # fmt: skip


def _kept(view: TableView, name: str) -> tuple[str, ...]:
    """Return the words among the values of a column that were chosen to be there, as spelled where that was seen."""
    column = view.target if name == view.question.target else view.sample[name]
    spelled = tuple(str(level) for level in column.levels if isinstance(level, KeptText))
    return spelled or view.report.options.columns.get(name, UNCHOSEN).kept_words


def _fixed(view: TableView, kept: dict[str, tuple[str, ...]]) -> Check:
    chosen = view.report.options.columns
    own = {name: chosen[name].kept_words for name in kept if name in chosen and chosen[name].kept_words}
    shown = joined([f"{listed(words)} in {quoted(name)}" for name, words in kept.items()][:MOST_SHOWN])
    return Check(
        "kept_words", "fixed", f"Some cells of {listed(list(kept))} are kept as values",
        f"As was chosen, these do not count as missing: {shown}.",
        tuple(kept), (), Action("keep_words", tuple(own), own, is_undo=True) if own else None,
    )  # fmt: skip
