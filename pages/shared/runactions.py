"""What can be done to runs from their list: star, rename, note, resume, delete. Troubles are said on the page."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from core.errors import AppError
from core.runs.records import Run
from core.runs.requests import resume
from pages.shared.state import get_store, get_workspace, say_next
from pages.shared.text import escape, plural, size

SAID = "runs"  # where the next drawing of the list finds what went wrong
MANY = 8
_ASKING = "runs_asking"


def begin() -> None:
    """Note that no dialog is open; to be called first when the whole page is drawn."""
    st.session_state[_ASKING] = False


def asking() -> None:
    """Note that a dialog is open, which drawing the whole page would close with what is typed in it."""
    st.session_state[_ASKING] = True


def is_asking() -> bool:
    """Return whether a dialog is open."""
    return bool(st.session_state.get(_ASKING))


def set_star(run_id: str, *, starred: bool) -> None:
    """Star a run, or take its star away; to be called by a button."""
    try:
        get_store().set_run(run_id, starred=starred)
    except AppError as error:
        say_next(SAID, error.sentence)


def resume_run(run_id: str) -> None:
    """Let a run go on that rests."""
    try:
        resume(get_workspace(), get_store(), run_id)
    except AppError as error:
        say_next(SAID, error.sentence)
    st.rerun()


def offer_deletion(runs: list[Run], n_all: int, size_of: Callable[[Run], int]) -> None:
    """Draw how many runs are shown, and the button that deletes those of them that are neither starred nor active."""
    place = st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center")
    place.caption(plural(n_all, "run") if len(runs) == n_all else f"{len(runs):,} of {plural(n_all, 'run')}")
    doomed = [run for run in runs if run.id and not run.starred and not run.is_active]
    label = "Delete all …" if len(runs) == n_all else f"Delete these {len(runs):,} …"
    if place.button(
        label, icon=":material/delete_sweep:", key="runs_delete_found", type="tertiary", disabled=not doomed
    ):
        delete_runs(tuple(run.id for run in doomed), sum(map(size_of, doomed)), len(runs) - len(doomed))


@st.dialog("Rename the run", on_dismiss="rerun")
def rename_run(run_id: str) -> None:
    """Ask for a new name."""
    run = _run(run_id)
    if run is None:
        return
    with st.form("runs_rename", border=False):
        name = st.text_input("Name", value=run.name, max_chars=120, key=f"runs_name_{run_id}")
        if st.form_submit_button("Save", type="primary") and name.strip():
            _save(run_id, name=name.strip())


@st.dialog("Note", on_dismiss="rerun")
def annotate_run(run_id: str) -> None:
    """Ask for a note."""
    run = _run(run_id)
    if run is None:
        return
    st.markdown(f"**{escape(run.name)}**")
    with st.form("runs_annotate", border=False):
        note = st.text_area(
            "Note", value=run.note, max_chars=1_000, key=f"runs_note_{run_id}", label_visibility="collapsed",
            placeholder="What you tried, and what you think of it",
        )  # fmt: skip
        if st.form_submit_button("Save", type="primary"):
            _save(run_id, note=note.strip())


@st.dialog("Delete the run?", on_dismiss="rerun")
def delete_run(run_id: str) -> None:
    """Ask, then delete."""
    run = _run(run_id)
    if run is None:
        return
    st.markdown(f"**{escape(run.name)}** and its model, curve and files will be gone. This cannot be undone.")
    if st.button("Delete it", type="primary", icon=":material/delete:", key="runs_delete"):
        try:
            get_store().delete_run(run_id)
        except AppError as error:
            st.error(escape(error.sentence), icon=":material/error:")
            return
        st.rerun()


@st.dialog("Delete these runs?", on_dismiss="rerun")
def delete_runs(run_ids: tuple[str, ...], n_bytes: int, n_kept: int) -> None:
    """Ask, then delete every one of them that has no star and no process."""
    asking()
    try:
        runs = [run for run in get_store().runs() if run.id in set(run_ids)]
    except AppError as error:
        st.error(escape(error.sentence), icon=":material/error:")
        return
    kept = f" {plural(n_kept, 'run')} with a star or at work will be kept." if n_kept else ""
    st.markdown(
        f"**{plural(len(runs), 'run')}** with their models, curves and files will be gone, "
        f"and {size(n_bytes)} will be free.{kept} This cannot be undone."
    )
    more = [f"and {len(runs) - MANY:,} more"] if len(runs) > MANY else []
    st.caption("  \n".join([*(escape(run.name) for run in runs[:MANY]), *more]))
    if st.button(f"Delete {plural(len(runs), 'run')}", type="primary", icon=":material/delete:", key="runs_delete_all"):
        with st.spinner("Deleting …", show_time=True):
            _delete(runs)
        st.rerun()


def _delete(runs: list[Run]) -> None:
    troubles = []
    for run in runs:
        try:
            if not run.starred:
                get_store().delete_run(run.id)
        except AppError as error:
            troubles.append(error.sentence)
    if troubles:
        say_next(SAID, f"{plural(len(troubles), 'run')} could not be deleted. {troubles[0]}")


def _run(run_id: str) -> Run | None:
    asking()
    try:
        return get_store().run(run_id)
    except AppError as error:
        st.error(escape(error.sentence), icon=":material/error:")
        return None


def _save(run_id: str, name: str | None = None, note: str | None = None) -> None:
    try:
        get_store().set_run(run_id, name=name, note=note)
    except AppError as error:
        st.error(escape(error.sentence), icon=":material/error:")
        return
    st.rerun()
