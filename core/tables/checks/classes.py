"""Checks of the categories of a target: rare ones, and one that is written in several ways."""

from __future__ import annotations

import re
from collections import defaultdict

from core.tables.checks.check import Check
from core.tables.checks.view import TableView
from core.tables.understand.phrases import joined, plural, quoted, verb
from core.tables.understand.sample import level_text

FEW_ROWS = 10
FEW_TEST_ROWS = 2
MOST_SHOWN = 5

_NOT_SAID = re.compile(r"[\s_]+|(?<=\w)-(?=\w)|\.$")


def check_rare(view: TableView) -> Check:
    """Look for categories with too few rows to learn from, or to be tested on."""
    target, name = view.target, quoted(view.question.target)
    if not view.question.is_classification or not target.n_levels:
        return Check("rare_classes", "passed", "No category is rare", f"{name} is a number and has no categories.")
    fewest = max(FEW_ROWS, round(FEW_TEST_ROWS / view.question.test_size))
    rare = sorted(
        (int(n), level_text(level)) for level, n in zip(target.levels, target.counts, strict=True) if n < fewest
    )
    if not rare:
        return Check(
            "rare_classes", "passed", "No category is rare",
            f"The rarest of the {target.n_levels:,} has {plural(int(target.counts.min()), 'row')}.",
        )  # fmt: skip
    shown = joined([f"{quoted(text)} ({plural(n, 'row')})" for n, text in rare[:MOST_SHOWN]], len(rare) - MOST_SHOWN)
    title = f"{plural(len(rare), 'category', 'categories')} of {name} {verb(len(rare), 'is', 'are')} rare"
    return Check(
        "rare_classes", "look", title,
        f"{shown}: so few can hardly be learned, and hardly any of them are among the test rows, so nothing would be "
        "known about them; put them together or leave them out.", (view.question.target,),
    )  # fmt: skip


def check_spelling(view: TableView) -> Check:
    """Look for categories that differ only in capitals, blanks and punctuation."""
    name = quoted(view.question.target)
    ways: dict[str, list[int]] = defaultdict(list)
    if view.question.is_classification:
        for place, level in enumerate(view.target.levels):
            said = _NOT_SAID.sub("", level.casefold()) if isinstance(level, str) else ""
            if said:
                ways[said].append(place)
    several = [places for places in ways.values() if len(places) > 1]
    if not several:
        evidence = f"No two categories of {name} differ only in capitals, blanks or hyphens."
        return Check("class_spelling", "passed", "Every category is written in one way", evidence)
    parts = [joined([_counted(view, place) for place in places]) for places in several[:MOST_SHOWN]]
    n = plural(len(several), "category", "categories")
    title = f"{n} of {name} {verb(len(several), 'is', 'are')} written in several ways"
    evidence = f"{'; '.join(parts)} would be learned as different answers: write each in one way in the file."
    return Check("class_spelling", "look", title, evidence, (view.question.target,))


def _counted(view: TableView, place: int) -> str:
    return f"{quoted(level_text(view.target.levels[place]))} ({plural(int(view.target.counts[place]), 'row')})"
