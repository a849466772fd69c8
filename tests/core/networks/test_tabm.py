"""TabM: its mean over members, its bins, and how its members differ at first."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from core.dropout import Dropout
from core.networks.tabm import TabM, bins_of, mean_of_members

BINS = [torch.linspace(-2, 2, 6), torch.tensor([-1.0, 0.0, 3.0])]


def tabm(output_dim: int = 3, **changes: int | float | list[torch.Tensor]) -> TabM:
    """Return a small network of two numbers and three other inputs."""
    torch.manual_seed(0)
    settings = {"k": 4, "hidden_dim": 16, "num_hidden_layers": 2, "dropout": 0.0, "d_embedding": 5, **changes}
    return TabM(settings.pop("bins", BINS), 3, output_dim, **settings)  # type: ignore[arg-type]


def test_in_training_each_member_answers_and_then_their_probabilities_are_averaged() -> None:
    model, z = tabm(), torch.randn(7, 5)
    members = model.train()(z)
    assert members.shape == (7, 4, 3)
    by_hand = torch.softmax(members, dim=2).mean(dim=1)
    found = model.eval()(z)
    torch.testing.assert_close(found, by_hand.log())
    torch.testing.assert_close(found.exp().sum(dim=1), torch.ones(7))


def test_numbers_are_averaged_and_stay_within_those_of_the_training_rows() -> None:
    model, z = tabm(output_dim=1), 5 * torch.randn(200, 5)
    mean = model.train()(z).mean(dim=1).detach()
    torch.testing.assert_close(model.eval()(z), mean)
    low, high = (float(mean.quantile(share)) for share in (0.2, 0.8))
    model.stay_within(torch.tensor([[low], [high], [0.5 * (low + high)]]))
    torch.testing.assert_close(model(z), mean.clamp(low, high))
    assert int((model(z) == low).sum()) == 40


def test_a_logarithm_is_learned_and_a_number_is_put_out() -> None:
    """The number is `zero` and the exponential of what the network says, and no more than training has seen."""
    model, z, zero = tabm(output_dim=1, on_log=True), torch.randn(50, 5), -3.0
    y = zero + torch.randn(200, 1).mul(0.5).exp()
    model.learn_log(y, zero)
    learned = model.learned(y)
    assert float(learned.mean()) == pytest.approx(0, abs=1e-5)
    assert float(learned.std(correction=0)) == pytest.approx(1, abs=1e-5)
    torch.testing.assert_close(model.bounded(learned), y)
    said = model.train()(z).mean(dim=1)
    logarithms = (y - zero).log()
    by_hand = zero + (logarithms.mean() + logarithms.std(correction=0) * said).exp()
    torch.testing.assert_close(model.eval()(z), by_hand)
    model.stay_within(y)
    assert float(model.bounded(torch.full((1, 1), 1e9))) == float(y.max())
    assert "log" in model.state_dict()
    assert "log" not in tabm(output_dim=1).state_dict()


def test_targets_that_are_all_alike_have_a_logarithm_too() -> None:
    model = tabm(output_dim=1, on_log=True)
    model.learn_log(torch.full((9, 1), 2.0), 0.0)
    assert torch.equal(model.learned(torch.full((9, 1), 2.0)), torch.zeros(9, 1))


def test_the_mean_over_members_of_sure_and_opposite_classes_is_finite() -> None:
    found = mean_of_members(torch.tensor([[[1e4, -1e4], [-1e4, 1e4]]]))
    torch.testing.assert_close(found, torch.full((1, 2), 0.5).log())


def test_members_scale_all_of_one_number_alike_and_each_its_own_way() -> None:
    model = tabm(k=2_000)
    scale = model.backbone.affine.weight.detach()
    assert scale.shape == (2_000, 2 * 5 + 3)
    for first in (0, 5):
        assert bool((scale[:, first : first + 5] == scale[:, first : first + 1]).all())
    assert len(scale[0].unique()) == 2 + 3
    np.testing.assert_allclose(scale.mean(dim=0), 0, atol=0.1)
    np.testing.assert_allclose(scale.std(dim=0), 1, atol=0.1)


def test_numbers_go_in_as_they_are_without_an_embedding() -> None:
    model = tabm(d_embedding=0)
    assert model.embedding is None
    assert model.bin_counts == ()
    assert model.backbone.affine.weight.shape == (4, 5)
    assert tabm(bins=[]).backbone.affine.weight.shape == (4, 3)
    assert tabm().bin_counts == (5, 2)


def test_layers_are_those_asked_for() -> None:
    model = tabm(num_hidden_layers=3, hidden_dim=24, dropout=0.25)
    assert [block[0].out_features for block in model.backbone.blocks] == [24] * 3
    assert [type(block[-1]) for block in model.backbone.blocks] == [Dropout] * 3
    assert {module.p for module in model.modules() if isinstance(module, nn.Dropout)} == {0.25}
    assert not [module for module in tabm().modules() if isinstance(module, nn.Dropout)]


def test_the_products_of_a_row_are_those_of_each_member() -> None:
    shared = (13 * 16 + 16) + (16 * 16 + 16)
    assert tabm().n_products == 4 * shared + 4 * (16 * 3 + 3)


def test_bins_hold_equally_many_rows_each() -> None:
    cells = torch.from_numpy(np.random.default_rng(0).gamma(2, 1, (5_000, 2))).float()
    for edges, column in zip(bins_of(cells), cells.numpy().T, strict=True):
        np.testing.assert_allclose(edges, np.quantile(column, np.linspace(0, 1, 33)), rtol=1e-6)


@pytest.mark.parametrize(
    ("cells", "edges"),
    [
        ([0.0, 0, 0, 0, 0, 0, 0, 0, 0, 1], [0.0, 0.5, 1.0]),  # quantiles that fall together
        ([1.0] * 9, [0.0, 1.0, 2.0]),  # a column of one value
        ([0.0, 1.0], [0.0, 0.5, 1.0]),
        ([0.0, 1e-6, 0.5, 1.0], [0.0, 0.5, 1.0]),  # a bin too narrow
    ],
)
def test_a_number_has_two_bins_or_more_whose_edges_rise(cells: list[float], edges: list[float]) -> None:
    [found] = bins_of(torch.tensor(cells)[:, None])
    torch.testing.assert_close(found, torch.tensor(edges))
    TabM([found], 0, 1, k=2, hidden_dim=4, num_hidden_layers=1, dropout=0.0, d_embedding=2)  # without a warning


def test_bins_of_very_many_rows_come_from_some_of_them() -> None:
    cells = torch.zeros(250_001, 1)
    cells[1] = 1.0  # one that is not looked at
    assert bins_of(cells)[0].tolist() == [-1.0, 0.0, 1.0]


def test_bins_that_would_be_empty_divide_the_different_numbers() -> None:
    """As of a gain that nine rows in ten do not have."""
    gains = np.random.default_rng(0).integers(1, 300, 2_000) * 50.0
    cells = torch.from_numpy(np.concatenate([np.zeros(18_000), gains])).float()[:, None]
    [edges] = bins_of(cells)
    assert 30 <= len(edges) <= 33
    assert (edges[0], edges[-1]) == (0, cells.max())
    assert edges.diff().max() < 0.1 * cells.max()
