"""What the workspace takes of the disk, and giving some of it back."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import streamlit as st

from core.errors import AppError
from core.runs.usage import LITTLE_BYTES, DiskUse, remove, spent_checkpoints, usage
from core.workspace import Workspace, free_bytes
from pages.shared.runactions import SAID, asking
from pages.shared.state import get_store, get_workspace, say_next
from pages.shared.text import escape, percent, plural, size

KINDS = {
    "models": "Models",
    "checkpoints": "Checkpoints",
    "predictions": "Predictions",
    "logs": "Logs",
    "tables": "Tables",
    "database": "Database",
    "other": "Other files",
}


def warn_of_little_space() -> None:
    """Say when the disk is nearly full."""
    free = free_bytes(get_workspace())
    if free is not None and free < LITTLE_BYTES:
        st.warning(
            f"Only {size(free)} are free on the disk of {escape(get_workspace().home)}. Delete runs that are not "
            "needed, or free up space below.",
            icon=":material/hard_drive:",
        )


def show_disk_use() -> None:
    """Draw what takes how much, folded, with the sum as its title."""
    used = _usage(get_workspace().home)
    free = "" if used.free is None else f" · {size(used.free)} free"
    with st.expander(f"Disk use: {size(used.total)}{free}", icon=":material/hard_drive:", key="runs_disk"):
        shares, words = st.columns([3, 2])
        shares.dataframe(_table(used), hide_index=True, height="content", alt="Disk use by kind of file")
        with words:
            st.caption(f"In {escape(get_workspace().home)}")
            if used.unreadable:
                st.caption(f"{plural(used.unreadable, 'folder')} could not be read and are not counted.")
            if st.button("Free up space …", icon=":material/mop:", key="runs_free", disabled=not used.checkpoints):
                free_up()
            st.caption("Deletes checkpoints of runs that have ended. Their models, figures and predictions stay.")


@st.dialog("Free up space?", on_dismiss="rerun")
def free_up() -> None:
    """Ask, then delete the checkpoints that no run goes on from by itself."""
    asking()
    try:
        spent = spent_checkpoints(get_workspace(), get_store().runs())
    except AppError as error:
        st.error(escape(error.sentence), icon=":material/error:")
        return
    if not spent.paths:
        st.markdown("No run that has ended has a checkpoint, but for starred ones. There is nothing to delete.")
        return
    st.markdown(
        f"The checkpoints of {plural(spent.n_runs, 'ended run')} will be deleted, and {size(spent.n_bytes)} will be "
        "free. These runs can then no longer be continued for more epochs. Their models, figures and predictions "
        "stay, and so do the checkpoints of starred runs and of those that can be resumed."
    )
    if st.button("Delete the checkpoints", type="primary", icon=":material/mop:", key="runs_free_now"):
        if n_left := remove(spent.paths):
            say_next(SAID, f"{plural(n_left, 'checkpoint')} could not be deleted.")
        _usage.clear()
        st.rerun()


@st.cache_data(ttl=10, max_entries=4, show_spinner=False)
def _usage(home: Path) -> DiskUse:
    return usage(Workspace(home))


def _table(used: DiskUse) -> pd.DataFrame:
    amounts = {words: getattr(used, name) for name, words in KINDS.items() if getattr(used, name)}
    return pd.DataFrame(
        {
            "Kind": list(amounts),
            "Size": [size(amount) for amount in amounts.values()],
            "Share": [percent(amount / used.total) for amount in amounts.values()],
        }
    )
