"""How a file was read, in words."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from core.errors import AppError
from core.runs.datasets import read_again, read_report
from core.runs.records import Dataset
from core.tables.report import ReadReport
from pages.shared.state import get_store, get_workspace, set_current
from pages.shared.tables import open_table
from pages.shared.text import escape, plural

SEPARATOR_WORDS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
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


def choose_sheet(dataset: Dataset) -> None:
    """Draw the choice of a workbook's sheet; another sheet is another table, which is opened."""
    if len(dataset.sheets) < 2:
        return
    key = f"data_sheet_{dataset.id}"
    sheet = st.selectbox("Sheet", dataset.sheets, index=dataset.sheets.index(dataset.sheet), key=key)
    if sheet == dataset.sheet:
        return
    options = read_report(get_workspace(), dataset).options
    try:
        with st.spinner("Reading the sheet …"):
            other = open_table(read_again(get_workspace(), get_store(), dataset, replace(options, sheet=sheet)))
    except AppError as error:
        st.error(escape(error.sentence), icon=":material/error:")
        return
    del st.session_state[key]
    set_current("dataset", other.id)
    st.rerun()
