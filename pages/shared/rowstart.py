"""What the form for one row begins with: what is usual in training, or a row of a table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import streamlit as st

from core.errors import AppError, DataError, RunError
from core.runs.datasets import table_path
from core.runs.records import Dataset
from core.scoring.contract import names
from core.scoring.form import Value, form_columns, row_of, typical_row
from core.serialization import BundleSummary
from core.tables.cell import coerce_value
from core.tables.read import frame_of
from core.types import InputSchema
from pages.shared.models import Model
from pages.shared.state import get_workspace, said, say_next
from pages.shared.tables import earlier_tables, table_words
from pages.shared.text import escape

TYPICAL, FROM_TABLE = "Start with a typical row", "Start with a row of a table"
ROWS_PER_PIECE = 8_192


@dataclass(frozen=True)
class Origin:
    """The row of a table that the form was filled with; `truth` is its outcome, empty where it has none."""

    row: int
    table: str
    truth: str
    was_trained_on: bool
    missing: tuple[str, ...]


def choose_start(key: str, model: Model, summary: BundleSummary) -> None:
    """Draw what the row begins with; a change, or a click on Reset, fills the form anew."""
    tables = {table.id: table for table in earlier_tables()}
    fill: dict[str, Any] = {"on_change": _fill, "args": (key, model, summary)}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        start = st.segmented_control(
            "Start with", [TYPICAL, FROM_TABLE], default=TYPICAL, required=True, key=f"{key}_start",
            persist_state="session", label_visibility="collapsed", **fill,
        )  # fmt: skip
        if start == FROM_TABLE and tables:
            _choose_row(key, model, tables, fill)
        st.button("Reset", icon=":material/restart_alt:", key=f"{key}_reset", on_click=_fill, args=fill["args"])
    if start == FROM_TABLE and not tables:
        st.info("There is no table to take a row from. Bring one on the Data page.", icon=":material/table:")
    if trouble := said(f"{key}_start"):
        st.error(escape(trouble), icon=":material/error:")
    origin = origin_of(key)
    if origin is not None and origin.missing:
        st.caption(escape(f"Columns that this table lacks, and that are empty here: {names(origin.missing)}."))


def origin_of(key: str) -> Origin | None:
    """Return where the row in the form came from; None for a typical row."""
    known = st.session_state.get(f"{key}_origin")
    return Origin(**known) if known else None


def put_row(key: str, cells: Mapping[str, Value], origin: Origin | None = None) -> None:
    """Fill the form with a row."""
    st.session_state[f"{key}_cells"] = dict(cells)
    st.session_state[f"{key}_origin"] = asdict(origin) if origin else None
    st.session_state[f"{key}_changed"] = False


def read_row(path: Path, number: int) -> dict[str, Any]:
    """Return the cells of row `number`, counted from 1, of a table. Raises DataError where it has no such row."""
    before = number - 1
    with pq.ParquetFile(path) as file:
        for piece in file.iter_batches(batch_size=ROWS_PER_PIECE):
            if before < piece.num_rows:
                frame = frame_of(pa.Table.from_batches([piece.slice(before, 1)]))
                return {str(name): frame[name].iloc[0] for name in frame.columns}
            before -= piece.num_rows
    raise DataError(f"The table has no row {number:,}. Choose another one.")


def _choose_row(key: str, model: Model, tables: Mapping[str, Dataset], fill: dict[str, Any]) -> None:
    table = _chosen_table(key, model, tables)
    st.session_state[f"{key}_table"] = table.id
    st.selectbox(
        "Table", list(tables), key=f"{key}_table", persist_state="session", width=320, **fill,
        format_func={name: table_words(one) for name, one in tables.items()}.get,
    )  # fmt: skip
    st.number_input(
        "Row", min_value=1, max_value=max(1, table.n_rows), step=1, key=f"{key}_number", persist_state="session",
        width=140, help="Counted from 1, without the header.", **fill,
    )  # fmt: skip


def _chosen_table(key: str, model: Model, tables: Mapping[str, Dataset]) -> Dataset:
    """Return the table that is chosen, else the one that trained the model, else the newest."""
    wanted = (st.session_state.get(f"{key}_table", ""), model.run.dataset_id if model.run else "")
    return next((tables[name] for name in wanted if name in tables), next(iter(tables.values())))


def _fill(key: str, model: Model, summary: BundleSummary) -> None:
    """Fill the form as the choices say; where the row cannot be read, say so and leave the form as it is."""
    if summary.schema is None:
        return
    try:
        tables = {table.id: table for table in earlier_tables()}
        if st.session_state.get(f"{key}_start") != FROM_TABLE or not tables:
            put_row(key, typical_row(summary.schema))
            return
        table = _chosen_table(key, model, tables)
        number = max(1, min(st.session_state.get(f"{key}_number") or 1, table.n_rows))
        st.session_state[f"{key}_number"] = number
        found = _row_of_table(table, number)
        put_row(key, row_of(summary.schema, found), _origin(table, number, found, model, summary, summary.schema))
    except AppError as error:
        say_next(f"{key}_start", error.sentence)


def _row_of_table(table: Dataset, number: int) -> dict[str, Any]:
    try:
        return read_row(table_path(get_workspace(), table), number)
    except (OSError, pa.ArrowException) as error:
        raise RunError(f"The table '{table.name}' cannot be read. Add {table.file_name} again.") from error


def _origin(
    table: Dataset, number: int, found: Mapping[str, Any], model: Model, summary: BundleSummary, schema: InputSchema
) -> Origin:
    """Return where a row came from. Raises DataError where it has none of the model's columns."""
    needed = [column.name for column in form_columns(schema)]
    missing = tuple(name for name in needed if name not in found)
    if len(missing) == len(needed):
        raise DataError(f"The table '{table.name}' has none of the model's columns. Choose another table.")
    return Origin(
        row=number,
        table=table.name,
        truth=_text_of(found.get(summary.target_column)),
        was_trained_on=model.run is not None and table.id == model.run.dataset_id,
        missing=missing,
    )


def _text_of(cell: Any) -> str:
    meaning = coerce_value(cell)
    return "" if not isinstance(meaning, str) and pd.isna(meaning) else str(cell).strip()
