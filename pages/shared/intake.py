"""A file on its way in: how far it is, its first rows, and what to do where it could not be read."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from typing import BinaryIO

import pandas as pd
import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from core.errors import AppError
from core.runs.intake import Intake, discard, look, receive, retry, wait_for
from core.tables.options import AUTOMATIC, ReadOptions
from pages.shared.decisions import choose_reading
from pages.shared.state import IdName, get_store, get_workspace, said, say_next, set_current
from pages.shared.tables import open_table
from pages.shared.text import escape, size
from pages.shared.uploads import let_go, source_of

FILE_TYPES = ["csv", "tsv", "txt", "xlsx", "xlsm", "xlsb", "xls", "ods", "parquet"]
AT_ONCE_SECONDS = 1.5  # a file that is read by then needs no page of its own
LARGE_BYTES = 20_000_000  # and one that is not shows its first rows the sooner
LOOK_SECONDS = 0.5
PASTED_NAME = "Pasted rows"


@dataclass(frozen=True)
class Purpose:
    """What a file is brought for: where the address names it on its way in, and its table then; how it is read."""

    key: str
    intake: IdName
    table: IdName
    options: ReadOptions = AUTOMATIC


TO_LEARN = Purpose("data_upload", "intake", "dataset")
TO_PREDICT = Purpose("predict_upload", "rows_intake", "rows", ReadOptions(stray_rows="keep"))  # rows out = rows in


def upload_table(label: str, purpose: Purpose = TO_LEARN) -> None:
    """Draw an uploader; open the table when a file has been read, or the page of one that takes longer."""
    uploaded = _uploaded(purpose.key, label)
    if uploaded is not None:
        take_in(uploaded, uploaded.name, purpose)
        let_go(uploaded)
        st.rerun()


def _uploaded(key: str, label: str) -> UploadedFile | None:
    """Draw an uploader with what was wrong with the last file; return a file that has just come.

    The widget is replaced by an empty one then, so that a refused file is not read again at the next click.
    """
    if sentence := said(key):
        st.error(escape(sentence), icon=":material/error:")
    number = st.session_state.setdefault(f"{key}_round", 0)
    uploaded = st.file_uploader(label, type=FILE_TYPES, key=f"{key}_{number}")
    if uploaded is not None:
        st.session_state[f"{key}_round"] = number + 1
    return uploaded


def paste_table(key: str) -> None:
    """Draw a field for rows that were copied from a spreadsheet; open the table when they are sent."""
    with st.expander("Or paste rows from Excel", icon=":material/content_paste:"), st.form(key, border=False):
        text = st.text_area(
            "Rows with their header", key=f"{key}_text", height=160,
            placeholder="Copy the cells in Excel, header included, and paste them here.",
        )  # fmt: skip
        sent = st.form_submit_button("Read these rows", icon=":material/table:")
    if sent and not text.strip():
        st.error("Nothing was pasted. Copy the rows with their header and paste them here.", icon=":material/error:")
    elif sent:
        take_in(BytesIO(text.encode()), f"{PASTED_NAME}.txt")
        st.rerun()


def take_in(source: BinaryIO, name: str, purpose: Purpose = TO_LEARN) -> None:
    """Begin to read a file, and go to its table, or to the page that shows how far it is."""
    try:
        with st.spinner("Reading the table …", show_time=True):
            intake = receive(get_workspace(), get_store(), source_of(source), name, purpose.options)
            patience = AT_ONCE_SECONDS if intake.n_bytes < LARGE_BYTES else 0.0
            follow(wait_for(get_workspace(), intake, patience), purpose)
    except AppError as error:
        say_next(purpose.key, error.sentence)


def follow(intake: Intake, purpose: Purpose = TO_LEARN) -> None:
    """Point the address at a file on its way in, or at the table it has become."""
    if intake.state != "done" or intake.dataset_id is None:
        set_current(purpose.intake, intake.id)
        return
    store = get_store()
    before = store.dataset(intake.replaces) if intake.replaces and store.has_dataset(intake.replaces) else None
    open_table(store.dataset(intake.dataset_id), before)
    discard(get_workspace(), intake.id)
    set_current(purpose.intake, None)
    set_current(purpose.table, intake.dataset_id)


def show_intake(intake: Intake, purpose: Purpose = TO_LEARN) -> None:
    """Draw a file on its way in until it is a table, or why it is none."""
    if purpose is TO_LEARN:
        st.title(escape(intake.file_name))
    else:
        st.subheader(escape(intake.file_name), anchor=False)
    if intake.state == "failed":
        _show_failure(intake, purpose)
    else:
        st.fragment(_watch, run_every=LOOK_SECONDS)(intake.id, purpose)


def _watch(intake_id: str, purpose: Purpose) -> None:
    try:
        intake = look(get_workspace(), intake_id)
    except AppError as error:
        set_current(purpose.intake, None)
        say_next(purpose.key, error.sentence)
        st.rerun()
    if intake.state == "done":
        follow(intake, purpose)
    if intake.state != "reading":
        st.rerun()
    st.progress(intake.share, text=f"{intake.phase or 'Reading'} · {size(intake.n_bytes)}")
    if intake.head is not None:
        st.dataframe(
            pd.DataFrame(intake.head.rows, columns=list(intake.head.names)), height=300, hide_index=True,
            key=f"{purpose.key}_head", placeholder="", alt="The first 100 rows, while the rest is being read",
        )  # fmt: skip
        st.caption("The first rows, while the rest is being read. You can leave this page and come back.")
    if st.button("Stop and choose another file", icon=":material/close:", key=f"{purpose.key}_stop"):
        _leave(intake, purpose)


def _show_failure(intake: Intake, purpose: Purpose) -> None:
    st.error(escape(intake.sentence), icon=":material/error:")
    if st.button("Choose another file", icon=":material/upload_file:", type="primary", key=f"{purpose.key}_other"):
        _leave(intake, purpose)
    st.subheader("Or read it in another way")
    options = choose_reading(f"intake_{intake.id}", intake.options)
    if options is None:
        return
    try:
        again = retry(get_workspace(), get_store(), intake, options)
        follow(wait_for(get_workspace(), again, AT_ONCE_SECONDS), purpose)
    except AppError as error:
        st.error(escape(error.sentence), icon=":material/error:")
        return
    st.rerun()


def _leave(intake: Intake, purpose: Purpose) -> None:
    discard(get_workspace(), intake.id)
    set_current(purpose.intake, None)
    set_current(purpose.table, intake.replaces)
    st.rerun()
