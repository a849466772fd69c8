"""The decisions about reading a file: what was decided, why, and the choice of something else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd
import streamlit as st

from core.errors import AppError
from core.tables.numbers import word_key
from core.tables.options import NO_HEADER, ColumnOptions, ReadOptions, other_words
from core.tables.report import ReadReport
from pages.shared.text import escape

AUTOMATIC = "Automatic"
MAX_HEADER_CHOICE = 30
MISSING_CHOICES = ["?", "-", "unknown", "missing", "n.a.", "#N/A", "-1", "-9", "-99", "-999", "-9999", "999", "9999"]
KEPT_CHOICES = ["NA", "N/A", "NaN", "none", "null", "."]
SEPARATOR_WORDS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar", " ": "blank", "": "none, one column"}
QUOTE_WORDS = {'"': "double quotation marks", "'": "single quotation marks", "": "none"}
DECIMAL_WORDS = {".": "point", ",": "comma"}
THOUSANDS_WORDS = {"": "none", ",": "comma", ".": "point", " ": "blank", "'": "apostrophe"}
ENCODING_WORDS = {
    "utf-8": "UTF-8", "cp1252": "Windows-1252 (Western)", "iso8859-15": "Latin-9 (Western)", "utf-16": "UTF-16",
    "cp1250": "Windows-1250 (Central European)", "cp1251": "Windows-1251 (Cyrillic)", "koi8-r": "KOI8-R (Russian)",
    "cp1253": "Windows-1253 (Greek)", "cp1254": "Windows-1254 (Turkish)", "cp1255": "Windows-1255 (Hebrew)",
    "cp1256": "Windows-1256 (Arabic)", "cp850": "DOS 850 (Western)", "cp437": "DOS 437", "mac-roman": "Mac Roman",
    "shift_jis": "Shift JIS (Japanese)", "gb18030": "GB 18030 (Chinese)", "big5": "Big5 (Chinese)",
    "euc-kr": "EUC-KR (Korean)",
}  # fmt: skip
WORD_LISTS = ("Count as missing", "Keep as values")
TYPE_WORDS = {"number": "Number", "text": "Text"}
ORDER_WORDS = {"day_first": "Day first", "month_first": "Month first", "year_first": "Year first"}


def show_decisions(key: str, report: ReadReport) -> ReadOptions | None:
    """Draw what was decided about a file, folded where nothing is doubtful; return what is chosen instead."""
    is_doubtful = bool(report.ambiguous or report.n_left_out)
    with st.expander("How it was read, and how to change it", icon=":material/tune:", expanded=is_doubtful):
        for name in report.ambiguous[:3]:
            st.warning(
                f"In **{escape(name)}**, 1,234 can be a thousand or a little over one, so the column stays text. "
                "Choose the decimal mark.",
                icon=":material/help:",
            )
        return choose_reading(key, report.options, report)


def choose_reading(key: str, options: ReadOptions, report: ReadReport | None = None) -> ReadOptions | None:
    """Draw every decision with its choices; return the new choices when they were sent, else None."""
    is_text = report is None or report.kind == "csv"
    with st.form(f"{key}_form", border=False):
        chosen: dict[str, Any] = {}
        if is_text:
            chosen |= _text_choices(key, options, report)
        chosen |= _layout_choices(key, options, report)
        columns = _column_choices(key, options, report) if report is not None else options.columns
        sent, back = st.columns([1, 1])
        again = sent.form_submit_button("Read it this way", icon=":material/refresh:", type="secondary")
        automatic = back.form_submit_button("Back to automatic", icon=":material/undo:", type="tertiary")
    if automatic:
        return ReadOptions(sheet=options.sheet)
    if not again:
        return None
    try:
        return replace(options, **chosen, columns=columns).checked()
    except AppError as error:
        st.error(escape(error.sentence), icon=":material/error:")
        return None


def _text_choices(key: str, options: ReadOptions, report: ReadReport | None) -> dict[str, Any]:
    first, second, chosen = st.columns(3), st.columns(3), {}
    found: Mapping[str, Any] = vars(report) if report is not None else {}
    evidence = report.evidence if report is not None else {}
    for place, name, label, words in (
        (first[0], "encoding", "Encoding", ENCODING_WORDS),
        (first[1], "separator", "Separator", SEPARATOR_WORDS),
        (first[2], "quote", "Quotation marks", QUOTE_WORDS),
        (second[0], "decimal", "Decimal mark", DECIMAL_WORDS),
        (second[1], "thousands", "Thousands mark", THOUSANDS_WORDS),
    ):
        with place:
            chosen[name] = _choice(key, name, label, words, getattr(options, name), found.get(name), evidence.get(name))
    with second[2]:
        is_left_out = st.checkbox(
            "Leave out rows with too many cells", value=options.long_rows == "leave_out", key=f"{key}_long_rows",
            help="Nobody knows which of their cells is which. They are counted, with their line numbers.",
        )  # fmt: skip
        is_kept = st.checkbox(
            "Keep remarks and repeated headers", value=options.stray_rows == "keep", key=f"{key}_stray_rows",
            help="Lines that are no rows of the table (its names once more, comments, remarks and blank rows below it) "
            "are left out and counted, unless this is ticked.",
        )  # fmt: skip
    return {
        **chosen,
        "long_rows": "leave_out" if is_left_out else "refuse",
        "stray_rows": "keep" if is_kept else "leave_out",
    }


def _choice(
    key: str,
    name: str,
    label: str,
    words: Mapping[str, str],
    chosen: str | None,
    found: str | None,
    evidence: str | None,
) -> str | None:
    """Draw one choice, automatic first, with what that came to and why."""
    known = [*words, *([chosen] if chosen is not None and chosen not in words else [])]
    came_to = f": {words.get(found, found)}" if found is not None and chosen is None else ""
    labels = {None: f"{AUTOMATIC}{came_to}", **{value: words.get(value, repr(value)) for value in known}}
    picked: str | None = st.selectbox(
        label, list(labels), index=list(labels).index(chosen), key=f"{key}_{name}", format_func=labels.get,
        help=escape(evidence) if evidence else None,
    )  # fmt: skip
    return picked


def _layout_choices(key: str, options: ReadOptions, report: ReadReport | None) -> dict[str, Any]:
    left, middle, right = st.columns([2, 3, 3])
    rows = [NO_HEADER, *range(1, MAX_HEADER_CHOICE + 1)]
    found = report.header_row if report is not None and options.header_row is None else None
    if options.header_row is not None and options.header_row not in rows:
        rows.append(options.header_row)
    came_to = "" if found is None else f": {_row_words(found).lower()}"
    labels = {None: f"{AUTOMATIC}{came_to}", **{row: _row_words(row) for row in rows}}
    with left:
        header = st.selectbox(
            "Header row", list(labels), index=list(labels).index(options.header_row), key=f"{key}_header_row",
            format_func=labels.get,
            help=escape(report.evidence.get("header_row", "")) or None if report else None,
        )  # fmt: skip
    with middle:
        missing = st.multiselect(
            "Also count as missing, everywhere", sorted({*MISSING_CHOICES, *options.missing_words}),
            default=list(options.missing_words), key=f"{key}_missing_words", accept_new_options=True,
            placeholder="Empty cells, NA, N/A, NaN, none, null and . are already",
        )  # fmt: skip
    with right:
        kept = st.multiselect(
            "Keep as values, everywhere", [*KEPT_CHOICES, *other_words(options.kept_words, KEPT_CHOICES)],
            default=list(_as_offered(options.kept_words)), key=f"{key}_kept_words", placeholder="None",
            help="Words that count as missing unless they are kept: NA may be Namibia, and none an answer.",
        )  # fmt: skip
    return {
        "header_row": header, "sheet": options.sheet, "missing_words": tuple(missing), "kept_words": tuple(kept),
    }  # fmt: skip


def _as_offered(words: Sequence[str]) -> tuple[str, ...]:
    """Return words as the choices spell them, each once: na is NA."""
    spelled = {word_key(word): word for word in KEPT_CHOICES}
    return tuple(dict.fromkeys(spelled.get(word_key(word), word) for word in words))


def _row_words(row: int) -> str:
    return "No header" if row == NO_HEADER else f"Row {row:,}"


def _column_choices(key: str, options: ReadOptions, report: ReadReport) -> dict[str, ColumnOptions]:
    """Draw the choices for single columns as a table that can be edited; return those that were made."""
    names = [column.name for column in report.columns]
    own = [options.columns.get(name, ColumnOptions()) for name in names]
    st.markdown("**Single columns**")
    edited = st.data_editor(
        pd.DataFrame(
            {
                "Column": names,
                "Read as": [TYPE_WORDS.get(column.type or "", AUTOMATIC) for column in own],
                "Dates": [ORDER_WORDS.get(column.date_order or "", AUTOMATIC) for column in own],
                "Count as missing": [list(column.missing_words) for column in own],
                "Keep as values": [list(_as_offered(column.kept_words)) for column in own],
            }
        ),
        key=f"{key}_columns",
        hide_index=True,
        disabled=["Column"],
        height=220,
        alt="Every column with how it is read; each can be changed",
        column_config={
            "Read as": st.column_config.SelectboxColumn(options=[AUTOMATIC, *TYPE_WORDS.values()], required=True),
            "Dates": st.column_config.SelectboxColumn(options=[AUTOMATIC, *ORDER_WORDS.values()], required=True),
            "Count as missing": st.column_config.MultiselectColumn(
                options=MISSING_CHOICES, accept_new_options=True, help="Besides what counts as missing everywhere"
            ),
            "Keep as values": st.column_config.MultiselectColumn(
                options=KEPT_CHOICES,
                accept_new_options=True,
                help="Words that would count as missing, but are values here",
            ),
        },
    )
    types = {word: name for name, word in TYPE_WORDS.items()}
    orders = {word: name for name, word in ORDER_WORDS.items()}
    made = {
        str(row["Column"]): ColumnOptions(
            types.get(row["Read as"]),  # type: ignore[arg-type]
            orders.get(row["Dates"]),  # type: ignore[arg-type]
            *(tuple(map(str, row[name] if row[name] is not None else ())) for name in WORD_LISTS),
        )
        for row in edited.to_dict("records")
    }
    return {name: column for name, column in made.items() if column != ColumnOptions()}
