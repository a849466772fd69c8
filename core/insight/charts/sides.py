"""The network beside what simpler ways reach on the same rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from core.insight.charts.style import (
    BLUE,
    GREY,
    Chart,
    axis,
    bars_around,
    listed_axis,
    make_figure,
    safe,
    safe_all,
    share_axis,
    upside_down,
)
from core.insight.words import is_of_classes, number, standing
from core.tables.understand.phrases import percent

ROW_HEIGHT = 46


def sides_chart(document: Mapping[str, Any]) -> Chart | None:
    """Return the main figure of each model with its interval; None where none has one."""
    import plotly.graph_objects as go

    sides = [side for side in document["sides"] if side["main"] and side["main"]["estimate"] is not None]
    if not sides:
        return None
    values, low, high = ([side["main"][part] for side in sides] for part in ("estimate", "low", "high"))
    is_own = [side["name"] == "network" for side in sides]
    dots = go.Scatter(
        x=values,
        y=list(range(len(sides))),
        mode="markers",
        marker={
            "size": [13 if own else 10 for own in is_own],
            "color": [BLUE if own else GREY for own in is_own],
            "symbol": ["diamond" if own else "circle" for own in is_own],
        },
        error_x=bars_around(values, low, high) | {"color": GREY},
        text=_hover_texts(document, sides),
        hovertemplate="%{text}<extra></extra>",
        showlegend=False,
    )
    target = safe(document["target"])
    x = share_axis("Test rows right (more is better)", tickformat=".0%")
    if not is_of_classes(document):
        x = axis(f"Mean absolute error, in the unit of {target} (less is better)", rangemode="tozero")
    y = listed_axis(safe_all([side["title"] for side in sides]), range=upside_down(len(sides)))
    height = 90 + ROW_HEIGHT * len(sides)
    return Chart(f"{standing(document)}.", make_figure([dots], x, y, height=height))


def _hover_texts(document: Mapping[str, Any], sides: Sequence[Mapping[str, Any]]) -> list[str]:
    write = percent if is_of_classes(document) else number
    return [f"<b>{safe(side['title'])}</b><br>{_interval_text(side['main'], write)}" for side in sides]


def _interval_text(main: Mapping[str, Any], write: Any) -> str:
    if main["low"] is None or main["high"] is None:
        return str(write(main["estimate"]))
    return f"{write(main['estimate'])}, between {write(main['low'])} and {write(main['high'])}"
