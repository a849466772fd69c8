"""Checks of the target: what is missing, whether it can be learned, and whether there are rows enough."""

from __future__ import annotations

import numpy as np

from core.tables.checks.check import Action, Check
from core.tables.checks.kept import words_for_nothing
from core.tables.checks.view import TableView
from core.tables.understand.phrases import listed, percent, plural, quoted, verb
from core.tables.understand.sample import level_text

MANY_MISSING = 0.2
MOST_CLASSES = 50
ROWS_A_CLASS = 10
FEW_ROWS = 100
MOST_WORDS = 10
MOST_EXAMPLES = 3

_OR_KEEP = " If such a word is a category, keep it as a value."


def check_missing_target(view: TableView) -> Check:
    """Say how many rows have no answer."""
    profile = view.profiles[view.question.target]
    target, n_missing = quoted(profile.name), profile.n_missing
    if not n_missing:
        evidence = f"All {plural(view.n_rows, 'row')} can be used."
        return Check("target_missing", "passed", f"Every row has {target}", evidence)
    share = percent(n_missing / view.n_rows)
    words = [word for word in profile.missing_words if word]
    action, or_keep = (found, _OR_KEEP) if (found := _keep(view)) else (None, "")
    written = f" (written {listed(words)} among others)" if words else ""
    evidence = f"{plural(n_missing, 'row')} ({share}) have no {target}{written} and are left out"
    if n_missing < MANY_MISSING * view.n_rows:
        title = f"{plural(n_missing, 'row')} without {target} are left out"
        evidence += f": they are used neither to learn nor to test.{or_keep}"
        return Check("target_missing", "fixed", title, evidence, (profile.name,), (), action)
    evidence += f": if they differ from the others, the model will be wrong for rows like them.{or_keep}"
    title = f"{share} of the rows have no {target}"
    return Check("target_missing", "look", title, evidence, (profile.name,), (), action)


def check_target(view: TableView) -> Check:
    """Look whether the target is something that can be learned as it is."""
    target, name = view.target, quoted(view.question.target)
    if target.n_levels < 2:
        value = f"always {quoted(level_text(target.levels[0]))}" if target.n_levels else "always empty"
        evidence = "There is nothing to learn from a target that never changes: choose another."
        return Check("target", "look", f"{name} is {value}", evidence, (view.question.target,))
    return _categories(view, name) if view.question.is_classification else _number(view, name)


def check_size(view: TableView) -> Check:
    """Look whether there are rows enough for what is to be learned."""
    n_rows = view.n_rows - view.profiles[view.question.target].n_missing
    n_columns = len(view.features)
    if n_rows < FEW_ROWS:
        n_test = round(n_rows * view.question.test_size)
        evidence = f"It would be judged by {plural(n_test, 'row')}, so that the model's score depends much on chance."
        return Check("size", "look", f"There are only {plural(n_rows, 'row')} to learn from", evidence)
    if n_columns > n_rows:
        evidence = (
            f"With {plural(n_columns, 'column')} and {plural(n_rows, 'row')} a model can learn the rows by heart, and "
            "would be wrong for others: leave out columns."
        )
        return Check("size", "look", "There are more columns than rows", evidence)
    evidence = f"There are {plural(n_rows, 'row')} and {plural(n_columns, 'column')} to learn from."
    return Check("size", "passed", "There are rows enough to begin with", evidence)


def _keep(view: TableView) -> Action | None:
    """Return what makes categories of the words for nothing in a target of texts."""
    name = view.question.target
    words = words_for_nothing(view.profiles[name])
    if not words or not view.question.is_classification or view.profiles[name].kind == "number":
        return None
    return Action("keep_words", (name,), {name: words})


def _categories(view: TableView, name: str) -> Check:
    """Look at the categories: whether there are too many, or they are rather numbers."""
    target, columns = view.target, (view.question.target,)
    n_rows, n_levels = target.n_present, target.n_levels
    categories = plural(n_levels, "category", "categories")
    if n_levels > max(n_rows / 2, ROWS_A_CLASS):
        evidence = f"It has {categories} in {plural(n_rows, 'row')}, as an id has: what comes once cannot be learned."
        return Check("target", "look", f"{name} is different in nearly every row", evidence, columns)
    if n_levels > MOST_CLASSES or n_levels * ROWS_A_CLASS > n_rows:
        evidence = (
            f"That leaves {plural(round(n_rows / n_levels), 'row')} for each on average, and the more there are, the "
            "harder they are to tell apart: put rare ones together."
        )
        return Check("target", "look", f"{name} has {categories}", evidence, columns)
    parts = [level for level in target.levels if not isinstance(level, str) and level != int(level)]
    if parts and target.is_number:
        evidence = (
            f"Its values, such as {level_text(parts[0])}, are not whole numbers: as categories, near and far misses "
            "count alike."
        )
        return Check(
            "target", "look", f"{name} looks like a number, but is predicted as {categories}", evidence, columns
        )
    return Check("target", "passed", f"{name} can be predicted", f"It has {categories} in {plural(n_rows, 'row')}.")


def _number(view: TableView, name: str) -> Check:
    """Look for texts between the numbers."""
    target, column = view.target, view.question.target
    places = [place for place, level in enumerate(target.levels) if isinstance(level, str)]
    if not places:
        evidence = f"It is a number in all {plural(target.n_present, 'row')} that have it."
        return Check("target", "passed", f"{name} can be predicted", evidence)
    words = tuple(str(target.levels[place]) for place in sorted(places, key=lambda place: -target.counts[place]))
    rows = np.flatnonzero(np.isin(target.codes, places))
    evidence = (
        f"{listed(words)} {verb(len(words), 'is', 'are')} in {plural(len(rows), 'row')}: a number cannot be learned "
        "until they are read as missing, or written as numbers."
    )
    action = Action("missing_words", (column,), {column: words}) if len(words) <= MOST_WORDS else None
    examples = view.examples(view.places[rows[:MOST_EXAMPLES]], [column])
    title = f"{name} holds {plural(len(rows), 'text')} between its numbers"
    return Check("target", "look", title, evidence, (column,), examples, action)
