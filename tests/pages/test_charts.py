"""The loss curve: few points, marks at the best epoch and at guessing, and a specification that stays the same."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest

from core.runs.curve import best_epoch
from core.runs.records import Epoch
from pages.shared.charts import MAX_POINTS, NETWORKS, curve_title, loss_chart, smooth


def curve(n: int, validation=lambda e: 1 / e) -> list[Epoch]:
    return [Epoch(e, 2 / e, validation(e), 1e-3, 0.1) for e in range(1, n + 1)]


def drawn(epochs: list[Epoch], baseline: float | None = None) -> tuple[str, list[dict[str, Any]], dict[str, Any]]:
    """Return the specification as text, the rows of the curve, and the marks."""
    chart = loss_chart(epochs, best_epoch(epochs), baseline)
    data = chart.pop("datasets")
    (marks,) = data["marks"].to_pylist()
    return json.dumps(chart), data["curve"].to_pylist(), marks


def test_a_long_curve_is_drawn_with_at_most_1000_points_and_its_last_one():
    for n in (999, 1000, 1001, 1999, 2001, 12_345):
        _, rows, _ = drawn(curve(n))
        assert len(rows) <= MAX_POINTS
        assert (rows[0]["epoch"], rows[-1]["epoch"]) == (1, n)


def test_new_points_leave_the_specification_as_it_is_so_that_a_zoom_stays():
    first, *others = (drawn(curve(n), baseline=0.7)[0] for n in (1, 2, 60, 3_000))
    assert all(other == first for other in others)


def test_each_point_knows_its_neighbours_so_that_lines_go_to_the_edge_of_a_zoom():
    _, rows, _ = drawn(curve(4))
    assert [(row["before"], row["after"]) for row in rows] == [(1, 2), (1, 3), (2, 4), (3, 4)]


def test_the_best_epoch_and_guessing_are_marked_with_their_figures():
    _, _, marks = drawn(curve(20, lambda e: abs(e - 7) + 0.5), baseline=0.651)
    assert (marks["epoch"], marks["loss"], marks["best"]) == (7, 0.5, "Best: epoch 7")
    assert (marks["baseline"], marks["guessing"]) == (0.651, "Guessing: 0.651")


def test_what_is_not_known_is_not_drawn():
    text, rows, marks = drawn(curve(4, lambda e: None))
    assert "Validation" not in text
    assert "diamond" not in text
    assert "Guessing" not in text
    assert set(rows[0]) == {"epoch", "before", "after", "train", "train_smooth"}
    assert marks["loss"] is None
    assert "datasets" not in loss_chart([], None, 0.7)


def test_the_title_says_what_the_curve_shows():
    epochs = curve(20, lambda e: abs(e - 7) + 0.5)
    assert curve_title(epochs, epochs[6], ended=True) == "Validation loss was lowest at epoch 7: 0.5"
    assert curve_title(epochs, epochs[6], ended=False) == "Validation loss is lowest so far at epoch 7: 0.5"
    assert curve_title(epochs[:4], None, ended=False) == "Training loss is 0.5 after epoch 4"
    assert curve_title([], None, ended=False) == "No epoch has ended yet"


def test_the_curve_of_a_blend_counts_networks_and_shows_the_blend_alone():
    epochs = curve(12)
    assert curve_title(epochs, None, ended=True, kind=NETWORKS) == "The loss of the blend is 0.08333 after 12 networks"
    assert curve_title(epochs[:1], None, ended=False, kind=NETWORKS) == "The loss of the blend is 1 after 1 network"
    assert curve_title([], None, ended=False, kind=NETWORKS) == "No network is trained yet"
    chart = loss_chart(epochs, None, 0.7, NETWORKS)
    (marks,) = chart["datasets"]["marks"].to_pylist()
    assert marks["guessing"] == "Guessing: 0.7"
    assert "train" not in chart["datasets"]["curve"].column_names
    for text in (json.dumps(chart["vconcat"]), json.dumps(loss_chart([], None, None, NETWORKS))):
        assert "epoch" not in text.lower().replace('"epoch"', "").replace("zoom.epoch", "").replace("datum.epoch", "")
    first, later = (loss_chart(curve(n), None, 0.7, NETWORKS) for n in (1, 60))
    assert {**first, "datasets": None} == {**later, "datasets": None}


@pytest.mark.parametrize("odd", [math.nan, math.inf])
def test_losses_that_are_no_numbers_leave_a_gap(odd: float):
    _, rows, marks = drawn(curve(30, lambda e: odd if e > 10 else 1 / e))
    assert marks["epoch"] == 10
    assert [row["validation"] is None for row in rows] == [e > 10 for e in range(1, 31)]
    assert all(row["train"] is not None for row in rows)


def test_smoothing_keeps_the_ends_and_a_straight_line():
    line = np.linspace(3, 1, 200)
    assert np.allclose(smooth(line), line)
    noisy = np.random.default_rng(1).normal(size=400)
    assert np.std(smooth(noisy)) < np.std(noisy) / 2
    assert np.isclose(smooth(noisy)[[0, -1]], noisy[[0, -1]]).all()
    assert np.isclose(smooth(noisy)[200], noisy[188:213].mean())


def test_smoothing_leaves_out_what_is_no_number():
    values = np.ones(100)
    values[50] = math.nan
    assert np.allclose(smooth(values), 1.0)
    assert np.isnan(smooth(np.array([1.0, math.nan, 1.0]))[1])


@pytest.mark.parametrize("epochs", [[], curve(1), curve(30), curve(30, lambda e: None)])
@pytest.mark.parametrize("baseline", [None, 0.7])
def test_the_specification_is_one_of_vega_lite(epochs: list[Epoch], baseline: float | None):
    altair = pytest.importorskip("altair", reason="altair, which has the schema, is not installed")
    chart = loss_chart(epochs, best_epoch(epochs), baseline)
    chart.pop("datasets", None)
    assert altair.Chart.from_dict(json.loads(json.dumps(chart))).to_dict()
