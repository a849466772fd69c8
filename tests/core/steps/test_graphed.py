"""Recorded steps, as far as a CPU can tell: which steps are replayed, from what, and what if that fails.

Recording itself needs CUDA; `test_a_recorded_step_equals_an_eager_one_on_a_gpu` is skipped without it.
"""

from __future__ import annotations

import logging

import pytest
import torch
from torch import Tensor, nn

from core.loop import fit
from core.models import build_model
from core.steps.flat import flatten_parameters
from core.steps.graphed import EAGER_STEPS, GraphedStep, Replay
from core.steps.step import AutogradStep
from core.types import TrainingConfig

BATCH, ROWS = 8, 52  # six full batches and a tail of four


def eager() -> tuple[nn.Module, AutogradStep]:
    torch.manual_seed(0)
    x = torch.randn(ROWS, 5)
    model = build_model(5, 2, "mlp_dense", 8, 2, 0.2).train()
    optimizer = torch.optim.Adam([flatten_parameters(model)], lr=1e-2, fused=True)
    return model, AutogradStep(model, optimizer, x, [(x[:, 0] > 0).long()], nn.CrossEntropyLoss())


def epochs(step: object, n: int = 3) -> list[float]:
    torch.manual_seed(1)
    losses = []
    for _ in range(n):
        losses += [float(step(batch)) for batch in torch.randperm(ROWS).split(BATCH)]  # type: ignore[operator]
    return losses


class Recorder:
    """Stands for a CUDA graph: it records a step without doing it, and does it again when asked."""

    def __init__(self) -> None:
        self.recorded = self.replayed = 0

    def __call__(self, step: Replay) -> Replay:
        self.recorded += 1
        loss = torch.zeros(())

        def replay() -> Tensor:
            self.replayed += 1
            return loss.copy_(step())

        return replay


def test_replayed_steps_take_the_rows_of_their_own_batch() -> None:
    model, step = eager()
    expected_model, expected = eager()
    recorder = Recorder()
    assert epochs(GraphedStep(step, BATCH, recorder)) == epochs(expected)
    for mine, theirs in zip(model.parameters(), expected_model.parameters(), strict=True):
        assert torch.equal(mine, theirs)
    assert recorder.recorded == 1
    assert recorder.replayed == 3 * 6 - EAGER_STEPS  # never the tail


def test_where_recording_fails_training_goes_on_and_says_so(caplog: pytest.LogCaptureFixture) -> None:
    def fail(step: Replay) -> Replay:
        raise RuntimeError("operation not permitted when stream is capturing")

    _, step = eager()
    _, expected = eager()
    with caplog.at_level(logging.WARNING):
        assert epochs(GraphedStep(step, BATCH, fail)) == epochs(expected)
    [record] = caplog.records
    assert "without a CUDA graph" in record.message
    assert "stream is capturing" in record.message


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("mode", ["mlp_dense", "tabresnet", "linear_glm_baseline"])
def test_a_recorded_step_equals_an_eager_one_on_a_gpu(mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def trained(*, graphed: bool) -> list[Tensor]:
        if not graphed:
            monkeypatch.setattr("core.steps.step.GraphedStep", lambda step, size: step)
        torch.manual_seed(0)
        x = torch.randn(1_000, 20, device="cuda")
        model = build_model(20, 2, mode, 64, 2, 0.0).to("cuda")
        fit(model, x, [(x[:, 0] > 0).long()], nn.CrossEntropyLoss(), TrainingConfig("y", epochs=3))
        return [parameter.detach().cpu() for parameter in model.parameters()]

    for mine, theirs in zip(trained(graphed=True), trained(graphed=False), strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-3, atol=1e-4)
