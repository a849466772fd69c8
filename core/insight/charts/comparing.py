"""Runs beside one another: their curves in one picture, and how far apart they are on the rows they share."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from core.insight.charts.style import (
    BLUE,
    GREY,
    ORANGE,
    PINK,
    Chart,
    axis,
    bars_around,
    listed_axis,
    make_figure,
    safe,
    upside_down,
)
from core.insight.compare import Comparison, Contender
from core.insight.comparewords import LETTERS
from core.insight.words import number
from core.tables.understand.phrases import quoted

COLORS = (BLUE, ORANGE, PINK)
DASHES = ("solid", "dash", "dot")
SYMBOLS = ("circle", "diamond", "square")
MOST_POINTS = 400
ROW_HEIGHT = 52


@dataclass(frozen=True)
class Curve:
    """The loss of a run after each epoch: of its validation rows where there are some, else of its training rows."""

    letter: str
    name: str
    epochs: Sequence[int]
    losses: Sequence[float | None]
    is_validation: bool


def curves_chart(curves: Sequence[Curve], *, is_one_scale: bool) -> Chart | None:
    """Return the curves of runs over one another, the best epoch of each marked; None where none has an epoch.

    `is_one_scale` tells whether all minimise the same on the same rows, so that heights can be compared.
    """
    import plotly.graph_objects as go

    drawn = [curve for curve in curves if any(_is_finite(loss) for loss in curve.losses)]
    if not drawn:
        return None
    traces = []
    for curve in drawn:
        color, dash, symbol = (kinds[LETTERS.index(curve.letter)] for kinds in (COLORS, DASHES, SYMBOLS))
        epochs, losses = _thinned(curve)
        name = f"{curve.letter}: {safe(curve.name)}" + ("" if curve.is_validation else " (training rows)")
        hover = f"{curve.letter}, epoch %{{x}}: %{{y:.4~g}}<extra></extra>"
        traces.append(
            go.Scatter(
                x=epochs, y=losses, mode="lines", name=name, hovertemplate=hover,
                line={"color": color, "dash": dash, "width": 2},
            )
        )  # fmt: skip
        best_epoch, best_loss = _best(curve)
        traces.append(
            go.Scatter(
                x=[best_epoch], y=[best_loss], mode="markers", showlegend=False,
                hovertemplate=f"{curve.letter}, lowest at epoch %{{x}}: %{{y:.4~g}}<extra></extra>",
                marker={"color": color, "symbol": symbol, "size": 10, "line": {"color": "white", "width": 1}},
            )
        )  # fmt: skip
    rows = "validation" if all(curve.is_validation for curve in drawn) else "validation or training"
    y = axis(f"Loss on the {rows} rows (less is better)")
    figure = make_figure(traces, axis("Epoch", rangemode="tozero"), y, height=360)
    return Chart(_curves_title(drawn, is_one_scale=is_one_scale), figure)


def differences_chart(comparison: Comparison, contenders: Sequence[Contender]) -> Chart | None:
    """Return how far the runs of each pair are apart, with the intervals; None where no pair has one."""
    import plotly.graph_objects as go

    pairs = [pair for pair in comparison.pairs if pair.main is not None and pair.main.estimate is not None]
    if not pairs:
        return None
    found = [pair.main for pair in pairs if pair.main is not None]
    classes = contenders[pairs[0].first].task == "classification"
    factor = -100.0 if classes else -1.0  # to the right, the first is better
    values = [factor * (one.estimate or 0.0) for one in found]
    low = [None if one.high is None else factor * one.high for one in found]
    high = [None if one.low is None else factor * one.low for one in found]
    labels = [f"{LETTERS[pair.first]} against {LETTERS[pair.second]}" for pair in pairs]
    dots = go.Scatter(
        x=values, y=list(range(len(pairs))), mode="markers", showlegend=False,
        marker={"size": 11, "color": [GREY if one.verdict == "too close to call" else BLUE for one in found],
                "symbol": ["circle-open" if one.verdict == "too close to call" else "diamond" for one in found]},
        error_x=bars_around(values, low, high) | {"color": GREY},
        text=[f"{label}: {one.verdict}" for label, one in zip(labels, found, strict=True)],
        hovertemplate="%{text}<br>%{x:.4~g}<extra></extra>",
    )  # fmt: skip
    unit = "points more of the rows right" if classes else "smaller mean absolute error"
    x = axis(f"← the second is better · the first is better → ({unit})")
    y = listed_axis(labels, range=upside_down(len(pairs)))
    figure = make_figure([dots], x, y, height=80 + ROW_HEIGHT * len(pairs))
    figure.add_vline(x=0, line={"color": GREY, "width": 1.5, "dash": "dash"})
    n_clear = sum(one.verdict != "too close to call" for one in found)
    title = (
        "No interval leaves out 0: too close to call" if not n_clear else "A difference is real where 0 lies outside"
    )
    return Chart(f"{title}.", figure)


def _curves_title(curves: Sequence[Curve], *, is_one_scale: bool) -> str:
    if not is_one_scale:
        return "Losses or validation rows are not the same: compare the shapes of the curves, not their heights."
    if not all(curve.is_validation for curve in curves):
        return "Training without validation rows shows only how well a network fits the rows it learns from."
    lowest = min(curves, key=lambda curve: _best(curve)[1])
    epoch, loss = _best(lowest)
    who = f"{lowest.letter} ({quoted(lowest.name)})" if len(curves) > 1 else lowest.letter
    return f"The validation loss of {who} went lowest: {number(loss)} at epoch {epoch:,}."


def _best(curve: Curve) -> tuple[int, float]:
    known = [(loss, epoch) for epoch, loss in zip(curve.epochs, curve.losses, strict=True) if _is_finite(loss)]
    loss, epoch = min((float(loss), epoch) for loss, epoch in known if loss is not None)
    return epoch, loss


def _thinned(curve: Curve) -> tuple[list[int], list[float | None]]:
    """Return at most so many points, the first and the last among them."""
    n = len(curve.epochs)
    step = math.ceil(n / MOST_POINTS)
    places = sorted({*range(0, n, step), n - 1})
    losses = [loss if _is_finite(loss) else None for loss in curve.losses]
    return [curve.epochs[place] for place in places], [losses[place] for place in places]


def _is_finite(loss: float | None) -> bool:
    return loss is not None and math.isfinite(loss)
