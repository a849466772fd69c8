"""What is known of a run's model on its test rows: read from disk, or worked out on demand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import streamlit as st

from core.calibration import Calibration
from core.errors import AppError, RunError
from core.insight.evaluation import DOCUMENT_NAME, Evaluation, load_evaluation
from core.runs.insights import Question, advance_of, ask, failure_of
from core.runs.records import Run
from core.runs.requests import MODEL_NAME
from core.serialization import inspect_bundle, recalibrate
from core.workspace import Workspace
from pages.shared.state import get_workspace
from pages.shared.text import escape

Document = dict[str, Any]

POLL_SECONDS = 0.5
QUESTION = Question("evaluate")


def evaluation_of(run: Run) -> Document | None:
    """Return the document of a run, None where there is none. Raises RunError where it is damaged."""
    path = get_workspace().run_dir(run.id) / DOCUMENT_NAME
    return _document_at(str(path), path.stat().st_mtime_ns) if path.is_file() else None


def known_evaluation(run: Run) -> Document | None:
    """Return the document; where there is none, or a damaged one, draw why and what can be done."""
    try:
        document = evaluation_of(run)
    except AppError as error:
        st.error(escape(error.sentence), icon=":material/error:")
        document = None
    if document is None:
        st.fragment(_draw_waiting, run_every=POLL_SECONDS)(run) if _is_waiting(run) else _offer(run)
    return document


def model_path(run: Run) -> Path:
    """Return where the model of a run lies."""
    return get_workspace().run_dir(run.id) / MODEL_NAME


def calibration_of_run(run: Run) -> Calibration:
    """Return what the run's model knows beside its network. Raises BundleError where the file is damaged."""
    path = model_path(run)
    return _calibration_at(str(path), path.stat().st_mtime_ns)


def save_calibration(run: Run, **changes: Any) -> None:
    """Change what the run's model knows beside its network. Raises an AppError where that cannot be kept."""
    path = model_path(run)
    recalibrate(path, replace(inspect_bundle(path).calibration or Calibration(), **changes))


@st.cache_data(max_entries=16, show_spinner=False)
def _document_at(path: str, modified: int) -> Document | None:
    """Return a document, read once; `modified` tells one file from the next at the same place."""
    document = load_evaluation(Path(path).parent)
    if document is not None and not set(Evaluation.__dataclass_fields__) <= set(document):
        raise RunError("What is known of this model is not complete. Evaluate it again.")
    return document


@st.cache_data(max_entries=32, show_spinner=False)
def _calibration_at(path: str, modified: int) -> Calibration:
    return inspect_bundle(Path(path)).calibration or Calibration()


def _offer(run: Run) -> None:
    """Draw what is missing, why a try failed, and the button for another."""
    failure = failure_of(get_workspace(), run.id, QUESTION)
    if failure:
        st.error(escape(failure), icon=":material/error:")
    st.markdown(
        "How good this model is on rows it has not seen, beside simpler ways, has not been worked out. "
        "It takes a few seconds."
    )
    if st.button("Evaluate now", type="primary", icon=":material/fact_check:", key="model_evaluate"):
        st.session_state[_key(run)] = "unsent"
        st.rerun()


def _draw_waiting(run: Run) -> None:
    """Draw how far the evaluation is; draw the page anew when it is there, or when there will be none."""
    workspace = get_workspace()
    try:
        _send(workspace, run)
        if failure_of(workspace, run.id, QUESTION) or _is_there(run):
            st.session_state.pop(_key(run), None)
            st.rerun()
    except AppError as error:
        st.error(escape(error.sentence), icon=":material/error:")
        return
    sentence = advance_of(workspace, run.id, QUESTION).sentence
    st.markdown(f":material/hourglass_top: {escape(sentence or 'Waiting for another evaluation to end.')}")


def _send(workspace: Workspace, run: Run) -> None:
    """Send the question where it is not yet: another may be at work."""
    if st.session_state.get(_key(run)) == "unsent" and ask(workspace, run, QUESTION, again=True):
        st.session_state[_key(run)] = "sent"


def _is_there(run: Run) -> bool:
    try:
        return evaluation_of(run) is not None
    except RunError:
        return False  # the damaged one, which is being replaced


def _is_waiting(run: Run) -> bool:
    return _key(run) in st.session_state


def _key(run: Run) -> str:
    return f"model_evaluating_{run.id}"
