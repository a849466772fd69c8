"""The data receipt of a run: what became of every row and column of its table."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from core.errors import AppError
from core.receipt import ColumnFate, Receipt
from core.runs.preflight.expected import expected_receipt
from core.runs.records import Dataset, Run
from core.runs.requests import MODEL_NAME, TrainRequest
from core.serialization import inspect_bundle
from core.tables.report import ReadReport
from pages.shared.cached import read_outcome, read_size
from pages.shared.state import get_workspace
from pages.shared.text import escape, plural

SHOWN_CHANGES = 20


def show_data_receipt(run: Run) -> None:
    """Draw the receipt that travels in the run's bundle, folded; nothing where there is none."""
    path = get_workspace().run_dir(run.id) / MODEL_NAME
    receipt = _receipt_in(str(path), path.stat().st_mtime_ns) if path.is_file() else None
    if receipt is not None:
        _show("Data receipt: what became of every row and column", receipt, "model")


def show_expected_receipt(dataset: Dataset, report: ReadReport, settings: Mapping[str, Any]) -> None:
    """Draw what would become of every row and column in a training with these settings, folded."""
    roles = dataset.roles
    config = {
        "target_column": roles.target,
        "categorical_columns": list(roles.categories),
        "time_column": roles.time,
        **settings,
    }
    request = TrainRequest(config=config, excluded=roles.excluded, dates=roles.dates)
    try:
        size = read_size(dataset, request, read_outcome(dataset, str(roles.target)).task)
    except AppError:
        return  # the page has said what is wrong with the target
    _show("Data receipt: what becomes of every row and column", expected_receipt(report, roles, size), "data")


def _show(title: str, receipt: Receipt, key: str) -> None:
    with st.expander(title, icon=":material/receipt_long:", expanded=key == "model"):
        rows, columns = st.columns([2, 3])
        with rows:
            st.markdown(f"**{plural(receipt.n_rows, 'row')} in the file**")
            st.dataframe(
                pd.DataFrame([{"Rows": row.fate.capitalize(), "Count": row.count} for row in receipt.rows]),
                hide_index=True, key=f"{key}_receipt_rows", alt="The fates of the rows; the counts add up to the file",
                column_config={"Count": st.column_config.NumberColumn(format="localized")},
            )  # fmt: skip
        with columns:
            named = plural(len(receipt.columns), "column")
            st.markdown(f"**{named}, {plural(receipt.n_inputs, 'input')} of the network**")
            st.dataframe(
                pd.DataFrame([_row(column) for column in receipt.columns]),
                hide_index=True, key=f"{key}_receipt_columns", alt="The fates of the columns, and their inputs",
                column_config={"Missing": st.column_config.NumberColumn(format="localized")},
            )  # fmt: skip
        for change in receipt.changes[:SHOWN_CHANGES]:
            st.markdown(f"- {escape(change)}")


def _row(column: ColumnFate) -> dict[str, object]:
    return {
        "Column": column.name,
        "Became": column.fate.capitalize(),
        "Inputs": column.n_inputs,
        "Missing": column.n_missing,
    }


@st.cache_data(max_entries=16, show_spinner=False)
def _receipt_in(path: str, changed_at: int) -> Receipt | None:
    """Return the receipt in a bundle; `changed_at` tells one file from the next at the same place."""
    try:
        record = inspect_bundle(Path(path)).record
        return Receipt.from_dict(record.receipt) if record is not None and record.receipt else None
    except (AppError, KeyError, TypeError, ValueError):
        return None
