"""Data: is my file read right, and what is to be predicted from what."""

import streamlit as st

from core.errors import AppError
from core.runs.summon import warm
from core.types import RECOMMENDED
from pages.shared.cached import read_head, read_report
from pages.shared.checks import show_checks
from pages.shared.columns import choose_roles, roles_sentence, show_columns, show_outcome
from pages.shared.intake import paste_table, show_intake, upload_table
from pages.shared.reading import change_reading, choose_sheet, reading_words, show_notices
from pages.shared.receipt import show_expected_receipt
from pages.shared.state import TRAIN_PAGE, current_dataset, current_intake, get_workspace, set_current
from pages.shared.tables import choose_earlier, choose_sample
from pages.shared.text import escape, plural

try:
    intake, dataset = current_intake(), current_dataset()
except AppError as error:
    set_current("intake", None)
    set_current("dataset", None)
    intake = dataset = None
    st.error(f"{escape(error.sentence)} Choose another table below.", icon=":material/error:")

if intake is not None:
    show_intake(intake)
    st.stop()

if dataset is None:
    st.title("Bring a table")
    st.markdown("A header row, then one row per case. It stays on this machine.")
    upload_table("CSV, Excel, ODS or Parquet")
    paste_table("data_paste")
    added = choose_earlier("data_earlier")
    st.subheader("Or try one of ours")
    added = choose_sample("data_sample") or added
    if added:
        set_current("dataset", added.id)
        st.rerun()
    st.stop()

warm(get_workspace())  # by the time the target is chosen, it is ready to train
report = read_report(dataset)
head, again = st.columns([4, 1], vertical_alignment="bottom")
head.title(escape(dataset.name))
if again.button("Another table", icon=":material/upload_file:", width="stretch", key="data_again"):
    set_current("dataset", None)
    st.rerun()
st.markdown(reading_words(report))
with st.container():  # what comes and goes has a place of its own, so that what stands below stays as it was left
    show_notices(report)
    choose_sheet(dataset, report)

st.dataframe(
    read_head(dataset), height=250, hide_index=True, key="data_head", placeholder="",
    alt="The first 100 rows as they were read",
)  # fmt: skip
shown = min(100, dataset.n_rows)
st.caption(f"The first {plural(shown, 'row')} as read. Empty cells are missing values.")
change_reading(dataset, report)

st.subheader("What should be predicted, and from what?")
choose_roles(dataset, report)
target = dataset.roles.target
with st.container():
    if sentence := roles_sentence(report, dataset.roles):
        st.caption(sentence)
    if target:
        show_outcome(dataset, target)
if st.button(
    "Go on to Train", type="primary", icon=":material/arrow_forward:", disabled=target is None, key="data_next",
    help=None if target else "Choose the target first.",
):  # fmt: skip
    st.switch_page(TRAIN_PAGE, query_params={"dataset": dataset.id})

with st.container():
    show_checks(dataset, report)
st.subheader("Columns")
show_columns(report, dataset.roles)
if target:
    show_expected_receipt(dataset, report, RECOMMENDED)
