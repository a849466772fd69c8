"""Promises of the damage report: it says what is wrong and what to do, and is silent where nothing is."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from core.runs.damage import damage_of
from core.runs.records import ACTIVE_STATES, Run
from core.runs.usage import RunFiles

NOW = datetime(2026, 11, 22, tzinfo=UTC)
METRICS = {"task": "classification", "test_metric_value": 0.9, "test_loss": 0.3, "train_loss": 0.2}
TRAINED = Run("r", "train", "r", "finished", "d", {}, NOW, NOW, metrics=METRICS, results={"bundle_bytes": 500})
SCORED = replace(TRAINED, kind="score", metrics=None, results={"rows": 3})
PAUSED = replace(TRAINED, state="paused", metrics=None, results=None)
MODEL = {"model.rowsmith": 500}


@pytest.mark.parametrize(
    ("run", "sizes"),
    [
        (TRAINED, MODEL),
        (TRAINED, MODEL | {"checkpoint.safetensors": 10, "log.txt": 0}),
        (replace(TRAINED, results=None), {"model.rowsmith": 1}),
        (replace(TRAINED, state="stopped"), MODEL),
        (replace(TRAINED, state="stopped", metrics=None, results=None), {}),  # nothing was kept
        (replace(TRAINED, state="failed", metrics=None, results=None), {}),
        (SCORED, {"predictions.csv": 10}),
        (replace(SCORED, state="failed", results=None), {}),
        (PAUSED, {}),  # it had no checkpoint yet
        (PAUSED, {"checkpoint.safetensors": 10}),
        (replace(PAUSED, kind="distil"), {"teacher.rowsmith": 10}),
        (replace(PAUSED, kind="score"), {"scored_with.rowsmith": 10}),
        *((replace(PAUSED, state=state, kind="distil"), {"checkpoint.safetensors": 0}) for state in ACTIVE_STATES),
    ],
)
def test_a_sound_run_has_none(run: Run, sizes: dict[str, int]) -> None:
    assert damage_of(run, RunFiles(sizes)) == ""


@pytest.mark.parametrize(
    ("run", "files", "sentence"),
    [
        (TRAINED, RunFiles(), "Its model file is missing. Train it again, or delete it."),
        (TRAINED, RunFiles({"model.rowsmith": 0}), "Its model file is damaged"),
        (TRAINED, RunFiles({"model.rowsmith": 499}), "Its model file is damaged"),
        (replace(TRAINED, results=None), RunFiles({"model.rowsmith": 0}), "Its model file is damaged"),
        (
            TRAINED,
            RunFiles(MODEL | {"checkpoint.safetensors": 0}),
            "Its checkpoint is empty, so it cannot be continued",
        ),
        (replace(TRAINED, metrics=None), RunFiles(MODEL), "Its figures are missing. Delete it."),
        (TRAINED, RunFiles({}, "Permission denied"), "Its folder cannot be read: Permission denied. Allow it, or"),
        (SCORED, RunFiles(), "Its file of predictions is missing. Predict again, or delete it."),
        (SCORED, RunFiles({"predictions.csv": 0}), "Its file of predictions is empty. Predict again, or delete it."),
        (PAUSED, RunFiles({"checkpoint.safetensors": 0}), "Its checkpoint is empty, so Resume begins again."),
        (
            replace(PAUSED, state="failed"),
            RunFiles({"checkpoint.safetensors": 0}),
            "Its checkpoint is empty. Delete it.",
        ),
        (
            replace(PAUSED, kind="distil"),
            RunFiles(),
            "The model file that it needs is missing, so it cannot be resumed.",
        ),
        (
            replace(PAUSED, kind="score"),
            RunFiles(),
            "The model file that it needs is missing, so it cannot be resumed.",
        ),
        (replace(TRAINED, damage="Its record is damaged."), RunFiles(MODEL), "Its record is damaged."),
    ],
)
def test_damage_is_named_with_what_can_be_done(run: Run, files: RunFiles, sentence: str) -> None:
    assert damage_of(run, files).startswith(sentence)


def test_a_trouble_that_passes_is_no_damage_of_the_run() -> None:
    assert damage_of(TRAINED, RunFiles({}, "Too many open files", is_passing=True)) == ""


@pytest.mark.parametrize("results", [{"bundle_bytes": "many"}, {"bundle_bytes": None}, {}])
def test_a_size_that_was_not_noted_is_not_asked_for(results: dict[str, Any]) -> None:
    assert damage_of(replace(TRAINED, results=results), RunFiles(MODEL)) == ""
