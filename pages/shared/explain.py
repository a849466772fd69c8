"""The Explain tab of a run: which columns matter, how they move a prediction, and why a row got its own."""

from __future__ import annotations

import streamlit as st

from core.errors import AppError
from core.insight.explain.results import Explanation
from core.insight.explain.stored import stored_explanation
from core.runs.insights import Question
from core.runs.records import Run
from pages.shared.asking import Wish, answered, offer_again
from pages.shared.explaineffect import show_effect
from pages.shared.explainimportance import show_importance
from pages.shared.explainrow import ROW, last_row, show_row
from pages.shared.text import count, plural

IMPORTANCE, EFFECT, WHY = "Which columns matter", "How a column moves it", "Why this row"
VIEWS = {IMPORTANCE: show_importance, EFFECT: show_effect, WHY: show_row}
VIEW = "model_explain_view"
WISH = Wish(Question("explain"), "model_explain", "Explaining the model on rows that it has not seen")


def show_explain(run: Run) -> None:
    """Draw what explains the model of a run; where that is not known yet, have it found out."""
    answer = answered(run, WISH)
    if answer is None:
        return
    try:
        found = stored_explanation(answer)
    except AppError as error:
        offer_again(run, WISH, error.sentence)
        return
    _choose_view(run, found)
    view = st.session_state[VIEW]
    st.caption(_basis(found, view))
    VIEWS[view](run, found)


def _choose_view(run: Run, found: Explanation) -> None:
    """Draw the choice; a row in the address is one that is asked about."""
    if ROW in st.query_params:
        st.session_state[VIEW] = WHY
    st.segmented_control(
        "What to explain", list(VIEWS), key=VIEW, default=None if VIEW in st.session_state else IMPORTANCE,
        required=True, on_change=_turn, args=(run, found), label_visibility="collapsed",
    )  # fmt: skip


def _turn(run: Run, found: Explanation) -> None:
    """Write the row into the address where one is asked about, and else out of it."""
    row = last_row(run, found)
    if st.session_state[VIEW] == WHY and row is not None:
        st.query_params[ROW] = str(row)
    else:
        st.query_params.pop(ROW, None)


def _basis(found: Explanation, view: str) -> str:
    rows = f"the {plural(found.n_rows, 'row')} kept aside for the test"
    if found.n_rows < found.n_given:
        rows = f"{count(found.n_rows)} of the {plural(found.n_given, 'row')} kept aside for the test"
    start = "The rows worth a look are among" if view == WHY else "Found out on"
    early = "" if found.is_complete else " It was stopped early, so something may be missing."
    return f"{start} {rows}, which the model has not seen.{early}"
