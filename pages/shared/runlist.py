"""The list of runs: one line each, with what can be done to it; lines of active runs refresh by themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.errors import AppError
from core.modes import mode_words
from core.runs.board import is_timed
from core.runs.damage import damage_of
from core.runs.progress import share_done
from core.runs.records import Run
from core.runs.summon import ensure
from core.runs.usage import RunFiles
from pages.shared.comparisonpick import show_pick
from pages.shared.runactions import annotate_run, delete_run, is_asking, rename_run, resume_run, set_star
from pages.shared.state import MODEL_PAGE, PREDICT_PAGE, get_store, get_workspace
from pages.shared.text import duration, escape, size, when
from pages.shared.verdict import has_model, score_words

__all__ = ["Line", "rename_run", "show_list"]

REFRESH_SECONDS = 2.0
LINE = [0.35, 0.4, 4.5, 2.4, 1.7, 2.1, 0.7]
HEADS = ("", "", "Run", "State", "Score", "Started", "")
LINE_LENGTH = 110
ACTIONS = {"Resume": resume_run, "Rename": rename_run, "Note": annotate_run, "Delete": delete_run}
ACTIVE_BADGE = ("blue", ":material/sync:")
BADGES = {
    "queued": ("gray", ":material/schedule:"),
    "paused": ("orange", ":material/pause_circle:"),
    "interrupted": ("orange", ":material/warning:"),
    "finished": ("green", ":material/check_circle:"),
    "stopped": ("green", ":material/stop_circle:"),
    "failed": ("red", ":material/error:"),
}


@dataclass(frozen=True)
class Line:
    """A run with what is known of it beside its record."""

    run: Run
    table: str
    n_bytes: int
    damage: str

    @classmethod
    def of(cls, run: Run, tables: Mapping[str, str], files: RunFiles) -> Self:
        """Return the line of a run."""
        return cls(run, tables.get(run.dataset_id, "deleted table"), files.total, damage_of(run, files))


def show_list(lines: list[Line]) -> None:
    """Draw the lines, and keep the states of active runs up to date."""
    for column, head in zip(st.columns(LINE, gap="xsmall"), HEADS, strict=True):
        column.caption(head)
    places = {line.run.id: place for line in lines if (place := show_line(line))}
    if places:
        watch_active(places)


def show_line(line: Line) -> DeltaGenerator | None:
    """Draw one run; return the place of its state where that goes on changing."""
    run = line.run
    pick, star, name, state, score, started, menu = st.columns(LINE, gap="xsmall")
    _show_name(name, line)
    score.markdown(score_words(run) if run.metrics else "–")
    started.caption(times_of(line))
    if run.id:
        show_pick(pick, run)
        _show_star(star, run)
        _show_menu(menu, run)
    if run.is_active:
        return state.empty()
    show_state(state.container(gap=None), run, line.damage)
    return None


@st.fragment(run_every=REFRESH_SECONDS)
def watch_active(places: Mapping[str, DeltaGenerator]) -> None:
    """Draw the states of the active runs anew; when one of them has ended, draw the whole page."""
    try:
        runs = {run.id: run for run in get_store().active_runs()}
        ensure(get_workspace())
    except AppError as error:
        st.error(escape(error.sentence), icon=":material/error:")
        return
    if places.keys() - runs.keys() and not is_asking():
        st.rerun()
    for run_id, place in places.items():
        if run_id in runs:
            show_state(place.container(gap=None), runs[run_id], "")


def show_state(place: DeltaGenerator, run: Run, damage: str) -> None:
    """Draw a run's state: an icon, a word, a colour, and below what there is to add."""
    color, icon = ("red", ":material/broken_image:") if damage else badge_of(run)
    word = "Damaged" if damage else state_word(run)
    place.badge(word, icon=icon, color=color, help=escape(run.trouble or run.message) or None)
    if hint := state_word(run) if damage and not run.damage else hint_of(run):
        place.caption(escape(hint))


def badge_of(run: Run) -> tuple[str, str]:
    """Return the colour and icon of a run's state: green only where something was kept."""
    if run.state == "stopped" and not has_model(run):
        return "gray", ":material/stop_circle:"
    return BADGES.get(run.state, ACTIVE_BADGE)


def state_word(run: Run) -> str:
    """Return the state in one word."""
    return run.state_words.split(" (")[0]


def hint_of(run: Run) -> str:
    """Return what there is to add to the state: how far it is, or what can still be done."""
    if run.is_active:
        return run.trouble.split(":")[0].split(",")[0] or progress_of(run)
    if run.is_resting:
        return f"Can be resumed ({progress})" if (progress := progress_of(run)) else "Can be resumed"
    if run.state == "stopped":
        kept = "Blend kept" if is_timed(run) else "Best kept"
        return kept if has_model(run) else "Nothing was kept"
    return ""


def progress_of(run: Run) -> str:
    """Return how far a run is: 37 %."""
    share = share_done(run, run.epoch)
    return f"{100 * share:.0f} %" if share else ""


def mode_of(run: Run) -> str:
    """Return what kind of run it is, in one or two words."""
    if run.kind == "score":
        return "Predictions"
    title = mode_words(str(run.request.get("config", {}).get("training_mode", "mlp_dense"))).title
    return f"Distilled: {title}" if run.kind == "distil" else title


def times_of(line: Line) -> str:
    """Return when a run was asked for, how long it took and what it takes of the disk (Markdown)."""
    took = [duration(line.run.seconds)] if line.run.seconds else []
    room = [size(line.n_bytes)] if line.n_bytes else []
    return f"{when(line.run.created_at)}  \n{' · '.join(took + room)}"


def _show_name(column: DeltaGenerator, line: Line) -> None:
    """Draw the name, which opens the run, and below it its table, its note and what is wrong with it."""
    run, place = line.run, column.container(gap=None)
    page, query = (PREDICT_PAGE, {"job": run.id}) if run.kind == "score" else (MODEL_PAGE, {"run": run.id})
    place.page_link(page, label=escape(run.name), query_params=query, disabled=bool(run.damage), help=escape(run.name))
    wrong = line.damage or (run.message if run.state == "failed" else "")
    below = [
        f"{escape(line.table)} · {mode_of(run)}",
        f":material/sticky_note_2: {escape(_shortened(run.note))}" if run.note else "",
        f":material/info: {escape(_shortened(wrong))}" if wrong else "",
    ]
    place.caption("  \n".join(filter(None, below)))


def _show_star(place: DeltaGenerator, run: Run) -> None:
    place.button(
        ":orange[★]" if run.starred else "☆", key=f"runs_star_{run.id}", type="tertiary",
        help="Remove the star" if run.starred else "Star this run",
        on_click=set_star, args=(run.id,), kwargs={"starred": not run.starred},
    )  # fmt: skip


def _show_menu(place: DeltaGenerator, run: Run) -> None:
    offered = [words for words in ACTIONS if words != "Resume" or run.is_resting]
    choice = place.menu_button(
        "", offered, key=f"runs_menu_{run.id}", icon=":material/more_vert:", type="tertiary"
    )  # fmt: skip
    if choice:  # perhaps no longer offered: another tab may have been quicker
        ACTIONS[choice](run.id)


def _shortened(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= LINE_LENGTH else f"{line[: LINE_LENGTH - 1]}…"
