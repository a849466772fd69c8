"""The frame around the pages: what the server may not load, its settings, the samples, the command."""

from __future__ import annotations

import json
import socket
import sqlite3
import subprocess
import sys
import tomllib
from contextlib import closing
from pathlib import Path

import pandas as pd
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from core.modes import mode_words
from core.runs.store import open_store
from core.types import TRAINING_MODES
from core.workspace import open_workspace
from pages.shared.modes import modes_for

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = ROOT / "assets" / "samples"
OPEN_ALL_PAGES = """
import json, sys
from streamlit.testing.v1 import AppTest
for page in sys.argv[1:]:
    app = AppTest.from_file("app.py", default_timeout=30)
    if page != "pages/build/data.py":
        app.switch_page(page)
    app.run()
    assert not app.exception, (page, app.exception)
print(json.dumps(sorted({name.split(".")[0] for name in sys.modules} & {"torch", "sklearn"})))
"""
WITHOUT_FILES = """
import json, os, resource, sys
import streamlit as st
from streamlit.testing.v1 import AppTest
begin, taken, errors = st.set_page_config, [], []
limit = resource.getrlimit(resource.RLIMIT_NOFILE)
def begin_without_files(**settings):
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, limit[1]))
    try:
        while True:
            taken.append(os.open(os.devnull, os.O_RDONLY))
    except OSError:
        begin(**settings)
def draw(app):
    app.run()
    while taken:
        os.close(taken.pop())
    resource.setrlimit(resource.RLIMIT_NOFILE, limit)
    assert not app.exception, app.exception
    return [title.value for title in app.title], [error.value for error in app.error]
for page in sys.argv[1:]:
    app = AppTest.from_file("app.py", default_timeout=30)
    if page != "build/data.py":
        app.switch_page(f"pages/{page}")
    st.set_page_config = begin
    before = draw(app)
    st.set_page_config = begin_without_files  # Streamlit's runner itself needs files before and after the script
    errors += draw(app)[1]
    st.set_page_config = begin
    assert draw(app) == before == (before[0], []), page
print(json.dumps(errors))
"""
PAGES = ["build/data.py", "build/train.py", "build/distil.py", "use/runs.py", "use/model.py", "use/predict.py"]


def test_no_page_loads_torch_or_sklearn_when_it_opens(trained, home):
    pages = sorted(str(path.relative_to(ROOT)) for path in ROOT.glob("pages/[bu]*/[!_]*.py"))
    assert len(pages) == 6
    command = [sys.executable, "-c", OPEN_ALL_PAGES, *pages]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == []


def test_too_many_open_files_are_one_sentence_on_every_page_and_pass(home):
    open_store(open_workspace(home)).close()
    command = [sys.executable, "-c", WITHOUT_FILES, *PAGES]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    sentences = json.loads(done.stdout.splitlines()[-1])
    assert len(sentences) == len(PAGES)
    assert all(sentence.startswith("Too many files are open") for sentence in sentences)


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize(
    ("trouble", "sentence"),
    [
        ("newer", "was written by a newer Rowsmith"),
        ("damaged", "is damaged. Move it away"),
        ("occupied", "home could not be written: Not a directory."),
        ("address", "ROWSMITH_DATABASE_URL is no address of a database"),
    ],
)
def test_a_workspace_that_cannot_be_used_is_a_sentence_on_every_page(page, trouble, sentence, home, monkeypatch):
    spoil(trouble, home, monkeypatch)
    app = AppTest.from_file(ROOT / "app.py", default_timeout=30)
    if page != "build/data.py":
        app.switch_page(f"pages/{page}")
    app.query_params["run"] = "any"
    app.run()
    st.cache_resource.clear()
    assert not app.exception, app.exception
    (error,) = app.error
    assert sentence in error.value.replace("\\", "")


def spoil(trouble: str, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put something in the way of the workspace."""
    if trouble == "occupied":
        home.write_text("not a folder")
        return
    if trouble == "address":
        monkeypatch.setenv("ROWSMITH_DATABASE_URL", "nonsense")
        return
    open_store(open_workspace(home)).close()
    database = home / "rowsmith.sqlite3"
    if trouble == "damaged":
        database.write_bytes(b"this was never a database " * 400)
        return
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("UPDATE schema_version SET version = 99")
        connection.commit()


def test_no_script_lies_where_streamlit_would_find_it_by_itself():
    assert [path.name for path in (ROOT / "pages").glob("*.py")] == ["__init__.py"]
    assert len((ROOT / "app.py").read_text().splitlines()) <= 40


def test_the_server_listens_to_this_machine_only_and_tells_nobody():
    config = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text())
    assert config["server"]["address"] == "127.0.0.1"
    assert config["server"]["enableCORS"]
    assert config["server"]["enableXsrfProtection"]
    assert config["browser"]["gatherUsageStats"] is False
    assert config["client"]["showErrorDetails"] == "none"
    assert config["runner"]["enforceSerializableSessionState"]
    assert config["runner"]["postScriptGC"] is False
    assert "http" not in json.dumps(config["theme"])


def test_both_themes_set_the_same_colours():
    theme = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text())["theme"]
    assert set(theme["light"]) == set(theme["dark"])


def test_the_command_line_says_how_the_app_is_started():
    command = [sys.executable, "-m", "core.cli", "app", "--help"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
    assert "--port" in done.stdout
    assert "--no-browser" in done.stdout


def test_a_taken_port_is_one_sentence():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        command = [sys.executable, "-m", "core.cli", "app", "--no-browser", "--port", port]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert done.stderr == f"Port {port} is taken by another program. Choose another one with --port.\n"


@pytest.mark.parametrize("mode", TRAINING_MODES)
def test_every_mode_has_a_card(mode):
    words = mode_words(mode)
    assert words.what
    assert words.why


def test_modes_for_categories_are_closed_to_numbers_with_the_reason():
    assert not [mode for mode, reason in modes_for("classification") if reason]
    closed = [mode for mode, reason in modes_for("regression") if reason]
    assert closed == ["imbalance_aware", "calibrated_classifier"]


@pytest.mark.parametrize("name", ["customer_churn.csv", "apartment_prices.csv", "fruit_quality.xlsx"])
def test_the_samples_are_what_their_script_writes(name, tmp_path):
    command = [
        sys.executable,
        "-c",
        "import make_samples, pathlib, sys; make_samples.write_samples(pathlib.Path(sys.argv[1]))",
    ]
    subprocess.run([*command, str(tmp_path)], cwd=SAMPLES, timeout=60, check=True)
    written, shipped = (_read(folder / name) for folder in (tmp_path, SAMPLES))
    pd.testing.assert_frame_equal(written, shipped)
    assert 800 <= len(shipped) <= 3_000


def _read(path: Path) -> pd.DataFrame:
    return pd.read_csv(path) if path.suffix == ".csv" else pd.read_excel(path, engine="openpyxl")
