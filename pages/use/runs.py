"""Runs: everything that was trained, distilled or predicted, the newest first."""

import math

import streamlit as st

from pages.shared.runlist import KIND_WORDS, PAGE_SIZE, matching, show_heads, show_line
from pages.shared.state import DATA_PAGE, TRAIN_PAGE, get_store
from pages.shared.text import plural

st.title("Runs")

runs = get_store().runs()
if not runs:
    st.info("Nothing has been trained yet.", icon=":material/history:")
    st.page_link(TRAIN_PAGE, label="Train a model", icon=":material/model_training:")
    st.page_link(DATA_PAGE, label="Bring a table, or try a sample", icon=":material/table:")
    st.stop()

search, kinds, stars = st.columns([3, 4, 2], vertical_alignment="top")
words = search.text_input("Search", placeholder="Part of a name", key="runs_search", persist_state="session")
kind = kinds.segmented_control(
    "Kind", list(KIND_WORDS), format_func=KIND_WORDS.get, key="runs_kind", persist_state="session", wrap=True
)
stars.space("small")
starred = stars.toggle("Starred only", key="runs_starred", persist_state="session")

found = matching(runs, words, kind, starred=starred)
if not found:
    st.info("No run matches. Clear the search to see all of them.", icon=":material/search_off:")
    st.stop()

st.caption(plural(len(found), "run"))
n_pages = math.ceil(len(found) / PAGE_SIZE)
page = st.pagination(n_pages, key="runs_page") if n_pages > 1 else 1
table_names = {dataset.id: dataset.name for dataset in get_store().datasets()}
show_heads()
for run in found[(page - 1) * PAGE_SIZE : page * PAGE_SIZE]:
    show_line(run, table_names)
