"""Train: what is predicted, how, on what; then one click."""

import streamlit as st

from core.modes import mode_words
from core.runs.requests import TrainRequest
from core.types import numeric_settings
from pages.shared.settings import number_settings
from pages.shared.state import DATA_PAGE
from pages.shared.training import (
    choose_device,
    choose_mode,
    choose_table,
    choose_task,
    no_table,
    roles_words,
    run_name,
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
mode = choose_mode(f"train_mode_{dataset.id}", task)

key = f"train_{dataset.id}"
start, device_choice = st.columns([1, 3], vertical_alignment="center")
with device_choice:
    device = choose_device(key)
with st.expander("Advanced settings", icon=":material/tune:"):
    st.caption("Set to what works for most tables. Every field says what it does.")
    settings = number_settings(key, tuple(numeric_settings()), {})
    restore_best = st.toggle(
        "Keep the best epoch", value=True, key=f"{key}_restore_best", persist_state="session",
        help="Keep the network of the epoch with the lowest validation loss, not of the last one.",
    )  # fmt: skip

config = {
    "target_column": roles.target,
    "training_mode": mode,
    "task": asked_task,
    "restore_best": restore_best,
    **settings,
}
request = TrainRequest(config=config, excluded=roles.excluded, dates=roles.dates, device=device)
with start:
    name = run_name(dataset, mode_words(mode).title)
    start_button("train_start", "Start training", "train", dataset, request, name)
