"""Bringing a table into the workspace: an upload, a sample, an earlier one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import streamlit as st

from core.runs.datasets import add_table, read_report
from core.runs.records import Dataset, Roles
from core.tables.report import ReadReport
from pages.shared.columns import LISTS, known_roles, suggested_roles
from pages.shared.state import get_store, get_workspace
from pages.shared.text import plural

SAMPLES = Path(__file__).resolve().parents[2] / "assets" / "samples"


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
        get_store().set_roles(dataset.id, replace(dataset.roles, target=sample.target))
    return get_store().dataset(dataset.id)


def open_table(dataset: Dataset, before: Dataset | None = None) -> Dataset:
    """Return the table with roles: those it has, those it had when it was read in another way, or suggested ones."""
    if dataset.roles == Roles():
        report = read_report(get_workspace(), dataset)
        roles = suggested_roles(report)
        if before is not None:
            roles = _kept_roles(before.roles, suggested_roles(read_report(get_workspace(), before)), roles, report)
        get_store().set_roles(dataset.id, roles)
    return get_store().dataset(dataset.id)


def _kept_roles(had: Roles, suggested: Roles, suggested_now: Roles, report: ReadReport) -> Roles:
    """Return the roles that columns had, but for those that the app suggested and would not suggest any more."""
    outdated = {part: set(getattr(suggested, part)) - set(getattr(suggested_now, part)) for part in LISTS}
    lists = {part: tuple(name for name in getattr(had, part) if name not in outdated[part]) for part in LISTS}
    return known_roles(replace(had, **lists), [column.name for column in report.columns])


def earlier_tables(limit: int = 50) -> list[Dataset]:
    """Return the tables of the workspace, the newest first; of a file that was read in several ways, the last."""
    latest = {(table.sha256, table.sheet): table for table in reversed(get_store().datasets())}
    return sorted(latest.values(), key=lambda table: table.created_at, reverse=True)[:limit]


def table_words(dataset: Dataset) -> str:
    """Return a table's name and size, for a list of options (plain text)."""
    sheet = f" · {dataset.sheet}" if dataset.sheet and len(dataset.sheets) > 1 else ""
    return f"{dataset.name}{sheet} · {plural(dataset.n_rows, 'row')}"
