"""How the kinds of network stand, and how much of each the blend takes, by rows that they have not learned from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

PICKS = 40  # so that a share is a multiple of a fortieth
LEAST_PROBABILITY = 1e-7
MOST_COMPARED = 20_000  # rows, by which shares are chosen
TRUSTED = 300  # effective rows by which chosen shares count for as much as those by the number of members
WORSE_BY = 2.0  # standard errors of the mean difference, from which a kind is no longer one of the good

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

    `shares` of the kinds add up to 1; `losses` are theirs, and `loss` is that of the blend, on the same rows: those
    that all kinds have held out, where there are any.
    """

    def __init__(self, y: NDArray[Any], n_outputs: int) -> None:
        self._y, self._n_outputs = y, n_outputs
        self._totals: dict[str, Floats] = {}
        self._counts: dict[str, NDArray[np.intp]] = {}
        self._members: dict[str, int] = {}
        self.shares: dict[str, float] = {}
        self.losses: dict[str, float] = {}
        self.loss: float | None = None

    def add(self, kind: str, held: NDArray[np.intp], predicted: Floats, *, instead_of: Floats | None = None) -> None:
        """Enter a member's predictions for the rows `held` `(n_held, outputs)`, and weigh the kinds anew.

        Kinds are compared on rows that each of them has held out; where there are none, the first goes on alone. Few
        such rows say little of which shares are best, so that the number of members counts as well. The predictions
        may come `instead_of` earlier ones for the same rows.
        """
        total = self._totals.setdefault(kind, np.zeros((len(self._y), self._n_outputs)))
        counts = self._counts.setdefault(kind, np.zeros(len(self._y), dtype=np.intp))
        if instead_of is None:
            total[held] += predicted
            counts[held] += 1
            self._members[kind] = self._members.get(kind, 0) + 1
        else:
            total[held] += predicted - instead_of
        known = {each: np.flatnonzero(counts) for each, counts in self._counts.items()}
        common = np.flatnonzero(np.logical_and.reduce([counts > 0 for counts in self._counts.values()]))
        compared = {each: common if len(common) else rows for each, rows in known.items()}
        self.losses = {each: self._loss({each: 1.0}, rows) for each, rows in compared.items()}
        if not len(common):
            first = next(iter(known))
            self.shares, self.loss = {each: float(each == first) for each in known}, self.losses[first]
            return
        some = common[:: -(-len(common) // MOST_COMPARED)]
        means = {each: self._means(each, some) for each in known}
        chosen = greedy_shares(list(means.values()), self._y[some])
        losses = {each: row_losses(predicted, self._y[some]) for each, predicted in means.items()}
        fair = self._fair_shares(losses)
        n_rows = effective_rows(min(losses.values(), key=np.mean))
        trust = n_rows / (n_rows + TRUSTED)
        self.shares = {
            each: trust * own + (1 - trust) * other for each, own, other in zip(known, chosen, fair, strict=True)
        }
        self.loss = self._loss(self.shares, common)

    def _fair_shares(self, losses: Mapping[str, Floats]) -> list[float]:
        """Return shares by the number of members, of the kinds that are not clearly worse than the best one."""
        best = min(losses.values(), key=np.mean)
        counts = [0 if _is_worse(own, best) else self._members[kind] for kind, own in losses.items()]
        return [count / sum(counts) for count in counts]

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
