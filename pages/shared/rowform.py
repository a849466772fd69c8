"""Predicting for one row in a form. Every change is answered at once; only this part of the page is drawn anew."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from functools import partial
from typing import TYPE_CHECKING, Any

import streamlit as st

from core.errors import AppError, RunError
from core.scoring.form import Value, figure, form_columns, is_whole, notes_on, time_span, typical_row
from core.serialization import BundleSummary
from core.types import ColumnSchema, InputSchema
from pages.shared.effectcurve import Outcome, draw_effect
from pages.shared.frame import show_error
from pages.shared.labels import cut, cut_all, widget_label
from pages.shared.models import Model
from pages.shared.pasted import load_model
from pages.shared.rowanswer import class_names, show_notes, show_prediction, show_truth, usual_error
from pages.shared.rowstart import choose_start, origin_of, put_row
from pages.shared.text import escape, file_stem, plural

if TYPE_CHECKING:
    from core.scoring.effects import Effect

FIELDS_SHOWN = 30
FIELDS_IN_SIGHT = 12  # more of them scroll by themselves, so that the prediction stays in sight
FIELDS_HEIGHT = 640
OPTIONS_LISTED = 200
PREDICTED = -1  # in the place of a class: whichever is predicted
FIRST_DAY, LAST_DAY = date(1900, 1, 1), date(2100, 12, 31)


@st.fragment
def row_panel(model: Model, summary: BundleSummary) -> None:
    """Draw the form, the prediction for what is in it, and how that moves with the field in hand."""
    try:
        _show_panel(model, summary)
    except (AppError, OSError) as error:  # a part that is drawn anew is outside the app's last net
        show_error(error)


def _show_panel(model: Model, summary: BundleSummary) -> None:
    schema = summary.schema
    if schema is None or not form_columns(schema):
        st.info("This model learned from no column that ever held a value, so there is nothing to fill in.")
        return
    key = f"predict_row_{file_stem(model.path.parent.name)}"
    if f"{key}_cells" not in st.session_state:
        put_row(key, typical_row(schema))
    choose_start(key, model, summary)
    form, answer = st.columns([11, 10], gap="medium")
    with form:
        _show_fields(key, form_columns(schema))
    with answer:
        _show_answer(key, model, summary, schema)


def _show_answer(key: str, model: Model, summary: BundleSummary, schema: InputSchema) -> None:
    """Draw the prediction, and under it what one field does to it."""
    above = st.container()
    column, output = _choose_curve(key, form_columns(schema), summary)
    cells: dict[str, Value] = st.session_state[f"{key}_cells"]
    try:
        with above, st.spinner("Loading the model …"):
            effect = _effect(model, cells, column.name)
    except AppError as error:
        above.error(escape(error.sentence), icon=":material/error:")
        return
    origin, prediction = origin_of(key), effect.prediction
    with above:
        show_prediction(summary, prediction)
        if origin is not None:
            show_truth(summary, prediction, origin, is_changed=st.session_state[f"{key}_changed"])
        show_notes(notes_on(schema, cells))
    draw_effect(effect, column, _outcome(summary, int(prediction.argmax()) if output == PREDICTED else output))


def _effect(model: Model, cells: Mapping[str, Value], name: str) -> Effect:
    from core.scoring.effects import effect_of  # and with it torch, once

    if not model.path.exists():
        raise RunError(f"The model file of '{model.label}' is gone. Choose another model.")
    return effect_of(load_model(model.path, model.path.stat().st_mtime), cells, name)


def _outcome(summary: BundleSummary, output: int) -> Outcome:
    """Return what the curve shows: the number, or the probability of a class."""
    if summary.task != "classification":
        return Outcome(f"predicted {cut(summary.target_column)}", usual_error=usual_error(summary) or 0.0)
    return Outcome(f"probability of {cut(class_names(summary)[output])}", output, is_share=True)


def _choose_curve(key: str, columns: Sequence[ColumnSchema], summary: BundleSummary) -> tuple[ColumnSchema, int]:
    """Draw the choice of the field that the curve is of, and of the class."""
    named = {column.name: column for column in columns}
    if st.session_state.get(f"{key}_field") not in named:
        numbers = [column.name for column in columns if column.kind == "number"]
        st.session_state[f"{key}_field"] = (numbers or list(named))[0]
    classes = class_names(summary)
    left, right = st.columns(2) if len(classes) > 2 else (st.container(), st.container())
    field = left.selectbox(
        "Field of the curve", list(named), key=f"{key}_field", persist_state="session",
        format_func=cut_all(list(named)).get, help="The field that you changed last, unless you choose another.",
    )  # fmt: skip
    if len(classes) <= 2:
        return named[field], PREDICTED
    labels = {PREDICTED: "the predicted class"} | dict(enumerate(cut_all(classes).values()))
    output = right.selectbox(
        "Probability of", [PREDICTED, *range(len(classes))], key=f"{key}_class", persist_state="session",
        format_func=labels.get,
    )  # fmt: skip
    return named[field], output


def _show_fields(key: str, columns: Sequence[ColumnSchema]) -> None:
    """Draw a widget for each of the columns asked for and of the first ones, two to a line."""
    shown = [*_more_fields(key, columns), *range(min(FIELDS_SHOWN, len(columns)))]
    scrolls = len(shown) > FIELDS_IN_SIGHT
    with st.container(height=FIELDS_HEIGHT if scrolls else "content", border=scrolls):
        for start in range(0, len(shown), 2):
            for place, index in zip(st.columns(2), shown[start : start + 2], strict=False):
                with place:
                    _show_field(key, index, columns[index])


def _more_fields(key: str, columns: Sequence[ColumnSchema]) -> list[int]:
    """Draw the choice of further columns where there are many; return where the chosen ones stand."""
    rest = range(FIELDS_SHOWN, len(columns))
    if not rest:
        return []
    labels = dict(enumerate(cut_all([column.name for column in columns]).values()))
    more: list[int] = st.multiselect(
        "More columns", list(rest), key=f"{key}_more", persist_state="session", format_func=labels.get,
        placeholder="Find a column by its name", wrap=True,
        help="The columns that are not shown keep the value that the row began with.",
    )  # fmt: skip
    st.caption(f"The first {FIELDS_SHOWN} of {plural(len(columns), 'column')}. Find the others above.")
    return more


def _show_field(key: str, index: int, column: ColumnSchema) -> None:
    """Draw the widget of one column. What the row holds is shown; a change goes into the row at once."""
    widget, cells = f"{key}_{index}", st.session_state[f"{key}_cells"]
    value = _as_shown(column, cells.get(column.name))
    if widget not in st.session_state or st.session_state[widget] != value:
        st.session_state[widget] = value
    common: dict[str, Any] = {
        "label": widget_label(column.name), "key": widget, "help": _help_on(column),
        "on_change": _take, "args": (key, widget, column.name),
    }  # fmt: skip
    if column.role == "date":
        _show_date(column, value, common)
    elif column.kind == "number":
        st.number_input(value=None, step=_step_of(column), format="%.12g", placeholder="Empty", **common)
    elif column.kind == "mixed":
        st.text_input(value=None, placeholder="Empty", **common)
    else:
        options = [text for text, _ in column.categories[:OPTIONS_LISTED]]
        if isinstance(value, str) and value not in options:
            options.append(value)
        st.selectbox(
            options=options, index=None, format_func=partial(_label_of, cut_all(options)), accept_new_options=True,
            placeholder="Empty", **common,
        )  # fmt: skip


def _label_of(labels: Mapping[str, str], text: str) -> str:
    return labels.get(text, text)


def _take(key: str, widget: str, name: str) -> None:
    st.session_state[f"{key}_cells"][name] = st.session_state[widget]
    st.session_state[f"{key}_changed"] = True
    st.session_state[f"{key}_field"] = name


def _show_date(column: ColumnSchema, value: Any, common: dict[str, Any]) -> None:
    day = value.date() if isinstance(value, datetime) else value
    first, last = min(FIRST_DAY, day or FIRST_DAY), max(LAST_DAY, day or LAST_DAY)
    if _has_time(column):
        bounds = datetime.combine(first, time()), datetime.combine(last, time.max)
        st.datetime_input(value=None, min_value=bounds[0], max_value=bounds[1], format="YYYY-MM-DD", **common)
    else:
        st.date_input(value=None, min_value=first, max_value=last, format="YYYY-MM-DD", **common)


def _as_shown(column: ColumnSchema, cell: Value | date) -> Value | date:
    """Return a cell as its widget takes it."""
    return cell.date() if isinstance(cell, datetime) and not _has_time(column) else cell


def _has_time(column: ColumnSchema) -> bool:
    return column.date_format is not None and column.date_format.has_time


def _step_of(column: ColumnSchema) -> float:
    """Return a step of which a few dozen go into the range of training."""
    least = 1.0 if is_whole(column) else 0.0
    width = (column.maximum or 0.0) - (column.minimum or 0.0)
    if not 0 < width < math.inf:
        return 1.0
    return max(least, 10.0 ** math.floor(math.log10(width / 50)))


def _help_on(column: ColumnSchema) -> str:
    """Say what training saw in a column (Markdown)."""
    if column.role == "date":
        span = time_span(column)
        return f"Training: {span[0]:%Y-%m-%d} to {span[1]:%Y-%m-%d}." if span else "A date."
    words = []
    if column.minimum is not None and column.maximum is not None and column.median is not None:
        low, high, middle = (figure(value) for value in (column.minimum, column.maximum, column.median))
        words.append(f"Training: {low} to {high}, in the middle {middle}.")
    if column.categories:
        many = f"{len(column.categories):,}{' or more' if column.categories_cut else ''}"
        text, rows = column.categories[0]
        words.append(f"Training: {many} values, most often {escape(cut(text))} ({plural(rows, 'row')}).")
    if len(column.categories) > OPTIONS_LISTED:
        words.append(f"The {OPTIONS_LISTED} most frequent are listed; type any other.")
    elif column.kind == "text":
        words.append("Another value can be typed.")
    return " ".join(words)
