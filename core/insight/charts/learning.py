"""The curve of a training that has ended: the loss of each epoch, or of a blend after each network."""

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


def blend_chart(losses: Sequence[float]) -> Chart | None:
    """Return the loss of a blend as its networks became more; None without one."""
    import plotly.graph_objects as go

    if not losses:
        return None
    line = _line(go, "The blend", losses, BLUE, "solid", "network")
    figure = make_figure([line], axis("Networks"), axis("Loss on rows not learned from (less is better)"))
    many = "one network" if len(losses) == 1 else f"{len(losses):,} networks"
    return Chart(f"The loss of the blend is {number(losses[-1])} with {many}.", figure)


def _line(  # type: ignore[no-untyped-def]
    go, name: str, losses: Sequence[float], color: str, dash: str, what: str = "epoch"
):
    finite = [loss if math.isfinite(loss) else None for loss in losses]
    return go.Scatter(
        x=list(range(1, len(finite) + 1)), y=finite, mode="lines", name=name, line={"color": color, "dash": dash},
        hovertemplate=f"{what} %{{x}}: %{{y:.4g}}<extra></extra>",
    )  # fmt: skip
