"""How a column moves the prediction on average and for single rows, over how often its values occur."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from core.insight.charts.style import (
    BLUE,
    CLEAR,
    LONGEST_IN_HOVER,
    Chart,
    axis,
    listed_axis,
    make_figure,
    safe,
    safe_all,
    upside_down,
)
from core.insight.explain.results import EffectCurve
from core.insight.words import number
from core.tables.understand.phrases import percent, quoted

SINGLE_ROWS = "rgba(138, 151, 160, 0.4)"
COUNTS = "rgba(138, 151, 160, 0.55)"
EMPTY = "(empty)"
FEW_POINTS = 12  # up to which each is marked
CATEGORY_HEIGHT = 30  # pixels
HEIGHT = 420
BELOW, ABOVE = [0.0, 0.2], [0.28, 1.0]  # shares of the height: the counts, and the curve
ROOM_FOR_COUNTS = 1.5  # of the longest bar, for the figure behind it
LEFT, RIGHT = [0.0, 0.76], [0.8, 1.0]  # of the width: the dots, and the counts


def effect_chart(curve: EffectCurve, outcome: int = 0, *, is_share: bool) -> Chart | None:
    """Return the curve of one of the outcomes; None where the column has no value, or the model no finite output.

    `is_share` where what is predicted is a probability.
    """
    means = curve.means[outcome] if curve.means else ()
    if not any(mean is not None for mean in means):
        return None
    draw = _dots if curve.kind == "category" else _line
    return Chart(effect_words(curve, outcome, is_share=is_share), draw(curve, outcome, is_share))


def effect_words(curve: EffectCurve, outcome: int = 0, *, is_share: bool) -> str:
    """Say how far the column moves the average prediction."""
    write = percent if is_share else number
    known = [(value, mean) for value, mean in _points(curve, outcome) if mean is not None]
    whole = f"the average probability of {quoted(curve.outcomes[outcome])}" if is_share else "the average prediction"
    column = quoted(curve.column)
    (least, low), (most, high) = (choose(known, key=lambda point: point[1]) for choose in (min, max))
    if write(low) == write(high):
        return f"{column} alone does not move {whole}: it stays at {write(low)}."
    if curve.kind == "category":
        return f"By {column} alone, {whole} goes from {write(low)} for {least} to {write(high)} for {most}."
    (first, start), (last, end) = known[0], known[-1]
    moved = f"goes from {write(start)} to {write(end)}"
    if {start, end} != {low, high}:
        moved = f"varies between {write(low)} and {write(high)}"
    return f"As {column} goes from {first} to {last}, {whole} {moved}."


def value_words(curve: EffectCurve, at: int) -> str:
    """Return one of the values as it is shown."""
    value = curve.values[at]
    if at == curve.others_at:
        return f"{curve.n_others:,} other {'value' if curve.n_others == 1 else 'values'}"
    if value is None:
        return EMPTY
    return number(value) if isinstance(value, float | int) else value


def _points(curve: EffectCurve, outcome: int) -> list[tuple[str, float | None]]:
    words = _named if curve.kind == "category" else value_words
    return [(words(curve, at), mean) for at, mean in enumerate(curve.means[outcome])]


def _named(curve: EffectCurve, at: int) -> str:
    """Return a category as a sentence names it."""
    if curve.values[at] is None:
        return "empty cells"
    return value_words(curve, at) if at == curve.others_at else quoted(str(curve.values[at]))


def _line(curve: EffectCurve, outcome: int, is_share: bool) -> Any:
    import plotly.graph_objects as go

    values, means = list(curve.values), list(curve.means[outcome])
    write = percent if is_share else number
    mean = go.Scatter(
        x=values, y=means, name="Average", mode="lines+markers" if len(values) <= FEW_POINTS else "lines",
        line={"color": BLUE, "width": 3}, marker={"size": 8}, cliponaxis=False, showlegend=True,
        text=[f"{value_words(curve, at)}: {write(y) if y is not None else '–'}" for at, y in enumerate(means)],
        hovertemplate="%{text}<extra></extra>",
    )  # fmt: skip
    traces = [_single_rows(curve, outcome), mean, _histogram(curve)]
    x = axis(safe(curve.column), type="date" if curve.kind == "date" else "linear")
    if curve.kind == "number" and _look_like_years(curve):
        x["tickformat"] = "d"
    figure = make_figure(traces, x, {}, height=HEIGHT, bargap=0)
    figure.update_layout(
        xaxis={"anchor": "y2"},
        yaxis={"domain": ABOVE, **_outcome_axis(curve, outcome, is_share)},
        yaxis2={"domain": BELOW, "title": {"text": "Rows"}, "nticks": 3, "rangemode": "tozero"},
    )
    return figure


def _single_rows(curve: EffectCurve, outcome: int) -> Any:
    """Return the curves of single rows as one line with gaps."""
    import plotly.graph_objects as go

    x: list[Any] = []
    y: list[Any] = []
    for row in curve.lines[outcome]:
        x += [*curve.values, curve.values[-1]]
        y += [*row, None]
    return go.Scatter(
        x=x, y=y, mode="lines", name="Single rows", line={"color": SINGLE_ROWS, "width": 1}, hoverinfo="skip",
        showlegend=True,
    )  # fmt: skip


def _histogram(curve: EffectCurve) -> Any:
    import plotly.graph_objects as go

    return go.Bar(
        x=list(curve.edges[:-1]), y=list(curve.counts), width=_widths(curve), offset=0, yaxis="y2", showlegend=False,
        marker={"color": COUNTS, "line": {"width": 1, "color": CLEAR}},
        text=_bin_texts(curve), textposition="none", hovertemplate="%{text}<extra></extra>",
    )  # fmt: skip


def _widths(curve: EffectCurve) -> list[float]:
    """Return how wide each bin is: in the column's unit, or in milliseconds."""
    if curve.kind != "date":
        return [float(high) - float(low) for low, high in pairwise(curve.edges)]
    edges = np.array(curve.edges, dtype="datetime64[ms]").astype(np.int64)
    return [float(width) for width in np.diff(edges)]


def _bin_texts(curve: EffectCurve) -> list[str]:
    ends = [edge[:10] if isinstance(edge, str) else number(edge) for edge in curve.edges]
    return [f"{n:,} rows from {a} to {b}" for n, a, b in zip(curve.counts, ends, ends[1:], strict=False)]


def _dots(curve: EffectCurve, outcome: int, is_share: bool) -> Any:
    import plotly.graph_objects as go

    means, write = curve.means[outcome], percent if is_share else number
    places = list(range(len(means)))
    labels = [value_words(curve, at) for at in places]
    rows = [(mean, place) for line in curve.lines[outcome] for place, mean in enumerate(line) if mean is not None]
    single = go.Scatter(
        x=[mean for mean, _ in rows], y=[place for _, place in rows], mode="markers", name="Single rows",
        marker={"symbol": "line-ns", "size": 10, "line": {"color": SINGLE_ROWS, "width": 1}}, hoverinfo="skip",
        showlegend=True,
    )  # fmt: skip
    mean = go.Scatter(
        x=list(means), y=places, mode="markers", name="Average", marker={"color": BLUE, "size": 12}, showlegend=True,
        text=[_dot_text(label, write(y) if y is not None else "–") for label, y in zip(labels, means, strict=True)],
        hovertemplate="%{text}<extra></extra>",
    )  # fmt: skip
    counts = go.Bar(
        x=list(curve.counts), y=places, orientation="h", xaxis="x2", showlegend=False, marker={"color": COUNTS},
        text=[f"{n:,}" for n in curve.counts], textposition="outside", cliponaxis=False, hoverinfo="skip",
    )  # fmt: skip
    y = listed_axis(safe_all(labels), range=upside_down(len(places)), title={"text": safe(curve.column)})
    figure = make_figure([single, mean, counts], {}, y, height=120 + CATEGORY_HEIGHT * len(places), bargap=0.3)
    figure.update_layout(
        xaxis={"domain": LEFT, "showgrid": True, **_outcome_axis(curve, outcome, is_share)},
        xaxis2={
            "domain": RIGHT,
            "range": [0, ROOM_FOR_COUNTS * max(curve.counts)],
            "title": {"text": "Rows"},
            "showticklabels": False,
            "showgrid": False,
            "zeroline": False,
        },
    )
    return figure


def _dot_text(label: str, value: str) -> str:
    return f"{safe(label, LONGEST_IN_HOVER)}: {value}"


def _outcome_axis(curve: EffectCurve, outcome: int, is_share: bool) -> dict[str, Any]:
    name = safe(curve.outcomes[outcome])
    if is_share:
        return axis(f"Probability of {name}", tickformat=".0%", rangemode="tozero")
    return axis(f"Predicted {name}")


def _look_like_years(curve: EffectCurve) -> bool:
    """Return whether all values are whole numbers of four digits, which have no separators on the axis."""
    numbers: Sequence[float] = [float(value) for value in curve.values if isinstance(value, float | int)]
    return bool(numbers) and all(value.is_integer() and 1000 <= value < 10_000 for value in numbers)
