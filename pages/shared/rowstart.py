"""What the form for one row begins with: what is usual in training, or a row of a table."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import streamlit as st

from core.errors import AppError, DataError, RunError
from core.runs.datasets import table_path
from core.runs.records import Dataset
from core.scoring.form import row_of, truth_in, typical_row
from core.tables.read import frame_of
from core.tables.understand.phrases import listed
from pages.shared.rowstate import Origin, RowForm
from pages.shared.state import get_workspace, said, say_next
from pages.shared.tables import earlier_tables, table_words
from pages.shared.text import escape

TYPICAL, FROM_TABLE = "Start with a typical row", "Start with a row of a table"


def choose_start(form: RowForm) -> None:
    """Draw what the row begins with; a change, or a click on Reset, fills the form anew."""
    tables = {table.id: table for table in earlier_tables()}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        start = st.segmented_control(
            "Start with", [TYPICAL, FROM_TABLE], default=TYPICAL, required=True, key=form.key("start"),
            persist_state="session", label_visibility="collapsed", on_change=_fill, args=(form,),
        )  # fmt: skip
        if start == FROM_TABLE and tables:
            _choose_row(form, tables)
        st.button("Reset", icon=":material/restart_alt:", key=form.key("reset"), on_click=_fill, args=(form,))
    if start == FROM_TABLE and not tables:
        st.info("There is no table to take a row from. Bring one on the Data page.", icon=":material/table:")
    if trouble := said(form.key("start")):
        st.error(escape(trouble), icon=":material/error:")
    if form.origin is not None and form.origin.missing:
        st.caption(escape(f"Columns that this table lacks, and that are empty here: {listed(form.origin.missing, 8)}."))


def read_row(path: Path, number: int) -> dict[str, Any]:
    """Return the cells of row `number`, counted from 1, of a table. Raises DataError where it has no such row."""
    with pq.ParquetFile(path) as file:
        lengths = [file.metadata.row_group(at).num_rows for at in range(file.num_row_groups)]
        starts = np.cumsum([0, *lengths])
        if not 1 <= number <= starts[-1]:
            raise DataError(f"The table has no row {number:,}. Choose another one.")
        group = int(np.searchsorted(starts, number)) - 1
        frame = frame_of(file.read_row_group(group).slice(number - 1 - starts[group], 1))
    return {str(name): frame[name].iloc[0] for name in frame.columns}


def _choose_row(form: RowForm, tables: Mapping[str, Dataset]) -> None:
    table = _chosen_table(form, tables)
    st.session_state[form.key("table")] = table.id
    st.selectbox(
        "Table", list(tables), key=form.key("table"), persist_state="session", width=320,
        format_func={name: table_words(one) for name, one in tables.items()}.get, on_change=_fill, args=(form,),
    )  # fmt: skip
    st.number_input(
        "Row", min_value=1, max_value=max(1, table.n_rows), step=1, key=form.key("number"), persist_state="session",
        width=140, help="Counted from 1, without the header.", on_change=_fill, args=(form,),
    )  # fmt: skip


def _chosen_table(form: RowForm, tables: Mapping[str, Dataset]) -> Dataset:
    """Return the table that is chosen, else the one that trained the model, else the newest."""
    wanted = (st.session_state.get(form.key("table"), ""), form.model.run.dataset_id if form.model.run else "")
    return next((tables[name] for name in wanted if name in tables), next(iter(tables.values())))


def _fill(form: RowForm) -> None:
    """Fill the form as the choices say; where the row cannot be read, say so and leave the form as it is."""
    try:
        tables = {table.id: table for table in earlier_tables()}
        if st.session_state.get(form.key("start")) != FROM_TABLE or not tables:
            form.fill(typical_row(form.schema))
            return
        table = _chosen_table(form, tables)
        number = max(1, min(st.session_state.get(form.key("number")) or 1, table.n_rows))
        st.session_state[form.key("number")] = number
        cells = _row_of_table(table, number)
        form.fill(row_of(form.schema, cells), _origin(form, table, number, cells))
    except AppError as error:
        say_next(form.key("start"), error.sentence)


def _row_of_table(table: Dataset, number: int) -> dict[str, Any]:
    try:
        return read_row(table_path(get_workspace(), table), number)
    except (OSError, pa.ArrowException) as error:
        raise RunError(f"The table '{table.name}' cannot be read. Add {table.file_name} again.") from error


def _origin(form: RowForm, table: Dataset, number: int, cells: Mapping[str, Any]) -> Origin:
    """Return where a row came from. Raises DataError where it has none of the model's columns."""
    missing = tuple(column.name for column in form.columns if column.name not in cells)
    if len(missing) == len(form.columns):
        raise DataError(f"The table '{table.name}' has none of the model's columns. Choose another table.")
    run = form.model.run
    return Origin(
        row=number,
        truth=truth_in(form.schema, cells),
        was_trained_on=run is not None and table.id == run.dataset_id,
        missing=missing,
    )
