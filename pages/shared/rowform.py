"""Predicting for one row in a form. Every change is answered at once; only this part of the page is drawn anew."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from core.errors import AppError, RunError
from core.scoring.form import notes_on
from core.serialization import BundleSummary
from core.types import ColumnSchema, InputSchema
from pages.shared.effectcurve import Outcome, draw_effect
from pages.shared.frame import show_error
from pages.shared.labels import cut, cut_all
from pages.shared.models import Model
from pages.shared.pasted import load_model
from pages.shared.rowanswer import (
    class_names,
    predicted_class,
    show_notes,
    show_prediction,
    show_truth,
    usual_error,
)
from pages.shared.rowfields import show_fields
from pages.shared.rowstart import choose_start
from pages.shared.rowstate import RowForm

if TYPE_CHECKING:
    from core.scoring.effects import Effect

PREDICTED = -1  # in the place of a class: whichever is predicted


@st.fragment
def row_panel(model: Model, summary: BundleSummary, schema: InputSchema) -> None:
    """Draw the form, the prediction for what is in it, and how that moves with the field in hand."""
    form = RowForm(model, summary, schema)
    if not form.columns:
        st.info("This model learned from no column that ever held a value, so there is nothing to fill in.")
        return
    try:
        form.begin()
        choose_start(form)
        fields, answer = st.columns([11, 10], gap="medium")
        with fields:
            show_fields(form)
        with answer:
            _show_answer(form)
    except (AppError, OSError) as error:  # a part that is drawn anew is outside the app's last net
        show_error(error)


def _show_answer(form: RowForm) -> None:
    """Draw the prediction, and under it what one field does to it."""
    above = st.container()
    column, output = _choose_curve(form)
    with above:
        try:
            with st.spinner("Loading the model …"):
                effect = _effect(form, column.name)
        except AppError as error:
            show_error(error)
            return
        show_prediction(form.summary, effect.prediction)
        show_truth(form, effect.prediction)
        show_notes(notes_on(form.schema, form.cells))
    shown = predicted_class(form.summary, effect.prediction) if output == PREDICTED else output
    draw_effect(effect, column, _outcome(form, shown))


def _effect(form: RowForm, name: str) -> Effect:
    from core.scoring.effects import effect_of  # and with it torch, once

    model = form.model
    if not model.path.exists():
        raise RunError(f"The model file of '{model.label}' is gone. Choose another model.")
    return effect_of(load_model(model.path, model.path.stat().st_mtime), form.cells, name)


def _outcome(form: RowForm, output: int) -> Outcome:
    """Return what the curve shows: the number, or the probability of a class."""
    labels = class_names(form.summary)
    if labels:
        return Outcome(f"probability of {cut(labels[output])}", output, is_share=True)
    return Outcome(f"predicted {cut(form.summary.target_column)}", usual_error=usual_error(form.summary) or 0.0)


def _choose_curve(form: RowForm) -> tuple[ColumnSchema, int]:
    """Draw the choice of the field that the curve is of, and of the class."""
    named = {column.name: column for column in form.columns}
    if st.session_state.get(form.key("field")) not in named:
        numbers = [name for name, column in named.items() if column.kind == "number"]
        st.session_state[form.key("field")] = (numbers or list(named))[0]
    classes = class_names(form.summary)
    left, right = st.columns(2) if len(classes) > 2 else (st.container(), st.container())
    field = left.selectbox(
        "Field of the curve", list(named), key=form.key("field"), persist_state="session",
        format_func=cut_all(list(named)).get, help="The field that you changed last, unless you choose another.",
    )  # fmt: skip
    if len(classes) <= 2:
        return named[field], PREDICTED
    labels = {PREDICTED: "the predicted class"} | dict(enumerate(cut_all(classes).values()))
    output = right.selectbox(
        "Probability of", list(labels), key=form.key("class"), persist_state="session", format_func=labels.get
    )
    return named[field], output
