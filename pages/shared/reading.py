"""How a file was read, in words."""

from __future__ import annotations

import streamlit as st

from core.errors import AppError
from core.runs.intake import discard, read_again, wait_for
from core.runs.records import Dataset
from core.tables.options import ReadOptions
from core.tables.report import ReadReport
from pages.shared.decisions import SEPARATOR_WORDS, show_decisions
from pages.shared.intake import follow
from pages.shared.state import get_store, get_workspace, said, say_next
from pages.shared.text import escape, plural

WAIT_SECONDS = 5.0
SHOWN_NOTICES = 3


def reading_words(report: ReadReport) -> str:
    """Return size, kind, encoding, separator and sheet as one line of Markdown."""
    parts = [plural(report.n_rows, "row"), plural(report.n_columns, "column"), report.kind.upper()]
    if report.encoding:
        parts.append(f"encoding {report.encoding.upper()}")
    if report.separator:
        parts.append(f"separated by {SEPARATOR_WORDS.get(report.separator, report.separator)}")
    if report.sheet:
        parts.append(f"sheet '{report.sheet}'")
    return " · ".join(escape(part) for part in parts)


def show_notices(report: ReadReport) -> None:
    """Show what was noticed while reading: the first few openly, the rest folded."""
    if not report.notices:
        return
    first, rest = report.notices[:SHOWN_NOTICES], report.notices[SHOWN_NOTICES:]
    lines = [escape(notice) for notice in first]
    st.info(lines[0] if len(lines) == 1 else "\n".join(f"- {line}" for line in lines), icon=":material/info:")
    if rest:
        with st.expander(f"{len(rest)} more notices"):
            st.markdown("\n".join(f"- {escape(notice)}" for notice in rest))


def choose_sheet(dataset: Dataset, report: ReadReport) -> None:
    """Draw the choice of a workbook's sheet; another sheet is another table, which is opened."""
    if len(dataset.sheets) < 2:
        return
    key = f"data_sheet_{dataset.id}"
    sheet = st.selectbox("Sheet", dataset.sheets, index=dataset.sheets.index(dataset.sheet), key=key)
    if sheet != dataset.sheet:
        del st.session_state[key]
        read_as(dataset, ReadOptions(sheet=sheet))


def change_reading(dataset: Dataset, report: ReadReport) -> None:
    """Draw how a table was read; where something else is chosen, read it again and open what that gives."""
    with st.container():
        if sentence := said("data_reading"):
            st.error(escape(sentence), icon=":material/error:")
    options = show_decisions(f"data_reading_{dataset.id}", report)
    if options is not None and options != report.options:
        read_as(dataset, options)


def read_as(dataset: Dataset, options: ReadOptions) -> None:
    """Read the file of a table in another way, and open what that gives; a refusal is said on the page."""
    try:
        with st.spinner("Reading it again …", show_time=True):
            intake = wait_for(get_workspace(), read_again(get_workspace(), get_store(), dataset, options), WAIT_SECONDS)
        if intake.state == "failed":
            discard(get_workspace(), intake.id)
            say_next("data_reading", intake.sentence)
        else:
            follow(intake)
    except AppError as error:
        say_next("data_reading", error.sentence)
    st.rerun()
