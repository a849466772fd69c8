"""Where a model is wrong: by the groups of a column, and the rows on which it is most wrong."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from core.insight.charts.segments import segments_chart
from core.insight.words import errors_words, is_of_classes
from core.runs.records import Run
from pages.shared.evaluation import Document
from pages.shared.evaluationcharts import draw
from pages.shared.labels import cut
from pages.shared.text import count, escape, plural

SHARE = st.column_config.NumberColumn(format="percent")
LOCAL = st.column_config.NumberColumn(format="localized")


def show_segments(run: Run, document: Document) -> None:
    """Draw the error in the groups of a column that is chosen, the most telling one first."""
    spreads = document["segments"]
    st.subheader("Where the errors are", anchor=False)
    if not spreads:
        st.caption("There is no column, or no test row, to look at.")
        return
    if not any(spread["n_standing_out"] for spread in spreads):
        st.markdown(escape(errors_words(document)))
    at = st.selectbox(
        "Error by", list(range(len(spreads))), key=f"model_segment_{run.id}", persist_state="session",
        format_func=lambda place: _option(spreads[place]), help="The column that tells most of the errors comes first.",
    )  # fmt: skip
    draw(segments_chart(document, spreads[at]), "model_chart_segments", "No error is a finite number.")
    st.caption("The dashed line is the error over all test rows; the bars hold the true mean in 95 % of the cases.")


def show_worst(document: Document) -> None:
    """Draw the rows on which the model is most wrong, with their cells."""
    worst = document["worst"]
    st.subheader("The rows it is most wrong on", anchor=False)
    if not worst:
        st.caption("There are no test rows.")
        return
    classes = is_of_classes(document)
    own, numbers = (_of_class, {}) if classes else (_of_number, dict.fromkeys(("Truth", "Prediction", "Error"), LOCAL))
    frame = pd.DataFrame([_with_cells(own(row), row["cells"], document["target"]) for row in worst])
    st.caption("Choose a row to see why it is predicted so.")
    chosen = st.dataframe(
        frame, hide_index=True, key="model_worst", alt="The test rows on which the model is most wrong",
        on_select="rerun", selection_mode="single-row",
        column_config={
            "Row": st.column_config.NumberColumn(format="localized", pinned=True, help="Counted from 1 in the table"),
            "Probability of truth": SHARE, "Probability of prediction": SHARE, **numbers,
        },
    )["selection"]["rows"]  # fmt: skip
    if chosen:
        row = int(worst[chosen[0]]["row"])
        st.button(
            f"Why row {count(row)} is predicted so", icon=":material/troubleshoot:", key="model_worst_why",
            on_click=_explain, args=(row,),
        )  # fmt: skip


def _explain(row: int) -> None:
    """Open the tab that explains, at a row of the table."""
    st.session_state["model_tab"] = "Explain"
    st.query_params["row"] = str(row)


def _option(spread: dict[str, Any]) -> str:
    standing = spread["n_standing_out"]
    return f"{cut(spread['column'])} · {plural(standing, 'group')} standing out" if standing else cut(spread["column"])


def _of_class(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "Row": row["row"],
        "Truth": row["true"],
        "Prediction": row["predicted"],
        "Probability of truth": row["probability_of_true"],
        "Probability of prediction": row["probability_of_predicted"],
    }


def _of_number(row: dict[str, Any]) -> dict[str, Any]:
    return {"Row": row["row"], "Truth": row["actual"], "Prediction": row["predicted"], "Error": row["error"]}


def _with_cells(own: dict[str, Any], cells: dict[str, Any], target: str) -> dict[str, Any]:
    """Return a row with its cells; a column that is called as one of ours is told apart."""
    return own | {f"{name} (cell)" if name in own else name: cell for name, cell in cells.items() if name != target}
