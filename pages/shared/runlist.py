"""The list of runs: one line each, with what can be done to it."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from core.errors import AppError
from core.modes import mode_words
from core.runs.liveness import settle
from core.runs.records import Run
from pages.shared.state import MODEL_PAGE, PREDICT_PAGE, get_store, get_workspace
from pages.shared.text import escape, when
from pages.shared.verdict import score_words

KIND_WORDS = {"train": "Training", "distil": "Distillation", "score": "Predictions"}
STATE_COLORS = {"finished": "green", "stopped": "green", "failed": "red", "interrupted": "orange"}
STATE_ICONS = {
    "finished": ":material/check_circle:",
    "stopped": ":material/stop_circle:",
    "failed": ":material/error:",
    "interrupted": ":material/warning:",
}
PAGE_SIZE = 20
LINE = [0.5, 4.7, 2.1, 2.7, 1.9, 1.8, 0.9]
HEADS = ("", "Run", "State", "Table and mode", "Score", "Started", "")


def matching(runs: list[Run], words: str, kind: str | None, *, starred: bool) -> list[Run]:
    """Return the runs with every one of `words` in their name, of one kind, starred or not."""
    wanted = words.lower().split()
    return [
        run
        for run in runs
        if all(word in run.name.lower() for word in wanted)
        and kind in (None, run.kind)
        and (run.starred or not starred)
    ]


def show_heads() -> None:
    """Draw the column heads."""
    for column, head in zip(st.columns(LINE), HEADS, strict=True):
        column.caption(head)


def show_line(run: Run, table_names: Mapping[str, str]) -> None:
    """Draw one run. An active one is asked first whether its process still lives."""
    run = settle(get_store(), get_workspace(), run)
    star, name, state, table, score, started, menu = st.columns(LINE, vertical_alignment="center")
    star.button(
        ":material/star:" if run.starred else ":material/star_outline:", key=f"runs_star_{run.id}", type="tertiary",
        help="Remove the star" if run.starred else "Star this run",
        on_click=get_store().set_run, args=(run.id,), kwargs={"starred": not run.starred},
    )  # fmt: skip
    page, query = (PREDICT_PAGE, {"job": run.id}) if run.kind == "score" else (MODEL_PAGE, {"run": run.id})
    name.page_link(page, label=escape(run.name), query_params=query, help="Open")
    state.badge(
        run.state_words.split(" (")[0], icon=STATE_ICONS.get(run.state, ":material/sync:"),
        color=STATE_COLORS.get(run.state, "blue"), help=escape(run.message) if run.message else None,
    )  # fmt: skip
    table.caption(f"{escape(table_names.get(run.dataset_id, 'deleted table'))} · {mode_of(run)}")
    score.caption(score_words(run))
    started.caption(when(run.created_at))
    choice = menu.menu_button(
        "", ["Rename", "Delete"], key=f"runs_menu_{run.id}", icon=":material/more_vert:", type="tertiary"
    )
    if choice == "Rename":
        rename_run(run.id)
    elif choice == "Delete":
        delete_run(run.id)


def mode_of(run: Run) -> str:
    """Return what kind of run it is, in one or two words."""
    if run.kind == "score":
        return "Predictions"
    title = mode_words(run.request.get("config", {}).get("training_mode", "mlp_dense")).title
    return f"Distilled: {title}" if run.kind == "distil" else title


@st.dialog("Rename the run")
def rename_run(run_id: str) -> None:
    """Ask for a new name."""
    run = get_store().run(run_id)
    with st.form("runs_rename", border=False):
        name = st.text_input("Name", value=run.name, max_chars=120, key=f"runs_name_{run_id}")
        if st.form_submit_button("Save", type="primary") and name.strip():
            get_store().set_run(run_id, name=name.strip())
            st.rerun()


@st.dialog("Delete the run?")
def delete_run(run_id: str) -> None:
    """Ask, then delete."""
    run = get_store().run(run_id)
    st.markdown(f"**{escape(run.name)}** and its model, curve and files will be gone. This cannot be undone.")
    if st.button("Delete it", type="primary", icon=":material/delete:", key="runs_delete"):
        try:
            get_store().delete_run(run_id)
        except AppError as error:
            st.error(escape(error.sentence), icon=":material/error:")
            return
        st.rerun()
