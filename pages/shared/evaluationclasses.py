"""The figures of a classifier: of all rows, class by class, which are confused, and the curves of a class."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from core.errors import AppError
from core.insight.charts.confusion import confusion_chart
from core.insight.charts.curves import gains_chart, lift_chart, precision_recall_chart, roc_chart
from core.insight.charts.reliability import predicted_class_bins, reliability_chart
from core.insight.evaluation import ROWS_NAME, load_test_rows, probabilities_in
from core.insight.figures.classification import ClassFigures
from core.insight.words import calibration_words
from core.runs.records import Run
from pages.shared.evaluation import Document
from pages.shared.evaluationcharts import draw
from pages.shared.evaluationfigures import class_tiles, reasons
from pages.shared.labels import cut_all
from pages.shared.results import show_tiles
from pages.shared.state import get_workspace
from pages.shared.text import escape, plural

SHARE = st.column_config.NumberColumn(format="percent")
SCORE = st.column_config.NumberColumn(format="%.4f")
COUNT = st.column_config.NumberColumn(format="localized")


CLASS_FIGURES = [field.name for field in fields(ClassFigures)]


def show_classes(run: Run, document: Document) -> None:
    """Draw every figure of a classifier."""
    st.caption("Of the likelier class, whatever threshold predictions use.")
    show_tiles(class_tiles(document), 4)
    for reason in reasons(document):
        st.caption(escape(reason))
    _show_each_class(document)
    _show_confusion(run, document)
    _show_curves(run, document)


def _show_each_class(document: Document) -> None:
    st.subheader("Class by class", anchor=False)
    frame = pd.DataFrame(document["figures"]["classes"]).reindex(columns=CLASS_FIGURES)
    frame.columns = ["Class", "Rows", "Predicted", "Precision", "Recall", "F1", "ROC AUC", "Average precision",
                     "Brier score", "Calibration error"]  # fmt: skip
    shares = dict.fromkeys(frame.columns[3:8], SHARE) | {"Calibration error": SHARE}
    st.dataframe(
        frame, hide_index=True, key="model_classes", alt="The figures of each class",
        column_config={**shares, "Rows": COUNT, "Predicted": COUNT, "Brier score": SCORE},
    )  # fmt: skip
    st.caption("Precision: of the rows called so, the share that are. Recall: of the class's rows, the share found.")


def _show_confusion(run: Run, document: Document) -> None:
    confusion = document["confusion"]
    st.subheader("Which classes are confused", anchor=False)
    shown = st.segmented_control(
        "Show", ["Rows", "Share of each true class"], default="Rows", required=True, label_visibility="collapsed",
        key=f"model_confusion_{run.id}", persist_state="session",
    )  # fmt: skip
    draw(confusion_chart(confusion, as_shares=shown != "Rows"), "model_chart_confusion")
    if confusion["n_others"]:
        others = plural(confusion["n_others"], "class", "classes")
        st.caption(f"The {others} with the fewest rows are one line: {confusion['n_others_right']:,} rows are right.")


def _show_curves(run: Run, document: Document) -> None:
    st.subheader("How well probabilities tell the rows apart", anchor=False)
    at = _choose_class(run, document)
    if at is None:
        st.caption("There are no curves for this model.")
        return
    curve, figures = document["curves"][at], _figures_of(document, document["curves"][at]["name"])
    why = curve["undefined"].get("roc", "")
    if curve["roc"] is None:
        st.caption(escape(why))
    left, right = st.columns(2, gap="medium")
    with left:
        draw(roc_chart(curve, figures["roc_auc"]), "model_chart_roc")
        draw(gains_chart(curve), "model_chart_gains")
    with right:
        draw(precision_recall_chart(curve, figures["average_precision"]), "model_chart_precision")
        draw(lift_chart(curve), "model_chart_lift")
    st.subheader("Whether probabilities are honest", anchor=False)
    if document["calibration"] is None:
        st.markdown(escape(calibration_words(document)))
    _show_reliability(run, document, curve)


def _show_reliability(run: Run, document: Document, curve: dict[str, Any]) -> None:
    """Draw before and after for two classes; for more, after of the chosen class and both of the class predicted."""
    before = document["before"].get("reliability", [])
    is_corrected = document["calibration"] is not None
    if len(document["class_names"]) == 2:
        draw(
            reliability_chart(curve["reliability"], before if is_corrected else (), name=curve["name"]),
            "model_chart_reliability",
        )
        return
    left, right = st.columns(2, gap="medium")
    with left:
        draw(reliability_chart(curve["reliability"], name=curve["name"]), "model_chart_reliability")
    with right:
        bins = _bins_of_predicted(run, document)
        draw(
            reliability_chart(bins, before if is_corrected else ()), "model_chart_reliability_all",
            "The probabilities of every class are kept for up to 30 classes only.",
        )  # fmt: skip


def _choose_class(run: Run, document: Document) -> int | None:
    """Draw the choice of a class where there are more than two; return its place among the curves."""
    names = [curve["name"] for curve in document["curves"]]
    if len(names) < 2:
        return 0 if names else None
    labels = cut_all(names)
    at = st.selectbox(
        "Class", list(range(len(names))), key=f"model_class_{run.id}", persist_state="session",
        format_func=[labels[name] for name in names].__getitem__,
    )  # fmt: skip
    return int(at)


def _figures_of(document: Document, name: str) -> dict[str, Any]:
    return next(entry for entry in document["figures"]["classes"] if entry["name"] == name)


def _bins_of_predicted(run: Run, document: Document) -> list[dict[str, Any]]:
    path = get_workspace().run_dir(run.id) / ROWS_NAME
    try:
        return _bins_at(str(path), path.stat().st_mtime_ns, tuple(document["class_names"]))
    except (AppError, OSError):
        return []


@st.cache_data(max_entries=16, show_spinner=False)
def _bins_at(path: str, modified: int, class_names: tuple[str, ...]) -> list[dict[str, Any]]:
    """Return the bins of the class predicted; `modified` tells one file from the next at the same place."""
    rows = load_test_rows(Path(path).parent)
    probabilities = probabilities_in(rows)
    return [] if probabilities is None else predicted_class_bins(probabilities, rows["truth"].to_pylist(), class_names)
