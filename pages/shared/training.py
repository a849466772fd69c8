"""The parts that Train and Distil share: table, task, device, and how a run is started."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from core.errors import AppError
from core.modes import mode_words
from core.runs.preflight.recommend import Recommendation
from core.runs.records import Dataset, Roles, RunKind, utc_now
from core.runs.requests import DistilRequest, TrainRequest, submit
from core.runs.summon import warm
from core.types import TIMED_MODE, TrainingConfig, setting_of
from pages.shared.cached import Outcome, devices, read_outcome
from pages.shared.modes import modes_for
from pages.shared.state import (
    DATA_PAGE,
    MODEL_PAGE,
    click_token,
    current_id,
    get_store,
    get_workspace,
    set_current,
    spend_token,
)
from pages.shared.tables import earlier_tables, table_words
from pages.shared.text import escape, when

TASK_OPTIONS = {"auto": "Automatic", "classification": "Categories", "regression": "Number"}
TIMES = {60.0: "1 minute", 300.0: "5 minutes", 900.0: "15 minutes", 3_600.0: "1 hour", 0.0: "Another time"}
OWN_MINUTES = 10.0
DEVICE_OPTIONS = {"auto": "Automatic", "cuda": "GPU", "cpu": "CPU"}


def choose_table(key: str) -> Dataset | None:
    """Draw the choice of a table, the one in the address first; None when there is none to choose."""
    tables = earlier_tables()
    if not tables:
        return None
    ids = [dataset.id for dataset in tables]
    wanted = current_id("dataset")
    if wanted not in ids:
        if wanted and st.query_params.get("dataset") == wanted:
            st.error(f"There is no table {escape(repr(wanted[:40]))}. Choose another.", icon=":material/error:")
        wanted = ids[0]
    st.session_state[key] = wanted
    st.selectbox(
        "Table", ids, key=key, format_func=dict(zip(ids, map(table_words, tables), strict=True)).get,
        on_change=_take_chosen, args=(key,),
    )  # fmt: skip
    return tables[ids.index(wanted)]


def _take_chosen(key: str) -> None:
    set_current("dataset", st.session_state[key])


def no_table(what: str) -> None:
    """Draw the empty state of a page that needs a table."""
    st.info(f"There is no table yet. {what}", icon=":material/table:")
    st.page_link(DATA_PAGE, label="Bring a table, or try a sample", icon=":material/arrow_forward:")


def choose_task(dataset: Dataset, target: str) -> tuple[str, str, str]:
    """Draw the choice of a task; return what to ask for, what that comes to, and the outcome in words."""
    try:
        outcome = read_outcome(dataset, target)
    except AppError as error:
        st.error(escape(error.sentence), icon=":material/error:")
        outcome = Outcome("classification", 0)
    asked = st.segmented_control(
        "Predict it as", list(TASK_OPTIONS), format_func=TASK_OPTIONS.get, required=True, default="auto",
        key=f"train_task_{dataset.id}", persist_state="session", wrap=True,
        help="Automatic: text and few distinct numbers are categories, other numbers are a number.",
    )  # fmt: skip
    task = outcome.task if asked == "auto" else asked
    return asked, task, Outcome(task, outcome.n_distinct).words


def chosen_mode(key: str, task: str, recommended: str) -> str:
    """Return the mode that was chosen, the recommended one where none was or the choice does not fit the task."""
    chosen: str | None = st.session_state.get(key)
    return recommended if chosen is None or dict(modes_for(task))[chosen] else chosen


def show_modes(
    key: str, task: str, chosen: str, times: Mapping[str, str], advice: Recommendation | None, n_columns: int = 4
) -> None:
    """Draw the cards of the modes, the first one wide, with the expected time of each where it is known."""
    recommended = advice.mode if advice else ""
    (first, refusal), *others = modes_for(task)
    with st.container(border=True):
        button, words = st.columns([1, n_columns - 1], vertical_alignment="center")
        with button:
            _mode_button(key, first, refusal, chosen=first == chosen)
        with words:
            _mode_card_words(first, refusal, times, recommended)
    for start in range(0, len(others), n_columns):
        row = others[start : start + n_columns]
        for column, (mode, refusal) in zip(st.columns(n_columns), row, strict=False):
            with column.container(border=True, height="stretch"):
                _mode_button(key, mode, refusal, chosen=mode == chosen)
                _mode_card_words(mode, refusal, times, recommended)
    if advice:
        st.caption(f":material/recommend: Recommended: {escape(advice.reason)}")


def _mode_button(key: str, mode: str, refusal: str, *, chosen: bool) -> None:
    st.button(
        mode_words(mode).title, key=f"{key}_{mode}", type="primary" if chosen else "secondary", width="stretch",
        icon=":material/check_circle:" if chosen else ":material/circle:", disabled=bool(refusal),
        on_click=st.session_state.__setitem__, args=(key, mode),
    )  # fmt: skip


def _mode_card_words(mode: str, refusal: str, times: Mapping[str, str], recommended: str) -> None:
    words, time = mode_words(mode), times.get(mode, "")
    st.markdown(words.what)
    st.caption(refusal or words.why)
    badges = [":green-badge[:material/recommend: Recommended]"] if mode == recommended else []
    if time and not refusal:
        badges.append(f":material/timer: {time}")
    if badges:
        st.caption("\u2003".join(reversed(badges)))


def choose_time(key: str, mode: str) -> float:
    """Draw how long a blend of networks trains, where `mode` is that; return the seconds, kept for the session."""
    kept, setting = f"{key}_seconds", setting_of("time_budget")
    if mode == TIMED_MODE:
        presets, own = st.columns([3, 1], vertical_alignment="bottom")
        with presets:
            seconds = st.segmented_control(
                "How long may it train?", list(TIMES), format_func=TIMES.get, required=True,
                default=TrainingConfig.time_budget, key=f"{key}_time", persist_state="session", wrap=True,
                help=setting.help,
            )  # fmt: skip
        if not seconds:
            minutes = own.number_input(
                "Minutes", setting.minimum / 60, setting.maximum / 60, OWN_MINUTES, 1.0, format="%g",
                key=f"{key}_minutes", persist_state="session",
            )  # fmt: skip
            seconds = min(setting.maximum, max(setting.minimum, 60 * minutes))
        st.session_state[kept] = seconds
    return float(st.session_state.get(kept, TrainingConfig.time_budget))


def choose_device(key: str) -> str | None:
    """Draw the choice of a device with the reason why the GPU is or is not used."""
    found = devices()
    st.caption(escape(found.sentence))
    if not found.has_gpu:
        return "cpu"
    chosen = st.segmented_control(
        "Device", list(DEVICE_OPTIONS), format_func=DEVICE_OPTIONS.get, required=True, default="auto",
        key=f"{key}_device", persist_state="session",
    )  # fmt: skip
    return None if chosen == "auto" else chosen


def roles_words(roles: Roles, outcome: str) -> str:
    """Return in one line what is predicted, from what."""
    excluded = ", ".join(escape(name) for name in roles.excluded) or "nothing"
    dates = ", ".join(escape(name) for name in roles.dates) or "none"
    parts = [f"Target **{escape(roles.target)}**: **{outcome}**. Left out: {excluded}. Dates: {dates}."]
    if roles.categories:
        parts.append(f"Codes as categories: {', '.join(escape(name) for name in roles.categories)}.")
    if roles.time:
        parts.append(f"Tested on the latest rows by {escape(roles.time)}.")
    return " ".join(parts)


def run_name(dataset: Dataset, what: str) -> str:
    """Return a readable name such as `churn · Standard network · 22 Nov 14:05`."""
    return f"{dataset.name} · {what} · {when(utc_now())}"


def start_button(
    key: str, label: str, kind: RunKind, dataset: Dataset, request: TrainRequest | DistilRequest, name: str
) -> None:
    """Draw the button that starts a run; when it is clicked, start it once and open its page."""
    warm(get_workspace())
    token = click_token(key)
    if not st.button(label, type="primary", icon=":material/play_arrow:", key=f"{key}_{token}"):
        return
    try:
        run = submit(get_workspace(), get_store(), kind, dataset.id, request, name, token)
    except AppError as error:
        st.error(escape(error.sentence), icon=":material/error:")
        return
    spend_token(key)
    st.switch_page(MODEL_PAGE, query_params={"run": run.id})
