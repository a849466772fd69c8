"""The Evaluate tab of a run: every figure, where the errors are, and how far predictions can be trusted."""

from __future__ import annotations

import streamlit as st

from core.insight.words import headline, is_of_classes
from core.runs.records import Run
from pages.shared.certainty import show_certainty
from pages.shared.evaluation import known_evaluation
from pages.shared.evaluationclasses import show_classes
from pages.shared.evaluationerrors import show_segments, show_worst
from pages.shared.evaluationnumbers import show_numbers
from pages.shared.text import escape
from pages.shared.threshold import show_threshold


def show_evaluate(run: Run) -> None:
    """Draw what is known of the model on its test rows."""
    document = known_evaluation(run)
    if document is None:
        return
    st.markdown(f"**{escape(headline(document))}**")
    if is_of_classes(document):
        show_classes(run, document)
        show_threshold(run, document)
    else:
        show_numbers(document)
    show_segments(run, document)
    show_worst(document)
    show_certainty(run, document)
