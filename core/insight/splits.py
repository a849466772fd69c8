"""How much a random test flatters: the network trained once more with the other kind of split, and both errors.

The test rows are others, so the errors are compared unpaired.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

import numpy as np
import pandas as pd

from core.errors import DataError
from core.insight.figures.bootstrap import Interval, mean_interval
from core.insight.heldout import HeldOut, held_out
from core.insight.refit import Losses, guess_losses, own_losses, refit
from core.scoring.predict import known_frame
from core.tables.options import AUTOMATIC, ReadOptions
from core.tables.timeline import timeline_of
from core.types import ModelBundle, TrainingConfig

Tell = Callable[[float, float, str], None]
Outcome = Literal["flatters", "too hard", "too close to call"]


@dataclass(frozen=True)
class SplitSide:
    """One kind of split: the error on its test rows, the share wrong or the mean absolute error, and guessing's.

    `begins` is the time of the earliest test row, of the latest rows only.
    """

    n_train: int
    n_test: int
    error: Interval
    guess: float | None
    is_own: bool
    begins: str | None = None


@dataclass(frozen=True)
class Splits:
    """A model tested on rows drawn at random and on the latest ones by `column`.

    `difference` is the error on the latest rows minus that at random, between `low` and `high` at 95 %; `flattery`
    is that as a share of the error on the latest rows. All None where one of the errors has no figure.
    """

    task: str
    target: str
    column: str
    at_random: SplitSide
    latest: SplitSide
    difference: float | None
    low: float | None
    high: float | None
    flattery: float | None
    outcome: Outcome

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for strict JSON."""
        return asdict(self)


def splits(
    bundle: ModelBundle,
    frame: pd.DataFrame,
    cfg: TrainingConfig,
    *,
    column: str | None = None,
    reading: ReadOptions = AUTOMATIC,
    device: str | None = None,
    on_progress: Tell = lambda done, total, sentence: None,
) -> Splits:
    """Train once more with the other kind of split than `cfg` has, and compare the two.

    By time is by `cfg.time_column`, else by `column`, else by the first date of the model. Raises DataError (a
    ValueError) where there is none, or the table is not the one that the model was trained on.
    """
    by = cfg.time_column or column or _first_date(bundle)
    other_cfg = replace(cfg, time_column=None if cfg.time_column else by)
    own, other = (held_out(bundle, frame, one, reading) for one in (cfg, other_cfg))
    features = known_frame(bundle, own.rows)
    kind = "drawn at random" if cfg.time_column else "that are the latest"
    on_progress(0, 1, f"Training once more, to be tested on rows {kind}.")
    found = refit(
        bundle, features, other, other_cfg, device=device,
        on_share=lambda done: on_progress(done, 1, ""),
    )  # fmt: skip
    sides = [
        _tested(bundle.task, own, own_losses(bundle, features, own, device), is_own=True),
        _tested(bundle.task, other, found.losses, is_own=False),
    ]
    latest, at_random = sides if cfg.time_column else sides[::-1]
    kept = own if cfg.time_column else other
    on_progress(1, 1, "Done.")
    return compared(
        bundle.task, cfg.target_column, by, at_random,
        replace(latest, begins=_begin(bundle, frame, by, reading, kept)),
    )  # fmt: skip


def compared(task: str, target: str, column: str, at_random: SplitSide, latest: SplitSide) -> Splits:
    """Return both sides with the interval of their difference, from the intervals of each.

    Source: Zou & Donner 2008 ("square-and-add"), which for shares is Newcombe 1998, method 10.
    """
    difference, low, high = _difference(latest.error, at_random.error)
    outcome: Outcome = "too close to call"
    if low is not None and high is not None and not low <= 0 <= high:
        outcome = "flatters" if low > 0 else "too hard"
    error = latest.error.estimate
    flattery = difference / error if difference is not None and error else None
    return Splits(task, target, column, at_random, latest, difference, low, high, flattery, outcome)


def _difference(a: Interval, b: Interval) -> tuple[float | None, float | None, float | None]:
    if a.estimate is None or b.estimate is None:
        return None, None, None
    difference = a.estimate - b.estimate
    if a.low is None or a.high is None or b.low is None or b.high is None:
        return difference, None, None
    below = math.hypot(a.estimate - a.low, b.high - b.estimate)
    above = math.hypot(a.high - a.estimate, b.estimate - b.low)
    return difference, difference - below, difference + above


def _tested(task: str, held: HeldOut, losses: Losses, *, is_own: bool) -> SplitSide:
    guess = mean_interval(guess_losses(task, held)).estimate
    return SplitSide(len(held.train), len(held.test), mean_interval(losses), guess, is_own)


def _first_date(bundle: ModelBundle) -> str:
    dates = () if bundle.schema is None else bundle.schema.by_role("date")
    if not dates:
        raise DataError("The table has no date column, so there are no latest rows. Mark one as a date and train.")
    return dates[0].name


def _begin(bundle: ModelBundle, frame: pd.DataFrame, column: str, reading: ReadOptions, held: HeldOut) -> str | None:
    timeline = timeline_of(frame, column, bundle.schema, reading)
    if timeline is None:
        return None
    times = timeline.order[held.places[held.test]]
    return timeline.text(float(np.nanmin(times))) if np.isfinite(times).any() else None
