"""The Predict page says a model's threshold and level, and the form for one row follows them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.calibration import Calibration
from core.runs.requests import MODEL_NAME
from core.serialization import BundleSummary, inspect_bundle, recalibrate
from pages.shared.models import model_words
from pages.shared.rowanswer import show_prediction

PREDICT = "pages/use/predict.py"


@pytest.fixture
def model(workspace, trained) -> Path:
    """Return the model file of the finished training."""
    return workspace.run_dir(trained.id) / MODEL_NAME


def form_of(browse, trained):
    browser = browse().open(PREDICT, run=trained.id)
    browser.app.button_group(key="predict_way").set_value("One row")
    return browser.run()


def test_the_form_follows_the_threshold_of_the_model(browse, model, trained):
    summary = inspect_bundle(model)
    first, second = summary.class_names
    for threshold, label in ((0.0, second), (1.0, first)):
        recalibrate(model, replace(summary.calibration, threshold=threshold))
        browser = form_of(browse, trained)
        assert browser.app.metric[0].value.startswith(f"{label} · ")
        assert browser.sees(f"{second} is predicted at a probability of {100 * threshold:.1f} % or more.")
    recalibrate(model, replace(summary.calibration, threshold=None))
    assert not form_of(browse, trained).sees("is predicted at a probability")


def test_the_form_shows_the_labels_that_are_possible(browse, model, trained):
    summary = inspect_bundle(model)
    margins = ((0.9, 1.0),)  # every label is possible
    recalibrate(model, replace(summary.calibration, margins=margins, level=0.9))
    browser = form_of(browse, trained)
    first, second = summary.class_names
    assert browser.sees(f"Possible labels: **{first}**, **{second}**. The true one is among them in 90 % of the cases.")
    assert browser.sees("Predictions come with the labels possible, churn_possible, the true one among them in 90 %")
    recalibrate(model, replace(summary.calibration, margins=((0.9, 0.0),), level=0.9))
    assert form_of(browse, trained).sees("Possible label: **")
    recalibrate(model, replace(summary.calibration, level=None))
    assert not form_of(browse, trained).sees("ossible label")


def test_a_number_is_shown_with_its_range(monkeypatch):
    shown: list[str] = []
    monkeypatch.setattr("streamlit.metric", lambda label, value: shown.append(value))
    monkeypatch.setattr("streamlit.markdown", shown.append)
    summary = BundleSummary(
        "regression", "price", None, 1, 1, {}, None, None, Calibration(level=0.8, margins=((0.8, 12.5),)), 1, 1
    )
    show_prediction(summary, np.array([100.0]))
    assert shown == ["100", "Between **87.5** and **112.5** in 80 % of the cases."]
    assert model_words(summary).endswith(
        "Predictions come with a range\\, price\\_low to price\\_high\\, that holds the truth in 80 \\% of the cases\\."
    )
