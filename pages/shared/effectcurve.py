"""How one field moves the prediction for one row: a sentence, and the curve under it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import streamlit as st
from numpy.typing import NDArray

from core.scoring.form import SEPARATED_FROM, UNIX_EPOCH, Value, figure, is_seen
from core.types import ColumnSchema
from pages.shared.charts import CHART_HEIGHT, QUIET_COLOR, TRAIN_COLOR, VALIDATION_COLOR
from pages.shared.labels import cut, cut_all
from pages.shared.text import escape, number, percent

if TYPE_CHECKING:
    from core.scoring.effects import Effect

CATEGORY_STEP = 24  # pixels
EMPTY = "(empty)"
BEYOND = 0.25  # of the range of training: how far outside of it the row itself is still marked in its place
MARGIN = 0.1  # of the range shown, above and below the curve
LEAST_SHARE = 0.05  # a probability that moves less is drawn flat

Spec = dict[str, Any]
Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Outcome:
    """What a curve shows: its name, which of the outputs it is, and what the model is usually off by."""

    name: str
    output: int = 0
    is_share: bool = False
    usual_error: float = 0.0

    @property
    def title(self) -> str:
        """Return the name as it begins a line."""
        return self.name[:1].upper() + self.name[1:]

    def words(self, value: float) -> str:
        """Write a value as pages do."""
        return percent(value) if self.is_share else number(value)


def draw_effect(effect: Effect, column: ColumnSchema, outcome: Outcome) -> None:
    """Draw the sentence, and the curve where the field can have more than one value."""
    st.markdown(f"**{escape(effect_sentence(effect, column, outcome))}**")
    if len(_places(effect, column)) > 1:
        spec = _dots_spec if effect.kind == "category" else _line_spec
        st.vega_lite_chart(
            spec(effect, outcome) | {"datasets": effect_data(effect, column, outcome)}, key="predict_row_curve",
            width="stretch", alt=f"{outcome.name} by {cut(effect.column)}",
        )  # fmt: skip


def effect_sentence(effect: Effect, column: ColumnSchema, outcome: Outcome) -> str:
    """Say how far the field moves the prediction, all else left as it is."""
    name, places = cut(effect.column), _places(effect, column)
    if len(places) < 2:
        return f"Training saw only one value of {name}, so there is no curve to draw."
    values = effect.outputs[places, outcome.output]
    low, high = (outcome.words(float(value)) for value in (values.min(), values.max()))
    if low == high:
        return f"With all else as it is, {name} does not move the {outcome.name}: it stays at {low}."
    if effect.kind == "category":
        least, most = (_words(effect.values[places[int(at)]]) for at in (values.argmin(), values.argmax()))
        return f"With all else as it is, {name} moves the {outcome.name} from {low} ({least}) to {high} ({most})."
    verb = "raising" if effect.kind == "number" else "moving"
    first, last = (_words(effect.values[at]) for at in (places[0], places[-1]))
    start, end = (outcome.words(float(value)) for value in (values[0], values[-1]))
    moved = f"from {start} to {end}" if {start, end} == {low, high} else f"between {low} and {high}"
    return f"With all else as it is, {verb} {name} from {first} to {last} moves the {outcome.name} {moved}."


def effect_data(effect: Effect, column: ColumnSchema, outcome: Outcome) -> dict[str, pa.Table]:
    """Return the tables of the chart: the curve, the row itself, and how much room is shown."""
    outputs = effect.outputs[:, outcome.output]
    seen = set(_places(effect, column))
    labels = cut_all([_words(value) for value in effect.values])
    texts = [labels[_words(value)] for value in effect.values]
    curve = {
        "rank": list(range(len(texts))),
        "value": pa.array([_position(value) for value in effect.values], pa.float64()),
        "label": texts,
        "prediction": outputs,
        "gives": [outcome.words(float(value)) for value in outputs],
        "seen": [at in seen for at in range(len(texts))],
    }
    own = {name: values[effect.own : effect.own + 1] for name, values in curve.items()}
    low, high = _room(outputs, outcome)
    own |= _own_place(effect, sorted(seen), own["label"][0], own["gives"][0])
    own["end"] = ["top" if outputs[effect.own] < (low + high) / 2 else "bottom"]  # where the curve is not
    return {"curve": pa.table(curve), "own": pa.table(own), "room": pa.table({"low": [low], "high": [high]})}


def _places(effect: Effect, column: ColumnSchema) -> list[int]:
    """Return where the values stand that training saw; of categories all of them, an empty one too."""
    values = enumerate(effect.values)
    return [at for at, value in values if effect.kind == "category" or is_seen(column, value)]


def _words(value: Value) -> str:
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d}"
    if isinstance(value, float):
        return figure(float(f"{value:.4g}") if abs(value) < 1000 else round(value, 1))
    return EMPTY if value is None else value


def _position(value: Value) -> float | None:
    """Return where a value stands on the axis: a number, or milliseconds since 1970."""
    if isinstance(value, datetime):
        return (value - UNIX_EPOCH).total_seconds() * 1000
    return value if isinstance(value, float) else None


def _own_place(effect: Effect, seen: Sequence[int], label: str, gives: str) -> dict[str, list[Any]]:
    """Return where the row itself is marked, and its words; one far beyond training is marked near the edge."""
    place = _position(effect.values[effect.own])
    known = [position for at in seen if (position := _position(effect.values[at])) is not None]
    if place is None or not known:
        return {"value": [place], "words": [f"This row: {gives}"], "side": ["left"]}
    low, high = min(known), max(known)
    marked = min(max(place, low - BEYOND * (high - low)), high + BEYOND * (high - low))
    words = f"This row: {gives}" if marked == place else f"This row, far off at {label}: {gives}"
    return {"value": [marked], "words": [words], "side": ["right" if marked > (low + high) / 2 else "left"]}


def _room(outputs: Numbers, outcome: Outcome) -> tuple[float, float]:
    """Return what the axis shows at least: a curve that moves less than the usual error should look flat."""
    low, high = float(outputs.min()), float(outputs.max())
    if outcome.is_share:
        return 0.0, min(1.0, max(LEAST_SHARE, high * (1 + MARGIN)))
    spare = max(MARGIN * (high - low), (outcome.usual_error - (high - low)) / 2)
    return low - spare, high + spare


_OWN = {"data": {"name": "own"}}
_POINT = {
    "type": "point", "shape": "diamond", "size": 130, "filled": True, "opacity": 1,
    "color": VALIDATION_COLOR, "stroke": "white", "strokeWidth": 1,
}  # fmt: skip
_TEXT = {"type": "text", "color": QUIET_COLOR, "fontSize": 12}


def _line_spec(effect: Effect, outcome: Outcome) -> Spec:
    """Return the curve over numbers or dates; the points beyond training stand alone."""
    is_date = effect.kind == "date"
    x = {
        "field": "value", "type": "temporal" if is_date else "quantitative", "title": cut(effect.column),
        "scale": {"type": "utc"} if is_date else {"zero": False, "nice": False},
        "axis": {"grid": False, **_number_axis(effect)},
    }  # fmt: skip
    y = _upright(_outcome_axis(outcome)) | {"field": "prediction"}
    known = {"filter": "isValid(datum.value)"}
    where = {
        **_TEXT, "align": {"expr": "datum.side"}, "dx": {"expr": "datum.side == 'left' ? 6 : -6"},
        "baseline": {"expr": "datum.end"}, "y": {"expr": "datum.end == 'top' ? 2 : height - 4"},
    }  # fmt: skip
    return {
        "height": CHART_HEIGHT,
        "data": {"name": "curve"},
        "encoding": {"x": x},
        "layer": [
            _room_layer(outcome, "y"),
            {
                "transform": [{"filter": "datum.seen"}],
                "mark": {"type": "line", "strokeWidth": 2.5, "color": TRAIN_COLOR},
                "encoding": {"y": y},
            },
            _OWN | {"transform": [known], "mark": {"type": "rule", "color": QUIET_COLOR, "strokeDash": [6, 4]}},
            _OWN | {"transform": [known], "mark": _POINT, "encoding": {"y": y}},
            _OWN | {"transform": [known], "mark": where, "encoding": {"text": {"field": "words"}}},
            _hover(effect, outcome),
        ],
    }


def _number_axis(effect: Effect) -> Spec:
    """Return how numbers are marked along the curve: whole ones in whole steps, and years without a comma."""
    numbers = [value for value in effect.values if isinstance(value, float)]
    if not numbers:
        return {}
    steps = {"tickMinStep": 1} if all(value.is_integer() for value in numbers) else {}
    return steps if max(map(abs, numbers)) >= SEPARATED_FROM else {"format": "~r", **steps}


def _hover(effect: Effect, outcome: Outcome) -> Spec:
    """Return the rule that follows the pointer along the curve, with the figures of each point."""
    nearest = {"type": "point", "fields": ["value"], "nearest": True, "on": "pointerover", "clear": "pointerout"}
    shown = {"condition": {"param": "hover", "empty": False, "value": 0.7}, "value": 0}
    return {
        "transform": [{"filter": "datum.seen"}],
        "params": [{"name": "hover", "select": nearest}],
        "mark": {"type": "rule", "color": QUIET_COLOR},
        "encoding": {"opacity": shown, "tooltip": _figures(effect, outcome)},
    }


def _dots_spec(effect: Effect, outcome: Outcome) -> Spec:
    """Return a dot for each category, the row's own among them."""
    y = {
        "field": "label", "type": "nominal", "sort": {"field": "rank", "op": "min"}, "title": None,
        "axis": {"labelLimit": 170, "grid": True, "domain": False, "ticks": False},
    }  # fmt: skip
    x = _outcome_axis(outcome) | {"field": "prediction"}
    dot = {"type": "point", "filled": True, "size": 70, "opacity": 1, "color": TRAIN_COLOR}
    return {
        "height": {"step": CATEGORY_STEP},
        "data": {"name": "curve"},
        "encoding": {"tooltip": _figures(effect, outcome)},
        "layer": [
            {"mark": dot, "encoding": {"y": y, "x": x}},
            _OWN | {"mark": _POINT, "encoding": {"y": y, "x": x}},
            _room_layer(outcome, "x"),
        ],
    }


def _outcome_axis(outcome: Outcome) -> Spec:
    axis = {"format": "~%"} if outcome.is_share else {}
    return {"type": "quantitative", "title": outcome.title, "scale": {"zero": False, "nice": False}, "axis": axis}


def _upright(channel: Spec) -> Spec:
    """Return the channel with its title above the axis, to be read without turning one's head."""
    title = {"minExtent": 40, "titleAngle": 0, "titleAlign": "left", "titleX": -40, "titleY": -14}
    return channel | {"axis": channel["axis"] | title}


def _room_layer(outcome: Outcome, side: str) -> Spec:
    """Return a line that cannot be seen, and for which the axis makes room."""
    axis = _upright(_outcome_axis(outcome)) if side == "y" else _outcome_axis(outcome)
    ends = {side: axis | {"field": "low"}, f"{side}2": {"field": "high"}}
    other = {("x" if side == "y" else "y"): {"value": 0}, "tooltip": None}
    return {"data": {"name": "room"}, "mark": {"type": "rule", "opacity": 0}, "encoding": other | ends}


def _figures(effect: Effect, outcome: Outcome) -> list[Spec]:
    return [
        {"field": "label", "type": "nominal", "title": cut(effect.column)},
        {"field": "gives", "type": "nominal", "title": outcome.title},
    ]
