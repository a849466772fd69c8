"""A run while it works: polls the store as often as there may be something new, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import streamlit as st

from core.errors import AppError
from core.runs.liveness import log_tail
from core.runs.progress import Progress, progress_of, queue_sentence
from core.runs.queueing import job_limit
from core.runs.records import Epoch, Run, utc_now
from core.runs.store import Store
from core.runs.summon import ensure, is_supervised
from core.workspace import Workspace
from pages.shared.cached import devices
from pages.shared.charts import draw_curve
from pages.shared.controls import show_refusal, show_ways_out
from pages.shared.curves import read_epochs
from pages.shared.evaluationcharts import prepare_charts
from pages.shared.leaderboard import show_leaderboard
from pages.shared.state import get_store, get_workspace
from pages.shared.status import progress_line, state_badge, tab_title, vitals_line
from pages.shared.text import escape

YOUNG_SECONDS, USUAL_SECONDS, LONG_SECONDS = 0.3, 1.0, 2.0  # between two looks
YOUNG_FOR_SECONDS = 10.0  # in the queue, and of a first network
LONG_RUN_SECONDS = 600.0
LOG_LINES = 40
WANTED_PACE = "wanted_pace"


def watch(run_id: str) -> None:
    """Draw the run as it is now, again and again until it ends; then draw the whole page once more."""
    store = get_store()
    try:
        run = store.run(run_id)
        seconds = refresh_seconds(run, progress_of(run, read_epochs(store, run_id), utc_now()))
    except AppError:
        seconds = USUAL_SECONDS
    st.fragment(_draw, run_every=seconds)(run_id, seconds)


def refresh_seconds(run: Run, progress: Progress) -> float:
    """Return how long a page waits before it looks again."""
    if not progress.epoch:
        may_wait = run.state == "queued" or progress.is_timed
        is_waiting = may_wait and progress.elapsed_seconds > YOUNG_FOR_SECONDS
        return USUAL_SECONDS if is_waiting else YOUNG_SECONDS
    is_long = progress.elapsed_seconds + (progress.remaining_seconds or 0.0) > LONG_RUN_SECONDS
    return LONG_SECONDS if is_long else USUAL_SECONDS


def show_log(run_id: str) -> None:
    """Draw the last lines of the log, folded."""
    with st.expander("Log", icon=":material/terminal:"):
        st.code("\n".join(log_tail(get_workspace(), run_id, LOG_LINES)) or "Nothing was logged.", language=None)


def _draw(run_id: str, seconds: float) -> None:
    store = get_store()
    try:
        run, epochs = store.run(run_id), read_epochs(store, run_id)
        sentence = _queue_words(store, run) if run.state == "queued" else ""
    except AppError as error:
        _say_that_it_cannot_be_read(store, run_id, error)
        return
    progress = progress_of(run, epochs, utc_now())
    if not run.is_active or _is_another_pace_due(run_id, refresh_seconds(run, progress), seconds):
        st.rerun()
    st.set_page_config(page_title=tab_title(run, progress))
    progress = replace(progress, sentence=sentence or progress.sentence)
    _show(run, epochs, progress, _trouble_with_supervision(store.workspace))


def _is_another_pace_due(run_id: str, wanted: float, seconds: float) -> bool:
    """Tell whether to look at another pace from now on: at the second look that asks for it.

    The first one draws what is new, which need not wait for a whole page.
    """
    before = st.session_state.get(WANTED_PACE)
    st.session_state[WANTED_PACE] = (run_id, wanted)
    return wanted != seconds and before == (run_id, wanted)


def _show(run: Run, epochs: Sequence[Epoch], progress: Progress, *troubles: str) -> None:
    """Draw everything, always at the same places: the browser keeps a chart that does not move."""
    words, ways_out = st.columns([3, 2], vertical_alignment="center")
    words.markdown(f"{state_badge(run)} **{progress_line(run, progress)}**")
    with ways_out:
        show_ways_out(run)
    st.progress(progress.fraction)
    st.markdown(escape(progress.sentence))
    with st.container():
        show_refusal()
        for trouble in filter(None, (run.trouble, *troubles)):
            st.warning(escape(trouble), icon=":material/warning:")
    if run.kind != "score":
        draw_curve(epochs, progress, run.baseline_loss, ended=False)
        if progress.is_timed:
            with st.container():
                show_leaderboard(run)
        if epochs:  # not before: the import would make the first point wait
            prepare_charts()
    st.caption(vitals_line(run))
    show_log(run.id)


def _queue_words(store: Store, run: Run) -> str:
    return queue_sentence(run, store.active_runs(), job_limit(), has_gpu=devices().has_gpu)


def _trouble_with_supervision(workspace: Workspace) -> str:
    """See to it that a supervisor looks after the run, and say so where none can."""
    try:
        if not is_supervised(workspace):
            ensure(workspace)
    except (AppError, OSError):
        return "Nothing can be written to the workspace, so nobody looks after this run. Check the disk."
    return ""


def _say_that_it_cannot_be_read(store: Store, run_id: str, error: AppError) -> None:
    """Say that the run cannot be read now, and go on looking; one that was deleted has no page to come back to."""
    try:
        is_gone = store.state(run_id) is None
    except AppError:
        is_gone = False
    if is_gone:
        st.rerun()
    st.warning(escape(error.sentence), icon=":material/warning:")
