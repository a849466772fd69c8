"""Which columns matter: what the predictions lose when one is shuffled."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.insight.charts.explaining import MOST_BARS, importance_chart
from core.insight.explain.results import ColumnImportance, Explanation, Importance
from core.runs.records import Run
from pages.shared.evaluationcharts import draw
from pages.shared.text import escape, number, percent, plural

NOTHING = (
    "Every importance is 0: the predictions for these rows stay the same, whichever column is shuffled. "
    "Either the model always predicts the same, or the columns do not vary."
)
FEWEST_ROWS = 20


def show_importance(run: Run, found: Explanation) -> None:
    """Draw the importance of each column, what it means, and which columns share theirs."""
    importance = found.importance
    if not importance.columns:
        st.info("The model learned from no column.", icon=":material/lightbulb:")
        return
    is_known = any(entry.mean is not None for entry in importance.columns)
    draw(importance_chart(importance), "model_chart_importance", NOTHING if is_known else "No loss is a finite number.")
    st.caption(_meaning(importance))
    if found.correlated.notes:
        st.info("\n\n".join(escape(note) for note in found.correlated.notes), icon=":material/link:")
    with st.expander(f"All {plural(len(importance.columns), 'column')}", expanded=len(importance.columns) > MOST_BARS):
        st.dataframe(
            pd.DataFrame([_line(importance, entry) for entry in importance.columns]), hide_index=True,
            key="model_importance", alt="Every column with its importance",
        )  # fmt: skip


def _meaning(importance: Importance) -> str:
    """Say how importance is measured, in which unit, and what the intervals are."""
    shuffled = f"Each column is shuffled among {plural(importance.n_rows, 'test row')}, several times"
    if importance.measure == "RMSE":
        now = number(importance.loss)
        unit = f"The bar is by how much the typical error (RMSE, now {now}) rises, in the target's unit"
    else:
        unit = (
            "The bar is by how much log-loss rises, which tells how badly the probabilities fit what came true "
            f"(now {number(importance.loss)}, with {percent(importance.accuracy)} of the predictions right)"
        )
    few = importance.n_rows < FEWEST_ROWS
    interval = f"Fewer than {FEWEST_ROWS} rows are too few for an interval" if few else (
        "The line on each bar holds the true value in 95 % of the cases; where it includes 0, the bar is faint: "
        "that may be chance"
    )  # fmt: skip
    return f"{shuffled}. {unit}. {interval}."


def _line(importance: Importance, entry: ColumnImportance) -> dict[str, object]:
    """Return a column as a line of the table; the accuracy only where classes are predicted."""
    line: dict[str, object] = {
        "Column": entry.column,
        f"{importance.measure[:1].upper()}{importance.measure[1:]} rises by": entry.mean,
        "from": entry.low,
        "to": entry.high,
    }
    if importance.accuracy is not None:
        line["Accuracy falls by (points)"] = None if entry.accuracy_drop is None else 100 * entry.accuracy_drop
    return line | {
        "Spread over the repeats (±)": entry.deviation,
        "Clear": "yes" if entry.is_clear else "may be chance",
    }
