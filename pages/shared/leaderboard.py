"""How the networks of a blend stand, while they are trained and afterwards."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.leaderboard import Entry, Leaderboard
from core.modes import mode_words, network_title
from core.runs.board import board_of
from core.runs.curve import guess_words
from core.runs.records import Run
from core.types import TIMED_MODE
from pages.shared.text import count, duration, escape

ALT = "Each kind of network: how many were trained, how good they are, and their share of the blend"


def show_leaderboard(run: Run) -> None:
    """Draw the blend and its kinds of networks, the best first; nothing for a run that has none."""
    board = board_of(run)
    if board is None:
        return
    st.markdown(f"**{escape(board_title(board))}**")
    st.dataframe(
        pd.DataFrame(board_rows(board, is_working=run.is_active)), hide_index=True, key="model_leaderboard",
        height="content", alt=ALT,
    )  # fmt: skip


def board_title(board: Leaderboard) -> str:
    """Say how good the blend is, and what makes the most of it."""
    heaviest = max(board.entries, key=lambda entry: entry.weight, default=None)
    if heaviest is None or heaviest.weight <= 0:
        return "No network is trained yet"
    what = f"{network_title(heaviest.name)} makes {_weight(heaviest)} of the blend"
    better = guess_words(board.loss, board.baseline_loss)
    return f"The blend is {better}; {what}" if better else what


def board_rows(board: Leaderboard, *, is_working: bool) -> list[dict[str, str]]:
    """Return the blend, then each kind of network, as rows of texts."""
    whole = Entry(mode_words(TIMED_MODE).title, board.members, board.seconds, board.loss, float(board.members > 0))
    return [_row(entry, board.baseline_loss, is_working=is_working) for entry in (whole, *board.entries)]


def _row(entry: Entry, baseline: float | None, *, is_working: bool) -> dict[str, str]:
    row = {
        "Network": network_title(entry.name),
        "Trained": count(entry.members),
        "Beside guessing": guess_words(entry.loss, baseline).removesuffix(" than guessing") or "–",
        "Share of the blend": _weight(entry),
        "Time": duration(entry.seconds),
    }
    return row | {"Training now": entry.now or "–"} if is_working else row


def _weight(entry: Entry) -> str:
    return f"{100 * entry.weight:.0f} %"
