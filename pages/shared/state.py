"""Where a page gets the workspace, the store, and the ids that are in its address.

Session state holds ids and plain values only, never objects.
"""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Literal

import streamlit as st

from core.errors import RunError
from core.runs.intake import Intake, look
from core.runs.records import Dataset, Run
from core.runs.store import Store, open_store
from core.runs.summon import ensure
from core.workspace import Workspace, open_workspace

IdName = Literal["dataset", "run", "job", "intake", "rows", "rows_intake"]
DATA_PAGE = "pages/build/data.py"
TRAIN_PAGE = "pages/build/train.py"
DISTIL_PAGE = "pages/build/distil.py"
RUNS_PAGE = "pages/use/runs.py"
MODEL_PAGE = "pages/use/model.py"
PREDICT_PAGE = "pages/use/predict.py"


def get_workspace() -> Workspace:
    """Return the workspace of whoever started the app."""
    return open_workspace()


def get_store() -> Store:
    """Return the store of the workspace, one for all sessions."""
    return _store_in(get_workspace().home)


@st.cache_resource(max_entries=4, show_spinner=False)
def _store_in(home: Path) -> Store:
    store = open_store(Workspace(home))
    if store.active_runs():  # begun under an earlier server: someone must look after them
        ensure(store.workspace)
    return store


def current_id(name: IdName) -> str | None:
    """Return the id in the address; where there is none, the one this session saw last.

    The latter is written into the address, so that a refresh comes back to the same thing.
    """
    value: str | None = st.query_params.get(name) or st.session_state.get(f"current_{name}")
    if value:
        set_current(name, value)
    return value


def set_current(name: IdName, value: str | None) -> None:
    """Write an id into the address and remember it for the other pages; None forgets it."""
    st.session_state[f"current_{name}"] = value
    if value is None:
        st.query_params.pop(name, None)
    elif st.query_params.get(name) != value:
        st.query_params[name] = value


def current_dataset() -> Dataset | None:
    """Return the table in the address. Raises RunError when there is no such table."""
    dataset_id = current_id("dataset")
    return _known(get_store().dataset, "dataset", dataset_id) if dataset_id else None


def current_rows() -> Dataset | None:
    """Return the table to predict for that is in the address. Raises RunError when there is no such table."""
    dataset_id = current_id("rows")
    return _known(get_store().dataset, "rows", dataset_id) if dataset_id else None


def current_intake(name: IdName = "intake") -> Intake | None:
    """Return the file on its way in that is in the address. Raises RunError when there is no such file."""
    intake_id = current_id(name)
    return _known(lambda value: look(get_workspace(), value), name, intake_id) if intake_id else None


def current_run() -> Run | None:
    """Return the run in the address. Raises RunError when there is no such run."""
    run_id = current_id("run")
    return _known(get_store().run, "run", run_id) if run_id else None


def _known(find, name: IdName, value: str):  # type: ignore[no-untyped-def]
    """Return what `find` finds; when it finds nothing, also forget the id, so that pages are not stuck."""
    try:
        return find(value)
    except RunError:
        st.session_state[f"current_{name}"] = None
        raise


def click_token(name: str) -> str:
    """Return the token of the next click on a button that starts something.

    The button's key holds it too: the second half of a double click then either carries the same
    token, or belongs to a button that is gone.
    """
    return str(st.session_state.setdefault(f"token_{name}", uuid.uuid4().hex))


def spend_token(name: str) -> None:
    """Forget a token whose click has done its work."""
    st.session_state.pop(f"token_{name}", None)


def say_next(name: str, sentence: str) -> None:
    """Keep a sentence for the next drawing of the page."""
    st.session_state[f"sentence_{name}"] = sentence


def said(name: str) -> str | None:
    """Return the sentence kept for this drawing, once."""
    sentence: str | None = st.session_state.pop(f"sentence_{name}", None)
    return sentence
