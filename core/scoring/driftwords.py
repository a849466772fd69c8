"""What has changed in a column since training, as the clause of a sentence."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

import numpy as np

from core.scoring.driftbins import Bin, Counted
from core.scoring.tallies import NumberTally
from core.tables.understand.phrases import number, quoted
from core.types import ColumnSchema

_EPOCH = date(1970, 1, 1)


def what_changed(column: ColumnSchema, counted: Counted, bins: Sequence[Bin], parts: Sequence[float]) -> str:
    """Say which change adds the most to the index: `parts` are what each bin adds."""
    in_numbers = sum(part for bin_, part in zip(bins, parts, strict=True) if bin_.kind == "numbers")
    n_then, n_now = sum(bin_.then for bin_ in bins), sum(bin_.now for bin_ in bins)
    others = [
        (part if bin_.now / n_now > bin_.then / n_then else part / 2, index)  # rather what is new than what it replaced
        for index, (bin_, part) in enumerate(zip(bins, parts, strict=True))
        if bin_.kind != "numbers"
    ]
    largest, index = max(others, default=(0.0, 0))
    if in_numbers > largest:
        return _numbers_changed(column, counted, bins)
    return _bin_changed(bins[index], n_then, n_now)


def _bin_changed(changed: Bin, n_then: float, n_now: float) -> str:
    then, now = changed.then / n_then, changed.now / n_now
    if changed.kind == "missing":
        return f"missing in {_share(now)} of the rows, {_share(then)} in training"
    if changed.kind == "unseen":
        expected = f", where {_share(then)} were to be expected" if changed.then else ""
        return f"{_share(now)} of the rows hold categories that training never saw{expected}"
    if changed.kind == "category":
        return f"{quoted(changed.text)} was {_share(then)} of the rows, is {_share(now)} now"
    foremost = _foremost(changed, n_then, n_now)
    if foremost is not None:
        return _bin_changed(foremost, n_then, n_now)
    what = "rare categories" if changed.kind == "rare" else "other categories than the most frequent"
    return f"{what} were {_share(then)} of the rows, are {_share(now)} now"


def _foremost(changed: Bin, n_then: float, n_now: float) -> Bin | None:
    """Return the category that alone makes up most of the change of several, or None."""
    change = changed.now / n_now - changed.then / n_then
    by_change = {member: member.now / n_now - member.then / n_then for member in changed.members}
    foremost = max(by_change, key=lambda member: by_change[member] * np.sign(change), default=None)
    return foremost if foremost is not None and by_change[foremost] / change > 0.5 else None


def _numbers_changed(column: ColumnSchema, counted: Counted, bins: Sequence[Bin]) -> str:
    numbers = [bin_ for bin_ in bins if bin_.kind == "numbers"]
    then = sum(bin_.then for bin_ in numbers) / sum(bin_.then for bin_ in bins)
    now = sum(bin_.now for bin_ in numbers) / sum(bin_.now for bin_ in bins)
    if len(numbers) == 1 or abs(now - then) >= 0.1:
        return f"numbers were {_share(then)} of the rows, are {_share(now)} now"
    return _spread_changed(column.quantiles, counted.numbers, is_date=column.kind == "date")


def _spread_changed(deciles: Sequence[float], numbers: NumberTally, is_date: bool) -> str:
    low, middle, high = numbers.quantiles((0.1, 0.5, 0.9))
    was, is_now = _written(deciles[5], is_date), _written(middle, is_date)
    if not deciles[4] <= middle <= deciles[6] and was != is_now:
        return f"was {was} in the middle, is {is_now} now"
    was = f"{_written(deciles[1], is_date)} to {_written(deciles[9], is_date)}"
    is_now = f"{_written(low, is_date)} to {_written(high, is_date)}"
    if was != is_now and deciles[1] < deciles[9] and low < high:
        return f"80 % of the rows were from {was}, are from {is_now} now"
    return _share_changed(deciles, numbers, is_date)


def _share_changed(deciles: Sequence[float], numbers: NumberTally, is_date: bool) -> str:
    """Say what became of the share of rows up to the decile at which it changed most."""
    shares_then = np.arange(1, len(deciles) - 1) / (len(deciles) - 1)
    below, not_above = (limit / numbers.n for limit in numbers.limits)
    more, fewer = below - shares_then, shares_then - not_above
    most = int(np.maximum(more, fewer).argmax())
    then, limit = _share(float(shares_then[most])), _written(deciles[most + 1], is_date)
    if more[most] > fewer[most]:
        now, word = _share(float(below[most])), "before" if is_date else "below"
        return f"at most {then} of the rows were {word} {limit}, {now} are now"
    now, word = _share(float(not_above[most])), "earlier" if is_date else "less"
    return f"at least {then} of the rows were {limit} or {word}, {now} are now"


def _written(value: float, is_date: bool) -> str:
    if not is_date:
        return number(value)
    return (_EPOCH + timedelta(days=int(np.floor(value)))).isoformat()


def _share(share: float) -> str:
    if 0 < share < 0.005:
        return "under 1 %"
    return "over 99 %" if 0.995 < share < 1 else f"{100 * share:.0f} %"
