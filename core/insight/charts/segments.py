"""The error in each group of a column, beside that of all rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
    safe_all,
    share_axis,
    upside_down,
)
from core.insight.words import is_of_classes, number, overall_loss, segment_words
from core.tables.understand.phrases import percent

ROW_HEIGHT = 30
_LOOKS = {
    "worse": ("Worse than the other rows", ORANGE, "triangle-right"),
    "better": ("Better than the other rows", BLUE, "triangle-left"),
    None: ("May be chance", GREY, "circle-open"),
}


def segments_chart(document: Mapping[str, Any], spread: Mapping[str, Any]) -> Chart | None:
    """Return the mean error of each group of one column with its interval; None where no group has one."""
    segments = [segment for segment in spread["segments"] if segment["mean_loss"] is not None]
    if not segments:
        return None
    traces = [_trace(document, segments, verdict) for verdict in _LOOKS]
    title = f"Mean absolute error, in the unit of {safe(document['target'])}"
    x = share_axis("Share of the rows that are wrong") if is_of_classes(document) else axis(title)
    y = listed_axis(
        safe_all([segment["label"] for segment in segments]),
        range=upside_down(len(segments)), title={"text": safe(spread["column"])},
    )  # fmt: skip
    height = 130 + ROW_HEIGHT * len(segments)
    figure = make_figure([trace for trace in traces if trace], {**x, "rangemode": "tozero"}, y, height=height)
    overall = overall_loss(document)
    if overall is not None:
        figure.add_vline(x=overall, line={"color": GREY, "width": 1.5, "dash": "dash"})
    return Chart(segment_words(document, spread), figure)


def _trace(document: Mapping[str, Any], segments: Sequence[Mapping[str, Any]], verdict: str | None) -> Any:
    import plotly.graph_objects as go

    places = [place for place, segment in enumerate(segments) if segment["stands_out"] == verdict]
    if not places:
        return None
    name, color, symbol = _LOOKS[verdict]
    own = [segments[place] for place in places]
    values, low, high = ([segment[part] for segment in own] for part in ("mean_loss", "low", "high"))
    return go.Scatter(
        x=values, y=places, mode="markers", name=name, marker={"color": color, "size": 11, "symbol": symbol},
        error_x=bars_around(values, low, high) | {"color": color}, showlegend=True,
        text=[_hover(document, segment) for segment in own], hovertemplate="%{text}<extra></extra>",
    )  # fmt: skip


def _hover(document: Mapping[str, Any], segment: Mapping[str, Any]) -> str:
    write = percent if is_of_classes(document) else number
    around = "" if segment["low"] is None else f", between {write(segment['low'])} and {write(segment['high'])}"
    return f"<b>{safe(segment['label'], 60)}</b>, {segment['n']:,} rows<br>{write(segment['mean_loss'])}{around}"
