"""Two studies of a trained model, each a training or two in the background: more rows, and the kind of split."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import streamlit as st

from core.errors import AppError
from core.insight.charts.studies import learning_curve_chart, splits_chart
from core.insight.charts.style import Chart
from core.insight.studywords import (
    ONE_SEED,
    difference_words,
    last_quarter_words,
    more_data_words,
    split_advice,
    splits_words,
)
from core.runs.insights import Question, advance_of, answer_to, ask, failure_of
from core.runs.records import Run
from core.runs.studying import is_at_work, is_studied, stop_study
from pages.shared.evaluationcharts import draw
from pages.shared.state import get_workspace
from pages.shared.text import duration, escape
from pages.shared.verdict import has_model

POLL_SECONDS = 1.0
STARTING_SECONDS = 4.0  # of the process, and to read the table
Answer = Mapping[str, Any]


@dataclass(frozen=True)
class Study:
    """A question that takes trainings: `cost` is how long they take, beside the run's own training."""

    question: Question
    title: str
    about: str
    button: str
    cost: float
    chart: Callable[[Answer], Chart | None]
    says: Callable[[Answer], str]
    notes: Callable[[Answer], tuple[str, ...]]

    def key(self, run: Run) -> str:
        """Return the name under which the session knows that this was asked for."""
        return f"study_{self.question.stem}_{run.id}"


def show_studies(run: Run) -> None:
    """Draw both studies of a run that was trained here: their answers, how far they are, or their buttons."""
    if run.kind != "train" or not has_model(run):
        return
    _show(run, more_data_study())
    dates = _dates(run)
    if dates:
        _show(run, splits_study(run, dates))


def more_data_study() -> Study:
    """Return the study of fewer rows."""
    return Study(
        Question("more_data"),
        "Would more rows help?",
        "Trains twice more, on a half and on three quarters of the training rows, and compares the errors on the "
        "same test rows.",
        "Find out",
        1.25,
        learning_curve_chart,
        more_data_words,
        lambda answer: (last_quarter_words(answer), ONE_SEED),
    )


def splits_study(run: Run, dates: list[str]) -> Study:
    """Return the study of the other kind of split, by a date that can be chosen where there are several."""
    title, by_time = "Random or time split?", run.request["config"].get("time_column")
    column = str(by_time or dates[0])
    if not by_time and len(dates) > 1:
        column = st.session_state.get(f"study_by_{run.id}", dates[0])
    other = "rows drawn at random" if by_time else f"the latest rows by '{column}'"
    return Study(
        Question("splits", "" if by_time else column),
        title,
        f"This model was tested on {'the latest rows' if by_time else 'rows drawn at random'}. Trains once more to be "
        f"tested on {other}, and says how much a random test flatters.",
        "Compare",
        1.0,
        splits_chart,
        splits_words,
        lambda answer: (difference_words(answer), split_advice(answer)),
    )


def _show(run: Run, study: Study) -> None:
    st.subheader(study.title, anchor=False)
    if study.question.what == "splits":
        _choose_date(run)
    answer = answer_to(get_workspace(), run.id, study.question)
    if answer is not None:
        _show_answer(study, answer)
    elif st.session_state.get(study.key(run)) or is_studied(get_workspace(), run.id, study.question):
        st.fragment(_draw_progress, run_every=POLL_SECONDS)(run, study)
    else:
        _offer(run, study)


def _choose_date(run: Run) -> None:
    dates = _dates(run)
    if len(dates) > 1 and not run.request["config"].get("time_column"):
        st.selectbox("Latest by", dates, key=f"study_by_{run.id}")


def _show_answer(study: Study, answer: Answer) -> None:
    chart = study.chart(answer)
    draw(chart, f"model_chart_{study.question.what}", why_not=study.says(answer))
    for note in filter(None, study.notes(answer)):
        st.caption(escape(note))


def _offer(run: Run, study: Study) -> None:
    """Draw what the study does, why the last try failed, and the button."""
    if failure := failure_of(get_workspace(), run.id, study.question):
        st.error(escape(failure), icon=":material/error:")
    st.markdown(escape(study.about))
    seconds = float((run.metrics or {}).get("seconds") or 0.0) * study.cost + STARTING_SECONDS
    st.button(
        f"{study.button} (about {duration(seconds)})", icon=":material/science:", key=f"model_{study.question.what}",
        on_click=_begin, args=(study.key(run),),
    )  # fmt: skip


def _begin(key: str) -> None:
    st.session_state[key] = "unsent"


def _draw_progress(run: Run, study: Study) -> None:
    """Draw how far the study is; draw the page anew when it is answered, or when it will not be."""
    workspace, key = get_workspace(), study.key(run)
    try:
        if st.session_state.get(key) == "unsent" and ask(workspace, run, study.question):
            st.session_state[key] = "sent"
    except AppError as error:
        st.session_state.pop(key, None)
        st.error(escape(error.sentence), icon=":material/error:")
        return
    if _is_over(run, study):
        st.session_state.pop(key, None)
        st.rerun()
    is_waiting = st.session_state.get(key) == "unsent"
    advance = advance_of(workspace, run.id, study.question)
    words, stop = st.columns([4, 1], vertical_alignment="center")
    waiting = "Waiting for another study to end."
    words.progress(0.0 if is_waiting else advance.share, escape(waiting if is_waiting else advance.sentence or "…"))
    if stop.button("Stop", icon=":material/stop_circle:", key=f"model_stop_{study.question.what}", width="stretch"):
        stop_study(workspace, run.id, study.question)
        st.session_state.pop(key, None)
        st.rerun()


def _is_over(run: Run, study: Study) -> bool:
    """Return whether there is an answer, a failure, or nobody who works on it any more."""
    workspace, state = get_workspace(), st.session_state.get(study.key(run))
    if state == "unsent":
        return answer_to(workspace, run.id, study.question) is not None
    if answer_to(workspace, run.id, study.question) is not None or failure_of(workspace, run.id, study.question):
        return True
    if state == "sent":
        return not is_at_work(workspace, study.question)  # another session has stopped it
    return not is_studied(workspace, run.id, study.question)


def _dates(run: Run) -> list[str]:
    """Return the columns by which rows can be ordered in time: that of the run, else its dates."""
    config = run.request.get("config", {})
    by_time = config.get("time_column")
    target = config.get("target_column")
    return [str(by_time)] if by_time else [str(name) for name in run.request.get("dates") or [] if name != target]
