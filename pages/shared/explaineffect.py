"""How a column moves the prediction: the average curve, single rows, and how often each value occurs."""

from __future__ import annotations

import streamlit as st

from core.errors import AppError
from core.insight.charts.effects import effect_chart
from core.insight.explain.results import EffectCurve, Explanation
from core.insight.explain.stored import stored_curve
from core.runs.insights import Question
from core.runs.records import Run
from pages.shared.asking import Wish, answered, offer_again
from pages.shared.evaluationcharts import draw
from pages.shared.labels import cut
from pages.shared.text import escape, plural

NOTE_SHARED = "They vary together, so a curve that moves one alone passes through rows that do not occur."


def show_effect(run: Run, found: Explanation) -> None:
    """Draw the curve of a column that is chosen, the most important one first."""
    names = [entry.column for entry in found.importance.columns]
    if not names:
        st.info("The model learned from no column.", icon=":material/lightbulb:")
        return
    chooser, classes = st.columns(2)
    column = chooser.selectbox(
        "Column", names, key=f"model_explain_column_{run.id}", persist_state="session", format_func=cut,
        help="The most important column comes first.",
    )  # fmt: skip
    curve = _curve(run, found, column)
    if curve is not None:
        with classes:
            outcome = _choose_outcome(run, curve)
        _show(found, curve, outcome)


def _curve(run: Run, found: Explanation, column: str) -> EffectCurve | None:
    """Return the curve of a column; of one that was not among the most important ones, when it was asked for."""
    for curve in found.effects:
        if curve.column == column:
            return curve
    wish = Wish(Question("effect", column), "model_explain_effect", f"Following the predictions along {cut(column)}")
    answer = answered(run, wish)
    try:
        return None if answer is None else stored_curve(answer)
    except AppError as error:
        offer_again(run, wish, error.sentence)
        return None


def _choose_outcome(run: Run, curve: EffectCurve) -> int:
    if len(curve.outcomes) < 2:
        return 0
    return st.selectbox(
        "Class", list(range(len(curve.outcomes))), key=f"model_explain_class_{run.id}", persist_state="session",
        format_func=lambda place: cut(curve.outcomes[place]), help="The likeliest classes, six at most.",
    )  # fmt: skip


def _show(found: Explanation, curve: EffectCurve, outcome: int) -> None:
    is_share = found.importance.measure == "log-loss"
    draw(
        effect_chart(curve, outcome, is_share=is_share), "model_chart_effect",
        f"There is no curve to draw: {curve.column} has no value in the test rows, or no prediction is finite.",
    )  # fmt: skip
    if curve.values:
        st.caption(escape(_meaning(curve)))
    for group, note in zip(found.correlated.groups, found.correlated.notes, strict=False):
        if curve.column in group:
            st.info(escape(f"{note} {NOTE_SHARED}"), icon=":material/link:")


def _meaning(curve: EffectCurve) -> str:
    """Say what the lines are, and which rows are not counted beneath."""
    by = "beside the dots" if curve.kind == "category" else "beneath"
    text = (
        f"The average over {plural(curve.n_rows, 'test row')}, each with the column set to one value after the other "
        f"and all else as it is; the faint {'marks' if curve.kind == 'category' else 'lines'} are single rows. "
        f"How many test rows have each value stands {by}."
    )
    if curve.n_outside:
        text += f" {plural(curve.n_outside, 'row lies', 'rows lie')} beyond the ends."
    if curve.n_empty and curve.kind != "category":
        text += f" {plural(curve.n_empty, 'row has', 'rows have')} no such value."
    return text
