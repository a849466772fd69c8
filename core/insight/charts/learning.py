"""The curve of a training that has ended: the loss of each epoch."""

from __future__ import annotations

import math
from collections.abc import Sequence

from core.insight.charts.style import BLUE, GREY, ORANGE, Chart, axis, make_figure
from core.insight.words import number


def learning_chart(train: Sequence[float], validation: Sequence[float], best_epoch: int | None) -> Chart | None:
    """Return the losses by epoch, the best one marked; None where no epoch has ended."""
    import plotly.graph_objects as go

    if not train:
        return None
    traces = [_line(go, "Training rows", train, GREY, "dot")]
    if validation:
        traces.append(_line(go, "Validation rows", validation, BLUE, "solid"))
    known = validation or train
    is_marked = best_epoch is not None and best_epoch <= len(known) and math.isfinite(known[best_epoch - 1])
    if best_epoch is not None and is_marked:
        traces.append(
            go.Scatter(
                x=[best_epoch], y=[known[best_epoch - 1]], mode="markers", name="Best epoch", hoverinfo="skip",
                marker={"color": ORANGE, "symbol": "diamond", "size": 11},
            )
        )  # fmt: skip
    figure = make_figure(traces, axis("Epoch"), axis("Loss (less is better)"))
    if best_epoch is not None and is_marked:
        kept = number(known[best_epoch - 1])
        rows = "validation" if validation else "training"
        return Chart(f"The loss on {rows} rows was lowest at epoch {best_epoch:,}: {kept}.", figure)
    return Chart(f"The loss on training rows is {number(train[-1])} after epoch {len(train):,}.", figure)


def _line(go, name: str, losses: Sequence[float], color: str, dash: str):  # type: ignore[no-untyped-def]
    finite = [loss if math.isfinite(loss) else None for loss in losses]
    return go.Scatter(
        x=list(range(1, len(finite) + 1)), y=finite, mode="lines", name=name, line={"color": color, "dash": dash},
        hovertemplate="epoch %{x}: %{y:.4g}<extra></extra>",
    )  # fmt: skip
