"""Which columns matter, and why a row is predicted as it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from core.insight.charts.style import (
    BLUE,
    GREY,
    LONGEST_IN_HOVER,
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
from core.insight.explain.results import Attribution, ColumnImportance, Importance
from core.insight.explain.words import Bar, lead, most_important, waterfall
from core.insight.words import number

MOST_BARS = 20
BAR_HEIGHT, STEP_HEIGHT = 26, 34  # pixels
ROOM = 0.2  # of what a waterfall spans, to either side, for the words beside its bars
LONGEST_STEP = 44
UP, DOWN = ("Raises it", BLUE), ("Lowers it", ORANGE)
_LOOKS = {
    "clear": ("Clearly matters", BLUE, 1.0),
    "worse": ("The model does better without it", ORANGE, 1.0),
    "chance": ("May be chance: the interval includes 0", GREY, 0.45),
}


def importance_chart(importance: Importance, most: int = MOST_BARS) -> Chart | None:
    """Return how much worse the predictions become without each of the `most` important columns.

    None where no column has a figure, or where all of them are 0.
    """
    known = [entry for entry in importance.columns if entry.mean is not None]
    if not any(entry.mean for entry in known):
        return None
    shown = known[:most]
    bars = [_bars(importance, shown, look) for look in _LOOKS]
    y = listed_axis(safe_all([entry.column for entry in shown]), range=upside_down(len(shown)), showgrid=False)
    title = "RMSE rises by, in the unit of the target" if importance.measure == "RMSE" else "Log-loss rises by"
    x = axis(f"{title}, when the column is shuffled", showgrid=True)
    height = 120 + BAR_HEIGHT * len(shown)
    return Chart(most_important(importance), make_figure([bar for bar in bars if bar], x, y, height=height, bargap=0.3))


def waterfall_chart(attribution: Attribution) -> Chart:
    """Return how the strongest columns lead from the average prediction to that for the row."""
    import plotly.graph_objects as go

    bars = waterfall(attribution)
    places = list(range(len(bars)))
    ends = go.Scatter(
        x=[bars[0].end, bars[-1].end], y=[places[0], places[-1]], mode="markers+text", showlegend=False,
        marker={"size": 12, "symbol": "diamond", "color": GREY}, textposition="middle right",
        text=[f"  {_value(attribution, bar.end)}" for bar in (bars[0], bars[-1])], hoverinfo="skip",
    )  # fmt: skip
    steps = [_steps(attribution, bars, "up"), _steps(attribution, bars, "down")]
    y = listed_axis(safe_all([bar.label for bar in bars], LONGEST_STEP), range=upside_down(len(bars)), showgrid=False)
    x = _across(attribution, bars)
    traces = [_connectors(bars), *(step for step in steps if step), ends]
    return Chart(lead(attribution), make_figure(traces, x, y, height=110 + STEP_HEIGHT * len(bars), bargap=0.35))


def effect_words(attribution: Attribution, effect: float) -> str:
    """Write what a column adds, with its sign: in points of probability, or in the target's unit."""
    if attribution.outcome is None:
        return f"{'+' if effect > 0 else ''}{number(effect)}".replace("-", "−")
    return f"{100 * effect:+.1f} points".replace("-", "−")


def _bars(importance: Importance, shown: Sequence[ColumnImportance], look: str) -> Any:
    import plotly.graph_objects as go

    places = [place for place, entry in enumerate(shown) if _look(entry) == look]
    if not places:
        return None
    name, color, opacity = _LOOKS[look]
    own = [shown[place] for place in places]
    means = [entry.mean or 0.0 for entry in own]
    return go.Bar(
        x=means, y=places, orientation="h", name=name, marker={"color": color}, opacity=opacity, showlegend=True,
        error_x=bars_around(means, [entry.low for entry in own], [entry.high for entry in own]) | {"color": GREY},
        text=[_hover(importance, entry) for entry in own], textposition="none",
        hovertemplate="%{text}<extra></extra>",
    )  # fmt: skip


def _look(entry: ColumnImportance) -> str:
    if not entry.is_clear:
        return "chance"
    return "clear" if (entry.mean or 0) > 0 else "worse"


def _hover(importance: Importance, entry: ColumnImportance) -> str:
    text = f"<b>{safe(entry.column, LONGEST_IN_HOVER)}</b><br>{importance.measure} rises by {number(entry.mean)}"
    if entry.low is not None and entry.high is not None:
        text += f", between {number(entry.low)} and {number(entry.high)}"
    if entry.accuracy_drop is not None:
        text += f"<br>accuracy falls by {100 * entry.accuracy_drop:.1f} points"
    return f"{text}<br>shuffled {entry.n_repeats} {'time' if entry.n_repeats == 1 else 'times'}"


def _steps(attribution: Attribution, bars: Sequence[Bar], kind: str) -> Any:
    import plotly.graph_objects as go

    places = [place for place, bar in enumerate(bars) if bar.kind == kind]
    if not places:
        return None
    name, color = UP if kind == "up" else DOWN
    own = [bars[place] for place in places]
    sizes = [bar.end - bar.start for bar in own]
    words = [effect_words(attribution, size) for size in sizes]
    return go.Bar(
        base=[bar.start for bar in own], x=sizes, y=places, orientation="h", name=name, marker={"color": color},
        text=words, textposition="outside", cliponaxis=False, constraintext="none", showlegend=True,
        customdata=safe_all([bar.label for bar in own], LONGEST_IN_HOVER),
        hovertemplate="%{customdata}<br>%{text}<extra></extra>",
    )  # fmt: skip


def _connectors(bars: Sequence[Bar]) -> Any:
    """Return the lines from where one bar ends to where the next begins."""
    import plotly.graph_objects as go

    x, y = [], []
    for place, bar in enumerate(bars[:-1]):
        x += [bar.end, bar.end, None]
        y += [place, place + 1, None]
    line = {"color": GREY, "width": 1, "dash": "dot"}
    return go.Scatter(x=x, y=y, mode="lines", line=line, hoverinfo="skip", showlegend=False)


def _across(attribution: Attribution, bars: Sequence[Bar]) -> dict[str, Any]:
    """Return the axis along the bars, with room for the words beside them."""
    ends = [bar.end for bar in bars]
    low, high = min(ends), max(ends)
    room = ROOM * (high - low) or 0.1 * abs(high) or 0.1
    settings = {"range": [low - room, high + room], "nticks": 6, "showgrid": True}
    if attribution.outcome is None:
        return axis(f"Predicted {safe(attribution.target)}", **settings)
    return share_axis(f"Probability of {safe(attribution.outcome)}", **settings)


def _value(attribution: Attribution, value: float) -> str:
    return number(value) if attribution.outcome is None else f"{100 * value:.1f} %"
