"""Small operations on arrays that every figure shares."""

from __future__ import annotations

import math
from collections.abc import Sequence, Sized

import numpy as np
from numpy.typing import ArrayLike, NDArray

MAX_CURVE_POINTS = 200
MAX_SAMPLE_POINTS = 2_000

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]


def finite_or_none(value: float) -> float | None:
    """Return a plain float, or None for what strict JSON cannot hold."""
    number = float(value)
    return number if math.isfinite(number) else None


def plain(values: ArrayLike) -> tuple[float | None, ...]:
    """Return the numbers `(n,)` as plain floats, None for those that are not finite."""
    return tuple(finite_or_none(value) for value in np.asarray(values, dtype=np.float64).tolist())


def spread_positions(n: int, most: int) -> Ints:
    """Return at most `most` of the positions 0 … n-1, evenly spread, both ends among them."""
    if n <= most:
        return np.arange(n)
    return np.unique(np.linspace(0, n - 1, most).round().astype(np.int64))


def path_positions(x: Floats, y: Floats, most: int = MAX_CURVE_POINTS) -> Ints:
    """Return at most `most` positions of the curve `x`, `y` `(n,)`, evenly spread along its way, both ends kept.

    Where the curve climbs steeply its points lie close, so that thinning does not cut its corners.
    """
    if len(x) <= most:
        return np.arange(len(x))
    way = np.concatenate([[0.0], np.cumsum(np.abs(np.diff(x)) + np.abs(np.diff(y)))])
    if way[-1] == 0.0:
        return spread_positions(len(x), most)
    inner = np.searchsorted(way, np.linspace(0.0, way[-1], most)[1:-1])
    return np.unique(np.concatenate([[0], inner, [len(x) - 1]])).astype(np.int64)


def equal_mass_codes(values: Floats, n_bins: int) -> Ints:
    """Return for each of the finite `values` `(n,)` its bin 0, 1, …, with about the same number of rows in each.

    Equal values share a bin, so that there may be fewer bins than `n_bins`; none is empty.
    """
    ranked = np.sort(values)
    firsts = ranked[equal_mass_starts(ranked, n_bins)[1:]]
    return np.searchsorted(firsts, values, side="right").astype(np.int64)


def equal_mass_starts(ranked: Floats, n_bins: int) -> Ints:
    """Return where each bin begins in ascending values; equal ones go where the middle one of them belongs."""
    n = len(ranked)
    if n == 0:
        return np.zeros(0, dtype=np.int64)
    starts = np.flatnonzero(np.append(True, ranked[1:] != ranked[:-1]))
    bins = (starts + np.append(starts[1:], n)) * n_bins // (2 * n)
    begun: Ints = starts[np.append(True, bins[1:] != bins[:-1])]
    return begun


def class_position(class_names: Sequence[str], name: str) -> int:
    """Return where `name` stands among the classes. Raises ValueError where it does not."""
    if name not in class_names:
        raise ValueError(f"There is no class {name!r} among the {len(class_names)} classes of the model.")
    return list(class_names).index(name)


def check_lengths(**arrays: Sized) -> None:
    """Raise ValueError where arrays of the same rows differ in length."""
    lengths = {name: len(array) for name, array in arrays.items()}
    if len(set(lengths.values())) > 1:
        found = ", ".join(f"{name} has {length}" for name, length in lengths.items())
        raise ValueError(f"Arrays of the same rows differ in length: {found}.")
