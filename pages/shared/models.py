"""Which model to use: one of the runs, or a model file that was uploaded. Torch is not needed for that."""

from __future__ import annotations

import secrets
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import streamlit as st

from core.calibration import POSITIVE_CLASS
from core.errors import AppError, RunError
from core.runs.datasets import spool
from core.runs.records import Run
from core.runs.requests import MODEL_NAME
from core.serialization import BundleSummary, inspect_bundle
from core.workspace import disk_sentence
from pages.shared.certaintywords import level_words, threshold_words
from pages.shared.state import TRAIN_PAGE, current_id, get_store, get_workspace, said, say_next, set_current
from pages.shared.text import escape, plural
from pages.shared.uploads import let_go, source_of
from pages.shared.verdict import has_model, score_words

OWN_FILE = "file"


@dataclass(frozen=True)
class Model:
    """A model that can be used: what people call it, and where it lies."""

    label: str
    path: Path
    run: Run | None = None


def usable_runs(kinds: tuple[str, ...] = ("train", "distil")) -> list[Run]:
    """Return the runs that left a model, starred ones first, then the newest."""
    runs = [run for run in get_store().runs() if run.kind in kinds and has_model(run)]
    return sorted(runs, key=lambda run: not run.starred)


def choose_run(label: str, key: str, kinds: tuple[str, ...] = ("train", "distil")) -> Run | None:
    """Draw the choice of a run with a model, the one in the address first; None when there is none."""
    runs = {run.id: run for run in usable_runs(kinds)}
    if not runs:
        return None
    wanted = current_id("run")
    if wanted not in runs:
        if wanted and st.query_params.get("run") == wanted:
            st.warning("The run in the address left no model. Choose another.", icon=":material/warning:")
        wanted = next(iter(runs))
    st.session_state[key] = wanted
    st.selectbox(
        label, list(runs), key=key, on_change=_take_chosen, args=(key,),
        format_func={run.id: f"{run.name} · {score_words(run)}" for run in runs.values()}.get,
    )  # fmt: skip
    set_current("run", wanted)
    return runs[wanted]


def _take_chosen(key: str) -> None:
    set_current("run", st.session_state[key])


def choose_model() -> Model | None:
    """Draw the choice between the runs and an uploaded model file."""
    place = st.container()
    uploaded = _uploaded_model()
    with place:
        return _chosen_model(uploaded)


def _chosen_model(uploaded: bool) -> Model | None:
    own = st.session_state.get("predict_own")
    if own and Path(own["path"]).exists():
        head, back = st.columns([4, 1], vertical_alignment="center")
        head.markdown(f"Model file: **{escape(own['label'])}**")
        if back.button("Use a run instead", key="predict_runs", width="stretch"):
            st.session_state["predict_own"] = None
            st.rerun()
        return Model(own["label"], Path(own["path"]))
    run = choose_run("Model", "predict_run")
    if run is None:
        if not uploaded:
            st.info("There is no finished model yet. Train one, or bring a model file.", icon=":material/query_stats:")
            st.page_link(TRAIN_PAGE, label="Train a model", icon=":material/model_training:")
        return None
    return Model(run.name, get_workspace().run_dir(run.id) / MODEL_NAME, run)


def model_words(summary: BundleSummary) -> str:
    """Return in one line what the model predicts, from what (Markdown)."""
    target = f"Predicts **{escape(summary.target_column)}**"
    classes = summary.class_names or []
    if summary.task == "classification":
        shown = ", ".join(escape(name) for name in classes[:6]) + (" …" if len(classes) > 6 else "")
        target += f": {plural(len(classes), 'category', 'categories')} ({shown})"
    else:
        target += ": a number"
    columns = f", from {plural(len(summary.schema.feature_columns), 'column')}." if summary.schema else "."
    return f"{target}{columns}{_certainty_words(summary)}"


def _certainty_words(summary: BundleSummary) -> str:
    """Return from which probability on a class is predicted, and what stands beside predictions (Markdown)."""
    calibration, classes = summary.calibration, summary.class_names or ()
    if calibration is None:
        return ""
    words = []
    if calibration.threshold is not None and len(classes) == POSITIVE_CLASS + 1:
        words.append(threshold_words(calibration.threshold, classes[POSITIVE_CLASS]))
    if calibration.margin is not None:
        is_number = summary.task != "classification"
        words.append(level_words(calibration, summary.target_column, is_number=is_number))
    return "".join(f" {escape(sentence)}" for sentence in words)


@st.cache_data(max_entries=32, show_spinner=False)
def summary_of(path: Path, modified: float) -> BundleSummary:
    """Return what a model file says of itself; `modified` is its time, so that a new file is read anew."""
    return inspect_bundle(path)


def summary_now(model: Model) -> BundleSummary:
    """Return what the model says of itself. Raises AppError when it is gone or damaged."""
    if not model.path.exists():
        raise RunError(f"The model file of '{model.label}' is gone. Choose another model.")
    return summary_of(model.path, model.path.stat().st_mtime)


def _uploaded_model() -> bool:
    """Draw the uploader for a model file; keep the file when it is sound. Tell whether it is shown open."""
    sentence = said("predict_model")
    with st.expander("Use a model file (.rowsmith)", icon=":material/upload_file:", expanded=bool(sentence)):
        if sentence:
            st.error(escape(sentence), icon=":material/error:")
        number = st.session_state.setdefault("predict_model_round", 0)
        file = st.file_uploader("Model file", type=["rowsmith"], key=f"predict_model_{number}")
    if file is None:
        return bool(sentence)
    st.session_state["predict_model_round"] = number + 1
    try:
        st.session_state["predict_own"] = {"label": file.name, "path": str(_keep(source_of(file)))}
    except AppError as error:
        say_next("predict_model", error.sentence)
    finally:
        let_go(file)
    st.rerun()


def _keep(source: Path | BinaryIO) -> Path:
    """Keep an uploaded model for as long as the workspace keeps what is not part of it."""
    scratch = get_workspace().incoming / f"model-{secrets.token_hex(8)}"
    try:
        scratch.mkdir()
        sha256 = spool(source, scratch / MODEL_NAME)
        inspect_bundle(scratch / MODEL_NAME)
        folder = scratch.with_name(f"model-{sha256[:16]}")
        folder.mkdir(exist_ok=True)
        return (scratch / MODEL_NAME).replace(folder / MODEL_NAME)
    except OSError as error:
        raise RunError(disk_sentence(error, get_workspace().home)) from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
