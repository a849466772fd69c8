"""The report of a run: its model card on the page, and one HTML file to take away."""

from __future__ import annotations

import streamlit as st

from core.errors import AppError
from core.insight.card import model_card
from core.insight.explain.results import Explanation
from core.insight.explain.stored import stored_explanation
from core.insight.report import ReportFacts, report_html
from core.insight.studywords import more_data_words, splits_words
from core.runs.insights import Question, answer_to
from core.runs.records import Run
from core.serialization import inspect_bundle
from pages.shared.evaluation import Document, evaluation_of, model_path
from pages.shared.evaluationfigures import class_tiles, number_tiles
from pages.shared.state import get_workspace
from pages.shared.text import escape, file_stem
from pages.shared.verdict import data_table, settings_table, sides_table

HTML = "text/html"


def offer_report(run: Run) -> None:
    """Draw the button for the report, which is written when it is clicked, and the card."""
    try:
        facts = report_facts(run)
    except AppError as error:
        st.error(escape(error.sentence), icon=":material/error:")
        return
    if facts is None:
        return
    st.subheader("Report and model card", anchor=False)
    st.markdown(
        "One HTML file with the evaluation, the explanation, the data receipt, the settings and the card. It opens "
        "without a connection, its charts answer to the pointer, and it prints well."
    )
    if facts.explanation is None:
        st.caption("The explanation is not in it yet: open the Explain tab once.")
    st.download_button(
        "Download the report", data=lambda: report_html(facts).encode(), file_name=f"{file_stem(run.name)}_report.html",
        mime=HTML, key="model_report", on_click="ignore", icon=":material/description:",
    )  # fmt: skip
    with st.expander("Model card", icon=":material/badge:"):
        for section in model_card(facts.record, facts.schema, facts.evaluation, facts.calibration):
            st.markdown(f"**{section.title}**")
            for line in section.lines:
                st.markdown(escape(line))


def report_facts(run: Run) -> ReportFacts | None:
    """Return what a run's report tells, or None for a model that does not say where it comes from. Raises AppError."""
    summary = inspect_bundle(model_path(run))
    if summary.record is None or summary.schema is None:
        return None
    document = evaluation_of(run)
    return ReportFacts(
        name=run.name,
        record=summary.record,
        schema=summary.schema,
        calibration=summary.calibration,
        settings=[(row["Setting"], row["Value"]) for row in settings_table(run.request, run.metrics or {})],
        data=[(row["Data"], row["Value"]) for row in data_table(run.request, run.metrics or {})],
        notices=tuple((run.results or {}).get("notices", ())),
        beside=[] if document is None else sides_table(document),
        figures=[] if document is None else _figures(document),
        evaluation=document,
        explanation=_explanation(run),
        studies=_studies(run),
    )


def _figures(document: Document) -> list[tuple[str, str, str]]:
    return class_tiles(document) if document["task"] == "classification" else number_tiles(document)


def _explanation(run: Run) -> Explanation | None:
    answer = answer_to(get_workspace(), run.id, Question("explain"))
    return None if answer is None else stored_explanation(answer)


def _studies(run: Run) -> list[str]:
    workspace = get_workspace()
    more_data, splits = (answer_to(workspace, run.id, Question(what)) for what in ("more_data", "splits"))
    said = [more_data_words(more_data)] if more_data is not None else []
    return said + ([splits_words(splits)] if splits is not None else [])
