"""What stands around the measuring: every benchmark can be asked for, parts add up, slopes and lines are right."""

from __future__ import annotations

from itertools import pairwise
from xml.etree import ElementTree

import pytest

from tests.benchmarks.__main__ import ON_REQUEST, USUAL, benchmark
from tests.benchmarks.growth import Cost, slope
from tests.benchmarks.journey import Moments, Wait
from tests.benchmarks.lines import Line, Panel, draw

SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize("name", [*USUAL, *ON_REQUEST])
def test_every_benchmark_has_a_title_and_yields_figures(name: str) -> None:
    module = benchmark(name)
    assert module.TITLE
    assert callable(module.figures)


def test_the_parts_of_a_wait_add_up_to_it_and_come_longest_first() -> None:
    moments = Moments()
    for name, at in (("click", 10.0), ("asking", 10.25), ("preparing", 13.0), ("drawing", 13.5)):
        moments.note(name, at)
    moments.note("click", 99.0)  # only the first time counts
    figure = moments.figure(Wait("click to point", ("click", "asking", "not seen", "preparing", "drawing")), 1_000)
    assert figure.value == pytest.approx(3.5)
    assert figure.note == "preparing 2.75, drawing 0.50, asking 0.25"


def test_a_cost_with_the_square_has_slope_two_whatever_the_start_costs() -> None:
    costs = [Cost(n, 5.0 if n < 1_000 else n**2 / 1e6, float(n)) for n in (10, 100, 1_000, 10_000, 100_000)]
    assert slope(costs, "prepare") == pytest.approx(2.0)
    assert slope(costs, "epoch") == pytest.approx(1.0)


def test_lines_are_drawn_on_logarithmic_scales() -> None:
    line = Line("a < b", [(1, 0.1), (10, 1.0), (100, 10.0)])
    svg = ElementTree.fromstring(draw([Panel("title", "rows", [line])]))
    points = [(float(point.get("cx", "")), float(point.get("cy", ""))) for point in svg.iter(f"{SVG}circle")]
    steps = [(x - x_before, y_before - y) for (x_before, y_before), (x, y) in pairwise(points)]
    assert steps[0] == pytest.approx(steps[1], abs=0.2)
    assert steps[0] > (0, 0)
    assert "a < b" in [text.text for text in svg.iter(f"{SVG}text")]
