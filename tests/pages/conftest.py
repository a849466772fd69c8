"""The app under Streamlit's own test runner, in a workspace of its own."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from core.runs.datasets import add_table
from core.runs.records import Dataset, Roles, Run
from core.runs.requests import TrainRequest, submit
from core.runs.store import Store, open_store
from core.workspace import Workspace, open_workspace
from tests.processes import end_all_in

APP = Path(__file__).resolve().parents[2] / "app.py"
CHURN_ROLES = Roles("churn", ("customer_id",), ("joined",))
QUICK: dict[str, Any] = {
    "training_mode": "mlp_dense",
    "epochs": 4,
    "validation_size": 0.15,
    "batch_size": 64,
    "hidden_dim": 16,
    "restore_best": True,
}
TEXTS = ("title", "header", "subheader", "markdown", "caption", "error", "warning", "info", "success")


class Browser:
    """One session of the app, with what a visitor does and sees in few words."""

    def __init__(self) -> None:
        self.app = AppTest.from_file(APP, default_timeout=30)

    def open(self, page: str = "", **query: str) -> Browser:
        """Open a page by its address, in a fresh session."""
        self.app.query_params.update(query)
        if page:
            self.app.switch_page(page)
            self.app.query_params.update(query)
        return self.run()

    def run(self) -> Browser:
        """Draw the page again."""
        self.app.run()
        assert not self.app.exception, self.app.exception
        return self

    def click(self, key: str) -> Browser:
        """Click the button whose key begins with `key`."""
        button = next(button for button in self.app.button if (button.key or "").startswith(key))
        assert not button.disabled, f"{key} cannot be clicked"
        button.click()
        return self.run()

    def upload(self, name: str, content: bytes) -> Browser:
        """Choose a file in the page's first uploader, and wait until it is read or refused."""
        self.app.file_uploader[0].upload(name, content, "application/octet-stream")
        return self.run().wait_for_intake()

    def wait_for_intake(self) -> Browser:
        """Draw the page until no file is on its way in any more."""
        deadline = time.monotonic() + 60
        while "intake" in self.app.query_params and not self.app.error:
            assert time.monotonic() < deadline, self.text
            time.sleep(0.1)
            self.run()
        return self

    def sees(self, text: str) -> bool:
        """Return whether `text` is on the page."""
        return text in self.text

    @property
    def text(self) -> str:
        """Return all texts of the page, without the signs that keep Markdown from reading them."""
        values = [str(element.value) for kind in TEXTS for element in getattr(self.app, kind)]
        return "\n".join(values).replace("\\", "").replace("\u2060", "")

    @property
    def links(self) -> list[str]:
        """Return the labels of the links on the page."""
        return [link.label for link in self.app.get("page_link")]


@pytest.fixture(scope="session")
def trained_home(tmp_path_factory: pytest.TempPathFactory, churn_frame: pd.DataFrame) -> Path:
    """Return a workspace with the customers and one finished training, made once by the real worker."""
    folder = tmp_path_factory.mktemp("trained")
    churn_frame.to_csv(folder / "churn.csv", index=False)
    workspace = open_workspace(folder / "home")
    store = open_store(workspace)
    dataset = add_table(workspace, store, folder / "churn.csv", "churn.csv")
    store.set_roles(dataset.id, CHURN_ROLES)
    request = TrainRequest(
        config={**QUICK, "target_column": "churn"}, excluded=("customer_id",), dates=("joined",), device="cpu"
    )
    run = _wait(store, submit(workspace, store, "train", dataset.id, request, "churn · quick").id)
    assert run.state == "finished", run.message
    store.close()
    return workspace.home


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[Path]:
    """Return the folder of a workspace, which the app takes for its own: empty, or with a finished run."""
    folder = tmp_path / "home"
    if "trained" in request.fixturenames:
        shutil.copytree(request.getfixturevalue("trained_home"), folder)
    monkeypatch.setenv("ROWSMITH_HOME", str(folder))
    monkeypatch.setenv("ROWSMITH_SPARE", "0")
    yield folder
    end_all_in(folder)


@pytest.fixture
def workspace(home: Path) -> Workspace:
    """Return the workspace of the app."""
    return open_workspace(home)


@pytest.fixture
def store(workspace: Workspace) -> Iterator[Store]:
    """Return the store of the workspace, to look at what the pages have written."""
    store = open_store(workspace)
    yield store
    store.close()


@pytest.fixture
def browse(home: Path) -> Iterator[Callable[[], Browser]]:
    """Return a function that opens one more browser."""
    yield Browser
    from pages.shared import state

    state.get_store().close()
    st.cache_resource.clear()
    st.cache_data.clear()


@pytest.fixture
def browser(browse: Callable[[], Browser]) -> Browser:
    """Return a browser that has not opened the app yet."""
    return browse()


@pytest.fixture
def churn(workspace: Workspace, store: Store, churn_csv: Path) -> Dataset:
    """Return a table with roles: a two-class target, an id left out, a date."""
    dataset = add_table(workspace, store, churn_csv, churn_csv.name)
    store.set_roles(dataset.id, CHURN_ROLES)
    return store.dataset(dataset.id)


@pytest.fixture
def prices(workspace: Workspace, store: Store, price_csv: Path) -> Dataset:
    """Return a table with a number as its target."""
    dataset = add_table(workspace, store, price_csv, price_csv.name)
    store.set_roles(dataset.id, Roles("price"))
    return store.dataset(dataset.id)


@pytest.fixture
def wait_for_end(store: Store) -> Callable[[str], Run]:
    """Return a function that waits until a run has ended."""
    return partial(_wait, store)


@pytest.fixture
def trained(store: Store) -> Run:
    """Return the finished training in the workspace."""
    (run,) = store.runs()
    return run


def _wait(store: Store, run_id: str) -> Run:
    deadline = time.monotonic() + 90
    while (run := store.run(run_id)).is_active:
        assert time.monotonic() < deadline, f"the run is still {run.state}"
        time.sleep(0.05)
    return run
