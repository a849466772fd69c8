"""A blend: the mean of its members, of numbers and of probabilities."""

from __future__ import annotations

import torch

from core.networks.blend import Blend, blend_shape_of, blended, build_blend
from core.networks.fronted import Fronted
from core.networks.shape import BlendShape
from tests.core.bundle_samples import make_bundle


def test_numbers_are_weighted_by_their_shares() -> None:
    outputs = [torch.tensor([[1.0], [2.0]]), torch.tensor([[5.0], [-2.0]])]
    torch.testing.assert_close(blended(outputs, torch.tensor([0.75, 0.25])), torch.tensor([[2.0], [1.0]]))


def test_of_classes_the_probabilities_are_weighted() -> None:
    outputs = [torch.randn(6, 4), 3 * torch.randn(6, 4) + 100]
    shares = torch.tensor([0.3, 0.7])
    by_hand = 0.3 * outputs[0].softmax(1) + 0.7 * outputs[1].softmax(1)
    torch.testing.assert_close(blended(outputs, shares).exp(), by_hand)
    alone = blended(outputs, torch.tensor([1.0, 0.0]))
    torch.testing.assert_close(alone.softmax(1), outputs[0].softmax(1))


def test_a_blend_is_its_members_and_is_built_from_its_sizes() -> None:
    model = make_bundle("auto").model
    assert isinstance(model, Blend)
    x = torch.randn(5, make_bundle("auto").input_dim)
    members = [member for member in model.members if isinstance(member, Fronted)]
    torch.testing.assert_close(model(x), blended([member(x) for member in members], model.share))
    shape = blend_shape_of(model)
    assert BlendShape.from_dict(shape.as_dict()) == shape
    assert [member.family for member in shape.members] == ["tabm", "realmlp", "tabm"]
    other = build_blend(shape, 3, 8, 2, 0.1)
    assert repr(other) == repr(model)
    other.load_state_dict(model.state_dict())
    assert torch.equal(other.eval()(x), model(x))
