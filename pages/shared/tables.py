"""Bringing a table into the workspace: an upload, a sample, an earlier one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from core.errors import AppError
from core.runs.datasets import add_table, read_report
from core.runs.records import Dataset, Roles
from core.tables.report import ReadReport
from pages.shared.state import get_store, get_workspace, said, say_next
from pages.shared.text import escape, plural

SAMPLES = Path(__file__).resolve().parents[2] / "assets" / "samples"
FILE_TYPES = ["csv", "tsv", "txt", "xlsx", "xlsm", "xlsb", "xls", "ods", "parquet"]


@dataclass(frozen=True)
class Sample:
    """A table that is shipped with the app."""

    key: str
    file_name: str
    title: str
    question: str
    target: str


SAMPLE_TABLES = (
    Sample("churn", "customer_churn.csv", "Customer churn", "Who will leave? Yes or no.", "churned"),
    Sample("prices", "apartment_prices.csv", "Apartment prices", "What will a flat sell for? A number.", "price"),
    Sample("fruit", "fruit_quality.xlsx", "Fruit quality", "Which of 3 grades? An Excel workbook.", "grade"),
)


def upload_table(key: str, label: str) -> Dataset | None:
    """Draw an uploader; return the table when a file has just been read, else None.

    The file is spooled to disk at once, and the widget is replaced by an empty one, so that its
    bytes do not stay in memory and a refused file is not read again at the next click.
    """
    if sentence := said(key):
        st.error(escape(sentence), icon=":material/error:")
    round_key = f"{key}_round"
    number = st.session_state.setdefault(round_key, 0)
    uploaded = st.file_uploader(label, type=FILE_TYPES, key=f"{key}_{number}")
    if uploaded is None:
        return None
    st.session_state[round_key] = number + 1
    try:
        with st.spinner("Reading the table …", show_time=True):
            return open_table(add_table(get_workspace(), get_store(), uploaded, uploaded.name))
    except AppError as error:
        say_next(key, error.sentence)
    finally:
        uploaded.close()
    st.rerun()


def choose_earlier(key: str) -> Dataset | None:
    """Draw the tables that were brought before, if there are any; return the one that is chosen."""
    tables = {dataset.id: dataset for dataset in earlier_tables()}
    if not tables:
        return None
    chosen = st.selectbox(
        "Or a table you brought before", list(tables), index=None, key=key, placeholder="Choose a table",
        format_func={key: table_words(table) for key, table in tables.items()}.get,
    )  # fmt: skip
    return tables[chosen] if chosen else None


def choose_sample(key: str) -> Dataset | None:
    """Draw a card for each shipped table; return the one that was clicked."""
    clicked = None
    for column, sample in zip(st.columns(len(SAMPLE_TABLES)), SAMPLE_TABLES, strict=True):
        with column.container(border=True):
            st.markdown(f"**{sample.title}**")
            st.caption(sample.question)
            if st.button("Try it", key=f"{key}_{sample.key}", width="stretch"):
                clicked = add_sample(sample)
    return clicked


def add_sample(sample: Sample) -> Dataset:
    """Read a shipped table, with its target chosen, unless the analyst has chosen another before."""
    path = SAMPLES / sample.file_name
    dataset = open_table(add_table(get_workspace(), get_store(), path, path.name, is_sample=True))
    if dataset.roles.target is None:
        roles = Roles(sample.target, dataset.roles.excluded, dataset.roles.dates)
        get_store().set_roles(dataset.id, roles)
    return get_store().dataset(dataset.id)


def open_table(dataset: Dataset) -> Dataset:
    """Return the table with roles: those it has, else those that its columns suggest."""
    if dataset.roles == Roles():
        get_store().set_roles(dataset.id, suggested_roles(read_report(get_workspace(), dataset)))
    return get_store().dataset(dataset.id)


def suggested_roles(report: ReadReport) -> Roles:
    """Return dates for what looks like dates, and leave out what looks like an id or is empty."""
    dates = tuple(column.name for column in report.columns if column.looks_like_date)
    excluded = tuple(
        column.name
        for column in report.columns
        if column.name not in dates and (column.looks_like_id or column.kind == "empty")
    )
    return Roles(None, excluded, dates)


def earlier_tables(limit: int = 50) -> list[Dataset]:
    """Return the tables of the workspace, the newest first."""
    return get_store().datasets()[:limit]


def table_words(dataset: Dataset) -> str:
    """Return a table's name and size, for a list of options (plain text)."""
    sheet = f" · {dataset.sheet}" if dataset.sheet and len(dataset.sheets) > 1 else ""
    return f"{dataset.name}{sheet} · {plural(dataset.n_rows, 'row')}"
