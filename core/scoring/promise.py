"""Says whether a score keeps what the test promised, or is further off than chance explains.

Both are figures of samples, so each has its standard error; the level is 95 %, on both sides.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from core.tables.understand.phrases import number, percent, plural

Outcome = Literal["unknown", "same", "few", "chance", "worse", "better"]

_LEAST_ROWS = 10
_NORMAL_QUANTILE = 1.96
_NORMAL_KURTOSIS = 3.0

_SAID = {
    "few": "so few rows cannot tell whether that holds",
    "chance": "the difference is within chance",
    "worse": "this is clearly worse than promised",
    "better": "this is clearly better than promised, as it is on rows that the model was trained on",
}


@dataclass(frozen=True)
class Promise:
    """What the test said: accuracy as a share, or RMSE; of how many rows, where that is known."""

    task: str
    value: float | None
    n_test: int | None

    def outcome(self, value: float, n: int, kurtosis: float) -> Outcome:
        """Return how a score on `n` rows compares; `kurtosis` is that of the errors, for numbers."""
        if self.value is None:
            return "unknown"
        if self._write(value) == self._write(self.value):
            return "same"
        if n < _LEAST_ROWS:
            return "few"
        if self.task == "classification":
            return _compare_shares(value, n, self.value, self.n_test)
        return _compare_errors(value, n, self.value, self.n_test, kurtosis)

    def verdict(self, value: float, n: int, outcome: Outcome) -> str:
        """Say the score, the promised one and how they compare."""
        name = "Accuracy" if self.task == "classification" else "Typical error (RMSE)"
        rows = "this 1 row" if n == 1 else f"these {plural(n, 'row')}"
        said = f"{name} on {rows}: {self._write(value)}"
        if self.value is None:
            return f"{said}. What the test promised is not known."
        if outcome == "same":
            return f"{said}, as the test promised."
        return f"{said}. The test promised {self._write(self.value)}; {_SAID[outcome]}."

    def _write(self, value: float) -> str:
        return percent(value) if self.task == "classification" else number(value)


def _compare_shares(value: float, n: int, promised: float, n_test: int | None) -> Outcome:
    """Compare two shares by Newcombe's interval of their difference (1998, method 10), with half a row to spare."""
    value += math.copysign(min(0.5 / n, abs(promised - value)), promised - value)
    low, high = _share_bounds(value, n)
    promised_low, promised_high = _share_bounds(promised, n_test)
    if promised - value > math.hypot(high - value, promised - promised_low):
        return "worse"
    if value - promised > math.hypot(value - low, promised_high - promised):
        return "better"
    return "chance"


def _share_bounds(share: float, n: int | None) -> tuple[float, float]:
    """Return Wilson's bounds of a share that was seen in `n` rows; the share itself where `n` is not known."""
    if n is None:
        return share, share
    z2 = _NORMAL_QUANTILE**2
    middle = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = _NORMAL_QUANTILE * math.sqrt(share * (1 - share) / n + z2 / (4 * n * n)) / (1 + z2 / n)
    return middle - half, middle + half


def _compare_errors(value: float, n: int, promised: float, n_test: int | None, kurtosis: float) -> Outcome:
    """Compare two RMSEs by the ratio of their squares, whose standard error the kurtosis of the errors gives.

    Above 1 the logarithm of the ratio is compared, below it the ratio: so a few large or small errors prove little.
    """
    spread = max(kurtosis, _NORMAL_KURTOSIS) - 1
    chance = _NORMAL_QUANTILE * math.sqrt(spread * (1 / n + (1 / n_test if n_test else 0)))
    ratio = value / promised if promised else math.inf
    if ratio > 1:
        return "worse" if 2 * math.log(ratio) > chance else "chance"
    return "better" if 1 - ratio**2 > chance else "chance"
