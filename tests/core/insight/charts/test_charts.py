"""Every chart draws the figures of the document, and nothing of somebody else's words is read as more than text."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from core.insight.charts.confusion import confusion_chart, decision_chart
from core.insight.charts.coverage import coverage_chart
from core.insight.charts.curves import gains_chart, lift_chart, precision_recall_chart, roc_chart
from core.insight.charts.numbers import deciles_chart, predicted_chart, residuals_chart
from core.insight.charts.reliability import predicted_class_bins, reliability_chart
from core.insight.charts.segments import segments_chart
from core.insight.charts.sides import sides_chart
from core.insight.charts.style import Chart, safe
from core.insight.figures.thresholds import ThresholdTable
from tests.core.insight.documents import classes, document_of_classes, document_of_numbers

HOSTILE = "<b>big</b> & $x^2$ %{x} <a href='https://example.org'>here</a>"
NO_YES = ("No", "Yes")


@pytest.fixture(scope="module")
def churn() -> dict[str, Any]:
    """Return a document of two classes and 600 rows."""
    y, probabilities = classes(600, NO_YES)
    rng = np.random.default_rng(1)
    others = {"guess": (rng.random(600) < 0.5) * 1.0, "boosting": (rng.random(600) < 0.2) * 1.0}
    return document_of_classes(y, probabilities, NO_YES, others=others)


@pytest.fixture(scope="module")
def prices() -> dict[str, Any]:
    """Return a document of a number and 3,000 rows."""
    rng = np.random.default_rng(2)
    y = rng.normal(1000, 200, 3000)
    return document_of_numbers(y, y + rng.normal(10, 50, 3000), others={"guess": np.abs(y - y.mean())})


def traces(chart: Chart | None) -> dict[str, dict[str, Any]]:
    """Return the traces as they are sent to the browser, by name."""
    assert chart is not None
    figure = json.loads(chart.figure.to_json())
    return {trace.get("name", ""): unpacked(trace) for trace in figure["data"]}


def unpacked(trace: Any) -> Any:
    """Return a trace with lists where plotly has packed them."""
    import base64

    if isinstance(trace, dict) and set(trace) >= {"dtype", "bdata"}:
        array = np.frombuffer(base64.b64decode(trace["bdata"]), dtype=trace["dtype"])
        return array.reshape([int(n) for n in trace["shape"].split(",")] if "shape" in trace else -1).tolist()
    return {name: unpacked(value) for name, value in trace.items()} if isinstance(trace, dict) else trace


def test_the_comparison_draws_each_main_figure_with_its_interval(churn, prices):
    for document in (churn, prices):
        (dots,) = traces(sides_chart(document)).values()
        mains = [side["main"] for side in document["sides"]]
        assert dots["x"] == [main["estimate"] for main in mains]
        ends = [x + above for x, above in zip(dots["x"], dots["error_x"]["array"], strict=True)]
        assert ends == pytest.approx([main["high"] for main in mains])
        ends = [x - below for x, below in zip(dots["x"], dots["error_x"]["arrayminus"], strict=True)]
        assert ends == pytest.approx([main["low"] for main in mains])


def test_a_side_without_a_figure_is_left_out_and_without_any_there_is_no_chart(churn):
    sides = [side | {"main": None} if side["name"] == "guess" else side for side in churn["sides"]]
    (dots,) = traces(sides_chart(churn | {"sides": sides})).values()
    assert len(dots["x"]) == 2
    assert sides_chart(churn | {"sides": []}) is None


@pytest.mark.parametrize("as_shares", [False, True])
def test_the_confusion_matrix_shows_every_count_or_share(churn, as_shares):
    confusion = churn["confusion"]
    heat, texts = json.loads(confusion_chart(confusion, as_shares=as_shares).figure.to_json())["data"]
    assert heat["z"] == confusion["shares"]
    cells = [cell for line in confusion["shares" if as_shares else "counts"] for cell in line]
    assert texts["text"] == [f"{100 * cell:.1f} %" if as_shares else str(cell) for cell in cells]
    assert list(zip(texts["x"], texts["y"], strict=True)) == [(0, 0), (1, 0), (0, 1), (1, 1)]


@pytest.mark.parametrize("k", [26, 30, 31, 2000])
def test_many_classes_have_a_matrix_that_can_be_read(k):
    names = [f"class number {place} with a long name" for place in range(k)]
    y, probabilities = classes(3000, names)
    chart = confusion_chart(document_of_classes(y, probabilities, names)["confusion"])
    heat, texts = json.loads(chart.figure.to_json())["data"]
    n_lines = min(k, 30)
    assert len(heat["z"]) == n_lines
    assert chart.figure.layout.height >= 24 * n_lines
    assert "0" not in texts["text"]
    assert all(len(label) <= 16 for label in chart.figure.layout.xaxis.ticktext)
    assert len(chart.figure.layout.xaxis.tickvals) == n_lines


def test_the_matrix_of_a_threshold_is_its_decision(churn):
    table = ThresholdTable.from_dict(churn["thresholds"]["on_test"])
    decision = table.at(0.3)
    chart = decision_chart(decision, NO_YES)
    texts = json.loads(chart.figure.to_json())["data"][1]["text"]
    assert texts == [str(n) for n in (decision.tn, decision.fp, decision.fn, decision.tp)]
    assert f"{decision.tp} found and {decision.fn} missed of 'Yes', with {decision.fp} false alarms" in chart.title


def test_curves_are_those_of_the_document(churn):
    curve = churn["curves"][0]
    drawn = {
        "roc": (roc_chart(curve, 0.8), "false_alarm_rate", "recall"),
        "precision_recall": (precision_recall_chart(curve, 0.7), "recall", "precision"),
        "gains": (gains_chart(curve), "share_called", "share_found"),
    }
    for name, (chart, across, up) in drawn.items():
        line = traces(chart)["This network"]
        assert (line["x"], line["y"]) == (curve[name][across], curve[name][up]), name
    lift = traces(lift_chart(curve))["This network"]
    assert lift["y"] == curve["gains"]["lift"][1:]
    base = traces(drawn["precision_recall"][0])["Calling at random"]["y"]
    assert base == [curve["n_positive"] / 600] * 2


def test_the_titles_of_curves_say_what_they_show(churn):
    curve = churn["curves"][0]
    assert roc_chart(curve, 0.8125).title == (
        "In 81.2 % of the pairs, a row of 'Yes' gets a higher probability than another row (ROC AUC)."
    )
    gains = curve["gains"]
    found = np.interp(0.1, gains["share_called"], gains["share_found"])
    assert f"holds {100 * found:.1f} % of all 'Yes': {10 * found:.1f} times" in gains_chart(curve).title


def test_with_one_class_in_the_test_rows_there_are_no_curves_but_a_matrix():
    y, probabilities = np.zeros(40, dtype=np.int64), np.tile([0.9, 0.1], (40, 1))
    document = document_of_classes(y, probabilities, NO_YES)
    curve = document["curves"][0]
    charts = (roc_chart(curve, None), precision_recall_chart(curve, None), gains_chart(curve), lift_chart(curve))
    assert charts == (None,) * 4
    assert confusion_chart(document["confusion"]).title == "No test row was taken for another class."


def test_reliability_draws_before_and_after(churn):
    after, before = churn["curves"][0]["reliability"], churn["before"]["reliability"]
    chart = reliability_chart(after, before, name="Yes")
    drawn = traces(chart)
    for name, bins in (("As predicted", after), ("Before the correction", before)):
        assert drawn[name]["x"] == [entry["mean_probability"] for entry in bins]
        assert drawn[name]["y"] == [entry["share_right"] for entry in bins]
    gap = sum(b["n"] * abs(b["mean_probability"] - b["share_right"]) for b in after) / 600
    assert f"'Yes' are {100 * gap:.1f} points away" in chart.title
    assert reliability_chart([]) is None


def test_the_bins_of_the_class_predicted_are_right_where_the_likeliest_class_is():
    probabilities = np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4], [0.7, 0.3]])
    (entry,) = predicted_class_bins(probabilities, ["a", "b", "b", "a"], ["a", "b"])
    assert (entry["n"], entry["share_right"], entry["mean_probability"]) == (4, 0.75, 0.75)
    assert predicted_class_bins(np.full((2, 2), np.nan), ["a", "b"], ["a", "b"]) == []


def test_numbers_are_drawn_as_they_are(prices):
    figures = prices["figures"]
    dots = traces(predicted_chart(prices))["Test rows"]
    assert (dots["x"], dots["y"]) == (figures["points"]["actual"], figures["points"]["predicted"])
    (bars,) = traces(residuals_chart(prices)).values()
    edges = np.array(figures["residuals"]["edges"])
    assert bars["y"] == figures["residuals"]["counts"]
    assert bars["x"] == pytest.approx((edges[1:] + edges[:-1]) / 2)
    assert bars["width"] == pytest.approx(np.diff(edges))
    tenths = traces(deciles_chart(prices))
    assert tenths["Mean absolute error"]["y"] == [entry["mae"] for entry in figures["deciles"]]
    assert tenths["Mean error: above 0 is too high"]["y"] == [entry["bias"] for entry in figures["deciles"]]
    worst = max(figures["deciles"], key=lambda entry: entry["mae"])
    assert f"{worst['mae']:.2f} on average" in deciles_chart(prices).title


def test_infinite_errors_leave_the_rest_to_be_drawn():
    y = np.arange(50.0)
    document = document_of_numbers(y, np.where(y == 7, np.inf, y + 1))
    assert len(traces(predicted_chart(document))["Test rows"]["x"]) == 49
    assert sum(next(iter(traces(residuals_chart(document)).values()))["y"]) == 50
    assert sides_chart(document) is None
    everything = document_of_numbers(y, np.full(50, np.nan))
    assert (predicted_chart(everything), residuals_chart(everything), deciles_chart(everything)) == (None,) * 3
    assert segments_chart(everything, {"column": "size", "share": 0, "n_standing_out": 0, "segments": []}) is None


def test_segments_are_drawn_in_their_order_with_intervals_and_the_overall_line(prices):
    spread = prices["segments"][0]
    chart = segments_chart(prices, spread)
    drawn = {y: x for trace in traces(chart).values() for x, y in zip(trace["x"], trace["y"], strict=True)}
    assert drawn == {place: segment["mean_loss"] for place, segment in enumerate(spread["segments"])}
    (line,) = chart.figure.layout.shapes
    assert line.x0 == prices["sides"][0]["main"]["estimate"]


def test_coverage_is_drawn_over_its_promise(prices):
    chart = coverage_chart(prices, 0.9)
    dots = traces(chart)["Reached on the test rows"]
    assert dots["x"] == [0.8, 0.9]
    assert dots["y"] == [entry["covered"] for entry in prices["coverage"]]
    assert chart.title.startswith("Less is held than promised")
    assert "where 90 % were promised" in chart.title
    assert coverage_chart(prices | {"coverage": []}) is None


def test_somebody_elses_words_are_shown_as_they_are():
    assert safe(HOSTILE, 200) == (
        "&lt;b&gt;big&lt;/b&gt; &amp; &#36;x^2&#36; %\u2060{x} &lt;a href='https://example.org'&gt;here&lt;/a&gt;"
    )
    assert safe("one\ntwo\u202e\x00three") == "one two three"
    assert safe("x" * 50) == "x" * 27 + "…"
    names = (HOSTILE, f"{HOSTILE} too")
    y, probabilities = classes(300, names)
    document = document_of_classes(y, probabilities, names, target=HOSTILE, column=HOSTILE)
    numbers = document_of_numbers(np.arange(99.0), np.arange(99.0) + 1, target=HOSTILE)
    for chart in all_charts(document, numbers):
        text = json.dumps(json.loads(chart.figure.to_json()))
        for raw in ("<b>big", "</b> &", "$x", "<a", "%{x} <", "<i>a"):
            assert raw not in text, chart.title


def all_charts(document: dict[str, Any], numbers: dict[str, Any]) -> Iterator[Chart]:
    """Yield every chart of a document of two classes, and of one of numbers."""
    curve, (name, _) = document["curves"][0], document["class_names"]
    decision = ThresholdTable.from_dict(document["thresholds"]["on_test"]).at(0.5)
    yield from filter(
        None,
        (
            sides_chart(document), confusion_chart(document["confusion"]), roc_chart(curve, 0.5),
            decision_chart(decision, document["class_names"]), precision_recall_chart(curve, 0.5),
            gains_chart(curve), lift_chart(curve), reliability_chart(curve["reliability"], name=name),
            segments_chart(document, document["segments"][0]), coverage_chart(document),
            sides_chart(numbers), predicted_chart(numbers), residuals_chart(numbers), deciles_chart(numbers),
            segments_chart(numbers, numbers["segments"][0]),
        ),
    )  # fmt: skip


def test_every_chart_has_a_finding_named_axes_no_background_and_keeps_its_zoom(churn, prices):
    charts = list(all_charts(churn, prices))
    assert len(charts) == 15
    for chart in charts:
        layout = chart.figure.layout
        assert chart.title.endswith(".")
        assert layout.xaxis.title.text
        assert layout.yaxis.title.text or layout.yaxis.ticktext
        assert layout.paper_bgcolor == layout.plot_bgcolor == "rgba(0, 0, 0, 0)"
        assert layout.uirevision == "kept"


def test_importing_the_charts_is_quick():
    modules = ("confusion", "coverage", "curves", "numbers", "reliability", "segments", "sides", "style")
    code = (
        f"import sys; from core.insight.charts import {', '.join(modules)}; from core.insight import words\n"
        "print({'plotly', 'torch', 'sklearn', 'scipy', 'streamlit'} & set(sys.modules))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "set()"


@pytest.mark.parametrize("n", [1, 2, 5])
def test_a_handful_of_rows_is_drawn_too(n):
    y, probabilities = classes(n, NO_YES)
    losses = {"guess": np.ones(n)}
    document = document_of_classes(y, probabilities, NO_YES, others=losses)
    numbers = document_of_numbers(np.arange(float(n)), np.ones(n), others=losses)
    assert all(chart.figure.to_json() for chart in all_charts(document, numbers))


def test_constant_predictions_are_drawn_too():
    y = np.arange(60) % 2
    document = document_of_classes(y, np.full((60, 2), 0.5), NO_YES)
    numbers = document_of_numbers(np.arange(60.0), np.full(60, 30.0))
    assert len(list(all_charts(document, numbers))) == 15
    assert len(next(iter(traces(deciles_chart(numbers)).values()))["y"]) == 1  # equal predictions stay together
