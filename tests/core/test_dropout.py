"""Dropout by bits that are cut from larger random numbers: as random and as unbiased as PyTorch's own."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import stats
from torch import nn

from core.dropout import Dropout, dropout_mask

N = 1_000_001  # no multiple of the four numbers that are cut from one


@pytest.mark.parametrize("p", [0.01, 0.1, 0.5, 0.95])
def test_a_unit_is_silenced_as_often_as_asked_and_the_mean_is_kept(p: float) -> None:
    torch.manual_seed(0)
    mask = dropout_mask((N,), p)
    silenced = int((mask == 0).sum())
    assert stats.binomtest(silenced, N, p).pvalue > 1e-4
    kept = mask[mask > 0]
    assert kept.unique().numel() == 1
    assert float(kept[0]) == pytest.approx(1 / (1 - p), rel=1e-3)
    assert float(mask.double().mean()) == pytest.approx(1, abs=5 * np.sqrt(p / (1 - p) / N))


def test_the_four_numbers_of_a_draw_are_independent() -> None:
    torch.manual_seed(1)
    silenced = (dropout_mask((N,), 0.3) == 0).double()
    for distance in (1, 2, 3, 4, 8, 128):
        both = int((silenced[:-distance] * silenced[distance:]).sum())
        assert stats.binomtest(both, N - distance, 0.3**2).pvalue > 1e-4
    for place in range(4):
        every_fourth = silenced[place::4]
        assert stats.binomtest(int(every_fourth.sum()), len(every_fourth), 0.3).pvalue > 1e-4


def test_masks_follow_the_seed_and_differ_from_draw_to_draw() -> None:
    torch.manual_seed(2)
    first, second = dropout_mask((64, 128), 0.5), dropout_mask((64, 128), 0.5)
    assert not torch.equal(first, second)
    torch.manual_seed(2)
    assert torch.equal(first, dropout_mask((64, 128), 0.5))


def test_nearly_every_unit_can_be_silenced_without_a_division_by_zero() -> None:
    assert torch.isfinite(dropout_mask((1_000,), 0.999999)).all()
    assert (dropout_mask((1_000,), 1e-9) == 1).all()


def test_the_module_is_nothing_in_eval_and_its_gradient_is_the_mask() -> None:
    module = Dropout(0.5)
    assert isinstance(module, nn.Dropout)
    assert repr(module) == repr(nn.Dropout(0.5))
    x = torch.ones(64, 32, requires_grad=True)
    assert torch.equal(module.eval()(x), x)
    y = module.train()(x)
    y.sum().backward()
    assert x.grad is not None
    assert torch.equal(x.grad, y.detach())
    assert 0.3 < float((y == 0).double().mean()) < 0.7
