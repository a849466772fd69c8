"""The data receipt of a run: what became of every row and column of its table."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import streamlit as st

from core.errors import AppError
from core.receipt import Receipt
from core.runs.records import Run
from core.runs.requests import MODEL_NAME
from core.serialization import inspect_bundle
from pages.shared.state import get_workspace
from pages.shared.text import escape, plural

SHOWN_CHANGES = 20


def show_data_receipt(run: Run) -> None:
    """Draw the receipt that travels in the run's bundle, folded; nothing where there is none."""
    path = get_workspace().run_dir(run.id) / MODEL_NAME
    receipt = _receipt_in(str(path), path.stat().st_mtime_ns) if path.is_file() else None
    if receipt is None:
        return
    with st.expander("Data receipt: what became of every row and column", icon=":material/receipt_long:"):
        rows, columns = st.columns([2, 3])
        with rows:
            st.markdown(f"**{plural(receipt.n_rows, 'row')} in the file**")
            st.dataframe(
                pd.DataFrame([{"Rows": row.fate.capitalize(), "Count": row.count} for row in receipt.rows]),
                hide_index=True, key="model_receipt_rows", alt="What became of the rows; the counts add up to the file",
                column_config={"Count": st.column_config.NumberColumn(format="localized")},
            )  # fmt: skip
        with columns:
            named = plural(len(receipt.columns), "column")
            st.markdown(f"**{named}, {plural(receipt.n_inputs, 'input')} of the network**")
            st.dataframe(
                pd.DataFrame(
                    [
                        {"Column": c.name, "Became": c.fate.capitalize(), "Inputs": c.n_inputs, "Missing": c.n_missing}
                        for c in receipt.columns
                    ]
                ),
                hide_index=True, key="model_receipt_columns", alt="What became of the columns, and their inputs",
                column_config={"Missing": st.column_config.NumberColumn(format="localized")},
            )  # fmt: skip
        for change in receipt.changes[:SHOWN_CHANGES]:
            st.markdown(f"- {escape(change)}")


@st.cache_data(max_entries=16, show_spinner=False)
def _receipt_in(path: str, changed_at: int) -> Receipt | None:
    """Return the receipt in a bundle; `changed_at` tells one file from the next at the same place."""
    try:
        record = inspect_bundle(Path(path)).record
        return Receipt.from_dict(record.receipt) if record is not None and record.receipt else None
    except (AppError, KeyError, TypeError, ValueError):
        return None
