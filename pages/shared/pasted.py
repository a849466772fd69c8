"""Predicting for rows pasted from a spreadsheet. Torch is imported when the first prediction is asked for."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa
import streamlit as st
from pandas.api.types import is_numeric_dtype

from core.errors import AppError
from core.scoring.contract import check_match, match_columns
from core.scoring.write import to_tsv
from core.tables.files.columns import apply_plan, plan_column
from core.tables.paste import PastedTable, read_pasted
from core.tables.read import frame_of
from core.types import ColumnSchema, InputSchema
from pages.shared.contract import choose_renames, show_contract
from pages.shared.downloads import download_frame
from pages.shared.models import Model
from pages.shared.text import escape, file_stem, plural
from pages.shared.truth import show_truth

if TYPE_CHECKING:
    from core.scoring.scorer import Scoring

PINNED_COLUMNS = 4


@dataclass(frozen=True)
class Predicted:
    """The pasted rows with their predictions, and what was found on the way."""

    frame: pd.DataFrame
    notices: tuple[str, ...]
    scoring: Scoring
    n_user_columns: int


def paste_panel(model: Model, schema: InputSchema) -> None:
    """Draw the box, and under it the predictions for what was last sent."""
    key = f"predict_text_{file_stem(str(model.path.parent.name))}"
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown("Copy rows in Excel, with or without their header, and paste them here.")
        st.button(
            "Example row", icon=":material/edit_note:", key="predict_example", on_click=_fill,
            args=(key, example_rows(schema)),
        )  # fmt: skip
    text = st.text_area(
        "Rows", key=key, height=170, persist_state="session", label_visibility="collapsed",
        placeholder="\t".join(schema.feature_columns[:8]),
    )  # fmt: skip
    if st.button("Predict", type="primary", icon=":material/play_arrow:", key="predict_paste"):
        st.session_state[f"{key}_sent"] = text
    sent = st.session_state.get(f"{key}_sent")
    if sent is None:
        return
    renames: dict[str, str] = st.session_state.get(f"{key}_renames", {})
    try:
        pasted = read_text(sent, schema)
        match = match_columns(schema, list(pasted.frame.columns), known_renames(renames, pasted.frame.columns))
        choose_renames(f"{key}_renames", schema, match, _samples(pasted.frame), sent)
        check_match(match)
        with st.spinner("Predicting …"):
            predicted = predict_text(model.path, model.path.stat().st_mtime, sent, tuple(match.renamed.items()))
    except AppError as error:
        st.error(escape(error.sentence), icon=":material/error:")
        return
    _show(predicted, file_stem(model.label))


def example_rows(schema: InputSchema) -> str:
    """Return a header and one typical row, tab-separated: medians and the most frequent categories."""
    columns = schema.by_role("feature", "date")
    row = pd.DataFrame([[_typical(column) for column in columns]], columns=[c.name for c in columns])
    return row.to_csv(sep="\t", index=False, lineterminator="\n")  # for our own box, where no text can act


def known_renames(renames: Mapping[str, str], columns: Collection[str]) -> dict[str, str]:
    """Return the renames whose column a table has: others were chosen for another table."""
    return {name: source for name, source in renames.items() if source in columns}


def read_text(text: str, schema: InputSchema) -> PastedTable:
    """Return pasted rows, held against a model's columns. Raises DataError."""
    return read_pasted(text, schema.feature_columns, [column.name for column in schema.columns])


@st.cache_data(max_entries=16, show_spinner=False)
def predict_text(path: Path, modified: float, text: str, renames: tuple[tuple[str, str], ...] = ()) -> Predicted:
    """Read pasted rows and predict for them; raises AppError with a sentence."""
    from core.scoring.files import score_frame

    bundle = load_model(path, modified)
    pasted = read_text(text, bundle.schema)
    scored, scoring = score_frame(bundle, with_numbers(pasted.plain), renames=dict(renames))
    n_own = pasted.frame.shape[1]
    frame = pd.concat([pasted.frame, scored.iloc[:, n_own:]], axis=1)
    return Predicted(frame, pasted.notices, scoring, n_own)


def with_numbers(texts: pd.DataFrame) -> pd.DataFrame:
    """Return pasted cells as a file's cells would be read: numbers where that changes no value."""
    columns = {}
    for name in texts.columns:
        column = pa.array(texts[name].astype(str), pa.string())
        columns[name] = apply_plan(column, plan_column(pa.chunked_array([column])))
    return frame_of(pa.table(columns))


@st.cache_resource(max_entries=4, show_spinner=False)
def load_model(path: Path, modified: float) -> Any:
    """Return a model, loaded once; `modified` is the time of its file, so that a new one is loaded anew."""
    from core.serialization import load_bundle

    return load_bundle(path)


def show_predicted(frame: pd.DataFrame, n_added: int, key: str) -> None:
    """Draw rows with their predictions; the prediction is pinned, so that it is seen without scrolling."""
    added = list(frame.columns[len(frame.columns) - n_added :])
    shares = [name for name in added if "_probability_" in name]
    numbers = [name for name in added[:-2] if name not in shares and is_numeric_dtype(frame[name].dtype)]
    frame = frame.assign(**{name: readable(frame[name]) for name in numbers})
    pinned = st.column_config.Column(pinned=True)
    share = st.column_config.NumberColumn(format="percent", pinned=len(shares) < PINNED_COLUMNS)
    st.dataframe(
        frame, key=key, hide_index=True, placeholder="", alt="Rows with their predictions",
        column_config=dict.fromkeys(shares, share) | {added[0]: pinned},
    )  # fmt: skip


def readable(values: pd.Series) -> pd.Series:
    """Return numbers rounded so that the largest keeps four digits; files keep all of them."""
    largest = values.abs().max()
    return values.round(max(0, 3 - math.floor(math.log10(largest)))) if largest > 0 else values


def _show(predicted: Predicted, stem: str) -> None:
    show_contract(predicted.scoring.contract, "predict_pasted_contract")
    for notice in predicted.notices:
        st.caption(escape(notice))
    st.subheader(f"Predictions for {plural(len(predicted.frame), 'row')}", anchor=False)
    if predicted.scoring.truth is not None:
        show_truth(asdict(predicted.scoring.truth))
    show_predicted(predicted.frame, len(predicted.frame.columns) - predicted.n_user_columns, "predict_pasted")
    download_frame(predicted.frame, f"{stem}_predictions", "predict_pasted_file")
    with st.expander("Copy back to Excel", icon=":material/content_copy:"):
        st.caption("Use the copy button in the corner, then paste into a sheet.")
        st.code(to_tsv(pa.Table.from_pandas(predicted.frame, preserve_index=False)), language=None, height=200)


def _samples(frame: pd.DataFrame) -> dict[str, list[str | None]]:
    return {str(name): frame[name].tolist() for name in frame.columns}


def _typical(column: ColumnSchema) -> Any:
    if column.role == "date":
        return date.today().isoformat()
    if column.categories:
        return column.categories[0][0]
    if column.median is None:
        return ""
    return f"{column.median:.6g}"


def _fill(key: str, text: str) -> None:
    st.session_state[key] = text
