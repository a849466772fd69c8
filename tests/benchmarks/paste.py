"""Predicting for 5,000 rows pasted on the page: seconds from the click to the page drawn with its predictions."""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from streamlit.testing.v1 import AppTest

from tests.benchmarks.figures import Figure, at_most
from tests.benchmarks.scoring import train, write_table

APP = Path(__file__).resolve().parents[2] / "app.py"
TITLE = "Predictions for pasted rows"
ROWS = 5_000
ROUNDS = 5


def paste_seconds(n_rows: int = ROWS, rounds: int = ROUNDS) -> list[float]:
    """Return what each of `rounds` pastes took, none of the same rows, and of one before them."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ["ROWSMITH_HOME"], os.environ["ROWSMITH_SPARE"] = str(folder / "home"), "0"
        model = train(folder).read_bytes()
        app = AppTest.from_file(APP, default_timeout=120)
        app.switch_page("pages/use/predict.py").run()
        next(u for u in app.file_uploader if u.label == "Model file").upload("model.rowsmith", model)
        app.run()
        app.segmented_control(key="predict_way").set_value("Pasted rows").run()
        return [_paste(app, folder, n_rows, seed) for seed in range(rounds + 1)]


def _paste(app: AppTest, folder: Path, n_rows: int, seed: int) -> float:
    write_table(folder / "rows.csv", n_rows, seed=100 + seed)
    text = (folder / "rows.csv").read_text(encoding="utf-8")
    app.text_area[0].set_value(text)
    next(button for button in app.button if button.key == "predict_paste").click()
    start = time.perf_counter()
    app.run()
    seconds = time.perf_counter() - start
    assert any(f"Predictions for {n_rows:,} rows" in header.value for header in app.subheader), app.error
    return seconds


def figures() -> Iterator[Figure]:
    """Yield what a paste takes."""
    _, *others = paste_seconds()
    name = f"{ROWS:,} pasted rows × 20 columns, click to page"
    yield Figure(name, statistics.median(others), "s", at_most(1), note=f"median of {len(others)}")
