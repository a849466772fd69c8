"""Model: one run, while it works and after; its address brings it back in any browser."""

import streamlit as st

from core.errors import AppError
from pages.shared.controls import offer_more_epochs
from pages.shared.live import show_log, watch
from pages.shared.receipt import show_data_receipt
from pages.shared.results import (
    show_curve,
    show_failure,
    show_parent,
    show_receipt,
    show_rest,
    show_ways_back,
)
from pages.shared.runlist import rename_run
from pages.shared.state import PREDICT_PAGE, RUNS_PAGE, TRAIN_PAGE, current_run
from pages.shared.status import ended_line, state_badge, tab_title
from pages.shared.tabs import show_tabs
from pages.shared.text import escape
from pages.shared.verdict import has_model

try:
    run = current_run()
except AppError as error:
    run = None
    st.error(escape(error.sentence), icon=":material/error:")

if run is None:
    st.title("No model chosen")
    st.markdown("A model's page shows its curve while it trains, and how good it is afterwards.")
    st.page_link(RUNS_PAGE, label="Open one of your runs", icon=":material/history:")
    st.page_link(TRAIN_PAGE, label="Train a new model", icon=":material/model_training:")
    st.stop()

if run.kind == "score":
    st.switch_page(PREDICT_PAGE, query_params={"job": run.id})

title, rename = st.columns([4, 1], vertical_alignment="bottom")
title.title(escape(run.name), anchor=False)
if rename.button("Rename", icon=":material/edit:", key="model_rename", width="stretch"):
    rename_run(run.id)
show_parent(run)

if run.is_active:
    watch(run.id)
    st.stop()

st.set_page_config(page_title=tab_title(run))
st.markdown(f"{state_badge(run)} {ended_line(run)}")
if run.damage:
    st.error(escape(run.damage), icon=":material/error:")
elif has_model(run):
    show_tabs(run)
    st.stop()
elif run.is_resting:
    show_rest(run)
else:
    show_failure(run)
show_curve(run)
if not run.is_resting:
    offer_more_epochs(run)
if not has_model(run):
    show_ways_back(run)
show_receipt(run)
show_data_receipt(run)
show_log(run.id)
