"""How kinds of network are weighed by rows that they have held out, against the same figures by hand."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch

from core.added.folds import FOLDS, STRETCHES_A_FOLD, are_spread, folds_of
from core.added.standings import Standings, effective_rows, greedy_shares, row_losses


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(2)


def test_a_row_s_loss_is_its_squared_error_or_its_surprise() -> None:
    assert row_losses(np.array([[1.0], [3.0]]), np.array([0.5, 5.0])).tolist() == [0.25, 4.0]
    surprise = row_losses(np.array([[0.25, 0.75], [1.0, 0.0]]), np.array([1, 1]))
    assert surprise == pytest.approx([-np.log(0.75), -np.log(1e-7)])


def test_shares_come_near_the_best_mean_there_is(rng: np.random.Generator) -> None:
    y = rng.normal(0, 1, 4_000)
    good, fair = (y + noise for noise in (rng.normal(0, 1, 4_000), rng.normal(0, 2, 4_000)))
    useless = rng.normal(0, 1, 4_000)
    found = greedy_shares([part[:, None] for part in (good, fair, useless)], y)
    assert sum(found) == pytest.approx(1)
    grid = [(a / 40, b / 40, 1 - (a + b) / 40) for a, b in itertools.product(range(41), repeat=2) if a + b <= 40]
    mixed = {shares: np.mean((shares[0] * good + shares[1] * fair + shares[2] * useless - y) ** 2) for shares in grid}
    own = np.mean((found[0] * good + found[1] * fair + found[2] * useless - y) ** 2)
    assert own <= 1.002 * min(mixed.values())


def test_kinds_are_compared_on_rows_that_both_have_held_out() -> None:
    y = np.arange(8_000.0) % 7
    first, second = np.arange(4_000), np.arange(4_000, 8_000)
    off = np.where(np.arange(8_000) % 2, 1.0, -1.0)[:, None]
    found = Standings(y, 1)
    found.add("tabm", first, y[first, None])
    assert (found.shares, found.loss) == ({"tabm": 1.0}, 0.0)
    found.add("realmlp", second, y[second, None] + off[second])
    assert found.shares == {"tabm": 1.0, "realmlp": 0.0}  # nothing to compare them by yet
    found.add("realmlp", first, y[first, None] + off[first])
    assert found.shares == {"tabm": 1.0, "realmlp": 0.0}
    assert found.losses == {"tabm": 0.0, "realmlp": 1.0}
    found.add("tabm", second, y[second, None] - 2 * off[second])
    assert found.shares["realmlp"] == pytest.approx(0.5, abs=0.2)
    assert found.loss is not None
    assert found.loss < found.losses["tabm"]


def test_losses_are_of_the_same_rows_so_that_they_can_be_compared() -> None:
    y = np.zeros(40)
    found = Standings(y, 1)
    found.add("tabm", np.arange(20), np.full((20, 1), 1.0))
    found.add("tabm", np.arange(20, 40), np.full((20, 1), 3.0))  # rows that are harder, which the other has not seen
    found.add("realmlp", np.arange(20), np.full((20, 1), 2.0))
    assert found.losses == {"tabm": pytest.approx(5.0), "realmlp": pytest.approx(5.0 + 3.0)}
    assert found.loss is not None
    assert found.loss == pytest.approx(5.0)


def test_few_rows_do_not_decide_between_kinds_that_are_alike(rng: np.random.Generator) -> None:
    y = rng.normal(0, 1, 60)
    found = Standings(y, 1)
    for kind, n_members, spread in (("tabm", 3, 1.0), ("realmlp", 1, 0.6)):
        for _ in range(n_members):
            found.add(kind, np.arange(60), (y + rng.normal(0, spread, 60))[:, None])
    assert 0.55 < found.shares["tabm"] < 0.8  # by the number of members for the most part
    found.add("useless", np.arange(60), (y + rng.normal(0, 9, 60))[:, None])
    assert found.shares["useless"] < 0.02
    assert sum(found.shares.values()) == pytest.approx(1)


def test_a_row_held_out_twice_counts_with_the_mean() -> None:
    found = Standings(np.array([1.0, 1.0]), 1)
    found.add("tabm", np.array([0]), np.array([[0.0]]))
    found.add("tabm", np.array([0]), np.array([[2.0]]))
    assert found.loss == 0


@pytest.mark.parametrize("n_classes", [2, 7, 40])
def test_classes_are_spread_evenly_over_the_folds(n_classes: int, rng: np.random.Generator) -> None:
    y = torch.tensor(np.minimum(rng.geometric(0.3, 600), n_classes) - 1)
    folds = folds_of(y, 3)
    for label in range(n_classes):
        counts = np.bincount(folds[y.numpy() == label], minlength=FOLDS)
        assert counts.max() - counts.min() <= 1
    assert np.ptp(np.bincount(folds)) <= 1
    assert not np.array_equal(folds, folds_of(y, 4))
    assert np.array_equal(folds, folds_of(y, 3))


def test_numbers_are_spread_from_low_to_high(rng: np.random.Generator) -> None:
    y = torch.tensor(rng.normal(0, 1, (400, 1)), dtype=torch.float32)
    folds = folds_of(y, 0)
    ranks = np.argsort(np.argsort(y.numpy()[:, 0]))
    for quarter in range(4):
        counts = np.bincount(folds[ranks // 100 == quarter], minlength=FOLDS)
        assert counts.max() - counts.min() <= 2
    order = folds[np.argsort(y.numpy()[:, 0])][: 10 * FOLDS].reshape(10, FOLDS)
    assert len({tuple(row) for row in order}) > 1  # which of neighbours is in which fold is left to chance


def test_few_large_losses_say_little() -> None:
    assert effective_rows(np.ones(50)) == pytest.approx(50)
    assert effective_rows(np.append(np.zeros(999), 1.0)) == pytest.approx(1)
    assert effective_rows(np.zeros(4)) == 4


def test_shares_do_not_follow_a_single_row(rng: np.random.Generator) -> None:
    """One kind is better by luck on one large error, the other on all other rows."""
    y = rng.normal(0, 1, 400)
    lucky, steady = y + rng.normal(0, 0.3, 400), y + rng.normal(0, 0.3, 400)
    steady[7] += 40
    lucky[7] += 20
    found = Standings(y, 1)
    found.add("lucky", np.arange(400), lucky[:, None])
    found.add("steady", np.arange(400), steady[:, None])
    assert greedy_shares([lucky[:, None], steady[:, None]], y)[0] > 0.9
    assert found.shares["steady"] > 0.4


def test_with_moments_a_fold_is_some_stretches_of_time(rng: np.random.Generator) -> None:
    moments = rng.permutation(np.repeat(np.arange(100.0), 3))
    folds = folds_of(torch.zeros(300, 1), 0, moments)
    in_order = folds[np.argsort(moments, kind="stable")]
    assert np.count_nonzero(np.diff(in_order)) == FOLDS * STRETCHES_A_FOLD - 1
    assert in_order[::60].tolist() == [0] * 5  # the first one is in the first fold, and every eighth after it
    assert all(len(set(folds[moments == moment])) == 1 for moment in np.unique(moments))
    assert np.ptp(np.bincount(folds, minlength=FOLDS)) <= 15


def test_rows_of_one_stretch_of_time_say_one_thing(rng: np.random.Generator) -> None:
    y, groups = rng.normal(0, 1, 2_000), np.arange(2_000) // 400
    at_times = np.where(groups == 1, 1.5, 0.5)[:, None]  # worse in one stretch of five
    shares = {}
    for name, own in (("alone", None), ("in stretches", groups)):
        found = Standings(y, 1, own)
        found.add("steady", np.arange(2_000), y[:, None] + 0.5)
        found.add("unsteady", np.arange(2_000), y[:, None] - at_times)
        assert ("unsteady" in found.beaten) is (own is None)
        shares[name] = found.shares["unsteady"]
    assert shares["in stretches"] > 0.45 > shares["alone"] + 0.05


def test_one_that_is_beaten_does_not_keep_the_others_from_being_compared(rng: np.random.Generator) -> None:
    y = rng.normal(0, 1, 800)
    found = Standings(y, 1)
    found.add("useless", np.arange(100), y[:100, None] + rng.normal(0, 9, (100, 1)))
    for at, kind, spread in ((0, "good", 0.5), (0, "fair", 0.5), (400, "good", 0.5), (400, "fair", 2.0)):
        rows = np.arange(at, at + 400)
        found.add(kind, rows, y[rows, None] + rng.normal(0, spread, (400, 1)))
    assert found.beaten == {"useless", "fair"}
    assert found.shares["useless"] == 0
    assert found.shares["good"] > 0.7  # by 800 rows, of which the useless one has a hundred
    assert found.losses["useless"] > found.losses["fair"] > found.losses["good"]


def test_what_is_said_out_of_fold_is_of_those_that_have_held_out_a_row() -> None:
    y = np.zeros(400)
    found = Standings(y, 1)
    found.add("tabm", np.arange(300), np.full((300, 1), 1.0))
    found.add("tabm", np.arange(300), np.full((300, 1), 2.0))
    found.add("realmlp", np.arange(100, 350), np.full((250, 1), -1.0))
    rows, predicted = found.out_of_fold()
    assert rows.tolist() == list(range(350))
    share = found.shares["tabm"]
    assert predicted[:100, 0] == pytest.approx(1.5)
    assert predicted[100:300, 0] == pytest.approx(1.5 * share - (1 - share))
    assert predicted[300:, 0] == pytest.approx(-1)


@pytest.mark.parametrize(
    ("moments", "is_so"),
    [
        (np.arange(200.0), True),
        (np.minimum(np.arange(200.0), 175), True),
        (np.minimum(np.arange(200.0), 150), False),  # the last day has a quarter, and a fold would be empty
        (np.append(np.zeros(150), np.arange(50.0)), False),
        (np.arange(5.0), True),
    ],
)
def test_stretches_are_folds_where_rows_are_spread_over_time(moments: np.ndarray, is_so: bool) -> None:
    assert are_spread(moments) is is_so


def test_few_rows_are_a_fold_each() -> None:
    assert sorted(folds_of(torch.tensor([0, 1, 0]), 0)) == [0, 1, 2]
