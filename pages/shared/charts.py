"""The loss curve. Line style and symbols tell the traces apart, not colour alone; both themes can show it."""

from __future__ import annotations

import math
from collections.abc import Sequence

import plotly.graph_objects as go

from core.runs.records import Epoch
from pages.shared.text import number

MAX_POINTS = 1_000
CHART_HEIGHT = 380
WHOLE_TICKS = 12
TRAIN_COLOR = "#3B8DC4"
VALIDATION_COLOR = "#E0761B"
QUIET_COLOR = "#8A97A0"
CHART_CONFIG = {"displaylogo": False, "modeBarButtonsToRemove": ["lasso2d", "select2d"], "scrollZoom": False}

Curve = Sequence[tuple[int, float]]


def loss_chart(epochs: Sequence[Epoch], revision: str, *, ended: bool) -> go.Figure:
    """Draw train and validation loss, raw faint and smoothed strong, with the best epoch marked.

    `revision` stays the same for one run, so that a zoom survives the next point.
    """
    train = _thin([(point.epoch, point.train_loss) for point in epochs])
    validation = _thin([(e.epoch, e.validation_loss) for e in epochs if e.validation_loss is not None])
    figure = go.Figure()
    if train:
        _add_curve(figure, train, "Training rows", TRAIN_COLOR, "dot" if validation else "solid")
    if validation:
        _add_curve(figure, validation, "Validation rows", VALIDATION_COLOR, "solid")
        _mark_best(figure, best_epoch(epochs))
    figure.update_layout(
        title={"text": curve_title(epochs, ended=ended), "x": 0, "xanchor": "left", "font": {"size": 16}},
        height=CHART_HEIGHT,
        margin={"l": 10, "r": 10, "t": 60, "b": 10},
        uirevision=revision,
        legend={"orientation": "h", "x": 1, "xanchor": "right", "y": 1, "yanchor": "bottom"},
        hovermode="x unified",
        xaxis={
            "title": "Epoch",
            "tickformat": ",d",
            "automargin": True,
            "dtick": 1 if len(epochs) <= WHOLE_TICKS else None,
        },
        yaxis={"title": "Loss (lower is better)", "automargin": True, "showticklabels": bool(epochs)},
    )
    return figure


def curve_title(epochs: Sequence[Epoch], *, ended: bool) -> str:
    """Say what the curve shows, in one sentence."""
    if not epochs:
        return "The curve begins with the first epoch"
    best = best_epoch(epochs)
    if best is None:
        last = epochs[-1]
        return f"Training loss is {number(last.train_loss)} after epoch {last.epoch:,}"
    so_far = "was lowest" if ended else "is lowest so far"
    return f"Validation loss {so_far} at epoch {best.epoch:,}: {number(best.validation_loss)}"


def best_epoch(epochs: Sequence[Epoch]) -> Epoch | None:
    """Return the epoch with the lowest validation loss, None without one."""
    judged = [e for e in epochs if e.validation_loss is not None and math.isfinite(e.validation_loss)]
    return min(judged, key=lambda e: e.validation_loss or 0.0, default=None)


def smooth(values: Sequence[float]) -> list[float]:
    """Return the mean of each value and its neighbours; the longer the curve, the more of them, but at its ends."""
    last, widest = len(values) - 1, min(12, len(values) // 20)
    reach = [min(widest, at, last - at) for at in range(len(values))]
    return [_mean(values[at - near : at + near + 1]) for at, near in enumerate(reach)]


def _mean(values: Sequence[float]) -> float:
    finite = [value for value in values if math.isfinite(value)]
    return math.fsum(finite) / len(finite) if finite else math.nan


def _add_curve(figure: go.Figure, curve: Curve, name: str, color: str, dash: str) -> None:
    x, y = [epoch for epoch, _ in curve], [loss for _, loss in curve]
    hover = "%{y:.4g}<extra>" + name + "</extra>"
    figure.add_scatter(
        x=x, y=y, name=name, mode="lines", line={"color": color, "width": 1}, opacity=0.45, showlegend=False,
        hovertemplate=hover,
    )  # fmt: skip
    mode = "lines+markers" if len(curve) == 1 else "lines"
    figure.add_scatter(
        x=x, y=smooth(y), name=name, mode=mode, line={"color": color, "width": 2.5, "dash": dash}, hoverinfo="skip"
    )


def _mark_best(figure: go.Figure, best: Epoch | None) -> None:
    if best is None:
        return
    figure.add_vline(x=best.epoch, line={"color": QUIET_COLOR, "dash": "dash", "width": 1})
    figure.add_scatter(
        x=[best.epoch], y=[best.validation_loss], name="Best epoch", mode="markers",
        marker={"symbol": "star-diamond", "size": 12, "color": VALIDATION_COLOR,
                "line": {"color": QUIET_COLOR, "width": 1}},
        hovertemplate="%{y:.4g}<extra>Best epoch</extra>",
    )  # fmt: skip


def _thin(curve: Curve) -> Curve:
    """Return at most `MAX_POINTS` points, the last one among them."""
    step = math.ceil(len(curve) / MAX_POINTS)
    return curve if step <= 1 else [*curve[:: step + 1], curve[-1]]
