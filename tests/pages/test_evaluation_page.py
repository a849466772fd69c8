"""The tabs of a finished run: figures, charts, threshold and certainty from what is stored, and what is saved."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core.insight.evaluation import DOCUMENT_NAME, ROWS_NAME, load_evaluation
from core.insight.figures.thresholds import ThresholdTable
from core.insight.words import headline
from core.runs.requests import MODEL_NAME
from core.serialization import inspect_bundle
from tests.core.insight.documents import classes, document_of_classes, document_of_numbers
from tests.pages.conftest import Browser

MODEL = "pages/use/model.py"
HOSTILE = "<b>big</b> $x$ *y*"


@pytest.fixture
def folder(workspace, trained) -> Path:
    """Return the folder of the finished run."""
    return workspace.run_dir(trained.id)


@pytest.fixture
def store_document(folder: Path) -> Callable[[dict[str, Any]], None]:
    """Return a function that puts another document beside the model."""

    def put(document: dict[str, Any]) -> None:
        (folder / DOCUMENT_NAME).write_text(json.dumps(document))

    return put


@pytest.fixture
def evaluate(browse: Callable[[], Browser], trained) -> Callable[[], Browser]:
    """Return a function that opens the Evaluate tab in a new browser."""
    return lambda: browse().open(MODEL, run=trained.id, model_tab="Evaluate")


def figures(browser: Browser) -> dict[str, str]:
    return {metric.label: metric.value for metric in browser.app.metric}


def charts(browser: Browser) -> list[dict[str, Any]]:
    return [json.loads(chart.proto.spec) for chart in browser.app.get("plotly_chart")]


def widget(browser: Browser, kind: str, key: str) -> Any:
    return next(found for found in getattr(browser.app, kind) if (found.key or "").startswith(key))


def test_the_overview_says_the_headline_and_who_is_beside_it(browser, trained, folder):
    document = load_evaluation(folder)
    browser.open(MODEL, run=trained.id)
    assert browser.sees(headline(document))
    beside = browser.app.dataframe[0].value
    assert beside["Model"].tolist() == [side["title"] for side in document["sides"]]
    assert len(beside) == 4
    assert beside["Rows right"].tolist() == [f"{100 * side['main']['estimate']:.1f} %" for side in document["sides"]]
    assert beside["This network is"].tolist() == ["", *(s["difference"]["verdict"] for s in document["sides"][1:])]
    assert len(charts(browser)) == 1


def test_evaluate_shows_every_figure_of_the_document(evaluate, folder):
    document = load_evaluation(folder)
    browser = evaluate()
    shown = figures(browser)
    assert shown["Balanced accuracy"] == f"{100 * document['figures']['balanced_accuracy']:.1f} %"
    assert shown["Calibration error"] == f"{100 * document['figures']['ece']:.1f} %"
    assert len(charts(browser)) == 9
    each, worst = (table.value for table in browser.app.dataframe)
    assert each["Recall"].tolist() == [entry["recall"] for entry in document["figures"]["classes"]]
    assert worst["Row"].tolist() == [row["row"] for row in document["worst"]]


def test_the_slider_shows_what_its_threshold_does_on_the_test_rows(evaluate, folder):
    table = ThresholdTable.from_dict(load_evaluation(folder)["thresholds"]["on_test"])
    browser = evaluate()
    for threshold in (0.2, 0.75):
        widget(browser, "slider", "model_threshold_value").set_value(threshold)
        browser.run()
        decision = table.at(threshold)
        assert figures(browser)["Called"] == f"{decision.n_called} of {decision.n}"
        assert browser.sees(f"{decision.tp} found and {decision.fn} missed")


def test_a_threshold_is_saved_in_the_bundle_and_taken_back(evaluate, folder, trained):
    browser = evaluate()
    before = inspect_bundle(folder / MODEL_NAME).calibration
    widget(browser, "slider", "model_threshold_value").set_value(0.275)
    browser.run().click("model_threshold_use")
    saved = inspect_bundle(folder / MODEL_NAME).calibration
    assert (saved.threshold, saved.temperature, saved.margins) == (0.275, before.temperature, before.margins)
    assert browser.sees("is predicted at a probability of 27.5 % or more.")
    assert widget(evaluate(), "slider", "model_threshold_value").value == 0.275  # also in another session
    browser.click("model_threshold_back")
    assert inspect_bundle(folder / MODEL_NAME).calibration == before
    assert browser.sees("The likelier class is predicted.")


def test_what_mistakes_cost_suggests_the_cheapest_threshold_of_the_validation_rows(evaluate, store_document):
    y, probabilities = classes(400, ("No", "Yes"))
    document = document_of_classes(y, probabilities, ("No", "Yes"))
    other = classes(300, ("No", "Yes"), seed=5)
    chosen_on = ThresholdTable.of(other[0] == 1, other[1][:, 1])
    document["thresholds"]["on_validation"] = chosen_on.as_dict()
    store_document(document)
    browser = evaluate()
    widget(browser, "button_group", "model_threshold_way").set_value("By what mistakes cost")
    browser.run()
    widget(browser, "number_input", "model_threshold_miss").set_value(20.0)
    browser.run()
    best = chosen_on.best_for_costs(cost_of_miss=20.0, cost_of_false_alarm=1.0).decision.threshold
    assert browser.sees(f"Cheapest is to call at {100 * best:.1f} % or more.")
    assert browser.sees("Chosen on 300 rows that judged the training")
    browser.click("model_threshold_take")
    assert widget(browser, "slider", "model_threshold_value").value == best
    called = probabilities[:, 1] >= best
    cost = (20 * ((y == 1) & ~called).sum() + ((y == 0) & called).sum()) / 400 * 1000
    assert float(figures(browser)["Cost per 1,000 rows"].replace(",", "")) == pytest.approx(cost, rel=0.01)


def test_a_capacity_suggests_the_threshold_that_fills_it(evaluate, store_document):
    y, probabilities = classes(400, ("No", "Yes"))
    store_document(document_of_classes(y, probabilities, ("No", "Yes"), is_calibrated=False))
    browser = evaluate()
    widget(browser, "button_group", "model_threshold_way").set_value("By how many can be called")
    browser.run()
    assert browser.sees("expect 500 calls")
    assert browser.sees("On the test rows it calls 5.0 % of the rows")
    assert browser.sees("Chosen on the same 400 rows it is shown on")
    assert browser.sees("They could not be corrected, for want of rows that were held out.")


def test_what_was_typed_survives_leaving_the_page(browser, trained):
    browser.open(MODEL, run=trained.id, model_tab="Evaluate")
    widget(browser, "slider", "model_threshold_value").set_value(0.66)
    browser.run()
    browser.app.switch_page("pages/use/runs.py").run()
    browser.app.switch_page(MODEL)
    browser.app.query_params.update({"run": trained.id, "model_tab": "Evaluate"})
    browser.run()
    assert widget(browser, "slider", "model_threshold_value").value == 0.66


def test_the_level_of_certainty_is_saved_in_the_bundle(evaluate, folder):
    browser = evaluate()
    levels = [level for level, _ in inspect_bundle(folder / MODEL_NAME).calibration.margins]
    for level in (levels[0], None):
        widget(browser, "selectbox", "model_level").set_value(level)
        browser.run().click("model_level_use")
        assert inspect_bundle(folder / MODEL_NAME).calibration.level == level
    assert browser.sees("Predictions come without the labels possible.")


def test_numbers_have_their_own_figures_and_charts(evaluate, store_document):
    rng = np.random.default_rng(0)
    y = rng.normal(0, 100, 500)
    predicted = y + rng.normal(0, 30, 500)
    store_document(document_of_numbers(y, predicted))
    browser = evaluate()
    shown = figures(browser)
    assert float(shown["RMSE"]) == pytest.approx(np.sqrt(np.mean((predicted - y) ** 2)), rel=1e-3)
    assert float(shown["Mean absolute error"]) == pytest.approx(np.abs(predicted - y).mean(), rel=1e-3)
    assert shown["MAPE"] == "–"
    assert browser.sees("MAPE: The target is negative in some rows and positive in others")
    assert len(charts(browser)) == 5


def test_infinite_errors_are_said_and_drawn_around(evaluate, store_document):
    store_document(document_of_numbers(np.arange(50.0), np.where(np.arange(50) == 3, np.inf, 1.0)))
    browser = evaluate()
    assert browser.sees("1 prediction of the test rows came out as no finite number.")
    assert figures(browser)["RMSE"] == "–"
    assert len(browser.app.dataframe[0].value) == 5


@pytest.mark.parametrize("k", [26, 40])
def test_many_classes_with_long_hostile_names_are_drawn(evaluate, store_document, folder, k):
    names = [f"{HOSTILE} number {place} of the classes" for place in range(k)]
    y, probabilities = classes(900, names)
    store_document(document_of_classes(y, probabilities, names, target=HOSTILE, column=HOSTILE))
    texts = pa.array(names).take(pa.array(y))
    kept = probabilities.T if k <= 30 else ()
    columns = {f"p{at}": pa.array(share, pa.float32()) for at, share in enumerate(kept)}
    pq.write_table(pa.table({"row": y, "truth": texts, **columns}), folder / ROWS_NAME)
    browser = evaluate()
    assert len(browser.app.dataframe[0].value) == k
    assert len(charts(browser)) == (9 if k == 26 else 8)  # of 40 classes the probabilities are not kept
    widget(browser, "selectbox", "model_class").set_value(5)
    browser.run()
    assert browser.sees(f"{HOSTILE} number 5")
    assert all("<b>big" not in json.dumps(chart) for chart in charts(browser))


def test_one_class_in_the_test_rows_says_why_figures_are_missing(evaluate, store_document):
    y, probabilities = np.zeros(30, dtype=np.int64), np.tile([0.8, 0.2], (30, 1))
    store_document(document_of_classes(y, probabilities, ("No", "Yes")))
    browser = evaluate()
    assert figures(browser)["ROC AUC"] == "–"
    assert browser.sees(
        "ROC AUC, Average precision: All test rows are of one class, so there is nothing to tell apart."
    )
    assert browser.sees("None of the test rows are Yes")


@pytest.mark.parametrize("content", ["{", '{"version": 0}', '{"version": 1, "task": "classification"}'])
def test_a_damaged_document_is_a_sentence_and_a_way_on(browse, trained, folder, content):
    (folder / DOCUMENT_NAME).write_text(content)
    for tab in ("Overview", "Evaluate") if content == "{" else ("Evaluate",):
        browser = browse().open(MODEL, run=trained.id, model_tab=tab)
        assert browser.sees("Evaluate it again.")
        assert any(button.key == "model_evaluate" for button in browser.app.button)


def test_a_run_without_a_document_is_evaluated_on_demand(evaluate, folder, trained):
    document = load_evaluation(folder)
    (folder / DOCUMENT_NAME).unlink()
    browser = evaluate()
    assert browser.sees("has not been worked out")
    browser.click("model_evaluate")
    deadline = time.monotonic() + 60
    while not browser.app.metric:
        assert time.monotonic() < deadline, browser.text
        time.sleep(0.2)
        browser.run()
    found = load_evaluation(folder)
    assert found["figures"] == document["figures"]
    assert browser.sees(headline(document))


def test_a_run_without_a_document_still_has_its_old_headline(browser, trained, folder):
    (folder / DOCUMENT_NAME).unlink()
    browser.open(MODEL, run=trained.id)
    assert browser.sees("of the test rows right; guessing the most frequent class gets")


def test_a_model_without_validation_rows_says_what_to_do(evaluate, folder, store_document):
    from dataclasses import replace

    from core.calibration import Calibration
    from core.serialization import recalibrate

    y, probabilities = classes(200, ("No", "Yes"))
    store_document(document_of_classes(y, probabilities, ("No", "Yes"), is_calibrated=False))
    recalibrate(folder / MODEL_NAME, replace(Calibration()))
    assert evaluate().sees("for want of rows that were held out")
