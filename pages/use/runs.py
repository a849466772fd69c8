"""Runs: everything that was trained, distilled or predicted, the newest first."""

import math
from functools import cache

import streamlit as st

from core.runs.damage import damage_of
from core.runs.usage import files_of
from pages.shared.comparison import is_comparing, show_comparing
from pages.shared.comparisonpick import offer_comparison
from pages.shared.diskuse import show_disk_use, warn_of_little_space
from pages.shared.runactions import SAID, begin, offer_deletion
from pages.shared.runfilter import ask, clear, matching, ordered
from pages.shared.runlist import Line, show_list
from pages.shared.state import DATA_PAGE, TRAIN_PAGE, get_store, get_workspace, said
from pages.shared.text import escape

PAGE_SIZE = 20

if is_comparing():
    show_comparing()
    st.stop()

st.title("Runs")
begin()
warn_of_little_space()
if sentence := said(SAID):
    st.error(escape(sentence), icon=":material/error:")

runs = get_store().runs()
if not runs:
    st.info("Nothing has been trained yet.", icon=":material/history:")
    st.page_link(TRAIN_PAGE, label="Train a model", icon=":material/model_training:")
    st.page_link(DATA_PAGE, label="Bring a table, or try a sample", icon=":material/table:")
    st.stop()

workspace = get_workspace()
files = cache(lambda run_id: files_of(workspace, run_id))
tables = {dataset.id: dataset.name for dataset in get_store().datasets()}
wanted = ask()
found = matching(runs, wanted, tables, lambda run: damage_of(run, files(run.id)))
if not found:
    st.info("No run matches.", icon=":material/search_off:")
    st.button("Show all runs", icon=":material/close:", key="runs_clear", on_click=clear)
    st.stop()
found = ordered(found, wanted.order, tables, lambda run: files(run.id).total)
offer_comparison(runs)
offer_deletion(found, len(runs), lambda run: files(run.id).total)

n_pages, page_key = math.ceil(len(found) / PAGE_SIZE), f"runs_page_{wanted}"
page = st.session_state.get(page_key, 1)
shown = found[(page - 1) * PAGE_SIZE : page * PAGE_SIZE] or found[:PAGE_SIZE]
show_list([Line.of(run, tables, files(run.id)) for run in shown])
if n_pages > 1:
    st.pagination(n_pages, key=page_key)
show_disk_use()
