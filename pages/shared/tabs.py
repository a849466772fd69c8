"""The tabs of a run that left a model. Only the one that is open is drawn; the address brings it back."""

from __future__ import annotations

import streamlit as st

from core.runs.records import Run
from pages.shared.evaluationtab import show_evaluate
from pages.shared.explain import show_explain
from pages.shared.overview import show_overview
from pages.shared.receipt import show_data_receipt
from pages.shared.results import show_take_away

TABS = {
    "Overview": show_overview,
    "Evaluate": show_evaluate,
    "Explain": show_explain,
    "Data receipt": show_data_receipt,
    "Take away": show_take_away,
}


def show_tabs(run: Run) -> None:
    """Draw the tabs, and what is in the open one."""
    tabs = st.tabs(list(TABS), key="model_tab", bind="query-params")
    for tab, show in zip(tabs, TABS.values(), strict=True):
        if tab.open:
            with tab:
                show(run)
