"""What an added mode decides itself, against the table it is taken from."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.settled import members_and_embedding, settled
from core.types import TrainingConfig

CFG = TrainingConfig("y", training_mode="tabm")


@pytest.mark.parametrize(
    ("n_rows", "batch_size"), [(100, 32), (3_293, 32), (3_295, 64), (5_500, 128), (7_600, 256), (40_000, 512)]
)
def test_batches_grow_with_the_rows_that_train(n_rows: int, batch_size: int) -> None:
    assert settled(CFG, n_rows).batch_size == batch_size
    assert settled(replace(CFG, batch_size=128), n_rows).batch_size == 2 * batch_size
    assert settled(replace(CFG, batch_size=1), n_rows).batch_size >= 2


def test_epochs_are_judged_and_the_best_is_kept() -> None:
    found = settled(CFG, 1_000)
    assert (found.validation_size, found.early_stopping_patience, found.restore_best) == (0.15, 0, True)
    own = settled(replace(CFG, validation_size=0.3, early_stopping_patience=4), 1_000)
    assert (own.validation_size, own.early_stopping_patience) == (0.3, 0)  # waves take its place
    assert CFG.validation_size == 0


@pytest.mark.parametrize(
    ("n_numbers", "on_gpu", "expected"),
    [(0, False, (8, 8)), (128, False, (8, 8)), (200, False, (8, 5)), (512, True, (32, 2)), (513, True, (32, 0))],
)
def test_many_numbers_are_embedded_in_less_each(n_numbers: int, on_gpu: bool, expected: tuple[int, int]) -> None:
    assert members_and_embedding(n_numbers, on_gpu=on_gpu) == expected
