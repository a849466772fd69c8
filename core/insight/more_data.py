"""Would more rows help: the network trained again on a half and on three quarters of its training rows.

Validation rows, test rows, settings and seed stay as they were, and the half lies within the three quarters. Each
point is one training: its interval says how much the choice of test rows matters, not how much another seed would.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.errors import DataError
from core.insight.figures.bootstrap import Interval, PairedDifference, mean_interval, paired_difference
from core.insight.heldout import HeldOut, held_out
from core.insight.refit import OnShare, Refit, own_losses, refit
from core.scoring.predict import known_frame
from core.tables.options import AUTOMATIC, ReadOptions
from core.types import ModelBundle, TrainingConfig

SHARES = (0.5, 0.75)
FEWEST_ROWS = 40  # to train on
HARDLY = 0.05  # of the error: what the last quarter of the rows may have brought at most where it "hardly" did
HARDLY_POINTS = 0.01  # the same, where the error is a share

Tell = Callable[[float, float, str], None]
Trend = Literal["still helps", "levels off", "cannot tell", "does not help"]


@dataclass(frozen=True)
class Point:
    """What a share of the training rows reaches: the share wrong, or the mean absolute error, on the test rows."""

    share: float
    n_rows: int
    error: Interval
    epochs_run: int | None
    seconds: float | None


@dataclass(frozen=True)
class MoreData:
    """The learning curve of a model, from the fewest rows to all, and what follows for more of them.

    `from_half` and `from_three_quarters` are paired: the error with these rows minus that with all, so above 0
    where more rows helped. `trend` follows from the interval of the latter alone.
    """

    task: str
    target: str
    n_test: int
    points: tuple[Point, ...]
    from_half: PairedDifference
    from_three_quarters: PairedDifference
    trend: Trend

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for strict JSON."""
        return asdict(self)


def more_data(
    bundle: ModelBundle,
    frame: pd.DataFrame,
    cfg: TrainingConfig,
    *,
    reading: ReadOptions = AUTOMATIC,
    device: str | None = None,
    seconds: float | None = None,
    epochs_run: int | None = None,
    on_progress: Tell = lambda done, total, sentence: None,
) -> MoreData:
    """Work out the learning curve of `bundle`, which was trained on `frame` with `cfg` in `seconds`.

    Raises DataError (a ValueError) for a table that the model was not trained on, or one of too few rows.
    """
    held = held_out(bundle, frame, cfg, reading)
    if len(held.train) < FEWEST_ROWS:
        raise DataError(
            f"The model was trained on {len(held.train):,} rows, and halving them says something from {FEWEST_ROWS} on."
        )
    features = known_frame(bundle, held.rows)
    rank = nested_rank(held.y[held.train], bundle.task, cfg.random_seed)
    found: list[Refit] = []
    for place, share in enumerate(SHARES):
        part = subset(held, rank, share)
        own_cfg = replace(cfg, time_budget=max(1.0, share * cfg.time_budget))  # of a blend, whose time goes by its rows
        follow = _follower(on_progress, place)
        found.append(refit(bundle, features, part, own_cfg, device=device, on_share=follow))
    own = own_losses(bundle, features, held, device)
    points = [_point(share, one) for share, one in zip(SHARES, found, strict=True)]
    points.append(Point(1.0, len(held.train), mean_interval(own), epochs_run, seconds))
    half, most = (paired_difference(one.losses, own) for one in found)
    on_progress(1, 1, "Done.")
    return MoreData(
        bundle.task, cfg.target_column, len(held.test), tuple(points), half, most,
        trend_of(most, points[-1].error.estimate, bundle.task),
    )  # fmt: skip


def nested_rank(y: NDArray[Any], task: str, seed: int) -> NDArray[np.float64]:
    """Return for each training row the smallest share of them that holds it `(n,)`, between 0 and 1.

    Drawn from the seed, and of classes within each: every share holds each class as often as all do, and at least
    once from a half on.
    """
    rng, n = np.random.default_rng(seed), len(y)
    order = rng.permutation(n)
    if task != "classification":
        return np.asarray((np.argsort(order) + 0.5) / n)
    by_class = order[np.argsort(y[order], kind="stable")]
    counts = np.unique(y, return_counts=True)[1]
    starts = np.repeat(np.cumsum(counts) - counts, counts)
    rank = np.empty(n)
    rank[by_class] = (np.arange(n) - starts + 0.5) / np.repeat(counts, counts)
    return rank


def subset(held: HeldOut, rank: NDArray[np.float64], share: float) -> HeldOut:
    """Return the same split with only a share of its training rows, in their order."""
    return replace(held, train=held.train[rank <= share])


def trend_of(from_three_quarters: PairedDifference, error: float | None, task: str) -> Trend:
    """Return what the last quarter of the rows says of more: from its interval, and how much would be noticed."""
    found = from_three_quarters
    if found.verdict == "worse":
        return "still helps"
    if found.verdict == "better":
        return "does not help"
    if found.high is None or error is None:
        return "cannot tell"
    room = max(HARDLY * error, HARDLY_POINTS if task == "classification" else 0.0)
    return "levels off" if found.high <= room else "cannot tell"


def _point(share: float, found: Refit) -> Point:
    return Point(share, found.n_train, mean_interval(found.losses), found.epochs_run, found.seconds)


def _follower(tell: Tell, place: int) -> OnShare:
    """Return what tells, of a training's share that is done, how much of all trainings that is."""
    before, share = sum(SHARES[:place]), SHARES[place]
    words = f"Training on {100 * share:.0f} % of the rows."
    tell(before, sum(SHARES), words)
    return lambda done: tell(before + share * done, sum(SHARES), "")
