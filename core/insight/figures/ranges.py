"""Numbers in a few ranges of about as many rows each, between round bounds."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np

from core.insight.figures.arrays import Floats, Ints, equal_mass_starts

MAX_RANGES = 6
ROWS_PER_RANGE = 20
SMALLEST_GAP = 1e-290  # so close to 0 a number has no digits left to round
LONGEST = 1e15  # numbers from here on are written with an exponent


def ranges_of(numbers: Floats) -> tuple[Ints, list[str]]:
    """Return the range of each of `numbers` `(n,)`, infinite ones in the outer ones, and what each is called."""
    bounds = _bounds(numbers)
    codes = np.searchsorted(bounds, numbers, side="right").astype(np.int64)
    finite = numbers[np.isfinite(numbers)]
    is_whole = bool(len(finite)) and bool((np.abs(finite) < LONGEST).all() and (finite == np.round(finite)).all())
    return codes, _labels(bounds, is_whole)


def _bounds(numbers: Floats) -> Floats:
    """Return the inner bounds, ascending and round: a number belongs to the range that begins at or below it."""
    finite = np.sort(numbers[np.isfinite(numbers)])
    n_ranges = max(2, min(MAX_RANGES, len(finite) // ROWS_PER_RANGE))
    return _rounded(finite[equal_mass_starts(finite, n_ranges)[1:]], finite)


def _rounded(bounds: Floats, finite: Floats) -> Floats:
    """Round as far as no bound moves by more than an eighth of the way to its neighbour."""
    if not len(bounds):
        return bounds
    neighbours = np.append(finite[0], bounds)
    gap = float(np.diff(neighbours).min())
    if not (math.isfinite(gap) and gap > SMALLEST_GAP):
        return bounds
    digits = -math.floor(math.log10(gap / 4))
    with np.errstate(over="ignore", invalid="ignore"):
        rounded = np.unique(np.round(bounds, digits))
    return rounded if len(rounded) == len(bounds) and np.isfinite(rounded).all() else bounds


def _labels(bounds: Floats, is_whole: bool) -> list[str]:
    """Name the ranges around the inner bounds; between whole numbers both ends belong to the range."""
    if not len(bounds):
        return ["all values"]
    texts = _texts(bounds)
    sides = zip(pairwise(bounds.tolist()), pairwise(texts), strict=True)
    inner = [_between(low, high, names, is_whole) for (low, high), names in sides]
    return [f"under {texts[0]}", *inner, f"{texts[-1]} and more"]


def _between(low: float, high: float, names: tuple[str, str], is_whole: bool) -> str:
    if not is_whole:
        return f"{names[0]} to under {names[1]}"
    last = math.ceil(high) - 1
    return names[0] if last <= low else f"{names[0]} to {last:,}"


def _texts(bounds: Floats) -> list[str]:
    """Write bounds with as many digits as tell them apart."""
    for digits in range(3, 18):
        texts = [_text(bound, digits) for bound in bounds.tolist()]
        if [float(text.replace(",", "")) for text in texts] == bounds.tolist():
            return texts
    return [repr(bound) for bound in bounds.tolist()]


def _text(bound: float, digits: int) -> str:
    if bound == 0:
        return "0"
    size = math.floor(math.log10(abs(bound)))
    if -5 <= size < 15:
        text = f"{bound:,.{max(0, digits - 1 - size)}f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    return f"{bound:.{digits}g}"
