"""What an ended run shows: its figures, curve, settings, and what to do with the model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from core.errors import AppError
from core.runs.checkpoints import resume_words
from core.runs.progress import progress_of, state_words
from core.runs.records import Dataset, Run, utc_now
from pages.shared.charts import draw_curve
from pages.shared.controls import offer_more_epochs, show_refusal, show_ways_on
from pages.shared.curves import read_epochs
from pages.shared.downloads import download_file
from pages.shared.evaluation import model_path
from pages.shared.leaderboard import show_leaderboard
from pages.shared.live import show_log
from pages.shared.report import offer_report
from pages.shared.state import DATA_PAGE, DISTIL_PAGE, MODEL_PAGE, PREDICT_PAGE, TRAIN_PAGE, get_store, get_workspace
from pages.shared.text import count, escape, file_stem, number, percent, plural, size
from pages.shared.verdict import data_table, headline, judgement, metric_tiles, settings_table


def show_verdict(run: Run) -> None:
    """Draw the headline and the figures under it."""
    if run.metrics is None:
        return
    st.header(headline(run.metrics), anchor=False)
    if sentence := judgement(run.metrics):
        st.markdown(sentence)
    show_tiles(metric_tiles(run.metrics))


def show_tiles(tiles: Sequence[tuple[str, str, str]], most: int = 6) -> None:
    """Draw figures as label, value and help, at most so many beside one another."""
    for first in range(0, len(tiles), most):
        for column, (label, value, help_text) in zip(st.columns(most), tiles[first : first + most], strict=False):
            column.metric(label, value, help=escape(help_text))


def show_notices(run: Run) -> None:
    """Draw what training found worth knowing."""
    for notice in (run.results or {}).get("notices", []):
        st.warning(escape(notice), icon=":material/warning:")


def show_predict_button(run: Run) -> None:
    """Draw the way to predicting with the model; where its file is gone, say so."""
    if not model_path(run).exists():
        st.error("The model file of this run is gone. Train it again.", icon=":material/error:")
        return
    if st.button("Predict with it", type="primary", icon=":material/query_stats:", key="model_predict"):
        st.switch_page(PREDICT_PAGE, query_params={"run": run.id})


def show_take_away(run: Run) -> None:
    """Draw what can be done with a finished model."""
    path = model_path(run)
    if not path.exists():
        st.error("The model file of this run is gone. Train it again.", icon=":material/error:")
        return
    st.markdown("The model is one file. It predicts here, on another computer, and from the command line.")
    take, predict, distil = st.columns(3)
    if predict.button("Predict with it", icon=":material/query_stats:", key="model_predict", width="stretch"):
        st.switch_page(PREDICT_PAGE, query_params={"run": run.id})
    if run.kind == "train" and distil.button(
        "Distil it", icon=":material/compress:", key="model_distil", width="stretch"
    ):
        st.switch_page(DISTIL_PAGE, query_params={"run": run.id})
    with take:
        download_file(
            f"Download the model ({size(path.stat().st_size)})", path, f"{file_stem(run.name)}.rowsmith",
            "application/octet-stream", "model_download", primary=True,
        )  # fmt: skip
    offer_report(run)
    offer_more_epochs(run)
    show_log(run.id)


def show_curve(run: Run) -> None:
    """Draw the whole curve, and say what became of it; below how the networks of a blend did."""
    epochs = read_epochs(get_store(), run.id)
    if epochs:
        progress = progress_of(run, epochs, utc_now())
        draw_curve(epochs, progress, run.baseline_loss, ended=not run.is_resting)
        if not run.message:
            st.caption(escape(progress.sentence))
    show_leaderboard(run)


def show_receipt(run: Run) -> None:
    """Draw the settings and the data used, side by side."""
    settings, data = st.columns(2)
    with settings:
        st.subheader("Settings used", anchor=False)
        _two_columns(settings_table(run.request, run.metrics or {}), "Settings used")
    with data:
        st.subheader("Data used", anchor=False)
        dataset = _dataset_of(run)
        if dataset:
            st.page_link(
                DATA_PAGE, label=escape(f"{dataset.name} ({plural(dataset.n_rows, 'row')})"),
                icon=":material/table:", query_params={"dataset": dataset.id},
            )  # fmt: skip
        _two_columns(data_table(run.request, run.metrics or {}), "Data used")


def show_comparison(results: dict[str, Any]) -> None:
    """Draw teacher and student side by side."""
    teacher, student = results["teacher"], results["student"]
    lighter = teacher["parameters"] / max(1, student["parameters"])
    st.subheader(
        f"The student has {fewer_words(lighter)} parameters and agrees with its teacher on "
        f"{percent(results['agreement'])} of the test rows" if teacher["metric_name"] == "accuracy" else
        f"The student has {fewer_words(lighter)} parameters and repeats "
        f"{percent(results['agreement'])} of its teacher's variance",
        anchor=False,
    )  # fmt: skip
    st.dataframe(
        pd.DataFrame([_side_row(teacher, student, *row) for row in _SIDE_ROWS]),
        hide_index=True, key="model_sides", alt="Teacher and student compared",
    )  # fmt: skip


def fewer_words(lighter: float) -> str:
    """Write how many times fewer parameters a student has, or more, beside a teacher that encodes texts by a number."""
    return f"{number(lighter)} × fewer" if lighter >= 1 else f"{number(1 / lighter)} × more"


def show_rest(run: Run) -> None:
    """Draw why a run rests, and how it can go on."""
    why = run.message or f"{run.state_words.split(' (')[0]}. {resume_words(get_workspace(), run)}"
    st.info(escape(why), icon=":material/pause_circle:" if run.state == "paused" else ":material/warning:")
    show_refusal()
    show_ways_on(run)


def show_failure(run: Run) -> None:
    """Draw why a run has no model."""
    draw = st.warning if run.state == "stopped" else st.error
    draw(escape(run.message or f"{state_words(run)}."), icon=":material/error:")


def show_ways_back(run: Run) -> None:
    """Draw the links to where another training can be set up."""
    dataset = _dataset_of(run)
    if dataset is None or run.kind == "score":
        return
    page, label = TRAIN_PAGE, "Change the settings and train again"
    if run.kind == "distil":
        page, label = DISTIL_PAGE, "Change the settings and distil again"
    with st.container(horizontal=True):
        st.page_link(page, label=label, icon=":material/arrow_back:", query_params={"dataset": dataset.id})
        st.page_link(
            DATA_PAGE, label="Look at the table", icon=":material/table:", query_params={"dataset": dataset.id}
        )


def show_parent(run: Run) -> None:
    """Draw the link to the run that this one continues."""
    if run.parent_run is None:
        return
    try:
        parent = get_store().run(run.parent_run)
    except AppError:
        st.caption("Continues a run that was deleted.")
        return
    st.page_link(
        MODEL_PAGE, label=f"Continues {escape(parent.name)}", icon=":material/history:", query_params={"run": parent.id}
    )


_SIDE_ROWS = (
    ("Score on the test rows", "metric_value"),
    ("Parameters", "parameters"),
    ("File size", "bytes"),
    ("Rows per second", "rows_per_second"),
)


def _side_row(teacher: dict[str, Any], student: dict[str, Any], label: str, name: str) -> dict[str, str]:
    return {"": label, "Teacher": _side_value(teacher, name), "Student": _side_value(student, name)}


def _side_value(side: dict[str, Any], name: str) -> str:
    value = side[name]
    if name == "metric_value":
        return f"{percent(value)} right" if side["metric_name"] == "accuracy" else f"RMSE {number(value)}"
    if name == "bytes":
        return size(value)
    return count(value) if isinstance(value, int) else number(value)


def _dataset_of(run: Run) -> Dataset | None:
    try:
        return get_store().dataset(run.dataset_id)
    except AppError:
        return None


def _two_columns(rows: list[dict[str, str]], alt: str) -> None:
    st.dataframe(pd.DataFrame(rows), hide_index=True, height="content", alt=alt)
