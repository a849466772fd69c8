"""How sure predictions are: the level at which they come with a range, or with the labels possible."""

from __future__ import annotations

import streamlit as st

from core.calibration import Calibration
from core.errors import AppError
from core.insight.charts.coverage import coverage_chart
from core.insight.words import coverage_words, is_of_classes
from core.runs.records import Run
from pages.shared.certaintywords import level_words
from pages.shared.evaluation import Document, calibration_of_run, save_calibration
from pages.shared.evaluationcharts import draw
from pages.shared.frame import show_error
from pages.shared.labels import cut
from pages.shared.state import said, say_next
from pages.shared.text import escape, plural

NO_VALIDATION = (
    "Nothing can be promised, for want of rows that were held out. Set a validation share on the Train page, or give a "
    "blend more time, and train again."
)


def show_certainty(run: Run, document: Document) -> None:
    """Draw what was promised and what was held, and the choice of the level that predictions use."""
    what = "labels" if is_of_classes(document) else "ranges"
    st.subheader(f"How sure predictions are: {what} that hold the truth", anchor=False)
    try:
        calibration = calibration_of_run(run)
    except (AppError, OSError) as error:
        show_error(error)
        return
    if not calibration.margins:
        st.info(NO_VALIDATION, icon=":material/info:")
        return
    left, right = st.columns(2, gap="medium")
    with left:
        level = _show_choice(run, document, calibration)
    with right:
        draw(coverage_chart(document, level), "model_chart_coverage", "There are no test rows to see it on.")


def _show_choice(run: Run, document: Document, calibration: Calibration) -> float | None:
    """Draw the choice of the level, and return it."""
    is_number = not is_of_classes(document)
    target = cut(document["target"])
    st.markdown(escape(level_words(calibration, target, is_number=is_number)))
    levels = [None, *(level for level, _ in calibration.margins)]
    key = f"model_level_{run.id}"
    st.session_state.setdefault(key, calibration.level)
    level = st.selectbox(
        "Hold the truth in this share of the cases", levels, key=key, persist_state="session",
        format_func=lambda value: _level_option(value, is_number),
    )  # fmt: skip
    words = coverage_words(document, level)
    if words:
        st.markdown(escape(words))
    if st.button(
        "Use this level for predictions", key="model_level_use", icon=":material/save:",
        disabled=level == calibration.level,
    ):  # fmt: skip
        _save(run, level)
    sentence = said("model_level")
    if sentence:
        st.success(escape(sentence), icon=":material/check:")
    rows = plural(calibration.n_rows, "held-out row")
    st.caption(f"Learned from {rows}. A wider promise gives {'wider ranges' if is_number else 'longer lists'}.")
    return level


def _level_option(level: float | None, is_number: bool) -> str:
    if level is None:
        return "No ranges" if is_number else "No lists of labels"
    return f"{100 * level:.4g} %"


def _save(run: Run, level: float | None) -> None:
    try:
        save_calibration(run, level=level)
    except (AppError, OSError) as error:
        show_error(error)
        return
    say_next("model_level", "Saved in the model: predictions use it from now on.")
    st.rerun()
