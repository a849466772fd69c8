"""A run while it works: polls the store once a second, and nothing else."""

from __future__ import annotations

import streamlit as st

from core.errors import AppError
from core.runs.liveness import log_tail, settle
from core.runs.progress import Progress, progress_of
from core.runs.records import Run, utc_now
from pages.shared.charts import CHART_CONFIG, loss_chart
from pages.shared.state import get_store, get_workspace
from pages.shared.text import count, duration, escape

REFRESH_SECONDS = 1.0
LOG_LINES = 40


@st.fragment(run_every=REFRESH_SECONDS)
def watch(run_id: str) -> None:
    """Draw the run as it is now; when it has ended, draw the whole page once more and stop polling."""
    store = get_store()
    try:
        run = settle(store, get_workspace(), store.run(run_id))
    except AppError:
        st.rerun()
    if not run.is_active:
        st.rerun()
    epochs = store.epochs(run_id)
    progress = progress_of(run, epochs, utc_now())
    _show_progress(run, progress)
    if run.kind != "score":  # drawn without a point too: the browser then has the chart's code when the first comes
        st.plotly_chart(
            loss_chart(epochs, run_id, ended=False), key="model_curve", config=CHART_CONFIG, alt=progress.sentence
        )
    show_log(run_id)


def show_log(run_id: str) -> None:
    """Draw the last lines of the log, folded."""
    with st.expander("Log", icon=":material/terminal:"):
        st.code("\n".join(log_tail(get_workspace(), run_id, LOG_LINES)) or "Nothing was logged.", language=None)


def progress_words(run: Run, progress: Progress) -> str:
    """Return `Epoch 37 of 100 · 0:42 elapsed · about 1:10 left`; predictions count rows."""
    unit = "Row" if run.kind == "score" else "Epoch"
    parts = [f"{unit} {count(progress.epoch)} of {count(progress.epochs)}"] if progress.epoch else []
    parts.append(f"{duration(progress.elapsed_seconds)} elapsed")
    if progress.remaining_seconds is not None and run.state == "running":
        parts.append(f"about {duration(progress.remaining_seconds)} left")
    return " · ".join(parts)


def _show_progress(run: Run, progress: Progress) -> None:
    words, stop = st.columns([4, 1], vertical_alignment="center")
    words.markdown(f"**{progress.state_words}** · {progress_words(run, progress)}")
    stop.button(
        "Stop" if run.kind == "score" else "Stop and keep best",
        icon=":material/stop_circle:",
        key="model_stop",
        width="stretch",
        disabled=run.stop_requested,
        on_click=get_store().request_stop,
        args=(run.id,),
    )
    st.progress(progress.fraction)
    st.markdown(escape(progress.sentence))
