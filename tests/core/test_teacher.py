"""The tree teacher speaks of rows it was not trained on."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from core.teacher import tree_soft_targets


def test_soft_targets_of_pure_noise_do_not_repeat_the_labels() -> None:
    """REQ-T09: in-bag predictions would give most noise labels back; out-of-bag ones cannot."""
    generator = torch.Generator().manual_seed(0)
    x, y = torch.randn(200, 6, generator=generator), torch.randint(0, 2, (200,), generator=generator)
    targets = tree_soft_targets(x, y, "classification", 2, 42)
    agreement = float((targets.argmax(dim=1) == y).double().mean())
    assert targets.shape == (200, 2)
    torch.testing.assert_close(targets.sum(dim=1), torch.ones(200))
    assert agreement < 0.65


def test_a_class_without_training_rows_gets_almost_nothing() -> None:
    x, y = torch.randn(60, 3), torch.arange(60) % 2 * 2
    targets = tree_soft_targets(x, y, "classification", 3, 42)
    assert targets.shape == (60, 3)
    assert float(targets[:, 1].max()) < 0.01


@pytest.mark.parametrize("n", [2, 3, 5])
def test_a_tiny_table_has_finite_soft_targets(n: int) -> None:
    x = torch.arange(n * 2, dtype=torch.float32).reshape(n, 2)
    numbers = tree_soft_targets(x, torch.arange(n, dtype=torch.float32).reshape(-1, 1), "regression", 1, 42)
    classes = tree_soft_targets(x, torch.arange(n) % 2, "classification", 2, 42)
    assert numbers.shape == (n, 1)
    assert np.isfinite(numbers.numpy()).all()
    assert np.isfinite(classes.numpy()).all()
