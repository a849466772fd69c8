"""The columns of a table: their roles, and what is known of them."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import pandas as pd
import streamlit as st

from core.errors import AppError
from core.runs.records import Dataset, Roles
from core.tables.report import ColumnProfile, ReadReport
from core.tables.understand.suggestion import Suggestion
from pages.shared.cached import read_outcome
from pages.shared.state import get_store
from pages.shared.text import escape, number

ROLE_WORDS = {
    "target": "Target",
    "excluded": "Left out",
    "date": "Date",
    "category": "Feature, as category",
    "feature": "Feature",
}
LISTS = {
    "excluded": (
        "Left out",
        "Columns the model must not see: ids, free text, and whatever is known only after the outcome.",
    ),
    "dates": ("Dates", "Each becomes year, month, weekday and so on, so that seasons and trends can be learned."),
    "categories": (
        "Numbers that are codes",
        "Store numbers, product types: each number becomes a category of its own, for 12 is not twice 6 there.",
    ),
}
PARTS = ("target", *LISTS, "time")
USELESS = ("id", "row_number", "empty", "constant", "free_text")
MOST_CODES = 100  # more of them cost memory and time, so that they are for the analyst to decide
OPEN_COLUMNS = 30
EXACT_BELOW = 1e6
KIND_WORDS = {"number": "Number", "text": "Text", "mixed": "Mixed", "date": "Date", "empty": "Empty"}


def choose_roles(dataset: Dataset, report: ReadReport) -> None:
    """Draw the choices. What is in the store is shown; a change goes there at once."""
    names = [column.name for column in report.columns]
    roles = known_roles(dataset.roles, names)
    for part in PARTS:
        _show_stored(_key(dataset.id, part), getattr(roles, part))
    first, second = st.columns([2, 3, 3]), st.columns([3, 3, 2])
    first[0].selectbox(
        "Target: what to predict", names, index=None, key=_key(dataset.id, "target"), placeholder="Choose a column",
        on_change=_save_roles, args=(dataset.id, "target"),
    )  # fmt: skip
    for place, (part, (label, help_text)) in zip((first[1], first[2], second[0]), LISTS.items(), strict=True):
        place.multiselect(
            label, names, key=_key(dataset.id, part), placeholder="None", help=help_text,
            on_change=_save_roles, args=(dataset.id, part),
        )  # fmt: skip
    second[1].selectbox(
        "Test on the latest rows by", names, index=None, key=_key(dataset.id, "time"),
        placeholder="Any rows, by chance",
        help="Where rows follow each other in time, a model must be judged on later rows than it learned from. "
        "Choose the column that tells when a row was.",
        on_change=_save_roles, args=(dataset.id, "time"),
    )  # fmt: skip


def suggested_roles(report: ReadReport) -> Roles:
    """Return the roles that the evidence is firm enough for; what is only likely, the checks tell."""
    kinds = {column.name: column for column in report.columns}
    firm = [one for one in report.suggestions if one.is_firm]
    excluded = {one.column for one in firm if one.advice == "leave_out" and one.kind in USELESS}
    dates = {one.column for one in firm if one.advice == "as_date"} - excluded
    codes = {
        one.column
        for one in firm
        if one.advice == "as_category" and one.confidence == "sure" and kinds[one.column].n_distinct <= MOST_CODES
    }
    names = [column.name for column in report.columns]
    return Roles(
        excluded=tuple(name for name in names if name in excluded),
        dates=tuple(name for name in names if name in dates),
        categories=tuple(name for name in names if name in codes - excluded - dates),
    )


def role_of(name: str, roles: Roles) -> str:
    """Return the role of a column; what is left out is so whatever else was said."""
    if name == roles.target:
        return "target"
    if name in roles.excluded:
        return "excluded"
    if name in roles.dates:
        return "date"
    return "category" if name in roles.categories else "feature"


def show_columns(report: ReadReport, roles: Roles) -> None:
    """Draw the table of columns."""
    st.dataframe(
        pd.DataFrame([_row(column, roles, report) for column in report.columns]),
        hide_index=True,
        height="content" if len(report.columns) <= OPEN_COLUMNS else 600,
        key="data_columns",
        alt="Every column with its role, type, missing share, distinct values and distribution",
        column_config={
            "Column": st.column_config.TextColumn(pinned=True, width="medium"),
            "Missing": st.column_config.ProgressColumn(width="small", format="%.1f %%", min_value=0, max_value=100),
            "Distinct": st.column_config.NumberColumn(format="localized"),
            "Distribution": st.column_config.BarChartColumn(help="How often values occur, low to high", y_min=0),
            "Values": st.column_config.TextColumn(width="medium"),
            "Note": st.column_config.TextColumn(width="medium"),
        },
    )


def _row(column: ColumnProfile, roles: Roles, report: ReadReport) -> dict[str, object]:
    suggestions = [suggestion for suggestion in report.suggestions if suggestion.column == column.name]
    return {
        "Column": column.name,
        "Role": ROLE_WORDS[role_of(column.name, roles)],
        "Type": KIND_WORDS.get(column.kind, column.kind),
        "Missing": 100 * column.n_missing / max(1, report.n_rows),
        "Distinct": column.n_distinct,
        "Distribution": list(column.histogram),
        "Values": _values(column),
        "Note": _note(column, suggestions),
    }


def _values(column: ColumnProfile) -> str:
    if isinstance(column.minimum, str):
        return f"{column.minimum[:10]} to {str(column.maximum)[:10]}"
    if isinstance(column.minimum, (int, float)) and isinstance(column.maximum, (int, float)):
        return f"{_value(column.minimum)} to {_value(column.maximum)}"
    return ", ".join(column.examples[:3])


def _value(value: float) -> str:
    return f"{value:.0f}" if value == int(value) and abs(value) < EXACT_BELOW else number(value)


def _note(column: ColumnProfile, suggestions: Sequence[Suggestion]) -> str:
    notes = [suggestion.evidence for suggestion in suggestions if suggestion.kind != "boolean"]
    if column.missing_words:
        words = ", ".join(f"'{word}' × {times}" for word, times in list(column.missing_words.items())[:3])
        notes.append(f"Counted as missing: {words}.")
    return " ".join(notes)


def _key(dataset_id: str, part: str) -> str:
    return f"data_{part}_{dataset_id}"


def known_roles(roles: Roles, names: Collection[str]) -> Roles:
    """Return the roles without columns that are not among `names`."""
    lists = {part: tuple(name for name in getattr(roles, part) if name in names) for part in LISTS}
    return Roles(
        roles.target if roles.target in names else None, time=roles.time if roles.time in names else None, **lists
    )


def _show_stored(key: str, value: str | tuple[str, ...] | None) -> None:
    plain = list(value) if isinstance(value, tuple) else value
    if st.session_state.get(key, "nothing yet") != plain:
        st.session_state[key] = plain


def _save_roles(dataset_id: str, changed: str) -> None:
    """Keep the choice that was made last: a column has one role, but for the time, which may be any but the target."""
    target, time = (st.session_state.get(_key(dataset_id, part)) for part in ("target", "time"))
    if changed == "target" and target is None:  # a box that was just drawn may say so before it has its value
        return
    lists = {part: list(st.session_state.get(_key(dataset_id, part)) or []) for part in LISTS}
    taken = lists.get(changed, [target if changed == "target" else None])
    for part in LISTS:
        if part != changed:
            lists[part] = _without(lists[part], taken)
    if changed in LISTS and target in taken:
        target = None
    if time == target and time is not None:
        target, time = (None, time) if changed == "time" else (target, None)
    get_store().set_roles(dataset_id, Roles(target, time=time, **{part: tuple(lists[part]) for part in LISTS}))


def _without(names: list[str], others: Sequence[str | None]) -> list[str]:
    return [name for name in names if name not in others]


def roles_sentence(report: ReadReport, roles: Roles) -> str:
    """Say what the app itself suggested, so that it can be undone."""
    suggested = suggested_roles(report)
    left_out, dates, codes = (
        [name for name in getattr(suggested, part) if name in getattr(roles, part)] for part in LISTS
    )
    parts = []
    if left_out:
        parts.append(f"left out {_list(left_out)}")
    if dates:
        parts.append(f"took {_list(dates)} as {'a date' if len(dates) == 1 else 'dates'}")
    if codes:
        parts.append(f"took {_list(codes)} as {'a code' if len(codes) == 1 else 'codes'}")
    if not parts:
        return ""
    said = f"{', '.join(parts[:-1])} and {parts[-1]}" if len(parts) > 1 else parts[0]
    return f"Suggested by the app: it {said}; the notes on the columns say why. Change it if that is wrong."


def _list(names: list[str]) -> str:
    shown = [f"**{escape(name)}**" for name in names[:4]]
    more = len(names) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")


def show_outcome(dataset: Dataset, target: str) -> None:
    """Draw what the target would be predicted as, and what to look at before training on it."""
    try:
        outcome = read_outcome(dataset, target)
    except AppError as error:
        st.error(escape(error.sentence), icon=":material/error:")
        return
    st.markdown(f"Outcome: **{escape(target)}**, {outcome.words}.")
    if dataset.n_columns < 2:
        st.warning("The table has only this one column. Bring a table with columns to predict it from.")
    elif outcome.doubt:
        st.warning(outcome.doubt, icon=":material/warning:")
