"""What an explanation says, in plain numbers and words that are stored as JSON; imports nothing heavy.

What is not known is None, never NaN.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any, Literal

ValueKind = Literal["number", "category", "date"]


@dataclass(frozen=True)
class ColumnImportance:
    """How much worse the predictions become when one column is shuffled among the rows.

    `mean` and `deviation` are of the loss's increase over the repeats; `low` to `high` is a 95 % interval of the
    mean, for rows drawn anew and shuffled anew, which takes 20 rows. `is_clear` where the interval excludes 0.
    """

    column: str
    mean: float | None
    deviation: float | None
    low: float | None
    high: float | None
    is_clear: bool
    accuracy_drop: float | None
    accuracy_deviation: float | None
    n_repeats: int


@dataclass(frozen=True)
class Importance:
    """The columns of a model, the most important first.

    `measure` is the loss: log-loss for classes, for numbers the RMSE in the target's unit. `loss` and `accuracy`
    are those of the rows as they are.
    """

    measure: Literal["log-loss", "RMSE"]
    loss: float | None
    accuracy: float | None
    n_rows: int
    columns: tuple[ColumnImportance, ...]


@dataclass(frozen=True)
class CorrelatedPair:
    """Two columns that say much the same; `strength` is from 0 to 1."""

    first: str
    second: str
    strength: float
    measure: Literal["Spearman", "Cramér's V", "correlation ratio"]


@dataclass(frozen=True)
class Correlated:
    """The strongest pairs of correlated columns, the columns that hang together, and a sentence for each set."""

    pairs: tuple[CorrelatedPair, ...] = ()
    groups: tuple[tuple[str, ...], ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class EffectCurve:
    """What the model predicts on average as one column goes through `values`, all else as it is.

    `values` are numbers, days (ISO 8601), or categories, the most frequent first; None is an empty cell. The value
    at `others_at` stands for the `n_others` categories that are not shown. `outcomes` names what is predicted: a
    class each, or the target. `means[o][v]` is a probability, or a number in the target's unit; `lines[o][r][v]`
    the same for single rows, whose positions in the table are `rows`. `counts` says how many rows have the value,
    or lie between two `edges` for numbers and days; `n_outside` have a value beyond the ends, `n_empty` none, or a
    text among numbers.
    """

    column: str
    kind: ValueKind
    values: tuple[float | str | None, ...]
    outcomes: tuple[str, ...]
    means: tuple[tuple[float | None, ...], ...]
    lines: tuple[tuple[tuple[float | None, ...], ...], ...]
    rows: tuple[int, ...]
    counts: tuple[int, ...]
    edges: tuple[float | str, ...]
    n_outside: int
    n_empty: int
    n_rows: int
    others_at: int | None = None
    n_others: int = 0


@dataclass(frozen=True)
class Contribution:
    """What one column of a row adds to the prediction: to the probability or the number, and to the log-odds."""

    column: str
    value: str
    effect: float
    log_odds: float | None


@dataclass(frozen=True)
class Attribution:
    """Why a row is predicted as it is: `base` and the effects of all columns add up to `output` exactly.

    `base` is the average over the background rows. For classes both are probabilities of `outcome`, and the same
    holds in log-odds; for numbers they are in the target's unit, and `outcome` is None. `row` is the row's position
    in the table, `why` the reason that it was chosen, `truth` what the table says. Strongest contributions first.
    """

    row: int
    why: str
    target: str
    outcome: str | None
    truth: str | float | None
    base: float
    output: float
    base_log_odds: float | None
    output_log_odds: float | None
    contributions: tuple[Contribution, ...]
    n_background: int


@dataclass(frozen=True)
class Explanation:
    """All that is explained of a model at once. `is_complete` is False where it was stopped early."""

    n_rows: int
    n_given: int
    importance: Importance
    correlated: Correlated
    effects: tuple[EffectCurve, ...]
    attributions: tuple[Attribution, ...]
    is_complete: bool = True

    def as_dict(self) -> dict[str, Any]:
        """Return everything as strict JSON takes it."""
        return asdict(self)


def finite(value: float) -> float | None:
    """Return a number as JSON takes it, None for one that is not finite."""
    number = float(value)
    return number if math.isfinite(number) else None
