"""How often the truth lay within what was promised, at every level."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.insight.charts.style import BLUE, GREY, Chart, bars_around, make_figure, share_axis
from core.insight.words import is_of_classes, number
from core.tables.understand.phrases import percent


def coverage_chart(document: Mapping[str, Any], level: float | None = None) -> Chart | None:
    """Return the share of test rows within what was promised, over the promise; None without one.

    The title speaks of `level` where that is one of the promises, else of the one that is held worst.
    """
    import plotly.graph_objects as go

    entries = [entry for entry in document["coverage"] if entry["covered"] is not None]
    if not entries:
        return None
    promised, reached, low, high = ([e[part] for e in entries] for part in ("level", "covered", "low", "high"))
    dots = go.Scatter(
        x=promised, y=reached, mode="lines+markers", name="Reached on the test rows",
        line={"color": BLUE, "width": 1.5}, marker={"size": 8, "color": BLUE},
        error_y=bars_around(reached, low, high) | {"color": BLUE},
        text=[_hover(document, entry) for entry in entries], hovertemplate="%{text}<extra></extra>",
    )  # fmt: skip
    ends = [min(promised), max(promised)]
    diagonal = go.Scatter(
        x=ends, y=ends, mode="lines", name="Promised", hoverinfo="skip",
        line={"color": GREY, "width": 1.5, "dash": "dash"},
    )  # fmt: skip
    x, y = share_axis("Promised share of true values held"), share_axis("Share held among the test rows")
    return Chart(_finding(entries, level), make_figure([diagonal, dots], x, y))


def _finding(entries: list[Mapping[str, Any]], level: float | None) -> str:
    entries = [entry for entry in entries if entry["level"] == level] or entries
    short = [entry for entry in entries if entry["high"] is not None and entry["high"] < entry["level"]]
    if not short:
        return "What was promised is held, as far as the test rows can tell."
    worst = min(short, key=lambda entry: entry["covered"] - entry["level"])
    return (
        f"Less is held than promised: {percent(worst['covered'])} of the test rows where "
        f"{100 * worst['level']:.4g} % were promised."
    )


def _hover(document: Mapping[str, Any], entry: Mapping[str, Any]) -> str:
    text = (
        f"{100 * entry['level']:.4g} % promised, {percent(entry['covered'])} held<br>"
        f"between {percent(entry['low'])} and {percent(entry['high'])}<br>"
    )
    if is_of_classes(document):
        return f"{text}{number(entry['labels'])} labels on average"
    return f"{text}{number(entry['margin'])} to either side"
