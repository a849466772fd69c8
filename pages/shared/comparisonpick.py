"""Choosing runs to compare: a box in each line of the list, and the button that opens the comparison."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.insight.compare import MOST_RUNS
from core.runs.records import Run
from pages.shared.verdict import has_model

ADDRESS = "compare"  # in the address: the ids of the runs, with commas
FEWEST_RUNS = 2
_PICKED = "runs_picked"


def show_pick(place: DeltaGenerator, run: Run) -> None:
    """Draw the box of one run; one that left no model has nothing to compare."""
    if not has_model(run):
        return
    picked, key = _picked(), _key(run.id)
    st.session_state[key] = run.id in picked
    place.checkbox(
        "Compare this run", key=key, label_visibility="collapsed", on_change=_pick, args=(run.id,),
        disabled=len(picked) >= MOST_RUNS and run.id not in picked,
    )  # fmt: skip


def offer_comparison(runs: Sequence[Run]) -> None:
    """Draw how many runs are chosen, and what can be done with them; nothing where there are not two models."""
    comparable = {run.id for run in runs if has_model(run)}
    if len(comparable) < FEWEST_RUNS:
        return
    picked = [run_id for run_id in _picked() if run_id in comparable]
    st.session_state[_PICKED] = picked
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            f"Compare {len(picked)} runs" if len(picked) >= FEWEST_RUNS else "Compare",
            icon=":material/compare_arrows:", key="runs_compare", on_click=_open, args=(picked,),
            disabled=len(picked) < FEWEST_RUNS, type="primary" if len(picked) >= FEWEST_RUNS else "secondary",
        )  # fmt: skip
        if picked:
            st.button("Choose none", icon=":material/close:", key="runs_pick_none", on_click=_forget, type="tertiary")
        elif len(picked) < FEWEST_RUNS:
            st.caption("Tick two or three runs to compare them.")


def close_comparison() -> None:
    """Go back to the list; to be called by a button."""
    st.query_params.pop(ADDRESS, None)


def _picked() -> list[str]:
    return list(st.session_state.get(_PICKED, []))


def _pick(run_id: str) -> None:
    others = [other for other in _picked() if other != run_id]
    is_ticked = bool(st.session_state[_key(run_id)])
    st.session_state[_PICKED] = [*others, run_id] if is_ticked else others


def _open(picked: list[str]) -> None:
    st.query_params[ADDRESS] = ",".join(picked)


def _forget() -> None:
    st.session_state[_PICKED] = []


def _key(run_id: str) -> str:
    return f"runs_pick_{run_id}"
