"""A question about a model that a process answers: asked for, followed, stopped, tried again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import streamlit as st

from core.errors import AppError
from core.runs.insights import (
    STARTING,
    STOPPED,
    Question,
    advance_of,
    answer_to,
    ask,
    failure_of,
    forget,
    is_begun,
    stop,
)
from core.runs.records import Run
from core.runs.requests import MODEL_NAME
from pages.shared.state import get_workspace
from pages.shared.text import escape

POLL_SECONDS = 0.5
LEAST_SHARE = 0.05  # below, how long the rest takes is a guess
NO_MODEL = "The model file of this run is gone. Train it again."
IN_THE_WAY = "Waiting: another question about a model is being worked on. This one comes next."


@dataclass(frozen=True)
class Wish:
    """A question, the key of its widgets, and what the page says while it is worked on."""

    question: Question
    key: str
    doing: str


def answered(run: Run, wish: Wish) -> dict[str, Any] | None:
    """Return the answer; while there is none, ask for it, draw how far it is or why it failed, and return None."""
    workspace = get_workspace()
    found = answer_to(workspace, run.id, wish.question)
    if found is not None:
        return found
    if not (workspace.run_dir(run.id) / MODEL_NAME).is_file():
        st.error(NO_MODEL, icon=":material/error:")
    elif sentence := failure_of(workspace, run.id, wish.question):
        offer_again(run, wish, sentence)
    else:
        st.fragment(_await, run_every=POLL_SECONDS)(run, wish)
    return None


def offer_again(run: Run, wish: Wish, sentence: str) -> None:
    """Draw why there is no answer, and the button that asks once more."""
    draw, icon = (st.info, ":material/stop_circle:") if sentence == STOPPED else (st.error, ":material/error:")
    draw(escape(sentence), icon=icon)
    st.button(
        "Try again", icon=":material/refresh:", key=f"{wish.key}_again",
        on_click=forget, args=(get_workspace(), run.id, wish.question),
    )  # fmt: skip


def _await(run: Run, wish: Wish) -> None:
    """Have the question answered and draw how far that is; draw the page anew when there is something to see."""
    workspace = get_workspace()
    if answer_to(workspace, run.id, wish.question) is not None or failure_of(workspace, run.id, wish.question):
        st.rerun()
    try:
        is_sent = ask(workspace, run, wish.question)
    except AppError as error:
        st.error(escape(error.sentence), icon=":material/error:")
        return
    words, way_out = st.columns([5, 1], vertical_alignment="center")
    if is_sent or is_begun(workspace, run.id, wish.question):
        advance = advance_of(workspace, run.id, wish.question)
        words.markdown(f"**{escape(wish.doing)}**{_left(advance.share, advance.seconds_left)}")
        st.progress(advance.share)
        st.caption(escape(advance.sentence or STARTING))
    else:
        words.markdown(f":material/hourglass_top: {IN_THE_WAY}")
    way_out.button(
        "Stop", icon=":material/stop:", key=f"{wish.key}_stop", width="stretch",
        on_click=stop, args=(workspace, run.id, wish.question),
    )  # fmt: skip


def _left(share: float, seconds: float | None) -> str:
    if seconds is None or share < LEAST_SHARE:
        return ""
    return f" · about {max(1, round(seconds)):,} s left"
