"""The checks of a table: what to look at, with the evidence and one button, what the app has seen to, what is well."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pandas as pd
import streamlit as st

from core.errors import AppError, DiskError
from core.runs.checks import checks_for, question_of, start_checks
from core.runs.records import Dataset, Roles
from core.tables.checks.check import Action, Check
from core.tables.checks.question import Question
from core.tables.options import ColumnOptions, ReadOptions, other_words
from core.tables.report import ReadReport
from pages.shared.reading import read_as
from pages.shared.state import get_store, get_workspace
from pages.shared.text import escape, plural

LOOK_SECONDS = 0.5
SHOWN_COLUMNS = 3
LABELS = {
    "leave_out": "Leave out",
    "as_category": "Take as codes",
    "as_date": "Take as date",
    "as_number": "Read as number",
    "missing_words": "Count as missing",
    "keep_words": "Keep as a value",
    "order_by_time": "Test on the latest rows",
    "drop_duplicates": "Leave out the copies",
}
ROLE_LISTS = {"leave_out": "excluded", "as_category": "categories", "as_date": "dates"}


def show_checks(dataset: Dataset, report: ReadReport) -> None:
    """Draw the checks of the table for its target; while they are made anew, those from before the change."""
    question = question_of(report, dataset.roles)
    if question is None:
        return
    st.subheader("Checks")
    checks = checks_for(get_workspace(), dataset, question)
    key = f"data_checked_{dataset.id}"
    with st.container():
        if checks is None:
            st.fragment(_wait, run_every=LOOK_SECONDS)(dataset, question)
    if checks is None:
        checks = _from_before(dataset, question, st.session_state.get(key))
    else:
        st.session_state[key] = question.as_dict()
    _draw(dataset, report, checks)


def _draw(dataset: Dataset, report: ReadReport, checks: Sequence[Check]) -> None:
    look, fixed, passed = ([check for check in checks if check.state == state] for state in ("look", "fixed", "passed"))
    with st.container():
        for check in look:
            _show(dataset, report, check, ":material/visibility:", "orange")
        for check in fixed:
            _show(dataset, report, check, ":material/build:", "blue")
    if passed:
        words = f"{plural(len(passed), 'check')} passed"
        with st.expander(words, key="data_checks_passed", icon=":material/check_circle:"):
            st.markdown("\n".join(f"- **{escape(check.title)}.** {escape(check.evidence)}" for check in passed))


def _from_before(dataset: Dataset, question: Question, before: dict[str, Any] | None) -> list[Check]:
    """Return the checks of the question before, if it was about the same target, without those acted upon."""
    if before is None or before["target"] != question.target:
        return []
    checks = checks_for(get_workspace(), dataset, Question.from_dict(before)) or ()
    return [check for check in checks if check.action is None or not _is_done(dataset.roles, check.action)]


def _wait(dataset: Dataset, question: Question) -> None:
    try:
        if checks_for(get_workspace(), dataset, question) is not None:
            st.rerun()
        start_checks(get_workspace(), dataset, question)
    except DiskError as error:
        st.warning(escape(error.sentence), icon=":material/warning:")
        return
    except AppError:
        st.rerun()  # the table is gone: there is nothing to wait for, and the page says so
    st.caption(":material/hourglass_top: Checking the table for what would mislead a model …")


def _show(dataset: Dataset, report: ReadReport, check: Check, icon: str, colour: str) -> None:
    words = "Look at this" if check.state == "look" else "Fixed"
    with st.container(border=True):
        text, button = st.columns([4, 1], vertical_alignment="center")
        text.markdown(f":{colour}-badge[{icon} {words}] **{escape(check.title)}**")
        text.markdown(escape(check.evidence[:1].upper() + check.evidence[1:]))
        if check.action is not None:
            _offer(button, dataset, report, check.id, check.action)
        if check.examples:
            with st.expander("Rows", key=f"data_check_examples_{check.id}", icon=":material/table_rows:"):
                st.dataframe(
                    pd.DataFrame([{"Row": example.row, **example.cells} for example in check.examples]),
                    hide_index=True, key=f"data_check_rows_{check.id}", alt=f"Rows that show it: {check.title}",
                )  # fmt: skip


def _offer(
    place: st.delta_generator.DeltaGenerator, dataset: Dataset, report: ReadReport, name: str, action: Action
) -> None:
    label = "Undo" if action.is_undo else LABELS[action.kind]
    key = f"data_check_{name}_{dataset.id}"
    if place.button(label, key=key, width="stretch", help=_named(action.columns) or None):
        if action.kind in ROLE_LISTS or action.kind == "order_by_time":
            get_store().set_roles(dataset.id, _with_roles(dataset.roles, action))
            st.rerun()
        read_as(dataset, _with_reading(report.options, action))


def _named(columns: Sequence[str]) -> str:
    more = len(columns) - SHOWN_COLUMNS
    return ", ".join(escape(name) for name in columns[:SHOWN_COLUMNS]) + (f" and {more} more" if more > 0 else "")


def _is_done(roles: Roles, action: Action) -> bool:
    return (action.kind in ROLE_LISTS or action.kind == "order_by_time") and _with_roles(roles, action) == roles


def _with_roles(roles: Roles, action: Action) -> Roles:
    """Return the roles with an action done, or taken back."""
    if action.kind == "order_by_time":
        return replace(roles, time=None if action.is_undo else action.columns[0])
    part = ROLE_LISTS[action.kind]
    others = {
        name: tuple(column for column in getattr(roles, name) if column not in action.columns)
        for name in ROLE_LISTS.values()
    }
    if not action.is_undo:
        others[part] = (*others[part], *action.columns)
    return replace(roles, **others)


def _with_reading(options: ReadOptions, action: Action) -> ReadOptions:
    """Return the choices about reading with an action done, or taken back."""
    if action.kind == "drop_duplicates":
        return replace(options, duplicates="keep" if action.is_undo else "leave_out")
    columns = dict(options.columns)
    for name in action.columns:
        own = columns.get(name, ColumnOptions())
        if action.kind == "as_number":
            columns[name] = replace(own, type=None if action.is_undo else "number")
        else:
            columns[name] = _with_words(own, action, action.words.get(name, ()))
    return replace(options, columns=columns)


def _with_words(own: ColumnOptions, action: Action, words: Sequence[str]) -> ColumnOptions:
    """Return the choices for a column with some words missing, or kept, and not the other; or neither again."""
    missing, kept = other_words(own.missing_words, words), other_words(own.kept_words, words)
    chosen = () if action.is_undo else tuple(words)
    if action.kind == "keep_words":
        return replace(own, missing_words=missing, kept_words=(*kept, *chosen))
    return replace(own, missing_words=(*missing, *chosen), kept_words=kept)
