"""The training loop, against the same training written out plainly."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from core.errors import TrainingError
from core.loop import EpochReport, fit
from core.models import build_model
from core.types import TrainingConfig


def config(**changes: object) -> TrainingConfig:
    return TrainingConfig(target_column="y", **{"epochs": 3, "batch_size": 16, **changes})  # type: ignore[arg-type]


def sample(n: int = 49) -> tuple[nn.Module, Tensor, Tensor]:
    torch.manual_seed(0)
    x = torch.randn(n, 5)
    return build_model(5, 2, "mlp_dense", 8, 1, 0.0), x, (x[:, 0] > 0).long()


def test_weights_equal_those_of_a_plain_loop_with_default_adam() -> None:
    """REQ-T10, REQ-T11, REQ-T12: 49 rows in batches of 16 leave one row over, which is skipped."""
    model, x, y = sample()
    fit(model, x, [y], nn.CrossEntropyLoss(), config())

    plain, x, y = sample()
    optimizer = torch.optim.Adam(plain.parameters(), lr=1e-3, weight_decay=1e-4)
    for _ in range(3):
        permutation = torch.randperm(49)
        for start in (0, 16, 32):
            batch = permutation[start : start + 16]
            optimizer.zero_grad()
            nn.functional.cross_entropy(plain(x[batch]), y[batch]).backward()
            optimizer.step()
    for mine, expected in zip(model.parameters(), plain.parameters(), strict=True):
        torch.testing.assert_close(mine, expected, rtol=1e-4, atol=1e-6)


def test_one_forward_pass_a_step() -> None:
    model, x, y = sample(48)
    passes: list[int] = []
    model.register_forward_pre_hook(lambda module, inputs: passes.append(len(inputs[0])))
    result = fit(model, x, [y], nn.CrossEntropyLoss(), config(epochs=2))
    assert passes == [16] * 6
    assert result.update_steps == 6


def test_the_best_epoch_is_restored() -> None:
    model, x, y = sample()
    losses = iter([3.0, 1.0, 2.0, 4.0])
    states: list[Tensor] = []
    result = fit(
        model,
        x,
        [y],
        nn.CrossEntropyLoss(),
        config(epochs=4, restore_best=True),
        validation_loss=lambda: next(losses),
        on_epoch=lambda report: states.append(next(model.parameters()).detach().clone()),
    )
    assert result.best_epoch == 2
    assert torch.equal(next(model.parameters()), states[1])


def test_without_restore_best_the_last_epoch_stays() -> None:
    model, x, y = sample()
    losses = iter([3.0, 1.0, 2.0, 4.0])
    states: list[Tensor] = []
    fit(
        model,
        x,
        [y],
        nn.CrossEntropyLoss(),
        config(epochs=4),
        validation_loss=lambda: next(losses),
        on_epoch=lambda report: states.append(next(model.parameters()).detach().clone()),
    )
    assert torch.equal(next(model.parameters()), states[3])


def test_a_loss_that_is_no_longer_a_number_ends_with_epoch_and_remedy() -> None:
    model, x, y = sample()
    reports: list[EpochReport] = []

    def explodes_in_epoch_2(outputs: Tensor, target: Tensor) -> Tensor:
        loss: Tensor = nn.functional.cross_entropy(outputs, target)
        return loss * float("inf") if reports else loss

    with pytest.raises(TrainingError, match=r"became nan in epoch 2.*Lower the learning rate \(it is 0.001\)"):
        fit(model, x, [y], explodes_in_epoch_2, config(), on_epoch=reports.append)
    assert len(reports) == 1


def test_stop_is_asked_before_each_step() -> None:
    model, x, y = sample(48)
    answers = iter([False] * 4 + [True])
    result = fit(model, x, [y], nn.CrossEntropyLoss(), config(), should_stop=lambda: next(answers))
    assert (result.update_steps, result.stopped, len(result.reports)) == (4, True, 1)
    assert not model.training
