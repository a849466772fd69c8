"""Charts of a comparison: every run told apart without colour, intervals on the right side, names inert."""

from __future__ import annotations

import math

import numpy as np
import pytest

from core.insight.charts.comparing import MOST_POINTS, Curve, curves_chart, differences_chart
from core.insight.compare import Comparison, Contender, Pair
from core.insight.figures.bootstrap import PairedDifference


def a_curve(letter: str, losses: list[float | None], name: str = "net", is_validation: bool = True) -> Curve:
    return Curve(letter, name, list(range(1, len(losses) + 1)), losses, is_validation)


def test_curves_differ_in_line_and_mark_and_their_best_epochs_are_marked() -> None:
    chart = curves_chart(
        [a_curve("A", [3.0, 1.0, 2.0]), a_curve("B", [3.0, 2.0, 0.5]), a_curve("C", [9.0])], is_one_scale=True
    )
    assert chart is not None
    lines, marks = chart.figure.data[::2], chart.figure.data[1::2]
    assert len({line.line.dash for line in lines}) == len({mark.marker.symbol for mark in marks}) == 3
    assert [(mark.x[0], mark.y[0]) for mark in marks] == [(2, 1.0), (3, 0.5), (1, 9.0)]
    assert chart.title == "The validation loss of B ('net') went lowest: 0.5 at epoch 3."


def test_names_of_runs_are_inert_and_a_long_curve_is_thinned_to_its_ends() -> None:
    losses: list[float | None] = np.linspace(2, 1, 10_000).tolist()
    chart = curves_chart([a_curve("A", losses, "<b>$x$</b>")], is_one_scale=True)
    assert chart is not None
    line = chart.figure.data[0]
    assert line.name == "A: &lt;b&gt;&#36;x&#36;&lt;/b&gt;"
    assert len(line.x) <= MOST_POINTS + 1
    assert (line.x[0], line.x[-1], line.y[-1]) == (1, 10_000, 1.0)


def test_other_losses_and_training_rows_are_said_not_to_compare() -> None:
    curves = [a_curve("A", [1.0, math.nan, None]), a_curve("B", [2.0], is_validation=False)]
    two_scales = curves_chart(curves, is_one_scale=False)
    one_scale = curves_chart(curves, is_one_scale=True)
    assert two_scales is not None
    assert one_scale is not None
    assert "compare the shapes" in two_scales.title
    assert "only how well a network fits" in one_scale.title
    assert list(one_scale.figure.data[0].y) == [1.0, None, None]
    assert one_scale.figure.data[2].name == "B: net (training rows)"
    assert curves_chart([a_curve("A", []), a_curve("B", [math.inf])], is_one_scale=True) is None


@pytest.mark.parametrize(("task", "factor"), [("classification", 100), ("regression", 1)])
def test_to_the_right_the_first_run_is_better(task: str, factor: int) -> None:
    contenders = [Contender(key, key, "d", {}, {"task": task, "target": "y", "n_test": 99}) for key in "ab"]
    main = PairedDifference(-0.2, -0.5, -0.1, "better", 0.95, 99, 40)
    chart = differences_chart(Comparison(0.95, (), (Pair(0, 1, 99, 40, main),), 99, True), contenders)
    assert chart is not None
    dots = chart.figure.data[0]
    assert dots.x[0] == pytest.approx(0.2 * factor)
    assert dots.error_x.array[0] == pytest.approx(0.3 * factor)
    assert dots.error_x.arrayminus[0] == pytest.approx(0.1 * factor)
    assert differences_chart(Comparison(0.95, (), (Pair(0, 1),), 0, False), contenders) is None
