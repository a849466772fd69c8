"""The Explain tab: asked for when it is opened, followed, stopped, tried again, and drawn from what is stored."""

from __future__ import annotations

import json
import math
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from core.insight.explain.results import (
    Attribution,
    ColumnImportance,
    Contribution,
    Correlated,
    EffectCurve,
    Explanation,
    Importance,
)
from core.runs.insights import QUICK, Order, Question, answer_to, failure_of, write_answer, write_failure
from core.runs.records import Run
from core.runs.requests import MODEL_NAME
from core.workspace import Workspace
from tests.pages.conftest import Browser

ROOT = Path(__file__).resolve().parents[2]
EXPLAIN = Question("explain")
IMPORTANCE, EFFECT, WHY = "Which columns matter", "How a column moves it", "Why this row"
NASTY = "<b>a*b*</b> $x$ :red[y]"


def column(name: str, mean: float | None, low: float | None = None, high: float | None = None) -> ColumnImportance:
    is_clear = low is not None and low > 0
    return ColumnImportance(name, mean, 0.1, low, high, is_clear, 0.05, 0.01, 5)


def curve(name: str, *outcomes: str, **changes: Any) -> EffectCurve:
    n = len(outcomes)
    values: dict[str, Any] = {
        "column": name, "kind": "number", "values": (1.0, 2.0), "outcomes": outcomes,
        "means": tuple((0.1 * at, 0.2) for at in range(n)), "lines": (((0.1, 0.2),),) * n, "rows": (3,),
        "counts": (5, 6), "edges": (1.0, 1.5, 2.0), "n_outside": 0, "n_empty": 0, "n_rows": 11,
    }  # fmt: skip
    return EffectCurve(**{**values, **changes})


def attribution(row: int, outcome: str | None = "yes", *, name: str = "age") -> Attribution:
    parts = (Contribution(name, "61", 0.25, 1.0), Contribution("plan", "basic", -0.05, -0.2))
    return Attribution(
        row, "the most typical row", "churn", outcome, "no" if outcome else 0.25, 0.3, math.fsum((0.3, 0.25, -0.05)),
        -0.8, 0.0, parts, 100,
    )  # fmt: skip


def explanation(*columns: ColumnImportance, **changes: Any) -> dict[str, Any]:
    measure = changes.pop("measure", "log-loss")
    accuracy = 0.8 if measure == "log-loss" else None
    values: dict[str, Any] = {
        "n_rows": 120, "n_given": 120, "importance": Importance(measure, 0.4, accuracy, 120, columns),
        "correlated": Correlated(notes=("age and plan overlap.",), groups=(("age", "plan"),)),
        "effects": (curve(columns[0].column, "yes"),) if columns else (), "attributions": (attribution(17),),
    }  # fmt: skip
    return Explanation(**{**values, **changes}).as_dict()


@pytest.fixture
def keep(workspace: Workspace, trained: Run) -> Callable[..., None]:
    """Return a function that writes an answer into the run's folder."""

    def write(answer: dict[str, Any], question: Question = EXPLAIN) -> None:
        (workspace.run_dir(trained.id) / "insight").mkdir(exist_ok=True)
        write_answer(workspace, Order(str(workspace.home), trained.id, question.what, question.detail), answer)

    return write


def opened(browser: Browser, run: Run, view: str = IMPORTANCE, **query: str) -> Browser:
    browser.open("pages/use/model.py", run=run.id, model_tab="Explain", **query)
    if view not in (IMPORTANCE, WHY):
        browser.app.segmented_control(key="model_explain_view").set_value(view)
        browser.run()
    return browser


def charts(browser: Browser) -> list[dict[str, Any]]:
    return [json.loads(chart.proto.spec) for chart in browser.app.get("plotly_chart")]


def wait_until(browser: Browser, is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < deadline, browser.text
        time.sleep(0.2)
        browser.run()


def test_opening_the_tab_explains_the_model_and_rows_of_it(browser, workspace, trained):
    opened(browser, trained)
    assert browser.sees("Explaining the model")
    wait_until(browser, lambda: answer_to(workspace, trained.id, EXPLAIN) is not None)
    browser.run()
    assert browser.sees("rows kept aside for the test, which the model has not seen")
    assert browser.sees("shuffled among")
    (drawn,) = charts(browser)
    found = answer_to(workspace, trained.id, EXPLAIN)
    shown = {value for trace in drawn["data"] for value in trace["x"]}
    assert shown == {entry["mean"] for entry in found["importance"]["columns"]}

    first = found["attributions"][0]
    browser.app.query_params["row"] = str(first["row"])
    browser.run()
    assert browser.sees(f"Row {first['row']}: in the table, churn is {first['truth']}.")
    adds = browser.app.dataframe[0].value["Adds, in points of probability"]
    assert adds.iloc[:-1].sum() == pytest.approx(adds.iloc[-1])
    assert adds.iloc[-1] == pytest.approx(100 * first["output"])


def test_stopping_is_remembered_and_can_be_undone(browser, browse, workspace, trained):
    opened(browser, trained).click("model_explain_stop")
    assert browser.sees("This was stopped")
    again = opened(browse(), trained)
    assert again.sees("This was stopped")
    again.click("model_explain_again")
    assert again.sees("Explaining the model") or again.sees("Waiting")
    assert not failure_of(workspace, trained.id, EXPLAIN)
    again.click("model_explain_stop")


def test_another_question_is_waited_for_and_not_stopped(browser, workspace, trained):
    lock = workspace.home / QUICK.lock_name
    code = "import fcntl, sys; f = open(sys.argv[1], 'ab'); fcntl.flock(f, fcntl.LOCK_EX); print('held'); input()"
    holder = subprocess.Popen(
        [sys.executable, "-c", code, str(lock)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    opened(browser, trained)
    assert browser.sees("another question about a model is being worked on")
    browser.click("model_explain_stop")
    assert browser.sees("This was stopped")
    assert holder.poll() is None
    holder.communicate("\n", timeout=30)


def test_a_failure_is_a_sentence_with_another_try(browser, workspace, trained):
    (workspace.run_dir(trained.id) / "insight").mkdir(exist_ok=True)
    write_failure(workspace, Order(str(workspace.home), trained.id, "explain", ""), "This model is *too* old.")
    opened(browser, trained)
    assert browser.sees("This model is *too* old.")
    assert [button.label for button in browser.app.button if button.key == "model_explain_again"] == ["Try again"]


def test_without_the_model_file_there_is_a_sentence(browser, workspace, trained):
    (workspace.run_dir(trained.id) / MODEL_NAME).unlink()
    assert opened(browser, trained).sees("The model file of this run is gone")


def test_a_damaged_answer_can_be_worked_out_again(browser, trained, keep):
    keep({"importance": None})
    opened(browser, trained)
    assert browser.sees("cannot be read")
    browser.click("model_explain_again")
    assert browser.sees("Explaining the model")
    browser.click("model_explain_stop")


def test_importance_is_drawn_with_the_notes_and_all_columns_listed(browser, trained, keep):
    keep(explanation(column("age", 0.2, 0.1, 0.3), column("plan", 0.01, -0.1, 0.1), column("odd", None), n_given=900))
    opened(browser, trained)
    assert browser.sees("120 of the 900 rows kept aside for the test")
    assert browser.sees("age matters most.")
    assert browser.sees("age and plan overlap.")
    table = browser.app.dataframe[0].value
    assert table["Log-loss rises by"].tolist()[:2] == [0.2, 0.01]
    assert table["Accuracy falls by (points)"].iloc[0] == pytest.approx(5)
    assert table["Clear"].tolist() == ["yes", "may be chance", "may be chance"]


@pytest.mark.parametrize("n_columns", [1, 500])
def test_one_column_and_500_are_drawn(browser, trained, keep, n_columns):
    keep(explanation(*(column(f"c{n}", 1 - n / 600, 0.01, 2.0) for n in range(n_columns)), measure="RMSE"))
    opened(browser, trained)
    (drawn,) = charts(browser)
    assert len(drawn["data"][0]["x"]) == min(20, n_columns)
    assert len(browser.app.dataframe[0].value) == n_columns
    assert browser.sees("RMSE, now 0.4")


def test_importances_of_zero_are_said_to_be(browser, trained, keep):
    keep(explanation(column("age", 0.0, 0.0, 0.0), column("plan", 0.0, 0.0, 0.0)))
    opened(browser, trained)
    assert browser.sees("Every importance is 0")
    assert charts(browser) == []


def test_a_model_without_columns_and_rows_says_so(browser, trained, keep):
    keep(explanation(effects=(), attributions=()))
    assert opened(browser, trained).sees("learned from no column")
    browser.app.segmented_control(key="model_explain_view").set_value(EFFECT)
    assert browser.run().sees("learned from no column")


def test_a_class_can_be_chosen_for_a_curve(browser, trained, keep):
    keep(explanation(column("age", 0.2, 0.1, 0.3), effects=(curve("age", "A", "B", "C"),)))
    opened(browser, trained, EFFECT)
    assert browser.sees("the average probability of 'A' goes from 0.0 % to 20.0 %")
    browser.app.selectbox(key=f"model_explain_class_{trained.id}").set_value(2)
    browser.run()
    assert browser.sees("'C' does not move") or browser.sees("probability of 'C': it stays at 20.0 %")
    assert browser.sees("age and plan overlap. They vary together")


def test_a_column_further_down_is_asked_for(browser, trained, keep):
    keep(explanation(column("age", 0.2, 0.1, 0.3), column("plan", 0.01)))
    kept = curve("plan", "yes", kind="category", values=("basic", None), edges=())
    opened(browser, trained, EFFECT)
    keep(vars(kept), Question("effect", "plan"))
    browser.app.selectbox(key=f"model_explain_column_{trained.id}").set_value("plan")
    browser.run()
    assert browser.sees("By 'plan' alone, the average probability of 'yes' goes from 0.0 % for 'basic'")


def test_a_curve_without_values_is_a_sentence(browser, trained, keep):
    empty = curve("age", "yes", values=(), means=((),), lines=((),), counts=(), edges=(), n_empty=11)
    keep(explanation(column("age", 0.2, 0.1, 0.3), effects=(empty,)))
    assert opened(browser, trained, EFFECT).sees("no curve to draw")


def test_a_row_in_the_address_is_taken_apart(browser, trained, keep):
    keep(explanation(column("age", 0.2, 0.1, 0.3)))
    opened(browser, trained, WHY, row="17")
    assert browser.sees("Row 17: in the table, churn is no. The model has not seen this row")
    assert browser.sees("The model gives yes a probability of 50 %. On average it gives 30 %.")
    assert browser.sees("age = 61 raises the probability of yes by 25 points.")
    (drawn,) = charts(browser)
    ends = [trace["x"] for trace in drawn["data"] if trace.get("mode") == "markers+text"]
    assert ends == [[0.3, 0.5]]
    assert browser.app.dataframe[0].value["Adds, in points of probability"].tolist() == pytest.approx([30, 25, -5, 50])
    browser.app.segmented_control(key="model_explain_view").set_value(IMPORTANCE)
    browser.run()
    assert browser.sees("age matters most.")
    assert "row" not in browser.app.query_params


def test_another_row_can_be_chosen_in_both_ways(browser, trained, keep):
    rows = (attribution(17, None), attribution(4, None))
    keep(explanation(column("age", 0.2, 0.1, 0.3), attributions=rows, measure="RMSE"))
    learned = asdict(replace(rows[0], row=9)) | {"part": "The model has learned from this row."}
    keep(learned, Question("row", "9"))
    opened(browser, trained, WHY, row="17")
    assert browser.sees("the prediction is 0.25 too high")
    browser.app.selectbox(key="model_explain_pick").set_value(4)
    browser.run()
    assert browser.sees("Row 4:")
    browser.app.number_input(key="model_explain_number").set_value(9)
    browser.run()
    assert browser.sees("Row 9:")
    assert browser.sees("The model has learned from this row.")
    assert browser.app.query_params["row"] == "9"


def test_a_row_that_is_not_known_yet_is_asked_for(browser, trained, keep):
    keep(explanation(column("age", 0.2, 0.1, 0.3)))
    opened(browser, trained, WHY, row="5")
    assert browser.sees("Taking the prediction for row 5 apart")
    browser.click("model_explain_why_stop")
    assert browser.sees("This was stopped")


def test_no_row_number_is_a_sentence(browser, trained, keep):
    keep(explanation(column("age", 0.2, 0.1, 0.3)))
    assert opened(browser, trained, WHY, row="sieben").sees("'sieben' is no row number")


def test_somebody_elses_names_are_shown_as_they_are(browser, trained, keep):
    keep(explanation(
        column(NASTY, 0.2, 0.1, 0.3), effects=(curve(NASTY, NASTY),),
        attributions=(attribution(17, NASTY, name=NASTY),),
    ))  # fmt: skip
    opened(browser, trained)
    assert r"\<b\>a\*b\*\<\/b\> \$x\$" in browser.app.markdown[1].value
    assert "&lt;b&gt;a*b*" in json.dumps(charts(browser))
    opened(browser, trained, WHY, row="17")
    assert browser.sees(f"{NASTY} = 61 raises the probability of {NASTY} by 25 points.")


def test_drawing_stored_answers_loads_neither_torch_nor_scikit_learn():
    code = (
        "import sys; from pages.shared import explain; import plotly.graph_objects\n"
        "print({'torch', 'sklearn'} & set(sys.modules))"
    )
    found = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    assert found.stdout.strip() == "set()"
