"""Predicted numbers beside the actual ones: points, errors, and errors by the size of the prediction."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from core.insight.charts.style import BLUE, GREY, ORANGE, Chart, axis, listed_axis, make_figure, safe
from core.insight.words import number
from core.tables.understand.phrases import percent

Document = Mapping[str, Any]


def predicted_chart(document: Document) -> Chart | None:
    """Return test rows, predicted over actual; None where no prediction is a finite number."""
    import plotly.graph_objects as go

    points = document["figures"]["points"]
    actual, predicted = points["actual"], points["predicted"]
    if not actual:
        return None
    dots = go.Scatter(
        x=list(actual), y=list(predicted), mode="markers", name="Test rows",
        marker={"size": 5, "color": BLUE, "opacity": 0.5},
        text=[f"{number(b)} predicted, {number(a)} actual" for a, b in zip(actual, predicted, strict=True)],
        hovertemplate="%{text}<extra></extra>",
    )  # fmt: skip
    ends = [min(actual), max(actual)]
    diagonal = go.Scatter(
        x=ends, y=ends, mode="lines", name="Exactly right", hoverinfo="skip",
        line={"color": GREY, "width": 1.5, "dash": "dash"},
    )  # fmt: skip
    target = safe(document["target"])
    x, y = (axis(f"{word} {target}") for word in ("Actual", "Predicted"))
    return Chart(_spread(document), make_figure([dots, diagonal], x, y, height=380))


def residuals_chart(document: Document) -> Chart | None:
    """Return how many rows are off by how much; None where there is nothing to count."""
    import plotly.graph_objects as go

    found = document["figures"]["residuals"]
    if found is None:
        return None
    edges, counts = found["edges"], found["counts"]
    middles = [(low + high) / 2 for low, high in pairwise(edges)]
    widths = [high - low for low, high in pairwise(edges)]
    bars = go.Bar(
        x=middles, y=list(counts), width=widths, marker={"color": BLUE, "line": {"width": 0}},
        text=_bar_texts(found), textposition="none", hovertemplate="%{text}<extra></extra>", showlegend=False,
    )  # fmt: skip
    x = axis(f"Predicted minus actual, in the unit of {safe(document['target'])}")
    figure = make_figure([bars], x, axis("Test rows"), bargap=0)
    figure.add_vline(x=0, line={"color": GREY, "width": 1.5, "dash": "dash"})
    return Chart(_bias(document), figure)


def deciles_chart(document: Document) -> Chart | None:
    """Return the mean error of each tenth of the rows by prediction; None without rows."""
    import plotly.graph_objects as go

    deciles = [entry for entry in document["figures"]["deciles"] if entry["mae"] is not None]
    if not deciles:
        return None
    places = list(range(len(deciles)))
    bars = go.Bar(
        x=places, y=[entry["mae"] for entry in deciles], name="Mean absolute error", marker={"color": BLUE},
        text=[_decile_text(entry) for entry in deciles], textposition="none", hovertemplate="%{text}<extra></extra>",
    )  # fmt: skip
    bias = go.Scatter(
        x=places, y=[entry["bias"] for entry in deciles], mode="markers", name="Mean error: above 0 is too high",
        marker={"color": ORANGE, "size": 9, "symbol": "diamond"}, hoverinfo="skip",
    )  # fmt: skip
    target = safe(document["target"])
    x = listed_axis(
        [str(place + 1) for place in places],
        title={"text": f"Test rows in tenths by predicted {target}, the lowest first"},
    )
    figure = make_figure([bars, bias], x, axis(f"In the unit of {target}"))
    return Chart(_where_largest(deciles), figure)


def _spread(document: Document) -> str:
    figures = document["figures"]
    close, r2 = figures["share_within_10_percent"], figures["r2"]
    near = "" if close is None else f"{percent(close)} of the predictions are within 10 % of the truth"
    explained = "" if r2 is None or r2 < 0 else f"{percent(r2)} of the variation is explained (R²)"
    text = "; ".join(part for part in (near, explained) if part)
    return f"{text}." if text else "Predicted beside actual values."


def _bias(document: Document) -> str:
    bias, mae = document["figures"]["bias"], document["figures"]["mae"]
    if bias is None:
        return "How far predictions are off."
    if mae and abs(bias) < 0.1 * mae:
        return f"Errors lie evenly to both sides: {number(abs(bias))} too {'high' if bias > 0 else 'low'} on average."
    return f"Predictions are {number(abs(bias))} too {'high' if bias > 0 else 'low'} on average."


def _where_largest(deciles: list[Mapping[str, Any]]) -> str:
    worst = max(deciles, key=lambda entry: entry["mae"])
    between = f"between {number(worst['low'])} and {number(worst['high'])}"
    return f"Errors are largest where the prediction is {between}: {number(worst['mae'])} on average."


def _bar_texts(found: Mapping[str, Any]) -> list[str]:
    edges, counts = found["edges"], found["counts"]
    texts = [
        f"{count:,} rows<br>from {number(low)} to {number(high)}"
        for count, low, high in zip(counts, edges, edges[1:], strict=False)
    ]
    for place, beyond in ((0, found["n_below"]), (-1, found["n_above"])):
        texts[place] += f"<br>{beyond:,} of them farther out" if beyond else ""
    return texts


def _decile_text(entry: Mapping[str, Any]) -> str:
    return (
        f"{entry['n']:,} rows predicted from {number(entry['low'])} to {number(entry['high'])}<br>"
        f"off by {number(entry['mae'])} on average<br>"
        f"predicted {number(entry['mean_predicted'])}, actual {number(entry['mean_actual'])} on average"
    )
