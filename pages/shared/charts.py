"""The loss curve. Line style and symbols tell the traces apart, not colour alone; both themes can show it.

Vega-Lite draws it: as long as the specification stays the same, the browser takes new data into the
chart it has, so that a zoom stays as it is. Streamlit builds a plotly chart anew for each new point.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import streamlit as st

from core.runs.progress import Progress
from core.runs.records import Epoch
from pages.shared.text import number, plural

MAX_POINTS = 1_000
CHART_HEIGHT = 270
STRIP_HEIGHT = 34
CHART_COLUMNS = [14, 1]  # Streamlit makes a chart of two parts as wide as its place, without the axis; that goes here
TRAIN_COLOR = "#3B8DC4"
VALIDATION_COLOR = "#E0761B"
QUIET_COLOR = "#8A97A0"
DASHES = [5, 3]
BEYOND = 0.3  # of the height of the curve: how far off it the line of guessing may lie

Spec = dict[str, Any]
Numbers = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True)
class Kind:
    """What a curve counts, and its lines: the loss of some rows, each with the label of its line and its colour."""

    counts: str
    lines: Mapping[str, tuple[str, str]]
    alt: str


EPOCHS = Kind(
    "epoch",
    {"train": ("Training rows", TRAIN_COLOR), "validation": ("Validation rows", VALIDATION_COLOR)},
    "Loss of the training and validation rows after each epoch",
)
MORE_ROWS = (
    "Each network is judged on rows that it has not learned from. As they become more, some may be harder to predict: "
    "the loss can rise without the blend being worse."
)
NETWORKS = Kind(
    "network",
    {"validation": ("Blend, on rows its networks have not learned from", VALIDATION_COLOR)},
    "Loss of the blend of networks after each network",
)


def draw_curve(epochs: Sequence[Epoch], progress: Progress, baseline: float | None, *, ended: bool) -> None:
    """Draw the curve of a run under a title that says what it shows."""
    kind, best = NETWORKS if progress.is_timed else EPOCHS, progress.best
    st.markdown(f"**{curve_title(epochs, best, ended=ended, kind=kind)}**")
    place, _ = st.columns(CHART_COLUMNS, gap=None)
    place.vega_lite_chart(
        loss_chart(epochs, best, baseline, kind), key="model_curve", width="stretch", alt=kind.alt
    )  # fmt: skip
    if kind is NETWORKS and len(epochs) > 1:
        place.caption(MORE_ROWS)


def curve_title(epochs: Sequence[Epoch], best: Epoch | None, *, ended: bool, kind: Kind = EPOCHS) -> str:
    """Say what the curve shows, in one sentence."""
    if kind is NETWORKS:
        return _blend_title(epochs)
    if not epochs:
        return "No epoch has ended yet"
    if best is None:
        last = epochs[-1]
        return f"Training loss is {number(last.train_loss)} after epoch {last.epoch:,}"
    so_far = "was lowest" if ended else "is lowest so far"
    return f"Validation loss {so_far} at epoch {best.epoch:,}: {number(best.validation_loss)}"


def _blend_title(epochs: Sequence[Epoch]) -> str:
    if not epochs:
        return "No network is trained yet"
    return f"The loss of the blend is {number(epochs[-1].validation_loss)} after {plural(epochs[-1].epoch, 'network')}"


def loss_chart(epochs: Sequence[Epoch], best: Epoch | None, baseline: float | None = None, kind: Kind = EPOCHS) -> Spec:
    """Return the chart of train and validation loss, raw faint and smoothed strong, with its data.

    `best` is the epoch to mark, `baseline` the loss of guessing. Only the data change from one epoch to
    the next, but for the lines that come with the first.
    """
    if not epochs:
        return _empty_spec(kind)
    names = tuple(name for name in kind.lines if name == "train" or kind is NETWORKS or _has_validation(epochs))
    data = {"curve": _curve_table(epochs, names), "marks": _marks_table(epochs, best, baseline)}
    return _spec(names, kind, has_best=best is not None, has_baseline=baseline is not None) | {"datasets": data}


def smooth(values: Numbers) -> Numbers:
    """Return the mean of each value and its neighbours; the longer the curve, the more of them, but at its ends."""
    n, widest = len(values), min(12, len(values) // 20)
    at = np.arange(n)
    reach = np.minimum(widest, np.minimum(at, n - 1 - at))
    finite = np.isfinite(values)
    sums = np.concatenate([[0.0], np.cumsum(np.where(finite, values, 0.0))])
    counts = np.concatenate([[0], np.cumsum(finite)])
    first, beyond = at - reach, at + reach + 1
    with np.errstate(invalid="ignore"):
        return (sums[beyond] - sums[first]) / (counts[beyond] - counts[first])


def _has_validation(epochs: Sequence[Epoch]) -> bool:
    return any(point.validation_loss is not None for point in epochs)


def _thin(epochs: Sequence[Epoch]) -> Sequence[Epoch]:
    """Return at most `MAX_POINTS` points, the last one among them."""
    step = math.ceil(len(epochs) / MAX_POINTS)
    return epochs if step <= 1 else [*epochs[:: step + 1], epochs[-1]]


def _curve_table(epochs: Sequence[Epoch], names: Sequence[str]) -> pa.Table:
    shown = _thin(epochs)
    at = np.array([point.epoch for point in shown], dtype=np.int32)
    columns = {
        "epoch": pa.array(at),
        "before": pa.array(np.r_[at[:1], at[:-1]]),
        "after": pa.array(np.r_[at[1:], at[-1:]]),
    }
    for name in names:
        values = np.array([getattr(point, f"{name}_loss") for point in shown], dtype=np.float64)
        columns[name] = _floats(values)
        columns[f"{name}_smooth"] = _floats(smooth(values))
    return pa.table(columns)


def _floats(values: Numbers) -> pa.Array:
    """Return numbers as the chart takes them; those that are none, or not finite, are left out."""
    return pa.array(np.where(np.isfinite(values), values, np.nan).astype(np.float32), from_pandas=True)


def _marks_table(epochs: Sequence[Epoch], best: Epoch | None, baseline: float | None) -> pa.Table:
    is_late = best is not None and best.epoch > 0.75 * epochs[-1].epoch
    return pa.table(
        {
            "one": pa.array([1]),
            "epoch": pa.array([best.epoch if best else None], pa.int32()),
            "loss": pa.array([best.validation_loss if best else None], pa.float64()),
            "best": [f"Best: epoch {best.epoch:,}" if best else ""],
            "side": ["right" if is_late else "left"],
            "baseline": pa.array([baseline], pa.float64()),
            "guessing": [f"Guessing: {number(baseline)}"],
        }
    )


_IN_ZOOM = {"filter": {"param": "zoom"}}
_AROUND_ZOOM = {"filter": "!isDefined(zoom.epoch) || datum.after >= zoom.epoch[0] && datum.before <= zoom.epoch[1]"}
_QUIET_RULE = {"type": "rule", "color": QUIET_COLOR, "clip": True}
_QUIET_TEXT = {"type": "text", "color": QUIET_COLOR, "fontSize": 12}


def _empty_spec(kind: Kind) -> Spec:
    """Return a chart without a curve: the browser then has what it needs to draw when the first point comes."""
    text = {**_QUIET_TEXT, "text": f"The curve begins with the first {kind.counts}", "fontSize": 14}
    return {"height": CHART_HEIGHT + STRIP_HEIGHT, "data": {"values": [{}]}, "mark": text}


def _spec(names: Sequence[str], kind: Kind, *, has_best: bool, has_baseline: bool) -> Spec:
    marks = [*(_guessing(names) if has_baseline else ()), *(_best() if has_best else ())]
    layers = [*_lines(names, kind), *marks, _hover(names, kind)]
    curve = {"height": CHART_HEIGHT, "encoding": {"x": _x_axis(kind)}, "layer": layers}
    padding = {"left": 0, "right": 7, "top": 5}  # the newest points are as wide as that
    return {"data": {"name": "curve"}, "vconcat": [curve, _strip(names, kind)], "spacing": 12, "padding": padding}


def _x_axis(kind: Kind) -> Spec:
    return {
        "field": "epoch", "type": "quantitative", "title": kind.counts.capitalize(),
        "scale": {"domain": {"param": "zoom"}, "zero": False, "nice": False},
        "axis": {"format": ",d", "tickMinStep": 1, "tickCount": 12, "grid": False},
    }  # fmt: skip


def _y_axis(field: str) -> Spec:
    return {
        "field": field, "type": "quantitative", "title": "Loss (lower is better)", "scale": {"zero": False},
        "axis": {"minExtent": 40, "titleAngle": 0, "titleAlign": "left", "titleX": -40, "titleY": -14},
    }  # fmt: skip


def _lines(names: Sequence[str], kind: Kind) -> list[Spec]:
    """Return each line raw and smoothed, and a dot at its newest point."""
    newest = {"joinaggregate": [{"op": "max", "field": "epoch", "as": "newest"}]}
    is_newest = {"filter": "datum.epoch == datum.newest"}
    dot = {"type": "point", "filled": True, "size": 40, "opacity": 1}
    thin = {"type": "line", "strokeWidth": 1, "opacity": 0.4, "clip": True}
    faint = [_line(kind.lines[name][1], name, thin) for name in names]
    dots = [
        _line(kind.lines[name][1], f"{name}_smooth", dot) | {"transform": [newest, is_newest, _IN_ZOOM]}
        for name in names
    ]
    return [*faint, *(_strong_line(name, names, kind) for name in names), *dots]


def _line(its_color: str, field: str, mark: Spec) -> Spec:
    color = {"value": its_color}
    return {"transform": [_AROUND_ZOOM], "mark": mark, "encoding": {"y": _y_axis(field), "color": color}}


def _strong_line(name: str, names: Sequence[str], kind: Kind) -> Spec:
    """Return a smoothed line, and its part of the legend."""
    labels, colors = zip(*(kind.lines[known] for known in names), strict=True)
    dashed = f"{len(names)} > 1 && datum.label == '{labels[0]}'"
    legend = {
        "orient": "top", "title": None, "offset": 4, "symbolType": "stroke", "symbolSize": 400, "labelLimit": 300,
        "symbolDash": {"expr": f"{dashed} ? {DASHES} : [1, 0]"},
    }  # fmt: skip
    dash = {"strokeDash": DASHES} if name == "train" and len(names) > 1 else {}
    label, color = kind.lines[name]
    line = _line(color, f"{name}_smooth", {"type": "line", "strokeWidth": 2.5, "clip": True, **dash})
    scale = {"domain": labels, "range": colors}
    line["transform"].append({"calculate": f"'{label}'", "as": "rows"})
    line["encoding"]["color"] = {"field": "rows", "type": "nominal", "scale": scale, "legend": legend}
    return line


def _guessing(names: Sequence[str]) -> list[Spec]:
    """Return the line of guessing where it is near the curve, else only the word that it is not."""
    rule = {**_QUIET_RULE, "strokeDash": [2, 3], "opacity": {"expr": "datum.where ? 0 : 1"}}
    text = {**_QUIET_TEXT, "align": "right", "baseline": "top", "dx": -4, "dy": 3}
    here = {"transform": _beside_the_curve(names)}
    at = {"y": _y_axis("at")}
    return [
        here | {"mark": rule, "encoding": at | {"x": {"value": 0}, "x2": {"value": "width"}}},
        here | {"mark": text, "encoding": at | {"x": {"value": "width"}, "text": {"field": "guessing"}}},
    ]


def _beside_the_curve(names: Sequence[str]) -> list[Spec]:
    """Return the steps to one row that says where guessing lies to the part of the curve that is shown."""
    extremes = [{"op": op, "field": name, "as": f"{op}_{name}"} for op in ("min", "max") for name in names]
    low, high = (", ".join(f"datum.{op}_{name}" for name in names) for op in ("min", "max"))
    room = f"{BEYOND} * (datum.high - datum.low)"
    beyond = f"datum.baseline > datum.high + {room} ? 'above' : datum.baseline < datum.low - {room} ? 'below' : ''"
    baseline = {"data": {"name": "marks"}, "key": "one", "fields": ["baseline", "guessing"]}
    steps = (
        ("low", f"min({low})"),
        ("high", f"max({high})"),
        ("where", beyond),
        ("at", "datum.where ? datum.high : datum.baseline"),
        ("guessing", "datum.where ? datum.guessing + ', ' + datum.where + ' what is shown' : datum.guessing"),
    )
    return [
        _AROUND_ZOOM,
        {"aggregate": extremes},
        {"calculate": "1", "as": "one"},
        {"lookup": "one", "from": baseline},
        *({"calculate": expression, "as": name} for name, expression in steps),
    ]


def _best() -> list[Spec]:
    here = {"data": {"name": "marks"}, "transform": [_IN_ZOOM, {"filter": "isValid(datum.loss)"}]}
    diamond = {
        "type": "point", "shape": "diamond", "size": 130, "filled": True, "opacity": 1,
        "color": VALIDATION_COLOR, "stroke": "white", "strokeWidth": 1,
    }  # fmt: skip
    text = {
        **_QUIET_TEXT, "baseline": "bottom", "dy": -3,
        "align": {"expr": "datum.side"}, "dx": {"expr": "datum.side == 'left' ? 5 : -5"},
    }  # fmt: skip
    return [
        here | {"mark": {**_QUIET_RULE, "strokeDash": [6, 4]}},
        here | {"mark": diamond, "encoding": {"y": _y_axis("loss")}},
        here | {"mark": text, "encoding": {"y": {"value": "height"}, "text": {"field": "best"}}},
    ]


def _hover(names: Sequence[str], kind: Kind) -> Spec:
    """Return the rule that follows the pointer from epoch to epoch, with the figures of each."""
    figures = [{"field": "epoch", "title": kind.counts.capitalize(), "format": ",d"}]
    figures += [{"field": name, "title": kind.lines[name][0], "format": ".4~g"} for name in names]
    nearest = {"type": "point", "fields": ["epoch"], "nearest": True, "on": "pointerover", "clear": "pointerout"}
    shown = {"condition": {"param": "hover", "empty": False, "value": 0.7}, "value": 0}
    return {
        "transform": [_IN_ZOOM],
        "params": [{"name": "hover", "select": nearest}],
        "mark": _QUIET_RULE,
        "encoding": {"opacity": shown, "tooltip": figures},
    }


def _strip(names: Sequence[str], kind: Kind) -> Spec:
    """Return the whole curve in small, over which one drags to zoom."""
    brush = {"fill": QUIET_COLOR, "fillOpacity": 0.3, "stroke": QUIET_COLOR}
    x_axis = {
        "field": "epoch", "type": "quantitative", "title": "Drag here to zoom in, click to see all",
        "scale": {"zero": False, "nice": False},
        "axis": {"labels": False, "ticks": False, "grid": False, "domain": False},
    }  # fmt: skip
    return {
        "height": STRIP_HEIGHT,
        "view": {"fill": QUIET_COLOR, "fillOpacity": 0.1},
        "params": [{"name": "zoom", "select": {"type": "interval", "encodings": ["x"], "zoom": False, "mark": brush}}],
        "mark": {"type": "line", "strokeWidth": 1.5, "color": kind.lines[names[-1]][1]},
        "encoding": {"x": x_axis, "y": _y_axis(f"{names[-1]}_smooth") | {"axis": None}},
    }
