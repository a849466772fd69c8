"""The Overview tab of a run: how good its model is, and what simpler ways reach on the same rows."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from core.insight.charts.sides import sides_chart
from core.insight.words import headline, verdicts
from core.runs.records import Run
from pages.shared.evaluation import Document, known_evaluation
from pages.shared.evaluationcharts import draw
from pages.shared.results import (
    show_comparison,
    show_curve,
    show_notices,
    show_predict_button,
    show_receipt,
    show_tiles,
    show_verdict,
)
from pages.shared.studies import show_studies
from pages.shared.text import escape
from pages.shared.verdict import metric_tiles, sides_table


def show_overview(run: Run) -> None:
    """Draw the headline, the verdict, the figures, the comparison, the curve and the settings."""
    document = known_evaluation(run)
    if document is None:
        show_verdict(run)
    else:
        _show_headline(run, document)
    show_notices(run)
    show_predict_button(run)
    if run.results and "teacher" in run.results:
        show_comparison(run.results)
    if document is not None:
        _show_sides(document)
    show_curve(run)
    show_receipt(run)
    show_studies(run)


def _show_headline(run: Run, document: Document) -> None:
    st.header(escape(headline(document)), anchor=False)
    st.markdown("\n".join(f"- {escape(sentence)}" for sentence in verdicts(document)))
    metrics: dict[str, Any] | None = run.metrics
    if metrics:
        show_tiles(metric_tiles(metrics))


def _show_sides(document: Document) -> None:
    st.subheader("Beside it, on the same rows", anchor=False)
    st.dataframe(
        pd.DataFrame(sides_table(document)), hide_index=True, key="model_beside", height="content",
        alt="The network and simpler models on the same test rows",
    )  # fmt: skip
    draw(sides_chart(document), "model_chart_sides")
