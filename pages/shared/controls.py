"""What can be done with a run: stop, pause or end it while it works, let it go on where it rests, train it longer."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from core.errors import AppError, CheckpointError
from core.runs.board import is_timed
from core.runs.checkpoints import summary_of
from core.runs.records import Run
from core.runs.requests import continue_run, resume
from core.runs.store import Store
from core.runs.summon import ensure
from core.types import setting_of
from pages.shared.state import MODEL_PAGE, click_token, get_store, get_workspace, said, say_next, spend_token
from pages.shared.text import escape, plural

SAID = "run"  # where the next drawing finds why something could not be done
MORE_EPOCHS = 50


def show_refusal() -> None:
    """Draw why the last click did nothing, if so."""
    if sentence := said(SAID):
        st.error(escape(sentence), icon=":material/error:")


def show_ways_out(run: Run) -> None:
    """Draw the buttons of a run at work: stop, pause, end."""
    is_score, is_queued = run.kind == "score", run.state == "queued"
    with st.container(horizontal=True, horizontal_alignment="right", width="stretch"):
        st.button(
            "Stopping …" if run.state == "stopping" else "Stop" if is_score or is_queued else _stop_words(run),
            icon=":material/stop_circle:", key="model_stop", type="secondary" if is_queued else "primary",
            disabled=run.state in ("stopping", "cancelling") or (is_queued and run.stop_requested),
            on_click=_ask, args=(Store.request_stop, run.id),
        )  # fmt: skip
        if not is_score:
            st.button(
                "Pausing …" if run.state == "pausing" else "Pause", icon=":material/pause_circle:", key="model_pause",
                disabled=run.state not in ("queued", "starting", "running"),
                on_click=_ask, args=(Store.request_pause, run.id),
            )  # fmt: skip
        if not is_queued and (not is_score or run.trouble):
            _show_end(run)


def _stop_words(run: Run) -> str:
    return "Stop and keep the blend" if is_timed(run) else "Stop and keep best"


def _show_end(run: Run) -> None:
    """Draw the button that ends the process at once; it asks first."""
    if run.state == "cancelling":
        st.button("Ending …", key="model_ending", type="tertiary", disabled=True)
        return
    with st.popover("End now", key="model_end", type="tertiary"):
        st.markdown(_what_is_lost(run))
        st.button(
            "End it",
            icon=":material/cancel:",
            key="model_end_sure",
            on_click=_ask,
            args=(Store.request_cancel, run.id),
        )


def _what_is_lost(run: Run) -> str:
    if run.kind == "score":
        return "Its process is ended at once, and no file is written."
    return (
        "Its process is ended at once, without a model. The last checkpoint stays: what came after it is lost, "
        "and the run can be resumed from there."
    )


def show_ways_on(run: Run) -> None:
    """Draw the buttons of a run that rests: let it go on, or only keep what it has reached."""
    with st.container(horizontal=True):
        st.button(
            "Resume",
            type="primary",
            icon=":material/play_arrow:",
            key="model_resume",
            on_click=_ask,
            args=(_resume, run.id),
        )
        if run.kind != "score" and reached_epoch(run):
            st.button(
                "Keep the blend so far" if is_timed(run) else "Keep the best so far",
                icon=":material/save:", key="model_keep", on_click=_ask, args=(_keep, run.id),
                help="Ends the training here, and makes a model of what it has reached.",
            )  # fmt: skip


def offer_more_epochs(run: Run) -> None:
    """Draw the way to train an ended run for longer, where it has left a checkpoint and counts epochs."""
    reached = None if is_timed(run) else reached_epoch(run)
    most = int(setting_of("epochs").maximum) - (reached or 0)
    if not reached or most < 1:
        return
    has_failed = run.state == "failed"
    usual = run.epochs - reached if has_failed and run.epochs > reached else MORE_EPOCHS
    st.subheader(f"Go on from epoch {reached:,}" if has_failed else "Train it for longer", anchor=False)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        more = st.number_input("More epochs", 1, most, min(usual, most), key=f"model_more_{run.id}", width=140)
        token = click_token(f"more_{run.id}")
        is_wanted = st.button(
            f"Train {plural(more, 'more epoch')}", icon=":material/fast_forward:", key=f"model_continue_{token}"
        )
    st.caption(f"As a run of its own, which begins with the network after epoch {reached:,}. This one stays as it is.")
    if is_wanted:
        _continue(run, more, token)


def reached_epoch(run: Run) -> int | None:
    """Return which epoch a run's checkpoint holds, None where there is none that can be read."""
    try:
        summary = summary_of(get_workspace().run_dir(run.id))
    except CheckpointError:
        return None
    return summary.epoch if summary else None


def _continue(run: Run, more: int, token: str) -> None:
    try:
        child = continue_run(get_workspace(), get_store(), run.id, more, token)
    except AppError as error:
        st.error(escape(error.sentence), icon=":material/error:")
        return
    spend_token(f"more_{run.id}")
    st.switch_page(MODEL_PAGE, query_params={"run": child.id})


def _resume(store: Store, run_id: str) -> None:
    resume(store.workspace, store, run_id)


def _keep(store: Store, run_id: str) -> None:
    resume(store.workspace, store, run_id, keep_best=True)


def _ask(request: Callable[[Store, str], object], run_id: str) -> None:
    """Do what a button asks for, and wake the supervisor; why it cannot be done is said by the next drawing."""
    store = get_store()
    try:
        request(store, run_id)
        ensure(store.workspace)
    except AppError as error:
        say_next(SAID, error.sentence)
