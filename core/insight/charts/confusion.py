"""Which classes are taken for which, as a picture of rows or of shares of each true class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from core.insight.charts.style import Chart, listed_axis, make_figure, safe_all, upside_down
from core.insight.figures.thresholds import Decision
from core.tables.understand.phrases import percent, quoted

SCALE = [[0.0, "rgba(59, 141, 196, 0.04)"], [1.0, "rgba(59, 141, 196, 0.6)"]]
FEW = 8  # classes, up to which cells have room for large figures
SMALLEST, TALLEST = 260, 900  # pixels


def confusion_chart(confusion: Mapping[str, Any], *, as_shares: bool = False) -> Chart:
    """Return the matrix, true classes downward and what they were taken for across."""
    title = _finding(confusion["most_frequent"])
    return _matrix(title, confusion["labels"], confusion["counts"], confusion["shares"], as_shares)


def decision_chart(decision: Decision, class_names: Sequence[str], *, as_shares: bool = False) -> Chart:
    """Return the matrix of deciding at a threshold, with the second class as the one that is called."""
    counts = [[decision.tn, decision.fp], [decision.fn, decision.tp]]
    shares = [[n / sum(line) if sum(line) else None for n in line] for line in counts]
    title = (
        f"{decision.tp:,} found and {decision.fn:,} missed of {quoted(class_names[1])}, "
        f"with {decision.fp:,} false alarms"
    )
    return _matrix(f"{title}.", class_names, counts, shares, as_shares)


def _finding(most_frequent: Sequence[Mapping[str, Any]]) -> str:
    if not most_frequent:
        return "No test row was taken for another class."
    first = most_frequent[0]
    rows = "row" if first["n"] == 1 else "rows"
    return (
        f"Most often confused: {first['n']:,} {rows} of {quoted(first['true'])} taken for "
        f"{quoted(first['predicted'])}, {percent(first['share'])} of that class."
    )


def _matrix(
    title: str,
    labels: Sequence[str],
    counts: Sequence[Sequence[int]],
    shares: Sequence[Sequence[float | None]],
    as_shares: bool,
) -> Chart:
    import plotly.graph_objects as go

    k = len(labels)
    names = safe_all(labels, 28 if k <= FEW else 16)
    heat = go.Heatmap(
        z=[list(line) for line in shares],
        zmin=0,
        zmax=1,
        hovertext=_hover_texts(labels, counts, shares),
        hovertemplate="%{hovertext}<extra></extra>",
        colorscale=SCALE,
        showscale=False,
        xgap=1,
        ygap=1,
    )
    places = [(across, down) for down in range(k) for across in range(k)]
    texts = go.Scatter(  # in the colour of the theme, which the cells are pale enough for
        x=[across for across, _ in places],
        y=[down for _, down in places],
        mode="text",
        text=[text for line in _cell_texts(counts, shares, as_shares, is_dense=k > FEW) for text in line],
        textfont={"size": 16 if k <= FEW else 10},
        hoverinfo="skip",
        showlegend=False,
    )
    x = listed_axis(names, title={"text": "Predicted class"}, range=[-0.5, k - 0.5], showgrid=False)
    y = listed_axis(names, title={"text": "True class"}, range=upside_down(k), showgrid=False)
    height = min(TALLEST, max(SMALLEST, 110 + (60 if k <= FEW else 26) * k))
    return Chart(title, make_figure([heat, texts], x, y, height=height))


def _cell_texts(
    counts: Sequence[Sequence[int]], shares: Sequence[Sequence[float | None]], as_shares: bool, *, is_dense: bool
) -> list[list[str]]:
    if as_shares:
        return [[_share_text(share, is_dense) for share in line] for line in shares]
    return [["" if is_dense and not count else f"{count:,}" for count in line] for line in counts]


def _share_text(share: float | None, is_dense: bool) -> str:
    if share is None:
        return "" if is_dense else "–"
    if not is_dense:
        return percent(share)
    return f"{100 * share:.0f}" if share >= 0.005 else ""


def _hover_texts(
    labels: Sequence[str], counts: Sequence[Sequence[int]], shares: Sequence[Sequence[float | None]]
) -> list[list[str]]:
    names = safe_all(labels, 60)
    return [
        [
            f"{names[true]} taken for {names[taken]}<br>{counts[true][taken]:,} rows{_of_class(shares[true][taken])}"
            for taken in range(len(labels))
        ]
        for true in range(len(labels))
    ]


def _of_class(share: float | None) -> str:
    return "" if share is None else f", {percent(share)} of that class"
