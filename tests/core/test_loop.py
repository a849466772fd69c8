"""The training loop, against the same training written out plainly."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from core.checkpoint import checkpoint_summary
from core.epoch import EpochReport
from core.errors import TrainingError
from core.loop import Control, fit
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
        control=Control(on_epoch=lambda report: states.append(next(model.parameters()).detach().clone())),
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
        control=Control(on_epoch=lambda report: states.append(next(model.parameters()).detach().clone())),
    )
    assert torch.equal(next(model.parameters()), states[3])


class Failing:
    """A loss that is multiplied by `factor` from epoch `epoch` on, after `step` of its steps."""

    def __init__(self, epoch: int, factor: float, step: int = 0) -> None:
        self.first_bad_step = 3 * (epoch - 1) + step  # 48 rows in batches of 16
        self.factor = factor
        self.steps = 0

    def __call__(self, outputs: Tensor, target: Tensor) -> Tensor:
        self.steps += 1
        loss: Tensor = nn.functional.cross_entropy(outputs, target)
        return loss * self.factor if self.steps > self.first_bad_step else loss


@pytest.mark.parametrize(
    ("factor", "word"), [(float("nan"), "nan"), (float("inf"), r"(nan|inf)"), (1e5, r"\d\.?\d*e\+04")]
)
def test_a_loss_that_diverges_ends_training_with_the_best_epoch(
    factor: float, word: str, caplog: pytest.LogCaptureFixture
) -> None:
    model, x, y = sample(48)
    reports: list[EpochReport] = []
    states: list[list[Tensor]] = []

    def note(report: EpochReport) -> None:
        reports.append(report)
        states.append([tensor.clone() for tensor in model.state_dict().values()])

    result = fit(model, x, [y], Failing(6, factor), config(epochs=9), control=Control(on_epoch=note))
    assert (result.diverged_at, result.stopped, result.best_epoch) == (6, False, None)
    assert result.reports == tuple(reports)
    assert [report.epoch for report in reports] == [1, 2, 3, 4, 5]
    best = min(reports, key=lambda report: report.train_loss).epoch
    assert all(torch.equal(*pair) for pair in zip(model.state_dict().values(), states[best - 1], strict=True))
    assert not model.training
    [record] = caplog.records
    assert record.name.startswith("core.")
    assert record.levelname == "WARNING"
    pattern = (
        rf"The training loss became {word} in epoch 6, so training ended there and epoch {best} was kept\. "
        r"Lower the learning rate \(it is 0\.001\), or look for extreme values in the table\."
    )
    assert re.fullmatch(pattern, record.getMessage())


def test_with_validation_rows_the_epoch_they_judge_best_is_kept(caplog: pytest.LogCaptureFixture) -> None:
    model, x, y = sample(48)
    losses = iter([3.0, 1.0, 2.0, float("nan")])
    states: list[Tensor] = []
    result = fit(
        model,
        x,
        [y],
        nn.CrossEntropyLoss(),
        config(epochs=9),
        validation_loss=lambda: next(losses),
        control=Control(on_epoch=lambda report: states.append(next(model.parameters()).detach().clone())),
    )
    assert (result.diverged_at, result.best_epoch, len(result.reports)) == (4, 2, 3)
    assert torch.equal(next(model.parameters()), states[1])
    assert "The validation loss became nan in epoch 4, so training ended there and epoch 2 was kept." in caplog.text


def test_a_loss_that_is_no_number_in_the_first_epoch_is_an_error_with_a_remedy(tmp_path: Path) -> None:
    model, x, y = sample(48)
    path = tmp_path / "run.safetensors"
    with pytest.raises(TrainingError, match=r"became nan in epoch 1, .*cannot go on\. Lower the learning rate"):
        fit(model, x, [y], Failing(1, float("nan")), config(), control=Control(checkpoint_path=path))
    assert not path.exists()


def test_a_training_that_begins_with_a_huge_loss_may_come_down(caplog: pytest.LogCaptureFixture) -> None:
    model, x, y = sample(48)
    result = fit(model, x, [y], lambda outputs, target: outputs.square().sum() * 1e6, config(epochs=4))
    losses = [report.train_loss for report in result.reports]
    assert result.diverged_at is None
    assert losses[0] > losses[3] > 1_000_000
    assert not caplog.records


def test_stopping_after_a_loss_broke_within_the_epoch_keeps_the_best_epoch(caplog: pytest.LogCaptureFixture) -> None:
    model, x, y = sample(48)
    answers = iter([False] * 8 + [True])
    loss = Failing(3, float("nan"), step=1)
    result = fit(model, x, [y], loss, config(epochs=9), control=Control(should_stop=lambda: next(answers)))
    assert (result.diverged_at, len(result.reports), result.update_steps) == (3, 2, 8)
    assert all(bool(tensor.isfinite().all()) for tensor in model.state_dict().values())
    assert "epoch 3" in caplog.text


def test_a_training_that_diverged_stays_so_when_it_is_resumed(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A worker that dies while it scores what was kept shows the same notice again."""
    path = tmp_path / "run.safetensors"
    model, x, y = sample(48)
    first = fit(model, x, [y], Failing(3, float("inf")), config(epochs=9), control=Control(checkpoint_path=path))
    assert checkpoint_summary(path).ended
    again, x, y = sample(48)
    second = fit(again, x, [y], nn.CrossEntropyLoss(), config(epochs=20), control=Control(resume_from=path))
    assert (second.diverged_at, second.update_steps) == (first.diverged_at, first.update_steps)
    assert all(
        torch.equal(*pair) for pair in zip(model.state_dict().values(), again.state_dict().values(), strict=True)
    )
    messages = [record.getMessage() for record in caplog.records]
    assert len(messages) == 2
    assert messages[0] == messages[1]


def test_every_report_carries_what_guessing_reaches() -> None:
    model, x, y = sample()
    reports: list[EpochReport] = []
    fit(model, x, [y], nn.CrossEntropyLoss(), config(), baseline_loss=0.69, control=Control(on_epoch=reports.append))
    assert [report.baseline_loss for report in reports] == [0.69] * 3


def test_stop_is_asked_before_each_step() -> None:
    model, x, y = sample(48)
    answers = iter([False] * 4 + [True])
    result = fit(model, x, [y], nn.CrossEntropyLoss(), config(), control=Control(should_stop=lambda: next(answers)))
    assert (result.update_steps, result.stopped, len(result.reports)) == (4, True, 1)
    assert not model.training
