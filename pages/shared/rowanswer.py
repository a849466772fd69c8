"""The prediction for one row in large, how sure it is, and what to know beside it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import streamlit as st
from numpy.typing import NDArray

from core.calibration import POSITIVE_CLASS, UNCALIBRATED, decided, possible
from core.scoring.form import RowNotes
from core.serialization import BundleSummary
from core.tables.cell import coerce_value
from pages.shared.certaintywords import threshold_words
from pages.shared.charts import QUIET_COLOR, TRAIN_COLOR
from pages.shared.labels import cut, cut_all
from pages.shared.rowstate import RowForm
from pages.shared.text import escape, number, percent

CLASSES_SHOWN = 5
DOUBTS_SHOWN = 3
LABELS_SHOWN = 5
CLASS_LENGTH = 24  # characters, in large

Outputs = NDArray[np.float64]


def class_names(summary: BundleSummary) -> list[str]:
    """Return the name of each class, in the order of the probabilities; none where a number is predicted."""
    if summary.task != "classification":
        return []
    return [str(name) for name in summary.class_names or range(summary.output_dim)]


def usual_error(summary: BundleSummary) -> float | None:
    """Return the RMSE of a model of a number on its test rows; None where that is not known."""
    value = summary.record.metrics.get("test_metric_value") if summary.record else None
    return float(value) if isinstance(value, int | float) and summary.task != "classification" else None


def show_prediction(summary: BundleSummary, prediction: Outputs) -> None:
    """Draw what the model predicts: a number, or a class with the probability of each."""
    title, labels = f"Predicted {escape(cut(summary.target_column))}", class_names(summary)
    if labels:
        best = predicted_class(summary, prediction)
        st.metric(title, f"{escape(cut(labels[best], CLASS_LENGTH))} · {percent(prediction[best])}")
        _show_shares(labels, prediction)
        _show_possible(summary, labels, prediction)
        return
    st.metric(title, number(prediction[0]))
    calibration = summary.calibration or UNCALIBRATED
    if calibration.margin is not None and calibration.level is not None:
        low, high = prediction[0] - calibration.margin, prediction[0] + calibration.margin
        share = f"{100 * calibration.level:.4g} %"
        st.markdown(f"Between **{number(low)}** and **{number(high)}** in {share} of the cases.")
    error = usual_error(summary)
    if error is not None:
        st.caption(f"On the test rows its RMSE, in which large errors count more, was {number(error)}.")


def predicted_class(summary: BundleSummary, prediction: Outputs) -> int:
    """Return the place of the class that is predicted, by the model's threshold where it has one."""
    return int(decided(prediction[None, :], summary.calibration or UNCALIBRATED)[0])


def _show_possible(summary: BundleSummary, labels: Sequence[str], prediction: Outputs) -> None:
    """Draw the threshold that decided, and the labels that are possible, where the model has them."""
    calibration = summary.calibration or UNCALIBRATED
    if calibration.threshold is not None and len(labels) == POSITIVE_CLASS + 1:
        words = threshold_words(calibration.threshold, cut(labels[POSITIVE_CLASS], CLASS_LENGTH))
        st.caption(escape(words))
    if calibration.margin is None or calibration.level is None:
        return
    places = np.flatnonzero(possible(prediction[None, :], calibration.margin)[0])
    named = [f"**{escape(cut(labels[at], CLASS_LENGTH))}**" for at in places[:LABELS_SHOWN]]
    more = f" and {len(places) - LABELS_SHOWN:,} more" if len(places) > LABELS_SHOWN else ""
    noun = "Possible label" if len(places) == 1 else "Possible labels"
    share = f"{100 * calibration.level:.4g} %"
    st.markdown(f"{noun}: {', '.join(named)}{more}. The true one is among them in {share} of the cases.")


def show_truth(form: RowForm, prediction: Outputs) -> None:
    """Draw the outcome that the table says of the row that the form was filled with, where it does."""
    origin = form.origin
    if origin is None or not origin.truth:
        return
    st.markdown(f"Truth in row {origin.row:,} of the table: {_compared(form.summary, prediction, origin.truth)}")
    if form.is_changed:
        st.caption("The row was changed since, so this is no longer its outcome.")
    elif origin.was_trained_on:
        st.caption("The model may have learned from this very row.")


def show_notes(notes: RowNotes) -> None:
    """Draw what makes the prediction less sure, and what the model does about empty fields."""
    for doubt in notes.doubts[:DOUBTS_SHOWN]:
        st.warning(escape(doubt), icon=":material/warning:")
    rest = notes.doubts[DOUBTS_SHOWN:]
    if rest:
        with st.expander(f"{len(rest):,} more like these"):
            st.markdown("\n".join(f"- {escape(doubt)}" for doubt in rest))
    for gap in notes.gaps:
        st.caption(escape(gap))


def _compared(summary: BundleSummary, prediction: Outputs, truth: str) -> str:
    """Return the true outcome, and how near the prediction is to it (Markdown)."""
    labels, value = class_names(summary), coerce_value(truth)
    if labels:
        verdict = "as predicted" if labels[predicted_class(summary, prediction)] == truth else "not as predicted"
        return f"**{escape(cut(truth))}**, {verdict}."
    if isinstance(value, str):
        return f"**{escape(cut(truth))}**, which is no number."
    off = float(prediction[0]) - value
    return f"**{number(value)}**. The prediction is {number(abs(off))} {'above' if off >= 0 else 'below'} that."


def _show_shares(labels: Sequence[str], shares: Outputs) -> None:
    """Draw the likeliest classes with their shares, and fold the others."""
    order = [int(at) for at in np.argsort(-shares, kind="stable")]
    shown, named = order[:CLASSES_SHOWN], cut_all(list(labels))
    table = pa.table(
        {
            "rank": list(range(len(shown))),
            "label": [named[labels[at]] for at in shown],
            "share": shares[shown],
            "words": [percent(shares[at]) for at in shown],
        }
    )
    st.vega_lite_chart(
        _SHARES | {"datasets": {"shares": table}}, key="predict_row_shares", width="stretch",
        alt="The likeliest classes with their probabilities",
    )  # fmt: skip
    rest = order[CLASSES_SHOWN:]
    if rest:
        with st.expander(f"{len(rest):,} more"):
            st.dataframe(
                pd.DataFrame({"Class": [named[labels[at]] for at in rest], "Probability": shares[rest]}),
                hide_index=True, alt="The other classes with their probabilities",
                column_config={"Probability": st.column_config.NumberColumn(format="percent")},
            )  # fmt: skip


_Y = {
    "field": "label", "type": "nominal", "sort": {"field": "rank", "op": "min"}, "title": None,
    "axis": {"labelLimit": 150, "domain": False, "ticks": False, "labelPadding": 8},
}  # fmt: skip
_X = {"field": "share", "type": "quantitative", "title": None, "scale": {"domain": [0, 1.15]}, "axis": None}
_SHARES: dict[str, Any] = {
    "height": {"step": 24},
    "padding": 0,
    "data": {"name": "shares"},
    "encoding": {"y": _Y, "x": _X},
    "layer": [
        {"mark": {"type": "bar", "height": 10, "color": TRAIN_COLOR}},
        {
            "mark": {"type": "text", "align": "left", "dx": 6, "color": QUIET_COLOR, "fontSize": 12},
            "encoding": {"text": {"field": "words"}},
        },
    ],
}
