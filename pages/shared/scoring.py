"""Predicting for a whole file: the table, the columns it should have, and the finished result."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.errors import AppError
from core.runs.jobs import PREDICTIONS_NAME
from core.runs.records import Dataset, Run, utc_now
from core.runs.requests import ScoreRequest, submit
from core.runs.summon import warm
from core.scoring.contract import ColumnMatch, match_columns
from core.types import InputSchema
from pages.shared.cached import HEAD_ROWS, read_head, read_report
from pages.shared.downloads import CSV_TYPE, XLSX_TYPE, download_file
from pages.shared.intake import upload_whole
from pages.shared.models import Model
from pages.shared.pasted import show_match, show_predicted
from pages.shared.reading import reading_words, show_notices
from pages.shared.state import click_token, get_store, get_workspace, set_current, spend_token
from pages.shared.tables import earlier_tables, table_words
from pages.shared.text import escape, file_stem, plural, when


def file_panel(model: Model, schema: InputSchema) -> None:
    """Draw the choice of a table, how it fits the model, and the button that predicts for all its rows."""
    added = upload_whole("predict_upload", "A file with the rows to predict for: CSV, Excel, ODS or Parquet")
    if added:
        st.session_state["predict_table"] = added.id
    tables = {dataset.id: dataset for dataset in earlier_tables()}
    if st.session_state.get("predict_table") not in tables:
        st.session_state["predict_table"] = None
    chosen = st.selectbox(
        "Or a table you brought before", list(tables), index=None, key="predict_table", persist_state="session",
        format_func={key: table_words(table) for key, table in tables.items()}.get, placeholder="Choose a table",
    )  # fmt: skip
    if chosen:
        _fit_and_start(model, schema, tables[chosen])


def _fit_and_start(model: Model, schema: InputSchema, dataset: Dataset) -> None:
    report = read_report(dataset)
    st.markdown(f"**{escape(dataset.name)}** · {reading_words(report)}")
    show_notices(report)
    try:
        show_match(match_columns(schema, [column.name for column in report.columns]))
    except AppError as error:
        st.error(escape(error.sentence), icon=":material/error:")
        return
    with st.expander("The first rows", icon=":material/table:"):
        st.dataframe(read_head(dataset), height=220, placeholder="", alt="The first rows of the table")
    warm(get_workspace())
    token = click_token("predict_start")
    label = f"Predict {plural(dataset.n_rows, 'row')}"
    if st.button(label, type="primary", icon=":material/play_arrow:", key=f"predict_start_{token}"):
        _start(model, dataset, token)


def _start(model: Model, dataset: Dataset, token: str) -> None:
    name = f"{dataset.name} · Predictions · {when(utc_now())}"
    request = ScoreRequest(bundle_file=str(model.path), bundle_label=model.label)
    try:
        job = submit(get_workspace(), get_store(), "score", dataset.id, request, name, token)
    except AppError as error:
        st.error(escape(error.sentence), icon=":material/error:")
        return
    spend_token("predict_start")
    set_current("job", job.id)
    st.rerun()


def _columns_of(job: Run) -> int:
    try:
        return get_store().dataset(job.dataset_id).n_columns
    except AppError:
        return 0


def show_predictions(job: Run) -> None:
    """Draw the result of a finished job: what fitted, the first rows, and the files."""
    results = job.results or {}
    folder = get_workspace().run_dir(job.id)
    csv, xlsx = (folder / f"{PREDICTIONS_NAME}.{suffix}" for suffix in ("csv", "xlsx"))
    st.subheader(f"Predictions for {plural(results.get('rows', 0), 'row')}", anchor=False)
    match = ColumnMatch(*(tuple(results.get(part, ())) for part in ("matched", "missing", "extra")))
    show_match(match)
    for note in results.get("notes", []):
        if note not in match.notes:
            st.warning(escape(note), icon=":material/warning:")
    if not csv.exists():
        st.error("The files of these predictions are gone. Predict again.", icon=":material/error:")
        return
    stem = file_stem(job.name.split(" · ")[0]) + "_predictions"
    left, right, _ = st.columns([1, 1, 2])
    with left:
        download_file("Download CSV", csv, f"{stem}.csv", CSV_TYPE, "predict_csv", primary=True)
    if xlsx.exists():
        with right:
            download_file("Download Excel", xlsx, f"{stem}.xlsx", XLSX_TYPE, "predict_xlsx")
    head = pd.read_csv(csv, nrows=HEAD_ROWS, encoding="utf-8-sig", dtype=str, keep_default_na=False)
    added = list(head.columns[_columns_of(job) :])
    numbers = added[1:] or added  # one column is a predicted number, several begin with a category
    head[numbers] = head[numbers].apply(pd.to_numeric, errors="coerce")
    show_predicted(head, len(added), "predict_head")
    st.caption(f"The first {plural(len(head), 'row')}; the files hold all of them, your columns first.")
