"""Download buttons that read from disk when they are clicked."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd
import pyarrow as pa
import streamlit as st

from core.scoring.write import write_table

CSV_TYPE = "text/csv"
XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PARQUET_TYPE = "application/vnd.apache.parquet"


def download_file(label: str, path: Path, file_name: str, mime: str, key: str, *, primary: bool = False) -> None:
    """Draw a button for a file of the workspace."""
    st.download_button(
        label, data=path.read_bytes, file_name=file_name, mime=mime, key=key, on_click="ignore",
        icon=":material/download:", type="primary" if primary else "secondary", width="stretch", wrap=True,
    )  # fmt: skip


def download_frame(frame: pd.DataFrame, stem: str, key: str) -> None:
    """Draw buttons for a small table as CSV and XLSX, written when they are clicked."""
    csv, xlsx, _ = st.columns([1, 1, 2])
    for column, label, suffix, mime in ((csv, "CSV", ".csv", CSV_TYPE), (xlsx, "Excel", ".xlsx", XLSX_TYPE)):
        column.download_button(
            f"Download {label}", data=_writer(frame, suffix), file_name=f"{stem}{suffix}", mime=mime,
            key=f"{key}{suffix}", on_click="ignore", icon=":material/download:", width="stretch",
        )  # fmt: skip


def _writer(frame: pd.DataFrame, suffix: str) -> Callable[[], bytes]:
    def write() -> bytes:
        with TemporaryDirectory() as folder:
            path = Path(folder) / f"table{suffix}"
            write_table(pa.Table.from_pandas(frame, preserve_index=False), path)
            return path.read_bytes()

    return write
