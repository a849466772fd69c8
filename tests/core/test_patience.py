"""How long a training has waited, against tables written by hand."""

from __future__ import annotations

import pytest

from core.patience import Waiting, waiting

LOSSES = [5.0, 4.0, 4.5, 4.2, 3.0, 3.0, 3.1, 2.0, 2.5, 2.5, 2.5, 2.5]


@pytest.mark.parametrize(
    ("patience", "drops", "after_each"),
    [
        (0, 0, [(0, n) for n in (0, 0, 1, 2, 0, 1, 2, 0, 1, 2, 3, 4)]),
        (2, 0, [(0, n) for n in (0, 0, 1, 2, 0, 1, 2, 0, 1, 2, 3, 4)]),
        (2, 1, [(0, 0), (0, 0), (0, 1), (1, 0), (1, 0), (1, 1), (1, 2), (1, 0), (1, 1), (1, 2), (1, 3), (1, 4)]),
        (2, 2, [(0, 0), (0, 0), (0, 1), (1, 0), (1, 0), (1, 1), (2, 0), (2, 0), (2, 1), (2, 2), (2, 3), (2, 4)]),
        (3, 2, [(0, n) for n in (0, 0, 1, 2, 0, 1, 2, 0, 1, 2)] + [(1, 0), (1, 1)]),
    ],
)
def test_an_epoch_that_is_no_better_is_waited_and_the_rate_falls_where_patience_is_over(
    patience: int, drops: int, after_each: list[tuple[int, int]]
) -> None:
    found = [waiting(LOSSES[:n], patience, drops=drops) for n in range(1, len(LOSSES) + 1)]
    assert found == [Waiting(*pair) for pair in after_each]


def test_epochs_before_the_one_counted_from_are_not_waited() -> None:
    assert waiting([1.0, 2.0, 3.0, 4.0], 2, base=3) == Waiting(0, 1)
    assert waiting([1.0, 2.0, 3.0, 4.0, 5.0], 2, drops=1, base=3) == Waiting(1, 0)
    assert waiting([1.0, 2.0, 3.0, 4.0, 5.0], 2, drops=1, base=4) == Waiting(1, 1)  # what fell before it stays so
    assert waiting([], 2) == Waiting(0, 0)
