"""The fields of the form for one row: a widget for each column, with what training saw in it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date, datetime, time
from functools import partial
from typing import Any

import streamlit as st

from core.scoring.form import Value, figure, is_whole, time_span
from core.types import ColumnSchema
from pages.shared.labels import cut, cut_all, widget_label
from pages.shared.rowstate import RowForm
from pages.shared.text import escape, plural

FIELDS_SHOWN = 30
FIELDS_IN_SIGHT = 12  # more of them scroll by themselves, so that the prediction stays in sight
FIELDS_HEIGHT = 640
OPTIONS_LISTED = 200
FIELD_WIDTH = 200  # pixels, in which a number can be read beside its buttons
FIRST_DAY, LAST_DAY = date(1900, 1, 1), date(2100, 12, 31)
LEAST_WIDTH = 1e-300  # of a range that can be divided into steps


def show_fields(form: RowForm) -> None:
    """Draw a widget for each of the columns asked for and of the first ones, as many to a line as fit."""
    shown = [*_more_fields(form), *range(min(FIELDS_SHOWN, len(form.columns)))]
    scrolls = len(shown) > FIELDS_IN_SIGHT
    with st.container(height=FIELDS_HEIGHT if scrolls else "content", border=scrolls, horizontal=True):
        for index in shown:
            _show_field(form, form.key(index), form.columns[index])


def _more_fields(form: RowForm) -> list[int]:
    """Draw the choice of further columns where there are many; return where the chosen ones stand."""
    rest = range(FIELDS_SHOWN, len(form.columns))
    if not rest:
        return []
    labels = dict(enumerate(cut_all([column.name for column in form.columns]).values()))
    more: list[int] = st.multiselect(
        "More columns", list(rest), key=form.key("more"), persist_state="session", format_func=labels.get,
        placeholder="Find a column by its name", wrap=True,
        help="The columns that are not shown keep the value that the row began with.",
    )  # fmt: skip
    st.caption(f"The first {FIELDS_SHOWN} of {plural(len(form.columns), 'column')}. Find the others above.")
    return more


def _show_field(form: RowForm, key: str, column: ColumnSchema) -> None:
    """Draw the widget of one column. What the row holds is shown; a change goes into the row at once."""
    value = _as_shown(column, form.cells.get(column.name))
    if key not in st.session_state or st.session_state[key] != value:
        st.session_state[key] = value
    common: dict[str, Any] = {
        "label": widget_label(column.name), "key": key, "help": _help_on(column),
        "width": FIELD_WIDTH, "on_change": _take, "args": (form, key, column.name),
    }  # fmt: skip
    if column.role == "date":
        _show_date(column, value, common)
    elif column.kind == "number":
        st.number_input(value=None, step=_step_of(column), format="%.12g", placeholder="Empty", **common)
    elif column.kind == "mixed":
        st.text_input(value=None, placeholder="Empty", **common)
    else:
        _show_choice(column, value, common)


def _take(form: RowForm, key: str, name: str) -> None:
    form.take(name, st.session_state[key])


def _show_choice(column: ColumnSchema, value: Any, common: dict[str, Any]) -> None:
    options = [text for text, _ in column.categories[:OPTIONS_LISTED]]
    if isinstance(value, str) and value not in options:
        options.append(value)
    st.selectbox(
        options=options, index=None, format_func=partial(_label_of, cut_all(options)), accept_new_options=True,
        placeholder="Empty", **common,
    )  # fmt: skip


def _label_of(labels: Mapping[str, str], text: str) -> str:
    return labels.get(text, text)


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
    if not LEAST_WIDTH < width < math.inf:
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
