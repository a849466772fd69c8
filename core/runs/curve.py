"""What a curve says, in one sentence: it falls, lies flat, climbs, overfits, and how it compares with guessing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import fmean, median

from core.runs.records import Epoch

RECENT_EPOCHS = 20
FEW_EPOCHS = 3
PATIENT_EPOCHS = 4
NEIGHBOURS = 2  # on each side of an epoch, whose median is taken so that one jump does not count
FLAT_SHARE = 0.01
NOTABLE_SHARE = 0.02
CLIMBED = 2.0  # times the lowest loss
ADVICE = "Stop, and try a lower learning rate."


def best_epoch(epochs: Sequence[Epoch]) -> Epoch | None:
    """Return the epoch with the lowest validation loss, None without one."""
    judged = (point for point in epochs if _is_number(point.validation_loss))
    return min(judged, key=lambda point: point.validation_loss or 0.0, default=None)


def read_curve(epochs: Sequence[Epoch], best: Epoch | None, patience: int = 0, baseline: float | None = None) -> str:
    """Say what the curve of a training at work does; `best` is its best epoch, `patience` 0 where it has none."""
    if trouble := _trouble(epochs):
        return trouble
    if len(epochs) < FEW_EPOCHS:
        return "The first epoch is done." if len(epochs) == 1 else "The first epochs are done."
    if best is None:
        return _sentence(_train_words(epochs), guess_words(epochs[-1].train_loss, baseline))
    since = epochs[-1].epoch - best.epoch
    ahead = f"{patience - since:,} more before early stopping" if _grace(epochs) < since < patience else ""
    return _sentence(_validation_words(epochs, best), ahead, guess_words(best.validation_loss, baseline))


def guess_words(loss: float | None, baseline: float | None) -> str:
    """Say how a loss compares with that of guessing: 63 % better than guessing. Empty where it cannot be said."""
    if loss is None or baseline is None or not math.isfinite(loss + baseline) or baseline <= 0:
        return ""
    share = 1 - loss / baseline
    if abs(share) < FLAT_SHARE / 2:
        return "no better than guessing"
    return f"{percent(share)} better than guessing" if share > 0 else "worse than guessing"


def percent(share: float) -> str:
    """Write a share in whole percent, and with a decimal where that would hide something."""
    exact = 100 * abs(share)
    return f"{exact:.0f} %" if 9.95 <= exact < 99.5 else f"{exact:.1f} %"


def _sentence(*parts: str) -> str:
    return "; ".join(filter(None, parts)) + "."


def _trouble(epochs: Sequence[Epoch]) -> str:
    """Say that the curve leaves for good, empty where it does not."""
    last = epochs[-1]
    if not math.isfinite(last.train_loss):
        return f"The training loss is no longer a number. {ADVICE}"
    if last.validation_loss is not None and not math.isfinite(last.validation_loss):
        return f"The validation loss is no longer a number. {ADVICE}"
    lowest = min(point.train_loss for point in epochs if math.isfinite(point.train_loss))
    recent = median(point.train_loss for point in epochs[-FEW_EPOCHS:] if math.isfinite(point.train_loss))
    if len(epochs) > FEW_EPOCHS and 0 < CLIMBED * lowest < recent:
        return f"The curve diverges: the training loss is {recent / lowest:,.1f} times its lowest. {ADVICE}"
    return ""


def _validation_words(epochs: Sequence[Epoch], best: Epoch) -> str:
    if len(epochs) >= RECENT_EPOCHS and _is_flat(epochs):
        return f"The validation loss has been flat over all {len(epochs):,} epochs"
    if epochs[-1].epoch - best.epoch <= _grace(epochs):
        return f"Validation is still improving: epoch {best.epoch:,} is the best so far"
    apart = _apart_since(epochs, best)
    if apart is None:
        return f"Validation stopped improving at epoch {best.epoch:,}"
    fell, rose = apart
    return (
        f"The network overfits: since epoch {best.epoch:,} the training loss fell by {percent(fell)} "
        f"while the validation loss rose by {percent(rose)}"
    )


def _grace(epochs: Sequence[Epoch]) -> int:
    """Return how long ago the best epoch may be for validation still to count as improving."""
    return max(PATIENT_EPOCHS, len(epochs) // 10)


def _is_flat(epochs: Sequence[Epoch]) -> bool:
    """Return whether the validation loss has hardly moved between its lowest and its highest."""
    losses = [loss for point in epochs if (loss := point.validation_loss) is not None and math.isfinite(loss)]
    return max(losses) - min(losses) < FLAT_SHARE * abs(fmean(losses))


def _apart_since(epochs: Sequence[Epoch], best: Epoch) -> tuple[float, float] | None:
    """Return by what share the training loss has fallen and the validation loss risen since; None if not both."""
    at = next(place for place, point in enumerate(epochs) if point.epoch == best.epoch)
    if len(epochs) - at <= 2 * NEIGHBOURS + 1:
        return None
    before = _middle(epochs[max(0, at - NEIGHBOURS) : at + NEIGHBOURS + 1])
    after = _middle(epochs[-2 * NEIGHBOURS - 1 :])
    if before is None or after is None or min(before) <= 0:
        return None
    fell, rose = 1 - after[0] / before[0], after[1] / before[1] - 1
    return (fell, rose) if fell > NOTABLE_SHARE and rose > NOTABLE_SHARE else None


def _middle(epochs: Sequence[Epoch]) -> tuple[float, float] | None:
    """Return the median training and validation loss, None where no epoch has both as numbers."""
    pairs = [(e.train_loss, e.validation_loss) for e in epochs if e.validation_loss is not None]
    whole = [pair for pair in pairs if all(map(math.isfinite, pair))]
    return (median(train for train, _ in whole), median(judged for _, judged in whole)) if whole else None


def _train_words(epochs: Sequence[Epoch]) -> str:
    """Compare the last fifth of the recent curve with its first, so that one jump does not count."""
    recent = [point.train_loss for point in epochs[-RECENT_EPOCHS:] if math.isfinite(point.train_loss)]
    part = max(1, len(recent) // 5)
    before, after = fmean(recent[:part]), fmean(recent[-part:])
    change = after / before - 1 if before > 0 else 0.0
    if abs(change) < FLAT_SHARE:
        return f"The training loss has been flat over the last {len(recent)} epochs"
    word = "fell" if change < 0 else "rose"
    return f"The training loss {word} by {percent(change)} over the last {len(recent)} epochs"


def _is_number(value: float | None) -> bool:
    return value is not None and math.isfinite(value)
