"""Whether probabilities are honest: what was said beside what came true."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from core.insight.charts.style import BLUE, GREY, ORANGE, Chart, bars_around, make_figure, safe, share_axis
from core.insight.figures.arrays import Floats
from core.insight.figures.reliability import ReliabilityBin, calibration_error, reliability_bins
from core.tables.understand.phrases import percent, quoted

WHOLE = [-0.02, 1.02]
Bins = Sequence[Mapping[str, Any]]


def reliability_chart(after: Bins, before: Bins = (), *, name: str | None = None) -> Chart | None:
    """Return the share that came true by the probability that was said; None without rows.

    `before` are the bins of the probabilities as the network gave them. `name` is the class whose
    probability it is; without one it is that of the class predicted.
    """
    import plotly.graph_objects as go

    if not after:
        return None
    diagonal = go.Scatter(
        x=[0, 1], y=[0, 1], mode="lines", name="Honest", hoverinfo="skip",
        line={"color": GREY, "width": 1.5, "dash": "dash"},
    )  # fmt: skip
    traces = [diagonal]
    if before:
        traces.append(_trace(before, "Before the correction", ORANGE, "triangle-up-open", "dot"))
    traces.append(_trace(after, "As predicted", BLUE, "circle", "solid"))
    said = f"Probability of {safe(name)} that was said" if name is not None else "Probability of the class predicted"
    came = f"Share of the rows that are {safe(name)}" if name is not None else "Share of the rows that are right"
    x, y = (share_axis(title, range=WHOLE) for title in (said, came))
    return Chart(_finding(after, before, name), make_figure(traces, x, y))


def predicted_class_bins(
    probabilities: Floats, truth: Sequence[str], class_names: Sequence[str]
) -> list[dict[str, Any]]:
    """Return the bins of the probability `(n, k)` of the class predicted, and whether it was `truth` `(n,)`."""
    if not len(probabilities) or not np.isfinite(probabilities).all():
        return []
    names = np.array(class_names, dtype=object)
    right = names[probabilities.argmax(axis=1)] == np.array(truth, dtype=object)
    return [asdict(entry) for entry in reliability_bins(probabilities.max(axis=1), np.asarray(right, dtype=np.bool_))]


def _trace(bins: Bins, name: str, color: str, symbol: str, dash: str) -> Any:
    import plotly.graph_objects as go

    columns = ("mean_probability", "share_right", "low", "high", "n")
    said, came, low, high, n = ([entry[column] for entry in bins] for column in columns)
    texts = [
        f"{percent(a)} said, {percent(b)} came true<br>between {percent(c)} and {percent(d)} ({rows:,} rows)"
        for a, b, c, d, rows in zip(said, came, low, high, n, strict=True)
    ]
    around = {"error_y": bars_around(came, low, high) | {"color": color}} if dash == "solid" else {}
    return go.Scatter(
        x=said, y=came, mode="lines+markers", name=name, line={"color": color, "width": 1.5, "dash": dash},
        marker={"size": 8, "symbol": symbol, "color": color}, text=texts,
        hovertemplate="%{text}<extra></extra>", **around,
    )  # fmt: skip


def _finding(after: Bins, before: Bins, name: str | None) -> str:
    whose = f"Probabilities of {quoted(name)}" if name is not None else "Probabilities of the class predicted"
    text = f"{whose} are {_gap(after)} points away from what comes true, on average"
    return f"{text} ({_gap(before)} before the correction)." if before else f"{text}."


def _gap(bins: Bins) -> str:
    return f"{100 * calibration_error([ReliabilityBin(**entry) for entry in bins]):.1f}"
