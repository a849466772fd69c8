"""Checks that follow from what the columns are: ids, dates, codes, units, words for nothing, persons."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.tables.checks.check import Action, ActionKind, Check
from core.tables.checks.question import Question
from core.tables.checks.view import TableView
from core.tables.understand.phrases import listed, plural, quoted, verb
from core.tables.understand.suggestion import Kind, Suggestion

MOST_SHOWN = 4


@dataclass(frozen=True)
class Topic:
    """One check: which suggestions it is about, what follows from them, and how it says so.

    `be` and `have` are what a column is, behind its name, in the singular and the plural.
    """

    id: str
    kinds: tuple[Kind, ...]
    action: ActionKind
    passed: str
    looked_for: str
    be: tuple[str, str]
    consequence: str
    done: str


TOPICS = (
    Topic(
        "ids", ("id", "row_number"), "leave_out",
        "No feature is an id", "No column in use names its rows.",
        ("names the rows", "name the rows"),
        "that says nothing about new rows, and a model could learn the old ones by heart",
        "left out",
    ),
    Topic(
        "free_text", ("free_text",), "leave_out",
        "No feature is free text", "No column in use holds sentences.",
        ("is free text", "are free text"),
        "each text would be a category of its own, of which nothing can be learned",
        "left out",
    ),
    Topic(
        "constants", ("constant", "nearly_constant", "empty"), "leave_out",
        "Every feature varies", "No column in use is empty or always the same.",
        ("hardly varies", "hardly vary"),
        "what is always the same tells no row from another",
        "left out",
    ),
    Topic(
        "dates", ("date", "year_month", "unix_time"), "as_date",
        "Every date is used as a date", "No other column holds dates.",
        ("holds dates", "hold dates"),
        "as text or plain numbers they show no weekday, season or trend",
        "used as dates",
    ),
    Topic(
        "codes", ("code",), "as_category",
        "No number is a code", "No number in use looks like a name for something.",
        ("is a code", "are codes"),
        "as an amount, a code of 20 would count as twice one of 10",
        "used as categories",
    ),
    Topic(
        "numbers_as_text", ("amount",), "as_number",
        "No number is hidden in text", "No text in use is a number with a unit or a sign.",
        ("is a number written as text", "are numbers written as text"),
        "as text, each of them would be a category of its own",
        "read as numbers",
    ),
    Topic(
        "same_columns", ("duplicate", "near_duplicate"), "leave_out",
        "No two features say the same", "Each column in use adds something of its own.",
        ("says what another column says", "say what other columns say"),
        "a second one adds nothing, and which of the two matters cannot be told any more",
        "left out",
    ),
    Topic(
        "personal", ("personal",), "leave_out",
        "No feature names a person", "No column in use holds names, addresses or account numbers.",
        ("says who somebody is", "say who somebody is"),
        "used as categories they would be written into the model's file",
        "left out",
    ),
)  # fmt: skip


def check_followed(view: TableView) -> tuple[Check, ...]:
    """Return the check of each topic."""
    return tuple(_check(view, topic) for topic in TOPICS)


def _check(view: TableView, topic: Topic) -> Check:
    found = [one for one in view.noticed(*topic.kinds) if _concerns(one, topic, view)]
    open_ones = _one_each([one for one in found if one.column in view.features and not _is_done(one, view.question)])
    if open_ones:
        return _look(topic, open_ones)
    if done := _one_each([one for one in found if _is_done(one, view.question)]):
        return _fixed(topic, done)
    if topic.action == "as_number" and (read := _read_as_numbers(view)):
        undo = Action(topic.action, read, is_undo=True)
        evidence = "Units and signs around the numbers are taken off, as was chosen."
        return Check(
            topic.id, "fixed", f"{listed(read)} {verb(len(read), 'is', 'are')} {topic.done}", evidence, read, (), undo
        )
    return Check(topic.id, "passed", topic.passed, topic.looked_for)


def _fixed(topic: Topic, done: Sequence[Suggestion]) -> Check:
    names = tuple(one.column for one in done)
    evidence = f"{quoted(done[0].column)}: {_lower(done[0].evidence)}{_more_like_it(len(done) - 1)}."
    undo = Action(topic.action, names, is_undo=True)
    return Check(
        topic.id, "fixed", f"{listed(names)} {verb(len(names), 'is', 'are')} {topic.done}", evidence, names, (), undo
    )


def _look(topic: Topic, found: Sequence[Suggestion]) -> Check:
    names = tuple(one.column for one in found)
    first = f"{quoted(found[0].column)}: {_lower(found[0].evidence)}"
    others = _more_like_it(len(found) - 1)
    able = tuple(one.column for one in found if one.advice == topic.action)
    return Check(
        topic.id, "look", f"{listed(names)} {topic.be[0] if len(names) == 1 else topic.be[1]}",
        f"{first}{others}; {topic.consequence}.",
        names, (), Action(topic.action, able) if able else None,
    )  # fmt: skip


def _concerns(one: Suggestion, topic: Topic, view: TableView) -> bool:
    """Leave out what says the same as the target, which is a leak, or as a column that is not used itself."""
    if topic.id == "same_columns":
        return one.details["other"] in view.features
    return not (topic.id == "personal" and one.details.get("of") == "birthday")


def _is_done(one: Suggestion, question: Question) -> bool:
    """Tell whether the roles of the columns follow the advice already."""
    done = {"leave_out": question.excluded, "as_date": question.dates, "as_category": question.categories}
    return one.column in done.get(one.advice, ())


def _read_as_numbers(view: TableView) -> tuple[str, ...]:
    """Return the columns in use that were chosen to be numbers."""
    chosen = view.report.options.columns
    return tuple(name for name in view.features if name in chosen and chosen[name].type == "number")


def _one_each(found: Sequence[Suggestion]) -> list[Suggestion]:
    return list({one.column: one for one in reversed(found)}.values())[::-1]


def _more_like_it(n: int) -> str:
    return f"; {plural(n, 'more column')} {verb(n, 'is', 'are')} like it" if n else ""


def _lower(sentence: str) -> str:
    """Put a sentence into another one."""
    return sentence[:1].lower() + sentence[1:].rstrip(".")
