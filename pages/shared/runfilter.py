"""Which runs are shown, and in which order."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import streamlit as st

from core.runs.records import ACTIVE_STATES, RESTING_STATES, Run

KIND_WORDS = {"train": "Training", "distil": "Distillation", "score": "Predictions"}
STATE_GROUPS: dict[str, tuple[str, ...]] = {
    "Working": ACTIVE_STATES,
    "Resting": RESTING_STATES,
    "Done": ("finished", "stopped"),
    "Failed": ("failed",),
}
DAMAGED = "Damaged"
NEWEST, OLDEST, BEST, LONGEST, LARGEST = "Newest first", "Oldest first", "Best score, by table", "Longest", "Largest"
ORDERS = (NEWEST, OLDEST, BEST, LONGEST, LARGEST)
KEYS = ("runs_search", "runs_kind", "runs_state", "runs_starred")


@dataclass(frozen=True)
class Wanted:
    """What the analyst looks for."""

    words: str = ""
    kind: str | None = None
    state: str | None = None
    starred: bool = False
    order: str = NEWEST

    @property
    def is_everything(self) -> bool:
        """Return whether no run is left out."""
        return not (self.words.strip() or self.kind or self.state or self.starred)


def ask() -> Wanted:
    """Draw the filters; return what they say."""
    search, order = st.columns([3, 1])
    words = search.text_input(
        "Search", placeholder="Part of a name, a table or a note", key="runs_search", persist_state="session"
    )
    chosen = order.selectbox("Order", ORDERS, key="runs_order", persist_state="session")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        kind = st.segmented_control(
            "Kind", list(KIND_WORDS), format_func=KIND_WORDS.get, key="runs_kind", persist_state="session", wrap=True
        )
        state = st.segmented_control(
            "State", [*STATE_GROUPS, DAMAGED], key="runs_state", persist_state="session", wrap=True
        )
        starred = st.toggle("Starred only", key="runs_starred", persist_state="session")
    return Wanted(words, kind, state, starred, chosen)


def clear() -> None:
    """Let every run be shown again; to be called by a button."""
    for key, value in zip(KEYS, ("", None, None, False), strict=True):
        st.session_state[key] = value


def matching(runs: list[Run], wanted: Wanted, tables: Mapping[str, str], damage_of: Callable[[Run], str]) -> list[Run]:
    """Return the runs that have all of the words in name, table or note, and are as wanted."""
    words = wanted.words.lower().split()
    found = [
        run
        for run in runs
        if wanted.kind in (None, run.kind)
        and (run.starred or not wanted.starred)
        and (wanted.state in (None, DAMAGED) or run.state in STATE_GROUPS[wanted.state])
        and all(word in f"{run.name}\n{tables.get(run.dataset_id, '')}\n{run.note}".lower() for word in words)
    ]
    return [run for run in found if damage_of(run)] if wanted.state == DAMAGED else found


def ordered(runs: list[Run], order: str, tables: Mapping[str, str], size_of: Callable[[Run], int]) -> list[Run]:
    """Return the runs, which come newest first, in the order asked for."""
    if order == OLDEST:
        return runs[::-1]
    if order == LONGEST:
        return sorted(runs, key=lambda run: -run.seconds)
    if order == LARGEST:
        return sorted(runs, key=lambda run: -size_of(run))
    if order == BEST:
        return sorted(runs, key=lambda run: (tables.get(run.dataset_id, ""), run.dataset_id, *_rank(run)))
    return runs


def _rank(run: Run) -> tuple[bool, str, str, float]:
    """Return what puts the better of two runs on one table first, where they predict the same; those without last."""
    if run.metrics is None:
        return True, "", "", 0.0
    target = str(run.request.get("config", {}).get("target_column", ""))
    value = float(run.metrics["test_metric_value"])
    return False, target, run.metrics["task"], -value if run.metrics["task"] == "classification" else value
