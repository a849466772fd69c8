"""A front as a module: what it makes of values put in by hand, and of ones that no training has seen."""

from __future__ import annotations

import pytest
import torch

from core.networks.front import Front
from core.networks.shape import AddedShape, FrontShape


@pytest.fixture
def front() -> Front:
    """Return a front on seven encoded columns: one number, its gap, one flag, two codes and two texts."""
    front = Front(FrontShape(numbers=1, gaps=1, flags=1, codes=2, levels=(2, 1), encodings=2))
    values = {
        "number_at": [0], "gap_at": [0], "gap_value": [0.25], "flag_at": [1], "flag_above": [0.5],
        "code_at": [2, 2], "code_value": [1.0, 2.0], "code_within": [0.25, 0.25],
        "level_at": [3, 4, 5], "level_above": [0.5, 0.5, 0.5],
        "encoding": [[0.0, 1.0], [2.0, 3.0], [4.0, 5.0], [6.0, 7.0], [8.0, 9.0]],
        "center": [1.0, 0, 0, 0, 0], "scale": [0.5, 1, 1, 1, 1], "low": [-1.0, -9, -9, -9, -9],
        "high": [5.0, 9, 9, 9, 9],
    }  # fmt: skip
    for name, value in values.items():
        buffer = getattr(front, name)
        buffer.copy_(torch.tensor(value).reshape(buffer.shape))
    return front


def squashed(number: float) -> float:
    """Return a scaled number drawn in towards 3."""
    return float(number / (1 + (number / 3) ** 2) ** 0.5)


@pytest.mark.parametrize(
    ("row", "numbers", "binary"),
    [
        ([3.0, 1, 1.0, 0, 1, 1], [1.0, 4, 5, 8, 9], [0, 1, 1, 0]),
        ([9.0, 0, 2.2, 1, 0, 0], [2.0, 2, 3, 6, 7], [0, 0, 0, 1]),  # beyond the highest; no second text
        ([-9.0, 1, 1.5, 0, 0, 1], [-1.0, 0, 1, 8, 9], [0, 1, 0, 0]),  # between two codes
        ([0.25, 0, 0.0, 0, 0, 0], [-0.375, 0, 1, 6, 7], [1, 0, 0, 0]),  # a gap
    ],
)
def test_a_row_becomes_numbers_and_then_what_is_0_or_1(
    front: Front, row: list[float], numbers: list[float], binary: list[int]
) -> None:
    found = front(torch.tensor([row, row]))
    assert found.shape == (2, 9)
    expected = [*map(squashed, numbers), *map(float, binary)]
    torch.testing.assert_close(found[0], torch.tensor(expected))
    assert torch.equal(found[0], found[1])


def test_whole_numbers_of_many_values_are_looked_up() -> None:
    front = Front(FrontShape(numbers=0, gaps=0, flags=0, codes=0, levels=(1,), encodings=1, values=(3, 2)))
    values = {
        "level_at": [0], "level_above": [0.5], "value_at": [1, 2], "value_gap": [0.125, 9.0],
        "value_within": [0.25, 0.1], "value_code": [-1.0, 0.0, 1.0, 4.0, 8.0],
        "encoding": [[10.0], [11.0], [20.0], [21.0], [22.0], [23.0], [30.0], [31.0], [32.0]],
    }  # fmt: skip
    for name, value in values.items():
        getattr(front, name).copy_(torch.tensor(value))
    x = torch.tensor([[1, -1.0, 4.05], [0, 0.1, 8.0], [0, 0.125, 9.0], [0, 0.5, 6.0], [1, 99.0, -99.0], [1, 0.9, 7.8]])
    assert front.levels(x).tolist() == [[1, 1, 1], [0, 2, 2], [0, 0, 0], [0, 0, 0], [1, 0, 0], [1, 3, 0]]
    assert front.raw_numbers(x)[:, 1].tolist() == [21, 22, 20, 20, 20, 23]
    other = Front(front.shape)
    other.load_state_dict(front.state_dict())
    assert torch.equal(other.levels(x), front.levels(x))


def test_a_row_that_no_encoder_makes_has_a_text_that_there_is(front: Front) -> None:
    """A model file may hold numbers by which several texts are there at once."""
    levels = front.levels(torch.tensor([[0.0, 0, 0, 9, 9, 9], [0.0, 0, 0, -9, -9, -9]]))
    assert levels.tolist() == [[2, 1], [0, 0]]


def test_a_front_without_any_kind_of_input_gives_none() -> None:
    front = Front(FrontShape(numbers=0, gaps=0, flags=0, codes=0, levels=(), encodings=1))
    assert front(torch.zeros(3, 2)).shape == (3, 0)


def test_a_front_is_all_tensors_and_comes_back_from_them(front: Front) -> None:
    other = Front(front.shape)
    other.load_state_dict(front.state_dict())
    x = torch.randn(5, 6)
    assert torch.equal(other(x), front(x))
    assert not list(front.parameters())


def test_the_sizes_come_back_from_plain_values() -> None:
    shape = AddedShape(FrontShape(3, 1, 4, 0, (40,), 2, (70,)), k=8, d_embedding=4, bins=(2, 5, 7, 3, 3, 3, 3))
    assert AddedShape.from_dict(shape.as_dict()) == shape
    assert (shape.front.n_numbers, shape.front.n_binary) == (3 + 2 * 2, 5)
    with pytest.raises(KeyError):
        AddedShape.from_dict({"front": {}, "k": 8})
