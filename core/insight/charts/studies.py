"""The two studies as pictures: the error with fewer rows, and the error on rows at random and on the latest ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.insight.charts.style import (
    BLUE,
    GREY,
    ORANGE,
    Chart,
    axis,
    bars_around,
    listed_axis,
    make_figure,
    safe,
    share_axis,
    upside_down,
)
from core.insight.studywords import more_data_words, splits_words
from core.insight.words import number
from core.tables.understand.phrases import percent


def learning_curve_chart(answer: Mapping[str, Any]) -> Chart | None:
    """Return the error with half, three quarters and all of the rows; None where one of them has no figure."""
    import plotly.graph_objects as go

    points = answer["points"]
    values, low, high = _parts([point["error"] for point in points])
    if None in values:
        return None
    rows = [point["n_rows"] for point in points]
    line = go.Scatter(
        x=rows, y=values, mode="lines+markers", showlegend=False, line={"color": BLUE, "width": 2},
        marker={"size": 10, "symbol": ["circle", "circle", "diamond"]},
        error_y=bars_around(values, low, high) | {"color": GREY},
        text=[f"{100 * point['share']:.0f} % of the rows ({point['n_rows']:,}): {_write(answer, point['error'])}"
              for point in points],
        hovertemplate="%{text}<extra></extra>",
    )  # fmt: skip
    x = axis("Training rows", rangemode="tozero", tickformat=",d")
    title = "Share wrong" if answer["task"] == "classification" else "Mean absolute error"
    y = _error_axis(answer) | {"title": {"text": title}}
    return Chart(more_data_words(answer), make_figure([line], x, y, height=300))


def splits_chart(answer: Mapping[str, Any]) -> Chart | None:
    """Return both errors with their intervals and what guessing reaches; None where one of them has no figure."""
    import plotly.graph_objects as go

    sides = [answer["at_random"], answer["latest"]]
    values, low, high = _parts([side["error"] for side in sides])
    if None in values:
        return None
    dots = go.Scatter(
        x=values, y=[0, 1], mode="markers", showlegend=False,
        marker={"size": 12, "color": [BLUE, ORANGE], "symbol": ["circle", "diamond"]},
        error_x=bars_around(values, low, high) | {"color": GREY},
        text=[f"{side['n_test']:,} test rows: {_write(answer, side['error'])}" for side in sides],
        hovertemplate="%{text}<extra></extra>",
    )  # fmt: skip
    y = listed_axis(["Rows at random", "The latest rows"], range=upside_down(2))
    return Chart(splits_words(answer), make_figure([dots], _error_axis(answer), y, height=190))


def _parts(errors: list[Mapping[str, Any]]) -> tuple[list[Any], list[Any], list[Any]]:
    values, low, high = ([error[part] for error in errors] for part in ("estimate", "low", "high"))
    return values, low, high


def _error_axis(answer: Mapping[str, Any]) -> dict[str, Any]:
    if answer["task"] == "classification":
        return share_axis("Share of the test rows wrong (less is better)", rangemode="tozero")
    title = f"Mean absolute error, in the unit of {safe(answer['target'])} (less is better)"
    return axis(title, rangemode="tozero")


def _write(answer: Mapping[str, Any], error: Mapping[str, Any]) -> str:
    write = percent if answer["task"] == "classification" else number
    if error["low"] is None or error["high"] is None:
        return write(error["estimate"])
    return f"{write(error['estimate'])}, between {write(error['low'])} and {write(error['high'])}"
