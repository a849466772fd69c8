"""Train: what is predicted, how, on what, and what that will take; then one click."""

from dataclasses import replace

import streamlit as st

from core.modes import mode_words, unread_settings
from core.runs.preflight.recommend import ACCURATE_MODE
from core.runs.requests import TrainRequest
from core.types import ADDED_MODES, TIMED_MODE, TrainingConfig, numeric_settings
from pages.shared.preflight import look_ahead, show_preflight
from pages.shared.settings import number_settings, own_way_words
from pages.shared.state import DATA_PAGE
from pages.shared.training import (
    choose_device,
    choose_table,
    choose_task,
    choose_time,
    chosen_mode,
    no_table,
    roles_words,
    run_name,
    show_modes,
    start_button,
)

st.title("Train a model")

table, task_choice = st.columns([3, 2])
with table:
    dataset = choose_table("train_table")
if dataset is None:
    no_table("A model learns from one.")
    st.stop()

roles = dataset.roles
if roles.target is None:
    st.info("This table has no target yet: the column to predict.", icon=":material/flag:")
    st.page_link(
        DATA_PAGE, label="Choose the target", icon=":material/arrow_forward:", query_params={"dataset": dataset.id}
    )
    st.stop()

with task_choice:
    asked_task, task, outcome = choose_task(dataset, roles.target)
st.markdown(roles_words(roles, outcome))

st.subheader("What matters most?")
key, mode_key = f"train_{dataset.id}", f"train_mode_{dataset.id}"
wanted = st.session_state.get(mode_key, "")
cards = st.container()  # the cards show times, which follow from the settings below
with st.container():
    seconds = choose_time(key, wanted)
start, device_choice = st.columns([1, 3], vertical_alignment="center")
preflight_place = st.container()
with device_choice:
    device = choose_device(key)
with st.expander("Advanced settings", icon=":material/tune:"):
    st.caption("Set to what works for most tables. Every field says what it does.")
    own_way = st.container()
    shown = tuple(name for name in numeric_settings() if name != "time_budget")
    settings = number_settings(key, shown, {}, closed=unread_settings(wanted))
    restore_best = "restore_best" in unread_settings(wanted) or st.toggle(
        "Keep the best epoch", value=True, key=f"{key}_restore_best", persist_state="session",
        help="Keep the network of the epoch with the lowest validation loss, not of the last one.",
    )  # fmt: skip

config = {
    "target_column": roles.target,
    "task": asked_task,
    "restore_best": restore_best,
    "categorical_columns": list(roles.categories),
    "time_column": roles.time,
    "time_budget": seconds,
    **settings,
}
request = TrainRequest(config=config, excluded=roles.excluded, dates=roles.dates, device=device)
preflight = look_ahead(dataset, request, task)
advice = preflight.advice if preflight else None
mode = chosen_mode(mode_key, task, advice.mode if advice else ACCURATE_MODE)
own = {} if mode == TIMED_MODE else {"time_budget": TrainingConfig.time_budget}
request = replace(request, config=config | {"training_mode": mode} | own)

with cards:
    show_modes(mode_key, task, mode, preflight.times(mode) if preflight else {}, advice)
with own_way:
    if preflight and mode in ADDED_MODES:
        st.caption(own_way_words(preflight.size.in_mode(mode)))
with preflight_place:
    if preflight:
        show_preflight(preflight, mode)
with start:
    if preflight and preflight.refusal(mode):
        st.button("Start training", icon=":material/play_arrow:", key="train_start_off", disabled=True)
    else:
        start_button(
            "train_start", "Start training", "train", dataset, request, run_name(dataset, mode_words(mode).title)
        )
