"""The figures of predicted numbers, and how they lie beside the actual ones."""

from __future__ import annotations

import streamlit as st

from core.insight.charts.numbers import deciles_chart, predicted_chart, residuals_chart
from pages.shared.evaluation import Document
from pages.shared.evaluationcharts import draw
from pages.shared.evaluationfigures import number_tiles, reasons
from pages.shared.results import show_tiles
from pages.shared.text import escape, plural


def show_numbers(document: Document) -> None:
    """Draw every figure of predicted numbers."""
    show_tiles(number_tiles(document), 4)
    for reason in reasons(document):
        st.caption(escape(reason))
    n_broken = document["figures"]["n_not_finite"]
    if n_broken:
        st.warning(
            f"{plural(n_broken, 'prediction')} of the test rows came out as no finite number. Train again with a "
            "lower learning rate.",
            icon=":material/warning:",
        )
    st.subheader("Predicted beside actual", anchor=False)
    draw(predicted_chart(document), "model_chart_predicted", "No prediction is a finite number.")
    st.subheader("How far predictions are off", anchor=False)
    left, right = st.columns(2, gap="medium")
    with left:
        draw(residuals_chart(document), "model_chart_residuals", "There are no errors that could be counted.")
    with right:
        draw(deciles_chart(document), "model_chart_deciles", "No prediction is a finite number.")
