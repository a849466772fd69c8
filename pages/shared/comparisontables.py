"""The tables of a comparison: settings that differ, figures side by side, rows on which the runs disagree."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from core.insight.compare import Contender
from core.insight.comparewords import FIGURES, LETTERS, SHARES, disagreement_words
from core.insight.disagree import Disagreement, Row
from core.insight.words import side_named
from pages.shared.comparisondata import Compared
from pages.shared.text import escape, number, percent


def show_settings(found: Compared) -> None:
    """Draw the settings whose values are not the same everywhere."""
    st.subheader("Settings that differ", anchor=False)
    settings = found.comparison.settings
    if not settings:
        st.markdown("All settings are the same.")
        return
    rows = [{"Setting": one.label, **dict(zip(LETTERS, one.values, strict=False))} for one in settings]
    st.dataframe(pd.DataFrame(rows), hide_index=True, height="content", alt="Settings that differ between the runs")


def show_figures(found: Compared) -> None:
    """Draw every figure of each run on its own test rows, after the one on the rows common to all."""
    contenders, comparison = found.contenders, found.comparison
    tasks = {contender.task for contender in contenders if contender.document is not None}
    st.subheader("Figures side by side", anchor=False)
    if len(tasks) != 1:
        st.markdown("There are no figures of one kind to put side by side.")
        return
    classes = tasks == {"classification"}
    rows = []
    if comparison.on_common and not comparison.has_same_rows:
        label = f"{'Share right' if classes else 'Mean absolute error'} on the {comparison.n_common:,} common rows"
        write = percent if classes else number
        rows.append(_figure_row(label, "more" if classes else "less", [write(value) for value in comparison.on_common]))
    rows += [
        _figure_row(title, better, [_figure(contender, name) for contender in contenders])
        for name, (title, better) in FIGURES.items()
        if any(name in _figures(contender) for contender in contenders)
    ]
    rows.append(_figure_row("Test rows", "", [f"{one.n_test:,}" if one.document else "–" for one in contenders]))
    st.dataframe(pd.DataFrame(rows), hide_index=True, height="content", alt="Figures of the runs side by side")


def show_disagreement(found: Compared) -> None:
    """Draw the rows on which the runs predict different things, with what each says and the cells of the table."""
    disagreed = found.disagreed
    if disagreed is None:
        return
    classes = found.contenders[0].task == "classification"
    st.subheader("Where they disagree", anchor=False)
    st.markdown(escape(disagreement_words(disagreed, classes)))
    if found.trouble:
        st.caption(escape(found.trouble))
    if disagreed.rows:
        st.dataframe(
            _rows_table(disagreed, found.cells), hide_index=True, key="compare_rows", column_config=_columns(classes),
            alt="Test rows on which the runs disagree",
        )  # fmt: skip


def _rows_table(disagreed: Disagreement, cells: pd.DataFrame) -> pd.DataFrame:
    table = pd.DataFrame([_said(row) for row in disagreed.rows])
    taken = set(table.columns)
    return table.join(cells.rename(columns={name: _free(str(name), taken) for name in cells.columns}))


def _columns(classes: bool) -> dict[str, Any]:
    """Return how predicted numbers are written."""
    names = () if classes else ("Truth", *(f"{letter} predicts" for letter in LETTERS))
    return {name: st.column_config.NumberColumn(format="localized") for name in names}


def _said(row: Row) -> dict[str, object]:
    """Return a row of the table, with the number, the truth and what each run says."""
    found: dict[str, object] = {"Row": row.number, "Truth": row.truth}
    for letter, said in zip(LETTERS, row.said, strict=False):
        found[f"{letter} predicts"] = said.prediction
        if said.probability is not None:
            found[f"{letter} is sure"] = percent(said.probability)
    return found


def _free(name: str, taken: set[str]) -> str:
    """Return a column's name, with a word behind it where ours is the same."""
    while name in taken:
        name = f"{name} (table)"
    return name


def _figure_row(label: str, better: str, values: Sequence[str]) -> dict[str, str]:
    return {"Figure": label, "Better": better, **dict(zip(LETTERS, values, strict=False))}


def _figures(contender: Contender) -> dict[str, float | None]:
    side = side_named(contender.document, "network") if contender.document is not None else None
    return dict(side["figures"]) if side is not None else {}


def _figure(contender: Contender, name: str) -> str:
    write: Callable[[float | None], str] = percent if name in SHARES else number
    return write(_figures(contender).get(name))
