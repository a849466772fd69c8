"""The curves of one class against the rest: ROC, precision and recall, and how many are found by calling few."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from core.insight.charts.style import BLUE, GREY, Chart, make_figure, safe, share_axis
from core.insight.words import number
from core.tables.understand.phrases import percent, quoted

FIRST_TENTH = 0.1
WHOLE = [-0.02, 1.02]  # what an axis of shares shows


def roc_chart(curve: Mapping[str, Any], area: float | None) -> Chart | None:
    """Return how many of a class are found at how many false alarms; None where that is undefined."""
    roc = curve["roc"]
    if roc is None:
        return None
    name, label = quoted(curve["name"]), safe(curve["name"])
    figure = _curve(
        (roc["false_alarm_rate"], roc["recall"]),
        ("False alarms: share of the other rows called", f"Share of {label} found"),
        _hover(roc["thresholds"], "Called at %{customdata} or more"),
        ([0, 1], [0, 1]),
        "By chance",
    )
    if area is None:
        return Chart(f"How many of {name} are found, at how many false alarms.", figure)
    pairs = f"In {percent(area)} of the pairs, a row of {name} gets a higher probability than another row (ROC AUC)."
    return Chart(pairs, figure)


def precision_recall_chart(curve: Mapping[str, Any], average_precision: float | None) -> Chart | None:
    """Return how many calls are right at each share of a class that is found; None where that is undefined."""
    found = curve["precision_recall"]
    if found is None:
        return None
    base = curve["n_positive"] / curve["n"]
    name, label = quoted(curve["name"]), safe(curve["name"])
    figure = _curve(
        (found["recall"], found["precision"]),
        (f"Recall: share of {label} found", "Precision: share of the calls that are right"),
        _hover(found["thresholds"], "Called at %{customdata} or more"),
        ([0, 1], [base, base]),
        "Calling at random",
    )
    half = _at(found["recall"], found["precision"], 0.5)
    text = f"To find half of {name}, {percent(half)} of the calls are right; at random {percent(base)}."
    average = "" if average_precision is None else f" Average precision {percent(average_precision)}."
    return Chart(text + average, figure)


def gains_chart(curve: Mapping[str, Any]) -> Chart | None:
    """Return what share of a class is found by calling the likeliest rows first; None where that is undefined."""
    gains = curve["gains"]
    if gains is None:
        return None
    name, label = quoted(curve["name"]), safe(curve["name"])
    lift = ["" if value is None else f"{number(value)} times as many as by chance" for value in gains["lift"]]
    figure = _curve(
        (gains["share_called"], gains["share_found"]),
        ("Share of all rows called, the likeliest first", f"Share of {label} found"),
        (lift, "%{customdata}"),
        ([0, 1], [0, 1]),
        "By chance",
    )
    found = _at(gains["share_called"], gains["share_found"], FIRST_TENTH)
    text = f"The likeliest tenth of the rows holds {percent(found)} of all {name}: {found / FIRST_TENTH:.1f} times"
    return Chart(f"{text} as many as by chance (lift).", figure)


def lift_chart(curve: Mapping[str, Any]) -> Chart | None:
    """Return how many times more of a class the likeliest rows hold than chance; None where that is undefined."""
    gains = curve["gains"]
    if gains is None:
        return None
    figure = _curve(
        (gains["share_called"][1:], gains["lift"][1:]),
        ("Share of all rows called, the likeliest first", "Lift: times as many found as by chance"),
        None,
        ([0, 1], [1, 1]),
        "By chance",
    )
    figure.update_yaxes(tickformat=None, range=None, rangemode="tozero")
    best = max(value for value in gains["lift"] if value is not None)
    name = quoted(curve["name"])
    return Chart(f"Among the likeliest rows, {name} is up to {best:.1f} times as frequent as by chance.", figure)


def _curve(
    points: tuple[Sequence[Any], Sequence[Any]],
    titles: tuple[str, str],
    hover: tuple[list[str], str] | None,
    chance: tuple[list[float], list[float]],
    chance_name: str,
) -> Any:
    import plotly.graph_objects as go

    last = f"<br>{hover[1]}" if hover else ""
    line = go.Scatter(
        x=list(points[0]),
        y=list(points[1]),
        mode="lines",
        name="This network",
        line={"color": BLUE, "width": 2.5},
        customdata=hover[0] if hover else None,
        hovertemplate=f"{titles[0]}: %{{x}}<br>{titles[1]}: %{{y}}{last}<extra></extra>",
    )
    dashed = {"color": GREY, "width": 1.5, "dash": "dash"}
    by_chance = go.Scatter(x=chance[0], y=chance[1], mode="lines", name=chance_name, line=dashed, hoverinfo="skip")
    x, y = (share_axis(title, range=WHOLE, hoverformat=".1%") for title in titles)
    return make_figure([by_chance, line], x, y)


def _hover(thresholds: Sequence[float | None], words: str) -> tuple[list[str], str]:
    return ["no row" if value is None else f"{100 * value:.1f} %" for value in thresholds], words


def _at(x: Sequence[float], y: Sequence[float], place: float) -> float:
    return float(np.interp(place, x, y))
