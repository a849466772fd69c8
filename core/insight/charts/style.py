"""How every chart looks, in both themes and in print, and how somebody else's words get into it.

Marks differ in shape and line as well as in colour. plotly is imported where a figure is made.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import plotly.graph_objects as go

BLUE, ORANGE, GREY, PINK = "#3B8DC4", "#E0761B", "#8A97A0", "#C2699B"
FAINT = "rgba(138, 151, 160, 0.25)"
CLEAR = "rgba(0, 0, 0, 0)"
HEIGHT = 320
LONGEST = 28  # characters of a label beside an axis
LONGEST_IN_HOVER = 80
MARGIN = {"l": 8, "r": 16, "t": 12, "b": 8}
CONFIG = {"displaylogo": False, "displayModeBar": False}  # of the browser's chart

_SPACE = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")
_SIGNS = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "$": "&#36;", "%{": "%\u2060{"}
_SIGN = re.compile(r"[&<>$]|%\{")


@dataclass(frozen=True)
class Chart:
    """A figure, and the sentence that says what it shows: somebody else's words in the latter are as they are."""

    title: str
    figure: go.Figure


def safe(text: object, longest: int = LONGEST) -> str:
    """Return somebody else's text cut to `longest` characters such that plotly shows it as it is.

    plotly reads some HTML tags, formulas between dollars, and `%{…}` in its own templates.
    """
    line = _SPACE.sub(" ", str(text)).strip()
    short = line if len(line) <= longest else f"{line[: longest - 1]}…"
    return _SIGN.sub(lambda found: _SIGNS[found.group()], short)


def safe_all(texts: Sequence[object], longest: int = LONGEST) -> list[str]:
    """Return each text as `safe` does."""
    return [safe(text, longest) for text in texts]


def make_figure(traces: Sequence[Any], x: dict[str, Any], y: dict[str, Any], **layout: Any) -> go.Figure:
    """Return a figure of traces over two axes, without a background. What is drawn anew keeps its zoom."""
    import plotly.graph_objects as go

    ready = {"automargin": True, "zeroline": False, "gridcolor": FAINT}
    whole: dict[str, Any] = {
        "height": HEIGHT,
        "margin": MARGIN,
        "paper_bgcolor": CLEAR,
        "plot_bgcolor": CLEAR,
        "uirevision": "kept",
        "hovermode": "closest",
        "legend": {"orientation": "h", "x": 0, "y": 1.02, "xanchor": "left", "yanchor": "bottom"},
        **layout,
        "xaxis": ready | x,
        "yaxis": ready | y,
    }
    return go.Figure(list(traces), whole)  # at once: each update of a figure takes milliseconds


def axis(title: str, **settings: Any) -> dict[str, Any]:
    """Return an axis with its name and unit; the name is plain text of our own, or made safe before."""
    return {"title": {"text": title}, **settings}


def share_axis(title: str, **settings: Any) -> dict[str, Any]:
    """Return an axis of shares, written in percent."""
    return axis(title, **{"tickformat": ".0%", **settings})


def listed_axis(labels: Sequence[str], **settings: Any) -> dict[str, Any]:
    """Return an axis of labels (safe ones) at the places 0, 1, …: two that look alike stay two."""
    return {"tickmode": "array", "tickvals": list(range(len(labels))), "ticktext": list(labels), **settings}


def upside_down(n: int) -> list[float]:
    """Return the range of an axis whose first of `n` places is at the top."""
    return [n - 0.5, -0.5]


def bars_around(values: Sequence[float], low: Sequence[float | None], high: Sequence[float | None]) -> dict[str, Any]:
    """Return the intervals around some values; those without a bound have none."""
    above = [0.0 if bound is None else max(bound - value, 0.0) for value, bound in zip(values, high, strict=True)]
    below = [0.0 if bound is None else max(value - bound, 0.0) for value, bound in zip(values, low, strict=True)]
    return {"type": "data", "symmetric": False, "array": above, "arrayminus": below, "thickness": 1.5, "width": 4}
