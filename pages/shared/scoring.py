"""Predicting for a whole file: the table, how it fits the model, and the finished result."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import streamlit as st

from core.errors import AppError
from core.runs.datasets import read_head as read_first
from core.runs.jobs import PREDICTIONS_NAME
from core.runs.records import Dataset, Run, utc_now
from core.runs.requests import ScoreRequest, submit
from core.runs.summon import warm
from core.scoring.contract import Contract, match_columns
from core.scoring.write import to_tsv
from core.types import InputSchema
from pages.shared.cached import HEAD_ROWS, read_head, read_report
from pages.shared.contract import choose_renames, show_contract, show_match
from pages.shared.downloads import CSV_TYPE, PARQUET_TYPE, XLSX_TYPE, download_file
from pages.shared.intake import TO_PREDICT, show_intake, upload_table
from pages.shared.models import Model
from pages.shared.pasted import known_renames, show_predicted
from pages.shared.reading import reading_words, show_notices
from pages.shared.state import (
    click_token,
    current_intake,
    current_rows,
    get_store,
    get_workspace,
    set_current,
    spend_token,
)
from pages.shared.tables import earlier_tables, table_words
from pages.shared.text import escape, file_stem, plural, when
from pages.shared.truth import show_drifts, show_truth

SAMPLE_ROWS = 2_000  # from which renamed columns are told
EXCEL_ROWS = 100_000  # up to here a workbook is written without asking
TSV_ROWS = 5_000


def file_panel(model: Model, schema: InputSchema) -> None:
    """Draw the choice of a table, how it fits the model, and the button that predicts for all its rows."""
    try:
        intake, dataset = current_intake("rows_intake"), current_rows()
    except AppError as error:
        set_current("rows_intake", None)
        set_current("rows", None)
        intake = dataset = None
        st.error(escape(error.sentence), icon=":material/error:")
    if intake is not None:
        show_intake(intake, TO_PREDICT)
        return
    if dataset is None:
        _choose_table()
        return
    _fit_and_start(model, schema, dataset)


def _choose_table() -> None:
    upload_table("A file with the rows to predict for: CSV, Excel, ODS or Parquet", TO_PREDICT)
    tables = {dataset.id: dataset for dataset in earlier_tables()}
    chosen = st.selectbox(
        "Or a table you brought before", list(tables), index=None, key="predict_table",
        format_func={key: table_words(table) for key, table in tables.items()}.get, placeholder="Choose a table",
    )  # fmt: skip
    if chosen:
        set_current("rows", chosen)
        st.rerun()


def _fit_and_start(model: Model, schema: InputSchema, dataset: Dataset) -> None:
    report = read_report(dataset)
    words, other = st.columns([4, 1], vertical_alignment="center")
    words.markdown(f"**{escape(dataset.name)}** · {reading_words(report)}")
    if other.button("Another table", icon=":material/upload_file:", key="predict_other", width="stretch"):
        set_current("rows", None)
        st.rerun()
    show_notices(report)
    key = f"predict_renames_{file_stem(model.path.parent.name)}_{dataset.id}"
    columns = [column.name for column in report.columns]
    renames = known_renames(st.session_state.get(key, {}), columns)
    match = match_columns(schema, columns, renames)
    show_match(match)
    choose_renames(key, schema, match, _samples(dataset))
    if not match.found:
        return
    with st.expander("The first rows", icon=":material/table:"):
        st.dataframe(read_head(dataset), height=220, placeholder="", alt="The first rows of the table")
    excel = dataset.n_rows <= EXCEL_ROWS or st.checkbox(
        "An Excel file too", value=False, key="predict_excel",
        help="A workbook of so many rows takes minutes to write, and as long to open.",
    )  # fmt: skip
    warm(get_workspace())
    token = click_token("predict_start")
    label = f"Predict {plural(dataset.n_rows, 'row')}"
    if st.button(label, type="primary", icon=":material/play_arrow:", key=f"predict_start_{token}"):
        _start(model, dataset, match.renamed, excel, token)


@st.cache_data(max_entries=16, show_spinner=False)
def _samples_of(home: str, dataset_id: str) -> dict[str, list[str | None]]:
    head = read_first(get_workspace(), get_store().dataset(dataset_id), SAMPLE_ROWS)
    return {str(name): [None if pd.isna(cell) else str(cell) for cell in head[name].tolist()] for name in head.columns}


def _samples(dataset: Dataset) -> dict[str, list[str | None]]:
    """Return the first cells of each column as texts."""
    return _samples_of(str(get_workspace().home), dataset.id)


def _start(model: Model, dataset: Dataset, renames: dict[str, str], excel: bool, token: str) -> None:
    name = f"{dataset.name} · Predictions · {when(utc_now())}"
    request = ScoreRequest(str(model.path), model.label, renames, excel)
    try:
        job = submit(get_workspace(), get_store(), "score", dataset.id, request, name, token)
    except AppError as error:
        st.error(escape(error.sentence), icon=":material/error:")
        return
    spend_token("predict_start")
    set_current("job", job.id)
    st.rerun()


def show_predictions(job: Run) -> None:
    """Draw the result of a finished job: what fitted, how good it was, the first rows, and the files."""
    results = job.results or {}
    folder = get_workspace().run_dir(job.id)
    csv, xlsx, parquet = (folder / f"{PREDICTIONS_NAME}.{suffix}" for suffix in ("csv", "xlsx", "parquet"))
    st.subheader(f"Predictions for {plural(results.get('rows', 0), 'row')}", anchor=False)
    if "contract" in results:
        show_contract(Contract.from_dict(results["contract"]), "predict_contract")
    for note in results.get("notes", []):
        st.caption(escape(note))
    if not csv.exists():
        st.error("The files of these predictions are gone. Predict again.", icon=":material/error:")
        return
    stem = file_stem(job.name.split(" · ")[0]) + "_predictions"
    files = (("CSV", csv, CSV_TYPE), ("Excel", xlsx, XLSX_TYPE), ("Parquet", parquet, PARQUET_TYPE))
    for place, (label, path, mime) in zip(st.columns(4), files, strict=False):
        if path.exists():
            with place:
                download_file(
                    f"Download {label}", path, f"{stem}{path.suffix}", mime, f"predict_{path.suffix[1:]}",
                    primary=path == csv,
                )  # fmt: skip
    if not parquet.exists():  # predicted by an earlier version
        return
    truth = results.get("truth")
    if truth and results.get("is_training_table"):
        st.info(
            "This is the table that the model was trained on. It has seen most of these rows, so the score below "
            "flatters it; the test's does not.",
            icon=":material/info:",
        )
    if truth:
        show_truth(truth, _rows_at(str(parquet), tuple(worst["row"] for worst in truth["worst"]), job))
    show_drifts(results.get("drifts", []))
    head = _head(str(parquet))
    show_predicted(head, len(results.get("added", ())), "predict_head")
    st.caption(f"The first {plural(len(head), 'row')}; the files hold all of them, your columns first.")
    if results.get("rows", 0) <= TSV_ROWS:
        with st.expander("Copy back to Excel", icon=":material/content_copy:"):
            st.caption("Use the copy button in the corner, then paste into a sheet.")
            st.code(to_tsv(pq.read_table(parquet)), language=None, height=200)


@st.cache_data(max_entries=8, show_spinner=False)
def _head(path: str) -> pd.DataFrame:
    with pq.ParquetFile(path) as file:
        first = next(file.iter_batches(batch_size=HEAD_ROWS))
    frame: pd.DataFrame = pa.Table.from_batches([first]).to_pandas()
    return frame


@st.cache_data(max_entries=8, show_spinner=False)
def _rows_at(path: str, rows: Sequence[int], _job: Run) -> pd.DataFrame:
    """Return the user's own cells of some rows, counted from 1."""
    wanted, found, start = sorted(rows), {}, 0
    names = [name for name in pq.read_schema(path).names if name not in (_job.results or {}).get("added", ())]
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(columns=names):
            here = [row for row in wanted if start < row <= start + batch.num_rows]
            picked: list[dict[str, Any]] = batch.take(pa.array([row - start - 1 for row in here])).to_pylist()
            found |= dict(zip(here, picked, strict=True))
            start += batch.num_rows
    return pd.DataFrame([found[row] for row in rows if row in found], columns=names)
