"""The waves of the learning rate, and when one of them was in vain."""

import pytest

from core.waves import LEAST_GAIN, LEAST_GAIN_OF_LONG, Waves, waves_of


@pytest.mark.parametrize(
    ("done", "rate"),
    [(0, 0), (1 / 15, 0), (3 / 15, 0), (7 / 15, 0), (1, 0), ((2**0.5 - 1) / 15, 1), ((2**3.5 - 1) / 15, 1)],
)
def test_the_rate_rises_and_falls_in_four_waves(done: float, rate: float) -> None:
    assert Waves(4).rate(done) == pytest.approx(rate, abs=1e-12)


@pytest.mark.parametrize(
    ("family", "epochs", "count"),
    [
        ("tabm", 1, 1), ("tabm", 8, 1), ("tabm", 24, 2), ("tabm", 100, 4), ("tabm", 248, 5), ("tabm", 500, 6),
        ("realmlp", 1, 4), ("realmlp", 256, 4),
    ],
)  # fmt: skip
def test_tabm_has_as_many_as_there_is_room_for(family: str, epochs: int, count: int) -> None:
    assert waves_of(family, epochs).count == count


@pytest.mark.parametrize("count", [1, 2, 5])
def test_every_wave_ends_once(count: int) -> None:
    waves, epochs = Waves(count), 2**count - 1
    over = [waves.over(epoch / epochs) for epoch in range(epochs + 1)]
    assert [over.index(number) for number in range(count + 1)] == [2**number - 1 for number in range(count + 1)]


def vain_at(losses: list[float], waves: Waves, epochs: int) -> list[int]:
    """Return the epochs with whose end training would end."""
    dones = [(epoch + 1) / epochs for epoch in range(epochs)]
    return [n for n in range(1, len(losses) + 1) if waves.are_vain(dones[:n], losses[:n])]


ENOUGH, TOO_LITTLE = 1 - 1.5 * LEAST_GAIN, 1 - 0.5 * LEAST_GAIN


def test_a_wave_is_judged_when_it_ends_and_by_its_best_epoch() -> None:
    waves, first = Waves(3), [2.0, 1.5, 1.0, 1.2]  # of 28 epochs: 4, 8 and 16
    assert vain_at([*first, *[0.9] * 8, *[0.8] * 16], waves, 28) == []
    assert vain_at([*first, ENOUGH, *[9.0] * 7, *[0.8] * 16], waves, 28) == []
    assert vain_at([*first, TOO_LITTLE, *[9.0] * 7], waves, 28) == [12]
    assert vain_at([*first, *[0.5] * 8, *[0.6] * 15, 0.499], waves, 28) == [28]


def test_the_fifth_wave_must_bring_more() -> None:
    waves, ends = Waves(6), [8 * (2**number - 1) for number in range(1, 7)]
    for gain, at in [(1.5 * LEAST_GAIN, [248]), (1.1 * LEAST_GAIN_OF_LONG, [])]:
        losses = [(1 - gain) ** sum(epoch > end for end in ends) for epoch in range(1, 505)]
        assert vain_at(losses, waves, 504)[:1] == at


def test_the_first_wave_is_never_in_vain() -> None:
    assert vain_at([1.0] * 8, Waves(1), 8) == []
    assert vain_at([1.0] * 11, Waves(2), 24) == []


def test_a_wave_of_a_few_epochs_says_nothing() -> None:
    assert vain_at([1.0] * 6, Waves(4), 6) == []  # of which none has more than three
    waves = Waves(4)
    assert not waves.are_vain([0.5], [1.0])
    assert not waves.are_vain([0.02, 0.5], [1.0, 1.0])  # three waves in one epoch
    assert waves.are_vain([0.02, 0.5, 0.7, 0.8, 0.9, 1.0], [1.0] * 6)
