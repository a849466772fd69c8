"""The file contract as a card: what a table has of what the model needs, and what follows from the rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
import streamlit as st

from core.errors import AppError
from core.scoring.contract import ColumnMatch, Contract, IssueCount, check_match
from core.scoring.renames import Rename, suggest_renames
from core.types import InputSchema
from pages.shared.text import escape, plural

STATUS_WORDS = {
    "ok": "as in training",
    "repaired": "with a number read from other writing",
    "check": "to look at",
    "empty": "without anything the model knows",
}
NOTHING = "None of them"


def choose_renames(
    key: str, schema: InputSchema, match: ColumnMatch, samples: Mapping[str, Sequence[str | None]], content: str = ""
) -> None:
    """Draw what lacking columns of the model could be in the table, one click each, and what was chosen so.

    What is chosen is kept in the session under `key`, which names the model and the table, or the model alone and
    `content` the rows.
    """
    chosen: dict[str, str] = st.session_state.setdefault(key, {})
    for name in [name for name in match.renamed if name in chosen]:
        words, undo = st.columns([5, 1], vertical_alignment="center")
        words.markdown(f":material/link: **{escape(name)}** is **{escape(match.renamed[name])}** in this table.")
        if undo.button("Undo", key=f"{key}_undo_{name}", width="stretch"):
            st.session_state[key] = {kept: of for kept, of in chosen.items() if kept != name}
            st.rerun()
    if not match.missing:
        return
    free = {name: samples[name] for name in match.extra if name in samples}
    suggestions = _suggested(schema, free, f"{key}{content}", match.missing, tuple(free))
    for rename in suggestions:
        _offer(key, rename)
    rest = [name for name in match.missing if name not in {rename.model for rename in suggestions}]
    if rest and match.extra:
        _choose_by_hand(key, rest, match.extra)


@st.cache_data(max_entries=16, show_spinner=False)
def _suggested(
    _schema: InputSchema,
    _samples: Mapping[str, Sequence[str | None]],
    key: str,
    missing: tuple[str, ...],
    free: tuple[str, ...],
) -> tuple[Rename, ...]:
    """Return the suggestions for the model and the table that `key` names; of wide tables they take seconds."""
    return suggest_renames(_schema, missing, _samples)


def _offer(key: str, rename: Rename) -> None:
    with st.container(border=True):
        words, button = st.columns([4, 1], vertical_alignment="center")
        words.markdown(
            f":orange-badge[:material/link: Renamed?] **{escape(rename.model)}** may be **{escape(rename.table)}**"
        )
        words.caption(escape(rename.evidence))
        if button.button("Take it", key=f"{key}_take_{rename.model}", width="stretch"):
            st.session_state[key] = {**st.session_state[key], rename.model: rename.table}
            st.rerun()


def _choose_by_hand(key: str, missing: Sequence[str], extra: Sequence[str]) -> None:
    with st.expander("Match columns by hand", icon=":material/link:"):
        name = st.selectbox("Column of the model", list(missing), key=f"{key}_hand_model")
        source = st.selectbox("Column of this table", [NOTHING, *extra], key=f"{key}_hand_table")
        if st.button("Match them", key=f"{key}_hand", disabled=source == NOTHING):
            st.session_state[key] = {**st.session_state[key], name: source}
            st.rerun()


def show_match(match: ColumnMatch) -> None:
    """Draw which of the model's columns were found, which are missing, and which are not used."""
    try:
        check_match(match)
    except AppError as error:
        st.error(escape(error.sentence), icon=":material/error:")
        return
    found, *others = match.notes
    (st.warning if match.missing else st.success)(
        escape(found), icon=":material/warning:" if match.missing else ":material/check_circle:"
    )
    for note in others:
        st.caption(escape(note))


def show_contract(contract: Contract, key: str) -> None:
    """Draw what was found cell by cell: how many rows are as in training, and each column that is not."""
    show_match(contract.match)
    others = {status: n for status, n in contract.statuses.items() if status != "ok" and n}
    if not others:
        if contract.n_rows:
            st.caption("Every row is as in training.")
        return
    words = [f"{plural(n, 'row')} {STATUS_WORDS.get(status, status)}" for status, n in others.items()]
    n_ok = contract.statuses.get("ok", 0)
    st.warning(
        f"{plural(n_ok, 'row')} as in training, {', '.join(words)}. "
        "Every row has its prediction; `row_status` and `row_notes` in the file say what to think of it.",
        icon=":material/fact_check:",
    )
    columns = [column for column in contract.columns if column.issues]
    if columns:
        with st.expander(f"What to look at in {plural(len(columns), 'column')}", icon=":material/rule:"):
            st.dataframe(
                pd.DataFrame(
                    [
                        {
                            "Column": column.name,
                            **{label: _count(column.issues, kind) for kind, label in _LABELS.items()},
                            "For example": ", ".join(cell for cell, _ in column.issues[0].examples[:3]),
                            "First in row": min(issue.first_row for issue in column.issues),
                        }
                        for column in columns
                    ]
                ),
                key=key, hide_index=True, placeholder="", alt="Columns with cells that are not as in training",
            )  # fmt: skip
            st.markdown("\n".join(f"- {escape(sentence)}" for column in columns for sentence in column.sentences))


_LABELS = {
    "repaired": "Read from other writing",
    "unreadable": "Unreadable",
    "unseen": "Never seen",
    "outside": "Outside training",
    "lacking": "Empty",
}


def _count(issues: Sequence[IssueCount], kind: str) -> int | None:
    return next((issue.n for issue in issues if issue.kind == kind), None)
