"""Evaluating, from a comparison, the runs that were not evaluated yet: one after the other."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.errors import AppError
from core.insight.compare import Contender
from core.insight.comparewords import LETTERS
from core.runs.insights import Question, advance_of, answer_to, ask, failure_of
from core.runs.records import Run
from core.workspace import Workspace
from pages.shared.state import get_store, get_workspace
from pages.shared.text import escape
from pages.shared.verdict import has_model

POLL_SECONDS = 0.5
QUESTION = Question("evaluate")
_WAITING, _SENT = "compare_waiting", "compare_sent"  # ids of runs: yet to be sent, and the one that is worked on


def offer_evaluation(runs: Sequence[Run], contenders: Sequence[Contender]) -> None:
    """Draw which runs lack an evaluation and why, with the button that has them evaluated."""
    lacking = [
        (letter, run, contender)
        for letter, run, contender in zip(LETTERS, runs, contenders, strict=False)
        if contender.rows is None
    ]
    if _is_at_work():
        st.fragment(_draw_progress, run_every=POLL_SECONDS)()
        return
    for letter, run, contender in lacking:
        failure = failure_of(get_workspace(), run.id, QUESTION)
        st.info(escape(f"{letter}: {failure or contender.trouble}"), icon=":material/info:")
    ready = [run.id for _, run, _ in lacking if has_model(run)]
    if ready:
        st.button(
            "Evaluate now", type="primary", icon=":material/fact_check:", key="compare_evaluate",
            on_click=_begin, args=(ready,),
        )  # fmt: skip


def _begin(run_ids: list[str]) -> None:
    st.session_state[_WAITING] = run_ids


def _is_at_work() -> bool:
    return bool(st.session_state.get(_WAITING) or st.session_state.get(_SENT))


def _draw_progress() -> None:
    """Send the next question where none is worked on; draw the page anew when all are answered."""
    workspace = get_workspace()
    try:
        _go_on(workspace)
    except AppError as error:
        st.session_state[_WAITING], st.session_state[_SENT] = [], None
        st.error(escape(error.sentence), icon=":material/error:")
        return
    if not _is_at_work():
        st.rerun()
    sent = st.session_state.get(_SENT)
    words = advance_of(workspace, sent, QUESTION).sentence if sent else "Waiting for another question to be answered."
    st.markdown(f":material/hourglass_top: {escape(words or 'Evaluating.')}")


def _go_on(workspace: Workspace) -> None:
    sent, waiting = st.session_state.get(_SENT), list(st.session_state.get(_WAITING, []))
    if sent:
        if answer_to(workspace, sent, QUESTION) is None and not failure_of(workspace, sent, QUESTION):
            return
        st.session_state[_SENT] = None
    if waiting and ask(workspace, get_store().run(waiting[0]), QUESTION, again=True):
        st.session_state[_SENT], st.session_state[_WAITING] = waiting[0], waiting[1:]
