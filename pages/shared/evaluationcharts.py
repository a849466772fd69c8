"""Draws a chart of the evaluation with its finding above it, and keeps its place and zoom."""

from __future__ import annotations

import importlib
import threading

import streamlit as st

from core.insight.charts.style import CONFIG, Chart
from pages.shared.text import escape

BESIDE = "chart-preparation"

TEXT_COLORS = {"light": "#18222B", "dark": "#E4EAEE"}  # as in .streamlit/config.toml


@st.cache_resource(show_spinner=False)
def prepare_charts() -> None:
    """Have plotly imported beside the page, once in a server: the first chart need not wait for it."""
    threading.Thread(target=importlib.import_module, args=("plotly.graph_objects",), name=BESIDE, daemon=True).start()


def draw(chart: Chart | None, key: str, why_not: str = "") -> None:
    """Draw a chart under the sentence that it shows; without a chart, why there is none."""
    if chart is None:
        if why_not:
            st.caption(escape(why_not))
        return
    st.markdown(f"**{escape(chart.title)}**")
    color = TEXT_COLORS.get(st.context.theme.type or "")
    chart.figure.update_traces(textfont_color=color, selector={"mode": "text"})  # Streamlit's own is too faint on cells
    st.plotly_chart(chart.figure, key=key, width="stretch", config=CONFIG, alt=chart.title)
