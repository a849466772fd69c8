"""How the kinds of network stand, and how much of each the blend takes, by rows that they have not learned from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

PICKS = 40  # so that a share is a multiple of a fortieth
LEAST_PROBABILITY = 1e-7
MOST_COMPARED = 20_000  # rows, by which shares are chosen
TRUSTED = 300  # effective rows by which chosen shares count for as much as those by the number of members
WORSE_BY = 2.0  # standard errors of the mean difference, from which a kind is no longer one of the good
LEAST_WEIGHT = 0.05  # of a kind in the blend, that is something

Floats = NDArray[np.float64]


def row_losses(predicted: Floats, y: NDArray[Any]) -> Floats:
    """Return the loss of each row `(n,)`: −log of the true class's probability `(n, classes)`, or the squared error."""
    if predicted.shape[1] == 1:
        return np.asarray((predicted[:, 0] - y) ** 2)
    return np.asarray(-np.log(np.maximum(predicted[np.arange(len(y)), y], LEAST_PROBABILITY)))


def greedy_shares(predicted: Sequence[Floats], y: NDArray[Any]) -> tuple[float, ...]:
    """Return the shares of predictions `(n, outputs)` in a mean of low loss, found by picking greedily.

    Each pick adds the one that makes the mean of all picks so far the best; the same may be picked again (Caruana et
    al., 2004, "Ensemble selection from libraries of models").
    """
    counts, total = np.zeros(len(predicted)), np.zeros_like(predicted[0])
    for n_picks in range(1, PICKS + 1):
        losses = [row_losses((total + each) / n_picks, y).mean() for each in predicted]
        best = int(np.argmin(losses))
        counts[best] += 1
        total += predicted[best]
    return tuple(float(count) for count in counts / PICKS)


def effective_rows(losses: Floats) -> float:
    """Return how many rows of equal loss would say as much as these `(n,)`: a few large ones decide a mean.

    Kish (1965), "Survey Sampling".
    """
    squares = float((losses**2).sum())
    return float(losses.sum()) ** 2 / squares if squares > 0 else float(len(losses))


class Standings:
    """The predictions of each kind's members for the rows that they have held out, and what follows from them.

    `shares` of the kinds add up to 1. `loss` is that of the blend on the rows that all kinds in it have held out, where
    there are any, and so are `losses` of these; that of another kind is above it by what it is worse on the rows that
    all have. Those `beaten` are clearly worse than the best there. What rows of one of the `groups` `(n,)` say counts
    as one thing said; without them, each row is one of its own.
    """

    def __init__(self, y: NDArray[Any], n_outputs: int, groups: NDArray[np.intp] | None = None) -> None:
        self._y, self._n_outputs = y, n_outputs
        self._groups = np.arange(len(y)) if groups is None else groups
        self._totals: dict[str, Floats] = {}
        self._counts: dict[str, NDArray[np.intp]] = {}
        self._members: dict[str, int] = {}
        self.shares: dict[str, float] = {}
        self.losses: dict[str, float] = {}
        self.beaten: set[str] = set()
        self.loss: float | None = None

    def add(self, kind: str, held: NDArray[np.intp], predicted: Floats, *, instead_of: Floats | None = None) -> None:
        """Enter a member's predictions for the rows `held` `(n_held, outputs)`, and weigh the kinds anew.

        Kinds are compared on rows that each of them has held out; where there are none, the first goes on alone. Few
        such rows say little of which shares are best, so that the number of members counts as well. One that is beaten
        and adds nothing is left out, so that the others are compared on more rows. The predictions may come
        `instead_of` earlier ones for the same rows.
        """
        total = self._totals.setdefault(kind, np.zeros((len(self._y), self._n_outputs)))
        counts = self._counts.setdefault(kind, np.zeros(len(self._y), dtype=np.intp))
        if instead_of is None:
            total[held] += predicted
            counts[held] += 1
            self._members[kind] = self._members.get(kind, 0) + 1
        else:
            total[held] += predicted - instead_of
        known = list(self._counts)
        common = self._held_by(known)
        if not len(common):
            first = known[0]
            self.losses = {each: self._loss({each: 1.0}, self._held_by([each])) for each in known}
            self.shares, self.loss = {each: float(each == first) for each in known}, self.losses[first]
            return
        self.shares = self._weighed(common, known)
        if out := [each for each in self.beaten if self.shares[each] < LEAST_WEIGHT]:
            still = [each for each in known if each not in out]
            self.shares = dict.fromkeys(known, 0.0) | self._weighed(self._held_by(still), still)
            self.beaten |= set(out)
        rows = self._held_by([each for each in known if self.shares[each] > 0])
        self.loss, on_common = self._loss(self.shares, rows), self._loss(self.shares, common)
        self.losses = {
            each: self._loss({each: 1.0}, rows)
            if share > 0
            else self.loss + self._loss({each: 1.0}, common) - on_common
            for each, share in self.shares.items()
        }

    def _held_by(self, kinds: Iterable[str]) -> NDArray[np.intp]:
        """Return the rows that each of these kinds has held out."""
        return np.flatnonzero(np.logical_and.reduce([self._counts[kind] > 0 for kind in kinds]))

    def _weighed(self, common: NDArray[np.intp], kinds: Sequence[str]) -> dict[str, float]:
        """Return the shares of kinds by rows that they have in common, and note which are beaten there."""
        some = common[:: -(-len(common) // MOST_COMPARED)]
        means = [self._means(kind, some) for kind in kinds]
        chosen = greedy_shares(means, self._y[some])
        losses = [self._by_group(row_losses(predicted, self._y[some]), some) for predicted in means]
        best = min(losses, key=np.mean)
        self.beaten = {kind for kind, own in zip(kinds, losses, strict=True) if _is_worse(own, best)}
        counts = [0 if kind in self.beaten else self._members[kind] for kind in kinds]
        n_rows = effective_rows(best)
        trust = n_rows / (n_rows + TRUSTED)
        return {
            kind: trust * own + (1 - trust) * count / sum(counts)
            for kind, own, count in zip(kinds, chosen, counts, strict=True)
        }

    def _by_group(self, losses: Floats, rows: NDArray[np.intp]) -> Floats:
        """Return the sums of losses of rows `(n,)`, one for each of their groups."""
        _, group = np.unique(self._groups[rows], return_inverse=True)
        return np.asarray(np.bincount(group, losses), dtype=np.float64)

    def out_of_fold(self) -> tuple[NDArray[np.intp], Floats]:
        """Return which rows have been held out `(n,)`, and what those say of each that have not learned from it.

        The second is `(n, outputs)`, weighted as the blend is.
        """
        total, weight = np.zeros((len(self._y), self._n_outputs)), np.zeros(len(self._y))
        for kind, share in self.shares.items():
            held = np.flatnonzero(self._counts[kind] * share)
            total[held] += share * self._means(kind, held)
            weight[held] += share
        rows = np.flatnonzero(weight)
        return rows, total[rows] / weight[rows, None]

    def _means(self, kind: str, rows: NDArray[np.intp]) -> Floats:
        means: Floats = self._totals[kind][rows] / self._counts[kind][rows, None]
        return means

    def _loss(self, shares: Mapping[str, float], rows: NDArray[np.intp]) -> float:
        parts = [share * self._means(kind, rows) for kind, share in shares.items() if share > 0]
        return float(row_losses(np.sum(parts, axis=0), self._y[rows]).mean())


def _is_worse(losses: Floats, best: Floats) -> bool:
    """Return whether the losses of the same rows are clearly above the best ones."""
    difference = losses - best
    if len(difference) < 2:
        return False
    return bool(difference.mean() > WORSE_BY * difference.std(ddof=1) / np.sqrt(len(difference)))
