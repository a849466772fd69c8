"""Promises of the sentence that reads a curve: it says what the numbers do, and one jump does not count."""

from __future__ import annotations

import math
import random

import pytest

from core.runs.curve import best_epoch, guess_words, percent, read_curve
from core.runs.records import Epoch


def curve(train: list[float], validation: list[float] | None = None) -> list[Epoch]:
    held_out: list[float | None] = [*validation] if validation else [None] * len(train)
    pairs = zip(train, held_out, strict=True)
    return [Epoch(n, loss, judged, 1e-3, 2.0) for n, (loss, judged) in enumerate(pairs, start=1)]


def said(epochs: list[Epoch], patience: int = 0, baseline: float | None = None) -> str:
    return read_curve(epochs, best_epoch(epochs), patience, baseline)


def test_the_best_epoch_is_the_one_with_the_lowest_validation_loss_that_is_a_number() -> None:
    best = best_epoch(curve([1.0] * 4, [0.9, 0.4, math.nan, 0.5]))
    assert best is not None
    assert best.epoch == 2
    assert best_epoch(curve([1.0] * 4)) is None


def test_the_first_epochs_are_not_read() -> None:
    assert said(curve([1.0], [1.0])) == "The first epoch is done."
    assert said(curve([1.0, 0.5], [1.0, 0.5])) == "The first epochs are done."


def test_an_improving_validation_names_its_best_epoch_and_compares_with_guessing() -> None:
    falling = [1.0, 0.8, 0.6, 0.5]
    assert said(curve(falling, falling)) == "Validation is still improving: epoch 4 is the best so far."
    assert said(curve(falling, falling), baseline=1.25) == (
        "Validation is still improving: epoch 4 is the best so far; 60 % better than guessing."
    )


def test_a_noisy_curve_that_falls_is_said_to_improve() -> None:
    rng = random.Random(4)
    losses = [0.3 + 0.7 * 0.97**n + rng.gauss(0, 0.005) for n in range(60)]
    for n in range(10, 60):
        assert said(curve(losses[:n], losses[:n])).startswith("Validation is still improving"), n


def test_a_validation_that_stopped_improving_counts_to_early_stopping() -> None:
    epochs = curve([0.5] * 40, [1.0 - 0.02 * n for n in range(31)] + [0.4] * 9)
    assert said(epochs, patience=18, baseline=1.0810) == (
        "Validation stopped improving at epoch 31; 9 more before early stopping; 63 % better than guessing."
    )
    assert said(epochs) == "Validation stopped improving at epoch 31."


def test_a_training_loss_that_falls_while_validation_rises_is_called_overfitting() -> None:
    train = [1.0 - 0.02 * n for n in range(40)]
    validation = [1.0 - 0.02 * n for n in range(20)] + [0.62 + 0.01 * n for n in range(20)]
    epochs = curve(train, validation)
    fell, rose = 1 - train[37] / train[19], 0.79 / 0.63 - 1
    assert said(epochs, patience=30) == (
        f"The network overfits: since epoch 20 the training loss fell by {100 * fell:.0f} % "
        f"while the validation loss rose by {100 * rose:.0f} %; 10 more before early stopping."
    )
    only_rising = curve([0.5] * 40, validation)
    assert said(only_rising) == "Validation stopped improving at epoch 20."


def test_one_jump_is_no_overfitting() -> None:
    train, validation = [1.0 - 0.02 * n for n in range(30)], [0.5] * 15 + [0.45] + [0.5] * 13 + [0.9]
    assert "overfits" not in said(curve(train, validation))


def test_a_flat_validation_is_called_flat() -> None:
    flat = [0.5 + 0.001 * (n % 3) for n in range(30)]
    assert said(curve(flat, flat), baseline=0.5) == (
        "The validation loss has been flat over all 30 epochs; no better than guessing."
    )


@pytest.mark.parametrize("losses", [[1.0, 0.9, math.nan], [1.0, 0.9, math.inf]])
def test_a_loss_that_is_no_number_says_what_to_do(losses: list[float]) -> None:
    assert said(curve(losses)) == "The training loss is no longer a number. Stop, and try a lower learning rate."
    assert said(curve([1.0, 0.9, 0.8], losses)).startswith("The validation loss is no longer a number.")


def test_a_training_loss_that_climbs_is_called_diverging() -> None:
    climbing = [1.0, 0.6, 0.5, 0.9, 1.5, 2.1]
    assert said(curve(climbing)) == (
        "The curve diverges: the training loss is 3.0 times its lowest. Stop, and try a lower learning rate."
    )
    assert "diverges" not in said(curve([1.0, 0.6, 0.5, 0.5, 0.5, 2.1]))  # one jump


def test_without_validation_the_recent_training_loss_is_measured() -> None:
    falling = [2.0] * 30 + [1.0] * 4 + [0.9] * 12 + [0.75] * 4
    assert said(curve(falling), baseline=1.5) == (
        "The training loss fell by 25 % over the last 20 epochs; 50 % better than guessing."
    )
    assert "rose by 50 %" in said(curve([1.0] * 4 + [1.2] * 12 + [1.5] * 4))
    assert "flat over the last 20" in said(curve([1.0, 1.004] * 10))


@pytest.mark.parametrize(
    ("loss", "baseline", "words"),
    [
        (0.37, 1.0, "63 % better than guessing"),
        (0.002, 1.0, "99.8 % better than guessing"),
        (0.95, 1.0, "5.0 % better than guessing"),
        (1.003, 1.0, "no better than guessing"),
        (1.2, 1.0, "worse than guessing"),
        (None, 1.0, ""),
        (0.5, None, ""),
        (0.5, 0.0, ""),
        (math.nan, 1.0, ""),
    ],
)
def test_a_loss_is_compared_with_that_of_guessing(loss: float | None, baseline: float | None, words: str) -> None:
    assert guess_words(loss, baseline) == words


def test_percentages_have_a_decimal_where_it_matters() -> None:
    assert [percent(share) for share in (0.0, 0.004, 0.0996, 0.5, 0.999, -0.25)] == [
        "0.0 %",
        "0.4 %",
        "10 %",
        "50 %",
        "99.9 %",
        "25 %",
    ]
