"""How good predictions were where the table holds the truth, and how far its columns have moved since training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from pages.shared.text import count, escape, number, percent, plural

MAX_CLASSES_SHOWN = 12


def show_truth(truth: Mapping[str, Any], rows: pd.DataFrame | None = None) -> None:
    """Draw the real score beside the promised one, and the rows the model got most wrong.

    `truth` are the fields of `core.scoring.truth.Truth`; `rows` the cells of its worst rows, in their order.
    """
    st.subheader("Held against the truth", anchor=False)
    (st.warning if truth["is_worse"] else st.info)(
        escape(truth["verdict"]), icon=":material/trending_down:" if truth["is_worse"] else ":material/fact_check:"
    )
    write = percent if truth["metric_name"] == "accuracy" else number
    name = "Accuracy" if truth["metric_name"] == "accuracy" else str(truth["metric_name"]).upper()
    here, promised, baseline = st.columns(3)
    here.metric(f"{name} on these rows", write(truth["value"]), help=f"{count(truth['n'])} rows with a known outcome.")
    promised.metric("Promised by the test", write(truth["promised"]))
    baseline.metric("Always guessing the usual", write(truth["baseline"]))
    if truth["n_unknown"]:
        st.caption(f"{plural(truth['n_unknown'], 'row')} without a known outcome, left out here.")
    if truth["n_unknown_labels"]:
        st.caption(
            f"{plural(truth['n_unknown_labels'], 'row')} with an outcome that training never saw, counted as wrong."
        )
    if truth["worst"]:
        with st.expander("The rows it got most wrong", icon=":material/troubleshoot:"):
            worst = pd.DataFrame(list(truth["worst"]))
            table = worst if rows is None else pd.concat([worst, rows.reset_index(drop=True)], axis=1)
            st.dataframe(
                table, key="predict_worst", hide_index=True, placeholder="", alt="The rows with the largest errors"
            )


def show_drifts(drifts: Sequence[Mapping[str, Any]]) -> None:
    """Draw the columns that have moved since training; `drifts` are the fields of `core.scoring.drift.Drift`."""
    moved = [drift for drift in drifts if drift["level"] != "same"]
    if not drifts:
        return
    if not moved:
        st.caption(f"All {plural(len(drifts), 'column')} are spread as in training.")
        return
    much = [drift for drift in moved if drift["level"] == "much"]
    with st.expander(
        f"{plural(len(moved), 'column')} moved since training" + (f", {len(much)} of them a lot" if much else ""),
        icon=":material/moving:", expanded=bool(much),
    ):  # fmt: skip
        st.markdown("\n".join(f"- {escape(drift['sentence'])}" for drift in moved))
        st.caption(
            "By the population stability index (PSI) over the tenths or the categories of training: 0.1 to 0.25 counts "
            "as some, more as a lot; what chance alone can do is taken off."
        )
